/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much successive queueing resembles itself, and what a measurement is worth then.
 *
 * Ten samples inside one burst say little more than one. The sign of the round trip's excess over
 * its running median is correlated with the sign before; from that comes an exponent by which
 * likelihoods are tempered: 1 for independent queueing, towards 0 the longer its memory.
 */
#ifndef VMCLOCK_CLOCK_CORRELATION_H
#define VMCLOCK_CLOCK_CORRELATION_H

#include <stdint.h>

struct correlation {
	uint64_t samples;
	double median_ns;
	double spread_ns; /* running mean of the distance to the median */
	double product;	  /* running mean of this side times the side before */
	int side;	  /* +1 above the median, -1 below; 0 before the first */
	double exponent;  /* 0..1 */
};

void correlation_reset(struct correlation *c);

/* Takes the round trip's excess over the base; averages over the memory given. Returns exponent. */
double correlation_add(struct correlation *c, double round_trip_excess_ns, double memory);

#endif
