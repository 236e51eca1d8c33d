/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PTP hardware clock may be wrong by, and whether it follows anything at all. */
#ifndef VMCLOCK_PHC_TRUST_H
#define VMCLOCK_PHC_TRUST_H

#include <stdbool.h>

#include "phc_clock.h"

/* Who states the error of a clock. All that speak are heard; the worst counts. */
struct phc_verdict {
	bool unfit;	 /* it must not be used now; the problem says why */
	double error_ns; /* INFINITY: nobody states one */
	char problem[PHC_PROBLEM_SIZE];
};

/* The clock has just been read. */
void phc_judge(const struct phc_clock *clock, struct phc_verdict *out);

#endif
