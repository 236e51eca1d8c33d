/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources tell the truth: the vote of intervals.
 *
 * K. Marzullo, "Maintaining the time in a distributed system" (1984): when more than half of the
 * voters hold true time in their intervals, true time lies where more than half of them overlap.
 * The verdict's interval is therefore the span of all points that a majority holds, not the
 * narrower intersection of all that happen to agree: one liar at the edge of the others would
 * push truth out of that one.
 */
#ifndef VMCLOCK_CLOCK_SELECT_H
#define VMCLOCK_CLOCK_SELECT_H

#include <stdbool.h>

/* In: one source's interval, ns (or ppb) relative to a base common to all. */
struct vote {
	double lo;
	double hi;
	bool trusted;	 /* outvotes any number of others that are not */
	bool repeats;	 /* which second it is, as others named it: see second.h */
	bool truechimer; /* out */
};

struct verdict {
	unsigned int truechimers;
	unsigned int falsetickers;
	bool majority; /* more than half of the voters agree; else nobody is a truechimer */
	double lo;     /* what a majority holds; valid with a majority only */
	double hi;
};

/* A trusted voter weighs more than all `count` together. */
unsigned int vote_weight(const struct vote *vote, unsigned int count);

void select_truechimers(struct vote *votes, unsigned int count, struct verdict *out);

#endif
