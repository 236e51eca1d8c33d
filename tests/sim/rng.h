/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that are the same on every machine for the same seed. */
#ifndef VMCLOCK_SIM_RNG_H
#define VMCLOCK_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
double rng_uniform(struct rng *r);				  /* in (0, 1) */
double rng_between(struct rng *r, double least, double most);	  /* uniform */
double rng_log_between(struct rng *r, double least, double most); /* uniform in the logarithm */
bool rng_chance(struct rng *r, double probability);
double rng_normal(struct rng *r);
double rng_exponential(struct rng *r, double mean);
double rng_gamma(struct rng *r, double shape, double mean);
/* Least value 0; the tail falls with t^-exponent; median as given. */
double rng_pareto(struct rng *r, double exponent, double median);

#endif
