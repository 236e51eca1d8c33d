/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source's estimate of the counter's relation to time: phase, rate, noise, wander.
 *
 * Feed-forward: the filter never sees the published line. Its memory is one fixed block, it reads
 * no clock and allocates nothing, so that it runs the same live, in replay and in a simulator.
 */
#ifndef VMCLOCK_CLOCK_FILTER_H
#define VMCLOCK_CLOCK_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"

/*
 * Where time is at `counter`, and how sure that is.
 * time = time_ns + frac_ns, |frac_ns| < 1 after normalisation. rate_ppb is (true seconds per
 * nominal second - 1) * 1e9: positive when true time runs faster than the counter's nominal.
 * Variances are the filter's own (one sigma squared); they never enter a maximum error.
 */
struct estimate {
	uint64_t counter;
	int64_t time_ns;
	double frac_ns;
	double rate_ppb;
	double phase_var_ns2;
	double cross_var_ns2_s; /* covariance of phase (ns) and rate (ns/s) */
	double rate_var_ppb2;
	double wander; /* ns/s per sqrt(s): random walk of the rate, learned */
};

struct filter;	      /* opaque; filter_size() bytes, aligned for double */
struct filter_tables; /* constant tables that all filters share */

/* What a new filter believes of the rate before the first pair of samples. */
struct filter_prior {
	double rate_ppb;
	double rate_sd_ppb;
};

/* Shared tables: created once at start, NULL when memory is out. */
struct filter_tables *filter_tables_create(void);
void filter_tables_destroy(struct filter_tables *tables);

size_t filter_size(void);
/* ns_per_tick = 1e9 / nominal frequency. Also resets a used filter. */
void filter_init(struct filter *f, const struct filter_tables *tables, double ns_per_tick,
		 const struct filter_prior *prior);

/*
 * Takes a sample. Samples come in counter order; one that is not later than the last is refused
 * with -EINVAL, as is one whose numbers make no sense (negative round trip beyond the stamps'
 * error). 0: taken.
 */
int filter_add(struct filter *f, const struct sample *s);

/* Samples taken since the last init. */
uint64_t filter_count(const struct filter *f);

/* The estimate carried to `counter` (before or after the last sample); false before the first. */
bool filter_estimate(const struct filter *f, uint64_t counter, struct estimate *out);

/* For reports; NAN where the kind of source has no such thing. */
struct filter_report {
	double noise_ns; /* typical one-sigma-equivalent noise of one sample around the line */
	double delay_ns; /* round trip at the base delay; of a bracket: its width, last */
	double path_offset_ns[2]; /* extra delay over the best path known, request and reply */
	bool per_direction;	  /* the two directions use densities of their own */
	double tempering;	  /* 0..1; below 1 when successive queueing is correlated */
	uint64_t path_changes;	  /* path shifts told from clock shifts */
};
void filter_get_report(const struct filter *f, struct filter_report *out);

#endif
