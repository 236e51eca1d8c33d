/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One estimate out of several sources' estimates. */
#ifndef VMCLOCK_CLOCK_COMBINE_H
#define VMCLOCK_CLOCK_COMBINE_H

#include <stdbool.h>

#include "filter.h"

struct candidate {
	struct estimate estimate; /* all at the same counter value */
	bool chosen;		  /* in: may be used; out: was used */
	double weight;		  /* out: share of the phase, 0..1 */
};

/*
 * Leaves out of the chosen those whose estimate stands apart from the closest majority of them: an
 * interval may hold true time and its middle still be far from it (an asymmetric path).
 */
void combine_leave_out_strays(struct candidate *candidates, unsigned int count);

/*
 * Combines the chosen by information. False when there is none. The oscillator's wander and the
 * path near the host are common to all, so the variance does not fall as fast as with independent
 * errors: see SHARED_VARIANCE in combine.c; and it is at least what the estimates' scatter says.
 */
bool combine_estimates(struct candidate *candidates, unsigned int count, struct estimate *out);

/* a - b in phase, ns; both at the same counter value. */
double estimate_minus(const struct estimate *a, const struct estimate *b);

#endif
