/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An oscillator whose true time is known at every counter value.
 *
 * Its rate is constant within cells of a quarter of a second, and changes between them by a random
 * walk, white noise, a thermal wave, steps, and an adversary.
 */
#ifndef VMCLOCK_SIM_OSCILLATOR_H
#define VMCLOCK_SIM_OSCILLATOR_H

#include <stddef.h>
#include <stdint.h>

#include "rng.h"

struct oscillator_config {
	double nominal_hz;
	uint64_t first_counter;
	int64_t first_time_ns;
	double rate_ppb;    /* true time runs faster than the counter's nominal */
	double wander;	    /* random walk of the rate, ns/s per sqrt(s) */
	double white_ns;    /* random walk of the phase, ns per sqrt(s) */
	double thermal_ppb; /* amplitude of a sine */
	double thermal_period_s;
	double swing_ppb;     /* the adversary jumps between -swing and +swing */
	double swing_least_s; /* time between two jumps: from this ... */
	double swing_most_s;  /* ... to this, uniform in the logarithm */
	double step_ppb;      /* once */
	double step_at_s;
	double band_ppb; /* the walk is reflected at +-band around rate_ppb; 0: free */
};

struct oscillator {
	struct oscillator_config config;
	struct rng rng;
	double ns_per_tick;
	double *excess_ns; /* true time - nominal time at the beginning of each cell */
	size_t count;
	size_t room;
	double walk_ppb;
	double swing_sign;
	double swing_until_s;
};

/* 0 or -ENOMEM. */
int oscillator_init(struct oscillator *o, const struct oscillator_config *config, uint64_t seed);
void oscillator_free(struct oscillator *o);

/* True time since first_time_ns, ns. Running out of memory ends the program. */
long double oscillator_time(struct oscillator *o, uint64_t counter);
/* The counter value at that true time, rounded down. */
uint64_t oscillator_counter(struct oscillator *o, long double time_ns);
/* True rate in the cell of this counter value. */
double oscillator_rate_ppb(struct oscillator *o, uint64_t counter);

#endif
