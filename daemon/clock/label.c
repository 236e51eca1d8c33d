// SPDX-License-Identifier: GPL-2.0-or-later
/* Which second a pulse marks: what other sources' intervals leave possible. */
#include <errno.h>
#include <math.h>

#include "discipline_state.h"

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

/* What the others say; they have to agree. */
static bool ask_others(const struct discipline *d, const struct slot *pulse, uint64_t counter,
		       double offset_ns, int64_t *second)
{
	bool any = false;

	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		const struct slot *other = &d->slots[i];
		struct interval interval;
		int64_t theirs;

		if (!may_label(pulse, other, i) ||
		    !interval_around(d, other, counter, &interval) ||
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

static int refuse(struct slot *slot, const char *why, int error)
{
	slot->pulse_why = why;
	return error;
}

static int judge_edge(struct slot *slot, const struct event_edge *edge)
{
	if (slot->pulse_seen && counter_diff(edge->c_edge, slot->pulse_last) <= 0)
		return -EINVAL;
	slot->pulse_seen = true;
	slot->pulse_last = edge->c_edge;
	switch (pulse_add(&slot->pulse, edge)) {
	case PULSE_GOOD:
		return 0;
	case PULSE_FIRST:
		return refuse(slot, "waiting for a second pulse, a second after the first", -EAGAIN);
	case PULSE_DOUBLE:
		return refuse(slot, "more than one edge a second", -ERANGE);
	case PULSE_WIDTH:
		return refuse(slot, "the pulse is not as long as before", -ERANGE);
	default:
		return refuse(slot, "edges do not come once a second", -ERANGE);
	}
}

int discipline_pulse(struct discipline *d, int index, struct event_edge *edge,
		     int64_t utc_to_line_s, double offset_ns)
{
	struct slot *slot = discipline_slot(d, index);
	int64_t theirs, second;
	bool renamed;
	int err;

	if (!slot)
		return -EINVAL;
	slot->config.pulse = true; /* of some sources only what they send tells */
	d->dirty = true;
	err = judge_edge(slot, edge);
	if (err)
		return err;
	if (edge->labelled) {
		edge->label_s += utc_to_line_s;
		return 0;
	}
	err = pulse_label(&slot->pulse,
			  ask_others(d, slot, edge->c_edge, offset_ns, &theirs) ? &theirs : NULL,
			  &second, &renamed);
	if (err == -EAGAIN)
		return refuse(slot, "no other source knows which second it marks", err);
	if (err)
		return refuse(slot, "others name another second than it counted", err);
	if (renamed)
		discipline_reset_source(d, index);
	edge->labelled = true;
	edge->label_s = second;
	return 0;
}

void discipline_set_lock(struct discipline *d, int index, uint64_t slots)
{
	struct slot *slot = discipline_slot(d, index);

	if (slot)
		slot->lock = slots;
}
