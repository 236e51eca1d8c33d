/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TAI - UTC and leap seconds, from the leap-seconds list, NTP leap bits and configuration, in that
 * order of trust. An expired list still serves and is reported.
 */
#ifndef VMCLOCK_LEAP_H
#define VMCLOCK_LEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEAP_ENTRIES_MAX = 128, LEAP_OFFSET_MAX_S = 1000 };

struct leap_entry {
	int64_t utc_s;  /* first second (unix time) in which the offset holds */
	int tai_offset_s; /* TAI - UTC, +37 since 2017 */
};

struct leap_table {
	struct leap_entry entries[LEAP_ENTRIES_MAX]; /* ascending */
	unsigned int count;
	int64_t expires_utc_s; /* 0: unknown */
	char origin[256];      /* file name, "configuration" or "built in" */
};

/*
 * Reads the IERS/NIST leap-seconds.list format. 0; -errno of the file; -EBADMSG with a message that
 * names line and fault. On failure *table is unchanged.
 */
int leap_read(struct leap_table *table, const char *path, char *message, size_t message_size);

/* The parser alone, for tests and the fuzzer; the message starts with "line N: ", origin is "". */
int leap_parse(struct leap_table *table, const char *text, size_t length, char *message,
	       size_t message_size);

/* Built-in: 37 s since 2017-01-01; what is used when there is neither list nor configuration. */
void leap_built_in(struct leap_table *table);
/* A constant offset as configured (tai-offset = N). */
void leap_constant(struct leap_table *table, int tai_offset_s);

/* TAI - UTC at this UTC time. */
int leap_tai_offset_s(const struct leap_table *table, int64_t utc_s);
/* The same asked with a TAI time: right on both sides of a leap second. */
int leap_tai_offset_at_tai_s(const struct leap_table *table, int64_t tai_s);

/* The next change after this UTC time: +1 inserted, -1 deleted second, 0 none known. *at_utc_s: the
 * first second after the change. */
int leap_next(const struct leap_table *table, int64_t utc_s, int64_t *at_utc_s);

bool leap_expired(const struct leap_table *table, int64_t utc_s);

#endif
