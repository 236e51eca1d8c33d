/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is learned and worth keeping over a restart: the counter's rate. */
#ifndef VMCLOCK_STATE_H
#define VMCLOCK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state {
	char counter[16]; /* counter name */
	char boot_id[40]; /* of the boot in which it was written */
	double nominal_hz;
	double rate_ppb; /* relative to nominal_hz */
	double rate_sd_ppb;
	double rate_lo_ppb; /* hard interval when written */
	double rate_hi_ppb;
	int64_t leap_utc_s;    /* of the leap second that sources announced last; 0: none */
	int leap_tai_offset_s; /* TAI - UTC from then on */
	int64_t written_utc_s;
	double written_monotonic_s; /* CLOCK_MONOTONIC: within the boot, an age that nobody can set
				     */
};

/* 0; -ENOENT: none yet; -EBADMSG: not a state file, message says why; -errno. Numbers are checked
 * for range and finiteness; a bad file is never half used. */
int state_read(struct state *state, const char *path, char *message, size_t message_size);

/* The parser alone, for tests and the fuzzer. */
int state_parse(struct state *state, const char *text, size_t length, char *message,
		size_t message_size);

/* Atomic: temporary file, fsync, rename; the old file stays on any failure (-ENOSPC, -EROFS, ...).
 * -EINVAL: the numbers are not such as state_read() would take back. */
int state_write(const struct state *state, const char *path);

/* The running boot's id, "" when the kernel does not say. */
void state_boot_id(char out[40]);

#endif
