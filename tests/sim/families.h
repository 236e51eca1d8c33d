/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The families of scenarios; each draws its particulars from a seed. */
#ifndef VMCLOCK_SIM_FAMILIES_H
#define VMCLOCK_SIM_FAMILIES_H

#include "world.h"

enum verdict_kind {
	JUDGE_PAGE,	/* the four promises of the page */
	JUDGE_SETTLED,	/* and the error settles */
	JUDGE_COVERAGE, /* and the estimated error is honest, over all seeds together */
	JUDGE_OUTAGE,	/* and an outage costs what the wander allows, over all seeds together */
	JUDGE_ADMITTED, /* somebody lies: what goes wrong is admitted */
};

struct family {
	const char *name;
	const char *about;
	void (*draw)(struct scenario *s, struct rng *r);
	enum verdict_kind judge;
	unsigned int seeds; /* of a normal run */
	bool fresh;	    /* other seeds every time, printed */
};

extern const struct family families[];
extern const unsigned int family_count;

/* The scenario of one seed. */
void family_draw(const struct family *family, uint64_t seed, struct scenario *out);

#endif
