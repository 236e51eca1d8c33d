/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sources tell the truth: the vote of intervals (Marzullo; RFC 5905 section 11.2.1). */
#ifndef VMCLOCK_CLOCK_SELECT_H
#define VMCLOCK_CLOCK_SELECT_H

#include <stdbool.h>

/* In: one source's interval, ns relative to a base common to all. Out: what the vote made of it. */
struct vote {
	double lo_ns;
	double hi_ns;
	double mid_ns; /* its estimate */
	bool trusted;  /* a trusted source outvotes any number of others */
	bool truechimer; /* out */
};

struct verdict {
	unsigned int truechimers;
	unsigned int falsetickers;
	bool majority; /* truechimers are more than half of the voters */
	double lo_ns;  /* intersection of the truechimers, when there is a majority */
	double hi_ns;
};

/* Without a majority nobody is a truechimer. */
void select_truechimers(struct vote *votes, unsigned int count, struct verdict *out);

#endif
