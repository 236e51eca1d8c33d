// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The maximum error from one-sided facts.
 *
 * Rate: between two intervals [lo_a, hi_a] and [lo_b, hi_b], T apart, the counter's mean rate was
 * within [(lo_b - hi_a) / T, (hi_b - lo_a) / T]. The promise says that no moment's rate differs
 * from another's by more than promise_ppb, so none differs from the mean by more either: the mean's
 * interval, widened by the promise on both sides, holds the rate of every moment from a on, b and
 * what follows included. Every earlier interval says so; all of them are intersected.
 */
#include "envelope.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "line.h"

/* Anchors stand at least this far apart, so that their number spans the window. */
static double widest_spacing_s(const struct envelope *e)
{
	return e->window_s / (ENVELOPE_ANCHORS / 2);
}

static double seconds_between(const struct envelope *e, uint64_t to, uint64_t from)
{
	return (double)counter_diff(to, from) * e->ns_per_tick * 1e-9;
}

void interval_carry(struct interval *interval, uint64_t counter, double ns_per_tick)
{
	double frac_ns;
	int64_t whole_ns =
		ticks_to_ns(counter_diff(counter, interval->counter), ns_per_tick, &frac_ns);
	double elapsed_s = ((double)whole_ns + frac_ns) * 1e-9;

	interval->base_ns += whole_ns;
	interval->lo_ns += frac_ns + interval->rate_lo_ppb * elapsed_s;
	interval->hi_ns += frac_ns + interval->rate_hi_ppb * elapsed_s;
	interval->counter = counter;
}

static const struct rate_prior anything = {-ENVELOPE_RATE_MAX_PPB, ENVELOPE_RATE_MAX_PPB, false, 0};

static void cut(struct rate_prior *prior)
{
	prior->lo_ppb = fmax(prior->lo_ppb, -ENVELOPE_RATE_MAX_PPB);
	prior->hi_ppb = fmin(prior->hi_ppb, ENVELOPE_RATE_MAX_PPB);
}

void envelope_init(struct envelope *e, double ns_per_tick, double promise_ppb, double window_s,
		   const struct rate_prior *prior)
{
	memset(e, 0, sizeof(*e));
	e->ns_per_tick = ns_per_tick;
	e->promise_ppb = promise_ppb;
	e->window_s = window_s;
	e->prior = prior ? *prior : anything;
	cut(&e->prior);
	e->now.rate_lo_ppb = e->prior.lo_ppb;
	e->now.rate_hi_ppb = e->prior.hi_ppb;
}

void envelope_set_promise(struct envelope *e, double promise_ppb, double window_s)
{
	double wider_ppb = fmax(promise_ppb - e->promise_ppb, 0);

	e->prior.lo_ppb -= wider_ppb;
	e->prior.hi_ppb += wider_ppb;
	cut(&e->prior);
	e->now.rate_lo_ppb -= wider_ppb;
	e->now.rate_hi_ppb += wider_ppb;
	e->promise_ppb = promise_ppb;
	e->window_s = window_s;
}

void envelope_narrow_promise(struct envelope *e, double before_ppb, double promise_ppb)
{
	for (unsigned int i = 0; i < e->anchor_count; i++)
		e->anchors[i].promise_ppb = fmax(e->anchors[i].promise_ppb, before_ppb);
	e->promise_ppb = promise_ppb;
}

void envelope_widen_promise(struct envelope *e, double promise_ppb)
{
	const struct envelope before = *e;

	envelope_init(e, before.ns_per_tick, promise_ppb, before.window_s, NULL);
	e->anchor_spacing_s = before.anchor_spacing_s;
	for (unsigned int i = 0; i < before.anchor_count; i++) {
		const struct envelope_anchor *anchor = &before.anchors[i];

		envelope_add(e, &anchor->fact);
		if (e->anchor_count && e->anchors[e->anchor_count - 1].counter == anchor->counter)
			e->anchors[e->anchor_count - 1].promise_ppb = anchor->promise_ppb;
	}
	if (before.any)
		envelope_add(e, &before.last);
}

/* [lo, hi] relative to `base_ns` at `counter`, from the sample's facts alone. */
static void sample_interval(const struct envelope *e, const struct sample *s, uint64_t counter,
			    struct interval *out)
{
	double stamp_ns = s->stamp_error_ns * (1 + ENVELOPE_RATE_MAX_PPB * 1e-9); /* in true time */
	struct interval upper = {.counter = s->c_before,
				 .base_ns = s->t_before_ns,
				 .hi_ns = s->upper_error_ns + stamp_ns,
				 .rate_hi_ppb = e->now.rate_hi_ppb};
	struct interval lower = {.counter = s->c_after,
				 .base_ns = s->t_after_ns,
				 .lo_ns = -s->lower_error_ns - stamp_ns,
				 .rate_lo_ppb = e->now.rate_lo_ppb};

	interval_carry(&upper, counter, e->ns_per_tick);
	interval_carry(&lower, counter, e->ns_per_tick);
	*out = e->now;
	out->counter = counter;
	out->base_ns = lower.base_ns;
	out->lo_ns = lower.lo_ns;
	out->hi_ns = (double)(upper.base_ns - lower.base_ns) + upper.hi_ns;
}

