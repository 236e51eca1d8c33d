/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promises of the page, checked against the truth: the bound holds, readings never go back,
 * later pages stay inside the intervals that were read before for as long as the publication said
 * that it keeps them (kept_s), only a disruption steps.
 */
#ifndef VMCLOCK_SIM_CHECKER_H
#define VMCLOCK_SIM_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock/discipline.h"
#include "oscillator.h"

enum property {
	PROPERTY_BOUND,
	PROPERTY_MONOTONIC,
	PROPERTY_NESTED,
	PROPERTY_STEPLESS,
	PROPERTY_COUNT,
};

enum { CHECKER_READINGS = 2048, CHECKER_TEXT_MAX = 200 };

/* What somebody read, as ns since the oscillator's first_time_ns. */
struct reading {
	uint64_t counter;
	double earliest_ns;
	double latest_ns;
	uint64_t published; /* the page it was read from */
	double kept_s;	    /* and for how long that page is kept */
};

struct checker {
	struct oscillator *oscillator;
	double horizon_s;
	bool have;
	struct publication last;
	uint64_t last_at; /* counter when it was published */
	struct reading readings[CHECKER_READINGS];
	unsigned int head, count;
	uint64_t publications;
	uint64_t disruptions; /* beyond the first publication */
	uint64_t given_up;    /* readings, for the limit of the slew */
	uint64_t faults[PROPERTY_COUNT];
	double last_fault_s[PROPERTY_COUNT];
	char first_fault[PROPERTY_COUNT][CHECKER_TEXT_MAX];
	double bound_from_s; /* before, the bound is not held against the page */
};

/* What a reader learns at one counter value, ns. */
struct seen {
	double error_ns; /* line - truth */
	double bound_ns;
	double sigma_ns;
};

void checker_init(struct checker *c, struct oscillator *oscillator, double horizon_s);

/* A reader looks at the page: checks the bound, remembers the interval. False without a page. */
bool checker_read(struct checker *c, uint64_t counter, struct seen *out);

/*
 * The page is written at `counter`. `at_limit`: the line slews as fast as it may, which comes
 * before keeping intervals; what it cannot keep then is counted as given up and not asked for
 * again.
 */
void checker_publish(struct checker *c, uint64_t counter, const struct publication *publication,
		     bool at_limit);

const char *property_name(enum property property);

#endif
