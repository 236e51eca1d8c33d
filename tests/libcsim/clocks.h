/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clocks of the simulated machine, all on one oscillator.
 *
 * True time passes only by clocks_set_now(). CLOCK_MONOTONIC_RAW counts the oscillator. MONOTONIC
 * and REALTIME do so at the rate that adjtimex asked for, and REALTIME can be set.
 */
#ifndef VMCLOCK_LIBCSIM_CLOCKS_H
#define VMCLOCK_LIBCSIM_CLOCKS_H

#include <stdint.h>
#include <sys/timex.h>

#include "options.h"

struct clocks {
	struct oscillator oscillator;
	int64_t start_utc_ns;
	long double now_ns; /* true time since the start */
	uint64_t counter;   /* of the oscillator, now; what RAW shows but for the step */
	double step_back_ns;
	uint64_t step_at_read; /* RAW steps back before this read of it, or at 90 ms */
	uint64_t raw_reads;
	/* At `base`, since when the rate has not been changed. */
	uint64_t base;
	long double monotonic_ns;
	long double ratio;	   /* MONOTONIC to oscillator */
	long double to_slew_ns;	   /* what ADJ_OFFSET asked for, done at 500 ppm */
	long double set_offset_ns; /* REALTIME - MONOTONIC */
	long freq;		   /* as timex.freq */
	long tick;		   /* us */
	int tai;
	int status;
};

/* 0 or -ENOMEM. */
int clocks_init(struct clocks *c, const struct options *options);
void clocks_free(struct clocks *c);

/* True time never goes back. */
void clocks_set_now(struct clocks *c, long double now_ns);

uint64_t clocks_raw(struct clocks *c);
int64_t clocks_monotonic_ns(const struct clocks *c);
int64_t clocks_realtime_ns(const struct clocks *c);
/* At a later value of the oscillator, if nobody touches the clock until then. */
int64_t clocks_realtime_at_ns(const struct clocks *c, uint64_t counter);

/* True time since the start when MONOTONIC will have advanced by wait_ns. */
long double clocks_after(struct clocks *c, int64_t wait_ns);

/* The oscillator at that true time, and true UTC at a value of the oscillator. */
uint64_t clocks_counter_at(struct clocks *c, long double true_ns);
int64_t clocks_truth_ns(struct clocks *c, uint64_t counter);

/* What whoever steers the host's clock may do at any moment. */
void clocks_set_realtime(struct clocks *c, int64_t by_ns);
void clocks_set_rate(struct clocks *c, double ppm);

/* As adjtimex(2): the state of the clock, or -1 with errno. */
int clocks_adjtimex(struct clocks *c, struct timex *t);

#endif
