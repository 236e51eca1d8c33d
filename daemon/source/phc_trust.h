/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PTP hardware clock may be wrong by, and whether it follows anything at all. */
#ifndef VMCLOCK_PHC_TRUST_H
#define VMCLOCK_PHC_TRUST_H

#include <stdbool.h>

#include "phc_clock.h"
#include "ptp4l.h"

struct phc_verdict {
	bool unfit;	 /* it must not be used now; the problem says why */
	double error_ns; /* INFINITY: nobody states one */
	char problem[PHC_PROBLEM_SIZE];
};

/*
 * Hears all who know something of a clock that has just been read: its driver, ptp4l (NULL: none is
 * configured), the operator. The larger error counts.
 */
void phc_judge(const struct phc_clock *clock, const struct ptp4l *ptp4l,
	       const struct phc_reading *reading, struct phc_verdict *out);

#endif