/* Rate interval of every moment since the anchor, from its interval and the one now. */
static void intersect_rate(struct envelope *e, const struct envelope_anchor *a)
{
	double apart_s = seconds_between(e, e->now.counter, a->counter);
	double promise_ppb = fmax(e->promise_ppb, a->promise_ppb);
	double frac_ns;
	int64_t nominal_ns;
	double base_ns;

	if (apart_s <= 0)
		return;
	nominal_ns =
		ticks_to_ns(counter_diff(e->now.counter, a->counter), e->ns_per_tick, &frac_ns);
	base_ns = (double)(e->now.base_ns - a->base_ns - nominal_ns) - frac_ns;
	e->now.rate_lo_ppb = fmax(e->now.rate_lo_ppb,
				  (base_ns + e->now.lo_ns - a->hi_ns) / apart_s - promise_ppb);
	e->now.rate_hi_ppb = fmin(e->now.rate_hi_ppb,
				  (base_ns + e->now.hi_ns - a->lo_ns) / apart_s + promise_ppb);
}

/*
 * The newest of those beyond the window stays: after an outage, or with polls as long as that, it
 * is what the bound rested on all the time.
 */
static void drop_old_anchors(struct envelope *e)
{
	unsigned int old = 0;

	while (old + 1 < e->anchor_count &&
	       seconds_between(e, e->now.counter, e->anchors[old + 1].counter) > e->window_s)
		old++;
	e->anchor_count -= old;
	memmove(e->anchors, e->anchors + old, e->anchor_count * sizeof(e->anchors[0]));
}

/* Full: every second one goes, unless they already stand far apart: then the oldest does. */
static void make_room(struct envelope *e)
{
	unsigned int kept = 0;

	if (e->anchor_spacing_s >= widest_spacing_s(e)) {
		memmove(e->anchors, e->anchors + 1, (ENVELOPE_ANCHORS - 1) * sizeof(e->anchors[0]));
		e->anchor_count--;
		return;
	}
	for (unsigned int i = 0; i < e->anchor_count; i += 2)
		e->anchors[kept++] = e->anchors[i];
	e->anchor_count = kept;
	e->anchor_spacing_s = fmin(fmax(2 * e->anchor_spacing_s, 1), widest_spacing_s(e));
}

static void add_anchor(struct envelope *e)
{
	const struct envelope_anchor *last;

	if (e->anchor_count) {
		last = &e->anchors[e->anchor_count - 1];
		if (seconds_between(e, e->now.counter, last->counter) < e->anchor_spacing_s)
			return;
	}
	if (e->anchor_count == ENVELOPE_ANCHORS)
		make_room(e);
	e->anchors[e->anchor_count++] = (struct envelope_anchor){.counter = e->now.counter,
								 .base_ns = e->now.base_ns,
								 .lo_ns = e->now.lo_ns,
								 .hi_ns = e->now.hi_ns,
								 .fact = e->last};
}

/* An old prior is as stale as an old pair, once there is a pair. */
static void renew_rate(struct envelope *e)
{
	drop_old_anchors(e);
	if (e->anchor_count > 1 && seconds_between(e, e->now.counter, e->prior.since) > e->window_s)
		e->prior = anything;
	e->now.rate_lo_ppb = e->prior.lo_ppb;
	e->now.rate_hi_ppb = e->prior.hi_ppb;
	for (unsigned int i = 0; i < e->anchor_count; i++)
		intersect_rate(e, &e->anchors[i]);
	e->now.rate_since = e->now.counter;
	if (e->anchor_count)
		e->now.rate_since = e->anchors[0].counter;
	if (e->prior.dated && counter_diff(e->prior.since, e->now.rate_since) < 0)
		e->now.rate_since = e->prior.since;
}

/* The first fact decides the base; before it anything may be true. */
static void begin(struct envelope *e, const struct sample *s)
{
	e->any = true;
	e->now.counter = s->c_after;
	e->now.base_ns = s->t_after_ns;
	e->now.lo_ns = -INFINITY;
	e->now.hi_ns = INFINITY;
	if (!e->prior.dated)
		e->prior.since = s->c_after;
	e->prior.dated = true;
}

int envelope_add(struct envelope *e, const struct sample *s)
{
	const struct interval before = e->now;
	struct interval carried, told;
	uint64_t counter = s->c_after;

	if (isinf(s->upper_error_ns) && isinf(s->lower_error_ns))
		return -ENODATA;
	if (!e->any)
		begin(e, s);
	if (counter_diff(e->now.counter, counter) > 0)
		counter = e->now.counter;
	carried = e->now;
	interval_carry(&carried, counter, e->ns_per_tick);
	sample_interval(e, s, counter, &told);
	carried.lo_ns = fmax(carried.lo_ns, (double)(told.base_ns - carried.base_ns) + told.lo_ns);
	carried.hi_ns = fmin(carried.hi_ns, (double)(told.base_ns - carried.base_ns) + told.hi_ns);
	if (carried.lo_ns > carried.hi_ns)
		return -ERANGE;
	e->now = carried;
	renew_rate(e);
	if (e->now.rate_lo_ppb > e->now.rate_hi_ppb) {
		e->now = before;
		return -ERANGE;
	}
	e->last = *s;
	if (isfinite(e->now.lo_ns) && isfinite(e->now.hi_ns))
		add_anchor(e);
	return 0;
}

bool envelope_at(const struct envelope *e, uint64_t counter, struct interval *out)
{
	if (!e->any || counter_diff(counter, e->now.counter) < 0 || !isfinite(e->now.lo_ns) ||
	    !isfinite(e->now.hi_ns))
		return false;
	*out = e->now;
	interval_carry(out, counter, e->ns_per_tick);
	return true;
}
