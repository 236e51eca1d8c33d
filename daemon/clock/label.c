// SPDX-License-Identifier: GPL-2.0-or-later
/* Which second a pulse marks: what other sources' intervals leave possible. */
#include "label.h"

#include <math.h>

/* A whole interval within this of a second names it; a pulse wrongly wired is then not believed. */
#define LABEL_REACH_NS 0.4e9

/* An interval of the recent past: carried backwards, it widens by every rate there is. */
static bool interval_around(const struct discipline *d, const struct slot *slot, uint64_t counter,
			    struct interval *out)
{
	const struct interval *now = &slot->envelope.now;
	double since_ns = (double)counter_diff(now->counter, counter) * d->ns_per_tick;

	if (envelope_at(&slot->envelope, counter, out))
		return true;
	if (since_ns < 0 || !envelope_at(&slot->envelope, now->counter, out))
		return false;
	out->base_ns -= (int64_t)since_ns;
	out->lo_ns -= since_ns * ENVELOPE_RATE_MAX_PPB * 1e-9 + 1;
	out->hi_ns += since_ns * ENVELOPE_RATE_MAX_PPB * 1e-9 + 1;
	return true;
}

static bool may_label(const struct slot *pulse, const struct slot *other, unsigned int index)
{
	enum source_state state = other->status.state;

	if (!other->used || other == pulse)
		return false;
	if (!pulse->lock)
		return state == SOURCE_SELECTED || state == SOURCE_SELECTABLE;
	return (pulse->lock >> index & 1) && state != SOURCE_FALSETICKER &&
	       state != SOURCE_CONFLICT;
}

/* The only second that is within reach of the whole interval. */
static bool second_in(const struct interval *in, double offset_ns, int64_t *second)
{
	int64_t shift_ns = (int64_t)((in->lo_ns + in->hi_ns) / 2 + offset_ns);
	int64_t middle_ns = in->base_ns + shift_ns;
	int64_t floor_s = middle_ns / 1000000000 - (middle_ns % 1000000000 < 0);
	int64_t nearest = floor_s + (middle_ns - floor_s * 1000000000 >= 500000000);
	double base_ns = (double)(in->base_ns - nearest * 1000000000) + offset_ns;

	*second = nearest;
	return base_ns + in->lo_ns > -LABEL_REACH_NS && base_ns + in->hi_ns < LABEL_REACH_NS;
}

bool label_second(const struct discipline *d, const struct slot *pulse, uint64_t counter,
		  double offset_ns, int64_t *second)
{
	bool any = false;

	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		const struct slot *other = &d->slots[i];
		struct interval interval;
		int64_t theirs;

		if (!may_label(pulse, other, i) || !interval_around(d, other, counter, &interval) ||
		    fabs(interval.lo_ns) > 1e9 || fabs(interval.hi_ns) > 1e9 ||
		    !second_in(&interval, offset_ns, &theirs))
			continue;
		if (any && theirs != *second)
			return false;
		*second = theirs;
		any = true;
	}
	return any;
}
