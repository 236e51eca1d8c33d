/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate that the host's clock needs in order to meet the reference at the next update. No I/O.
 *
 * The kernel multiplies what the counter counts by a nominal period of its own and by 1 + rate.
 * That nominal period is not what anybody says it is (tick lengths are whole numbers of cycles), so
 * it is learned: from how far the clock came, and the rates that were in force meanwhile.
 */
#ifndef VMCLOCK_HOST_RATE_H
#define VMCLOCK_HOST_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* adjtimex(2) counts rates in 2^-16 ppm. It takes 500 ppm; more than 400 would spoil the stamps of
 * those who allow 500 in all (source/stamp.h). */
#define HOST_RATE_UNITS_PER_PPB (65536.0 / 1e3)
#define HOST_RATE_MAX_UNITS (400L << 16)

/* CLOCK_REALTIME and the reference at one counter value. */
struct host_moment {
	uint64_t counter;
	int64_t realtime_ns;
	double ahead_ns;	      /* CLOCK_REALTIME - reference */
	double reference_ns_per_tick; /* rate of the reference */
};

struct host_rate {
	bool begun;
	long units;	   /* in force */
	long steady_units; /* the same without what closes the gap: to be left behind */
	double carried;	   /* what rounding to units left over, in units: |x| <= 1/2 */
	uint64_t counter;  /* at the last update */
	int64_t realtime_ns;
	double nominal_ns_per_tick; /* 0: not learned yet */
	/* Since two moments, the later one while the earlier is still in use: counted and come. */
	double ticks[2];
	double nominal_ns[2];
};

/* From here on, with this rate in force: at the start, and after the clock was set. */
void host_rate_begin(struct host_rate *h, const struct host_moment *now, long units);

/*
 * How far CLOCK_REALTIME is from where the rate in force should have taken it since the last
 * update, ns, and how far that may be wrong; a nominal period that is not learned yet is taken for
 * the reference's within 1000 ppm.
 */
double host_rate_surprise_ns(const struct host_rate *h, const struct host_moment *now,
			     double *allowed_ns);

/* The rate for the time until the next update, expected in interval_s; units of adjtimex(2). */
long host_rate_next(struct host_rate *h, const struct host_moment *now, double interval_s);

#endif
