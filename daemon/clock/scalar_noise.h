/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The noise of a source that states points in time (a PHC, a latched pulse), learned as it goes. */
#ifndef VMCLOCK_CLOCK_SCALAR_NOISE_H
#define VMCLOCK_CLOCK_SCALAR_NOISE_H

#include <stdbool.h>

struct scalar_noise {
	double var_ns2;	  /* of an ordinary sample; 0 before the first */
	double far_ns;	  /* innovation of the last sample that was impossibly far off */
	unsigned int far; /* such samples in a row, agreeing with each other */
};

/* bracket_ns: width of the counter bracket around the first sample. */
void scalar_noise_start(struct scalar_noise *noise, double bracket_ns);

/*
 * The variance to use for a sample that is `innovation_ns` away from a state of variance
 * `state_var_ns2`: larger for one that is further out than chance allows. Learns from it, over
 * the given memory in samples.
 */
double scalar_noise_use(struct scalar_noise *noise, double innovation_ns, double state_var_ns2,
			double memory);

/* The source has stepped: samples in a row are impossibly far off, and agree by how much. */
bool scalar_noise_stepped(struct scalar_noise *noise, double innovation_ns, double state_var_ns2);

#endif
