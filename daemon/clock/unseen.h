/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no measurement of a path can show, as a share of the estimated error.
 *
 * Two things bend the phase for good without a trace in the residuals: directions whose queueing
 * differs and rises softly from its base, so that the bases cannot be made out equally well; and a
 * server that cuts its stamps off, which makes all of them early by half of their resolution.
 */
#ifndef VMCLOCK_CLOCK_UNSEEN_H
#define VMCLOCK_CLOCK_UNSEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "oneway.h"

enum { UNSEEN_RESOLUTIONS = 6 };

struct unseen {
	bool started;
	int64_t last_stamp_ns;
	/* Stamps in a row that are multiples of 100 ns, 1 us ... 10 ms apart. */
	unsigned int multiples[UNSEEN_RESOLUTIONS];
	double soft_ns;	   /* by softness */
	double cut_off_ns; /* by resolution */
};

void unseen_reset(struct unseen *u);

/* Takes a server's stamp. */
void unseen_add_stamp(struct unseen *u, int64_t stamp_ns);

/* Resolution of the stamps, 0 when none is to be seen. */
double unseen_resolution(const struct unseen *u);

/*
 * Takes the densities of both directions and of both together. What softness bends shows over the
 * memory given, in samples; it is not learned while the base delays are known to differ.
 */
void unseen_learn(struct unseen *u, const struct oneway_dictionary *dict,
		  const struct oneway separate[2], const struct oneway *pooled, double memory,
		  bool delays_differ);

/* Variance to be added to the phase's. */
double unseen_var(const struct unseen *u);

#endif
