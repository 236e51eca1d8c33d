/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was promised, for how long, and the slopes of a new line that keep it.
 *
 * A page published at c1 and replaced at c2 gave every counter value in between an interval; later
 * pages have to put those values inside it. Line and interval are linear over [c1, c2], so the two
 * ends are all there is to remember.
 *
 * No straight line can keep every interval for ever: the estimate behind it has an error that grows
 * with age, by the rate's uncertainty and by the wander. An interval is kept for as long as it is
 * wider than KEPT_SIGMAS (nesting.c) of that error, and never longer than the horizon.
 */
#ifndef VMCLOCK_CLOCK_NESTING_H
#define VMCLOCK_CLOCK_NESTING_H

#include <stdint.h>

#include "filter.h"
#include "line.h"

/* Two for each publication: 60 s of horizon at 20 publications a second. */
enum { NESTING_POINTS = 2400 };

struct nesting_point {
	uint64_t counter;
	int64_t time_ns;
	double frac_ns;
	double half_width_ns;
	double kept_s;
};

struct nesting {
	double ns_per_tick;
	double horizon_s;
	unsigned int first; /* ring: oldest */
	unsigned int count;
	struct nesting_point points[NESTING_POINTS];
};

void nesting_init(struct nesting *n, double ns_per_tick, double horizon_s);
/* For what is published from now on: what was promised before is kept for as long as it was. */
void nesting_set_horizon(struct nesting *n, double horizon_s);
void nesting_clear(struct nesting *n);

/* How long an interval of this half width around this estimate is kept, s; 0..horizon. */
double nesting_kept_s(const struct nesting *n, const struct estimate *e, double half_width_ns);

/* At `counter` readers of `line`, which followed this estimate, were given line +- half_width_ns.
 */
void nesting_add(struct nesting *n, const struct line *line, uint64_t counter, double half_width_ns,
		 const struct estimate *e);

/*
 * The rate nearest to rate_ppb with which a line through pivot->counter and its time passes every
 * interval that is still kept; the middle of what they ask for when they contradict each other.
 */
double nesting_nearest_rate(struct nesting *n, const struct line *pivot, double rate_ppb);

#endif
