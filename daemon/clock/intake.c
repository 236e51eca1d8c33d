// SPDX-License-Identifier: GPL-2.0-or-later
/* From what a source saw to its samples, for the daemon and for replay alike. */
#include <errno.h>

#include "discipline_state.h"
#include "label.h"

static int take(struct discipline *d, int index, const struct event *event, int64_t utc_to_line_s,
		const struct event_terms *terms)
{
	struct sample sample;
	int err = event_to_sample(event, utc_to_line_s * 1000000000, terms->offset_ns,
				  terms->max_error_ns, d->ns_per_tick, &sample);

	if (err)
		return err;
	event_limit_latency(&sample, terms->max_latency_ns);
	return discipline_sample(d, index, &sample);
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
	slot->offline = false;
	slot->pulse_last = edge->c_edge;
	switch (pulse_add(&slot->pulse, edge)) {
	case PULSE_GOOD:
		return 0;
	case PULSE_FIRST:
		return refuse(slot, "waiting for a second pulse, a second after the first",
			      -EAGAIN);
	case PULSE_DOUBLE:
		return refuse(slot, "more than one edge a second", -ERANGE);
	case PULSE_WIDTH:
		return refuse(slot, "the pulse is not as long as before", -ERANGE);
	default:
		return refuse(slot, "edges do not come once a second", -ERANGE);
	}
}

/* Its second, in the scale of the line. */
static int name_pulse(struct discipline *d, int index, const struct event_edge *edge,
		      const struct event_terms *terms, int64_t *second)
{
	struct slot *slot = discipline_slot(d, index);
	int64_t theirs;
	bool known, renamed;
	int err;

	slot->names_itself = edge->labelled;
	if (edge->labelled) {
		*second = edge->label_s + terms->utc_to_line_s;
		return 0;
	}
	known = label_second(d, slot, edge->c_edge, terms->offset_ns, &theirs);
	err = pulse_label(&slot->pulse, known ? &theirs : NULL, second, &renamed);
	if (err == -EAGAIN)
		return refuse(slot, "no other source knows which second it marks", err);
	if (err)
		return refuse(slot, "others name another second than it counted", err);
	if (renamed)
		discipline_reset_source(d, index);
	return 0;
}

/* The edge that this one was compared with is a pulse as well: together they give the rate. */
static void take_first(struct discipline *d, int index, const struct event *event, int64_t second,
		       const struct event_terms *terms)
{
	const struct pulse *pulse = &discipline_slot(d, index)->pulse;
	struct event first = {.kind = event->kind};

	first.edge = (struct event_edge){.c_edge = pulse->before,
					 .uncertainty_ticks = pulse->before_uncertainty_ticks,
					 .labelled = true,
					 .label_s = second - pulse->before_seconds};
	take(d, index, &first, 0, terms);
}

static int take_pulse(struct discipline *d, int index, const struct event *event,
		      const struct event_terms *terms)
{
	struct slot *slot = discipline_slot(d, index);
	struct event named = *event;
	int err;

	slot->config.pulse = true; /* of some sources only what they send tells */
	d->dirty = true;
	err = judge_edge(slot, &event->edge);
	if (!err)
		err = name_pulse(d, index, &event->edge, terms, &named.edge.label_s);
	if (err)
		return err;
	named.edge.labelled = true;
	slot->status.second = named.edge.label_s;
	if (!slot->status.samples && slot->pulse.before_seconds)
		take_first(d, index, event, named.edge.label_s, terms);
	return take(d, index, &named, 0, terms);
}

int discipline_event(struct discipline *d, int index, const struct event *event,
		     const struct event_terms *terms)
{
	if (!discipline_slot(d, index))
		return -EINVAL;
	if (event_marks_second(event))
		return take_pulse(d, index, event, terms);
	return take(d, index, event, terms->utc_to_line_s, terms);
}

void discipline_set_lock(struct discipline *d, int index, uint64_t slots)
{
	struct slot *slot = discipline_slot(d, index);

	if (slot)
		slot->lock = slots;
}
