/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long record: one line of the clock, and one of each source, at a regular interval. */
#ifndef VMCLOCK_STATISTICS_H
#define VMCLOCK_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "append_file.h"
#include "clock/discipline.h"

struct statistics {
	struct append_file clock;   /* clock.csv */
	struct append_file sources; /* sources.csv */
};

/* Of the clock at one moment. Errors >= 0; NAN: not known, and then the field is empty; INFINITY:
 * there is no bound. */
struct statistics_clock {
	int64_t utc_ns; /* since 1970 */
	const char *status;
	double max_error_ns;
	double largest_error_ns; /* the largest max_error_ns of any moment since the line before */
	double est_error_ns;
	double rate_ppb; /* of the published line; positive: the counter is slow */
	double max_rate_error_ppb;
	int tai_offset_s;     /* TAI - UTC */
	double host_ahead_ns; /* CLOCK_REALTIME - page */
	const struct discipline_totals *totals;
};

struct statistics_source {
	int64_t utc_ns;
	const char *name;
	const char *state;
	double poll_s;
	unsigned int reach; /* the last eight polls, newest in bit 0 */
	const struct discipline_source_status *status;
};

/*
 * Opens (creates) both files in `directory`, which has to be there. 0 or -errno, with a message;
 * what was opened is closed again.
 */
int statistics_open(struct statistics *s, const char *directory, char *message,
		    size_t message_size);
void statistics_close(struct statistics *s);
/* After logrotate. 0 or -errno of the last that failed; the old file stays in use then. */
int statistics_reopen(struct statistics *s);

void statistics_write_clock(struct statistics *s, const struct statistics_clock *row);
void statistics_write_source(struct statistics *s, const struct statistics_source *row);

#endif
