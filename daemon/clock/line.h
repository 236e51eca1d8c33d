/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The straight line that turns counter values into time. */
#ifndef VMCLOCK_CLOCK_LINE_H
#define VMCLOCK_CLOCK_LINE_H

#include <stdint.h>

/* time(c) = time_ns + frac_ns + (c - counter) * ns_per_tick * (1 + rate_ppb * 1e-9) */
struct line {
	uint64_t counter;
	int64_t time_ns;
	double frac_ns; /* 0 <= frac_ns < 1 after line_move() */
	double rate_ppb;
};

/* time(counter), for any counter within 2^62 ticks: whole ns returned, the fraction (0 <= f < 1) in
 * *frac_ns. Exact to below 0.1 ns over days; the published page is exact over years. */
int64_t line_time(const struct line *line, double ns_per_tick, uint64_t counter, double *frac_ns);

/* The same line, told from another counter value. */
void line_move(struct line *line, double ns_per_tick, uint64_t counter);

/* time of `line` at `counter` minus (time_ns + frac_ns), ns. */
double line_minus(const struct line *line, double ns_per_tick, uint64_t counter, int64_t time_ns,
		  double frac_ns);

/* Ticks to nominal nanoseconds, split so that nothing is lost: whole ns returned, 0 <= *frac_ns
 * < 1. */
int64_t ticks_to_ns(int64_t ticks, double ns_per_tick, double *frac_ns);

#endif
