/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which one-way densities are in force on a path: pooled, one per direction, or a recent one.
 *
 * All are learned all the time from what the bank believes of each lateness; the one that predicted
 * the latest measurements clearly better is used.
 */
#ifndef VMCLOCK_CLOCK_QUEUEING_H
#define VMCLOCK_CLOCK_QUEUEING_H

#include <stdbool.h>
#include <stdint.h>

#include "oneway.h"

/* Directions. A pulse has only the second: its stamp is late as a reply is. */
enum { REQUEST, REPLY, DIRECTIONS };

struct queueing {
	const struct oneway_dictionary *dict;
	struct oneway pooled;		    /* both directions */
	struct oneway separate[DIRECTIONS]; /* each on its own */
	struct oneway recent;		    /* both, short memory: bursts */
	double mass[DIRECTIONS][ONEWAY_NODES];
	double recent_mass[ONEWAY_NODES];
	double exponent;	/* tempering, 0..1 */
	bool per_direction;	/* separate ones in force */
	bool bursting;		/* recent one in force, before any other */
	double separate_favour; /* log likelihood ratios, fading */
	double recent_favour;
	double separate_gain; /* what this sample adds to them */
	double recent_gain;
	uint64_t samples;
	unsigned int
		age; /* samples, as far as the memory goes; set back when a lot was forgotten */
};

void queueing_reset(struct queueing *q, const struct oneway_dictionary *dict, double exponent);
/* Begins with the belief that latenesses are of about this size, as if so many had been seen. */
void queueing_expect(struct queueing *q, double lateness_ns, double samples);
/* Everything learned is forgotten, the path is another one. */
void queueing_relearn(struct queueing *q);

const struct oneway *queueing_density(const struct queueing *q, int direction);
/* Samples over which the densities are averages, now. */
double queueing_memory(const struct queueing *q);

/* For each sample: begin, learn each direction's lateness as believed before it, end. */
void queueing_begin(struct queueing *q);
void queueing_learn(struct queueing *q, int direction, double mean_ns, double sd_ns);
void queueing_end(struct queueing *q);

void queueing_temper(struct queueing *q, double exponent);

#endif
