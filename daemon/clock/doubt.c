// SPDX-License-Identifier: GPL-2.0-or-later
/* A source that contradicted itself: its earlier word counts beside its new one for a while. */
#include "doubt.h"

#include <math.h>

/* Both, and what is between them. */
static void join(struct interval *hull, const struct interval *other)
{
	double apart_ns = (double)(other->base_ns - hull->base_ns);

	hull->lo_ns = fmin(hull->lo_ns, apart_ns + other->lo_ns);
	hull->hi_ns = fmax(hull->hi_ns, apart_ns + other->hi_ns);
	hull->rate_lo_ppb = fmin(hull->rate_lo_ppb, other->rate_lo_ppb);
	hull->rate_hi_ppb = fmax(hull->rate_hi_ppb, other->rate_hi_ppb);
}

void doubt_raise(struct doubt *doubt, const struct interval *word, uint64_t ticks,
		 double ns_per_tick)
{
	uint64_t until = word->counter + ticks;
	struct interval hull = *word;

	if (doubt->other_word) {
		interval_carry(&doubt->word, word->counter, ns_per_tick);
		join(&hull, &doubt->word);
	}
	if (!doubt->other_word || counter_diff(until, doubt->until) > 0)
		doubt->until = until;
	doubt->other_word = true;
	doubt->word = hull;
}

void doubt_expire(struct doubt *doubt, uint64_t counter)
{
	if (doubt->other_word && counter_diff(counter, doubt->until) >= 0)
		doubt->other_word = false;
}
