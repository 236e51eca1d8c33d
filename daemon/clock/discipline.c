// SPDX-License-Identifier: GPL-2.0-or-later
/* From sources to the one line in force: who is believed, what the bound is, how the line moves. */
#include "discipline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "combine.h"
#include "nesting.h"
#include "select.h"

/* A source unheard for this many of its polls is unreachable (discipline rule of the page status).
 */
#define REACH_POLLS 8
/* A source that contradicts its own past this often in a row starts over: it was stepped. */
#define CONFLICTS_TO_RESTART 8
/*
 * A correction takes this long when nothing limits it. Where samples come every second it takes a
 * little longer than that: the next one renews the line before the slew ends, and no wake-up is
 * added for its end.
 */
#define SLEW_S 0.2
#define SLEW_BUSY_S 1.25
#define BUSY_POLL_S 1.5
/* The line is renewed at most this often; samples in between wait for the next renewal. */
#define RENEWAL_S 0.05
/* Corrections below this are not worth a wake-up at the end of the slew. */
#define NEGLIGIBLE_NS 0.01
/* Wander is believed after this many samples only: the bank starts with everything possible. */
#define WANDER_SAMPLES 512
/* The promise is taken over a span in which this many sigma of the learned wander stay within it.
 */
#define WANDER_SIGMAS 4.0
#define WINDOW_START_S 1024.0
#define WINDOW_MIN_S 600.0
#define WINDOW_MAX_S 14400.0

struct slot {
	bool used;
	bool offline;
	struct discipline_source_config config;
	struct filter *filter;
	struct envelope envelope;
	struct discipline_source_status status;
	unsigned int conflicts; /* in a row */
	bool voting;
	bool truechimer;
};

struct discipline {
	struct discipline_config config;
	double ns_per_tick;
	struct filter_tables *tables;
	struct slot *slots;
	void *filters; /* sources_max blocks of filter_size() */
	struct nesting nesting;
	double promise_ppb;
	double window_s;
	bool confirmed;	   /* the last majority was more than one untrusted source */
	bool has_interval; /* totals.interval is a bound, perhaps of the past */
	bool step;	   /* the next line begins at the estimate: first one, or after a break */
	bool marker;	   /* the next publication changes the disruption marker */
	bool warned;	   /* readers were told UNRELIABLE since the disruption */
	bool dirty;	   /* something came since the last run */
	uint64_t deadline;
	struct discipline_totals totals;
	/* scratch of a run, here to keep it off the stack */
	struct vote votes[DISCIPLINE_SOURCES_MAX];
	struct vote rate_votes[DISCIPLINE_SOURCES_MAX];
	struct candidate candidates[DISCIPLINE_SOURCES_MAX];
	struct slot *voters[DISCIPLINE_SOURCES_MAX];
	unsigned int voter_count;
};

static const char *const state_names[] = {
	[SOURCE_UNUSED] = "unused",	    [SOURCE_UNREACHABLE] = "unreachable",
	[SOURCE_WAITING] = "waiting",	    [SOURCE_FALSETICKER] = "falseticker",
	[SOURCE_CONFLICT] = "conflict",	    [SOURCE_NOSELECT] = "noselect",
	[SOURCE_SELECTABLE] = "selectable", [SOURCE_SELECTED] = "selected",
};

static const char *const status_names[] = {
	[DISCIPLINE_UNRELIABLE] = "unreliable",
	[DISCIPLINE_SYNCHRONIZED] = "synchronized",
	[DISCIPLINE_FREERUNNING] = "freerunning",
};

const char *source_state_name(enum source_state state)
{
	return state_names[state];
}

const char *discipline_status_name(enum discipline_status status)
{
	return status_names[status];
}

static uint64_t ticks(const struct discipline *d, double seconds)
{
	return (uint64_t)(seconds * d->config.nominal_hz);
}

static double seconds_since(const struct discipline *d, uint64_t now, uint64_t then)
{
	return (double)counter_diff(now, then) / d->config.nominal_hz;
}

static bool config_is_sane(const struct discipline_config *c)
{
	return c->nominal_hz >= 1e6 && c->nominal_hz <= 1e11 && c->max_rate_change_ppb > 0 &&
	       c->max_rate_change_ppb <= ENVELOPE_RATE_MAX_PPB && c->max_slew_ppb > 0 &&
	       c->max_slew_ppb <= ENVELOPE_RATE_MAX_PPB && c->nesting_horizon_s >= 0 &&
	       c->unreliable_above_ns > 0 && c->sources_max >= 1 &&
	       c->sources_max <= DISCIPLINE_SOURCES_MAX;
}

struct discipline *discipline_create(const struct discipline_config *config)
{
	struct discipline *d;

	if (!config_is_sane(config)) {
		errno = EINVAL;
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->config = *config;
	if (d->config.rate_lo_ppb == 0 && d->config.rate_hi_ppb == 0) {
		d->config.rate_lo_ppb = -ENVELOPE_RATE_MAX_PPB;
		d->config.rate_hi_ppb = ENVELOPE_RATE_MAX_PPB;
	}
	d->ns_per_tick = 1e9 / config->nominal_hz;
	d->promise_ppb = config->max_rate_change_ppb;
	d->window_s = WINDOW_START_S;
	d->step = true;
	d->deadline = UINT64_MAX;
	d->totals.why = "no source has answered yet";
	nesting_init(&d->nesting, d->ns_per_tick, config->nesting_horizon_s);
	d->tables = filter_tables_create();
	d->slots = calloc(config->sources_max, sizeof(*d->slots));
	d->filters = calloc(config->sources_max, filter_size());
	if (!d->tables || !d->slots || !d->filters) {
		discipline_destroy(d);
		errno = ENOMEM;
		return NULL;
	}
	for (unsigned int i = 0; i < config->sources_max; i++)
		d->slots[i].filter = (struct filter *)((char *)d->filters + i * filter_size());
	return d;
}

void discipline_destroy(struct discipline *d)
{
	if (!d)
		return;
	filter_tables_destroy(d->tables);
	free(d->slots);
	free(d->filters);
	free(d);
}

/* A source that starts (over) knows what the others have learned of the rate. */
static void restart_history(struct discipline *d, struct slot *slot)
{
	const struct interval *known = &d->totals.interval;
	double lo = d->has_interval ? known->rate_lo_ppb : d->config.rate_lo_ppb;
	double hi = d->has_interval ? known->rate_hi_ppb : d->config.rate_hi_ppb;
	struct filter_prior prior = d->config.prior;

	if (d->totals.has_estimate)
		prior = (struct filter_prior){d->totals.estimate.rate_ppb,
					      3 * sqrt(d->totals.estimate.rate_var_ppb2) +
						      d->promise_ppb};
	filter_init(slot->filter, d->tables, d->ns_per_tick, &prior);
	envelope_init(&slot->envelope, d->ns_per_tick, d->promise_ppb, d->window_s, lo, hi);
	slot->conflicts = 0;
	slot->status.samples = 0;
	slot->status.has_estimate = false;
	slot->status.has_interval = false;
}

int discipline_add_source(struct discipline *d, const struct discipline_source_config *config)
{
	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		struct slot *slot = &d->slots[i];

		if (slot->used)
			continue;
		slot->used = true;
		slot->offline = false;
		slot->config = *config;
		slot->status = (struct discipline_source_status){
			.state = SOURCE_UNREACHABLE, .why = "no answer yet", .poll_s = 1};
		restart_history(d, slot);
		return (int)i;
	}
	return -ENOSPC;
}

static struct slot *slot_at(const struct discipline *d, int slot)
{
	if (slot < 0 || (unsigned int)slot >= d->config.sources_max || !d->slots[slot].used)
		return NULL;
	return &d->slots[slot];
}

void discipline_remove_source(struct discipline *d, int slot)
{
	struct slot *s = slot_at(d, slot);

	if (!s)
		return;
	s->used = false;
	s->status.state = SOURCE_UNUSED;
	d->dirty = true;
}

void discipline_reset_source(struct discipline *d, int slot)
{
	struct slot *s = slot_at(d, slot);

	if (!s)
		return;
	restart_history(d, s);
	d->dirty = true;
}

void discipline_set_poll(struct discipline *d, int slot, double poll_s)
{
	struct slot *s = slot_at(d, slot);

	if (s && poll_s > 0)
		s->status.poll_s = poll_s;
}

void discipline_offline(struct discipline *d, int slot)
{
	struct slot *s = slot_at(d, slot);

	if (!s || s->offline)
		return;
	s->offline = true;
	d->dirty = true;
}

static bool sample_is_sane(const struct sample *s)
{
	int64_t span = counter_diff(s->c_after, s->c_before);

	return s->kind <= SAMPLE_POINT && span >= 0 && s->upper_error_ns >= 0 &&
	       s->lower_error_ns >= 0 && s->stamp_error_ns >= 0 && isfinite(s->stamp_error_ns) &&
	       s->t_before_ns > INT64_MIN / 2 && s->t_before_ns < INT64_MAX / 2 &&
	       s->t_after_ns > INT64_MIN / 2 && s->t_after_ns < INT64_MAX / 2;
}

/* What contradicts the source's own past is held back until it is clear that it will stay so. */
static int take_facts(struct discipline *d, struct slot *slot, const struct sample *s)
{
	int err = envelope_add(&slot->envelope, s);

	if (err != -ERANGE) {
		slot->conflicts = 0;
		return 0;
	}
	if (++slot->conflicts < CONFLICTS_TO_RESTART)
		return -ERANGE;
	restart_history(d, slot);
	slot->status.restarts++;
	err = envelope_add(&slot->envelope, s);
	return err == -ERANGE ? err : 0;
}

int discipline_sample(struct discipline *d, int index, const struct sample *s)
{
	struct slot *slot = slot_at(d, index);
	int err;

	if (!slot || !sample_is_sane(s))
		return -EINVAL;
	if (slot->status.samples && counter_diff(s->c_after, slot->status.last_counter) <= 0) {
		slot->status.refused++;
		return -EINVAL;
	}
	d->dirty = true;
	err = take_facts(d, slot, s);
	if (!err)
		err = filter_add(slot->filter, s);
	if (err) {
		slot->status.refused++;
		return err;
	}
	slot->offline = false;
	slot->status.samples++;
	slot->status.last_counter = s->c_after;
	return 0;
}

/* The slot's own part of its state, before anybody votes. */
static void judge_alone(struct discipline *d, struct slot *slot, uint64_t now)
{
	struct discipline_source_status *st = &slot->status;
	unsigned int wanted = slot->config.min_samples > 1 ? slot->config.min_samples : 1;

	st->has_estimate = filter_estimate(slot->filter, now, &st->estimate);
	st->has_interval = envelope_at(&slot->envelope, now, &st->interval);
	st->weight = 0;
	slot->truechimer = false;
	slot->voting = false;
	if (slot->offline || !st->samples ||
	    seconds_since(d, now, st->last_counter) > REACH_POLLS * st->poll_s + 1) {
		st->state = SOURCE_UNREACHABLE;
		st->why = slot->offline ? "link or device is down"
			  : st->samples ? "no answer for 8 polls"
					: "no answer yet";
	} else if (slot->conflicts) {
		st->state = SOURCE_CONFLICT;
		st->why = "contradicts its own earlier answers";
	} else if (slot->config.noselect) {
		st->state = SOURCE_NOSELECT;
		st->why = "noselect is set";
	} else if (st->samples < wanted || !st->has_estimate || !st->has_interval) {
		st->state = SOURCE_WAITING;
		st->why = st->samples < wanted ? "fewer than min-samples answers so far"
					       : "gives no bound on both sides yet";
	} else {
		st->state = SOURCE_FALSETICKER;
		st->why = "no majority agrees with it";
		slot->voting = true;
	}
}

static void gather_voters(struct discipline *d, uint64_t now)
{
	d->voter_count = 0;
	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		struct slot *slot = &d->slots[i];

		if (!slot->used)
			continue;
		judge_alone(d, slot, now);
		if (slot->voting)
			d->voters[d->voter_count++] = slot;
	}
}

/*
 * The vote on phase, and among the same voters on the rate, whose intervals are facts too. True: a
 * majority agrees; totals.interval is what it holds.
 */
static bool vote(struct discipline *d)
{
	struct interval *bound = &d->totals.interval;
	struct verdict phase, rate;
	int64_t base_ns;

	if (!d->voter_count)
		return false;
	base_ns = d->voters[0]->status.interval.base_ns;
	for (unsigned int i = 0; i < d->voter_count; i++) {
		const struct interval *in = &d->voters[i]->status.interval;
		double shift_ns = (double)(in->base_ns - base_ns);
		bool trusted = d->voters[i]->config.trust;

		d->votes[i] =
			(struct vote){in->lo_ns + shift_ns, in->hi_ns + shift_ns, trusted, false};
		d->rate_votes[i] = (struct vote){in->rate_lo_ppb, in->rate_hi_ppb, trusted, false};
	}
	select_truechimers(d->votes, d->voter_count, &phase);
	select_truechimers(d->rate_votes, d->voter_count, &rate);
	d->totals.truechimers = phase.truechimers;
	d->totals.falsetickers = phase.falsetickers;
	if (!phase.majority || !rate.majority)
		return false;
	for (unsigned int i = 0; i < d->voter_count; i++)
		d->voters[i]->truechimer = d->votes[i].truechimer && d->rate_votes[i].truechimer;
	*bound = d->voters[0]->status.interval;
	bound->lo_ns = phase.lo;
	bound->hi_ns = phase.hi;
	bound->rate_lo_ppb = rate.lo;
	bound->rate_hi_ppb = rate.hi;
	d->has_interval = true;
	d->confirmed = phase.truechimers > 1;
	for (unsigned int i = 0; i < d->voter_count; i++)
		d->confirmed |= d->votes[i].truechimer && d->votes[i].trusted;
	return true;
}

static bool any_preferred(const struct discipline *d)
{
	for (unsigned int i = 0; i < d->voter_count; i++)
		if (d->voters[i]->truechimer && d->voters[i]->config.prefer)
			return true;
	return false;
}

static void name_selected(struct discipline *d, bool preferred)
{
	for (unsigned int i = 0; i < d->voter_count; i++) {
		struct slot *slot = d->voters[i];
		struct discipline_source_status *st = &slot->status;

		if (!slot->truechimer)
			continue;
		st->state = d->candidates[i].chosen ? SOURCE_SELECTED : SOURCE_SELECTABLE;
		st->weight = d->candidates[i].weight;
		if (d->candidates[i].chosen)
			st->why = "";
		else if (preferred && !slot->config.prefer)
			st->why = "a preferred source is used";
		else
			st->why = "its estimate stands apart from the majority's";
	}
}

/* Combines the truechimers' estimates; only the preferred ones where there are any. */
static void combine(struct discipline *d)
{
	bool preferred = any_preferred(d);

	for (unsigned int i = 0; i < d->voter_count; i++) {
		const struct slot *slot = d->voters[i];

		d->candidates[i].estimate = slot->status.estimate;
		d->candidates[i].weight = 0;
		d->candidates[i].chosen = slot->truechimer && (slot->config.prefer || !preferred);
	}
	combine_leave_out_strays(d->candidates, d->voter_count);
	if (combine_estimates(d->candidates, d->voter_count, &d->totals.estimate))
		d->totals.has_estimate = true;
	name_selected(d, preferred);
}

/* The estimate by the straight line that it is; its variance by the wander. */
static void estimate_carry(struct estimate *e, uint64_t counter, double ns_per_tick)
{
	struct line line = {e->counter, e->time_ns, e->frac_ns, e->rate_ppb};
	double t = (double)counter_diff(counter, e->counter) * ns_per_tick * 1e-9;

	line_move(&line, ns_per_tick, counter);
	e->counter = counter;
	e->time_ns = line.time_ns;
	e->frac_ns = line.frac_ns;
	e->phase_var_ns2 += 2 * t * e->cross_var_ns2_s + t * t * e->rate_var_ppb2 +
			    e->wander * e->wander * t * t * t / 3;
	e->cross_var_ns2_s += t * e->rate_var_ppb2 + e->wander * e->wander * t * t / 2;
	e->rate_var_ppb2 += e->wander * e->wander * t;
}

/* Nobody to follow: what was known last, growing less certain. */
static void hold_over(struct discipline *d, uint64_t now)
{
	if (d->has_interval)
		interval_carry(&d->totals.interval, now, d->ns_per_tick);
	if (d->totals.has_estimate)
		estimate_carry(&d->totals.estimate, now, d->ns_per_tick);
}

/*
 * The operator's promise is taken over a span that the learned wander allows; a wander that breaks
 * it even over the shortest span widens it.
 */
static void fit_promise(struct discipline *d)
{
	double change_ppb = WANDER_SIGMAS * d->totals.estimate.wander; /* over 1 s */
	double span = d->config.max_rate_change_ppb / fmax(change_ppb, 1e-6);
	bool learned = false;

	for (unsigned int i = 0; i < d->voter_count; i++)
		learned |= d->candidates[i].chosen &&
			   filter_count(d->voters[i]->filter) >= WANDER_SAMPLES;
	if (!learned)
		return;
	d->window_s = fmin(fmax(span * span, WINDOW_MIN_S), WINDOW_MAX_S);
	d->promise_ppb = fmax(d->config.max_rate_change_ppb, change_ppb * sqrt(WINDOW_MIN_S));
	d->totals.promise_widened = d->promise_ppb > d->config.max_rate_change_ppb;
	for (unsigned int i = 0; i < d->config.sources_max; i++)
		if (d->slots[i].used)
			envelope_set_promise(&d->slots[i].envelope, d->promise_ppb, d->window_s);
}

static double last_half_width_ns(const struct discipline *d, uint64_t now)
{
	const struct publication *last = &d->totals.last;

	return last->max_error_ns +
	       last->max_rate_error_ppb * fabs(seconds_since(d, now, last->line.counter));
}

/* Bound and the last published interval have nothing in common: that one was wrong. */
static bool contradicts_published(const struct discipline *d, uint64_t now)
{
	const struct interval *b = &d->totals.interval;
	double ahead_ns = line_minus(&d->totals.last.line, d->ns_per_tick, now, b->base_ns, 0);
	double half_ns = last_half_width_ns(d, now);

	return ahead_ns - half_ns > b->hi_ns || ahead_ns + half_ns < b->lo_ns;
}

/* Where the line should be: the estimate, but never outside the bound. */
static double target_minus(const struct discipline *d, const struct line *line, uint64_t now)
{
	const struct interval *b = &d->totals.interval;
	const struct estimate *e = &d->totals.estimate;
	double target_ns = (double)(e->time_ns - b->base_ns) + e->frac_ns;

	target_ns = fmin(fmax(target_ns, b->lo_ns), b->hi_ns);
	return target_ns - line_minus(line, d->ns_per_tick, now, b->base_ns, 0);
}

static double slew_s(const struct discipline *d)
{
	for (unsigned int i = 0; i < d->voter_count; i++)
		if (d->voters[i]->status.poll_s < BUSY_POLL_S)
			return SLEW_BUSY_S;
	return SLEW_S;
}

/* The rate of the next piece of line: the estimate's, and a bounded part that closes the gap. */
static double slewing_rate(struct discipline *d, const struct line *from, double gap_ns)
{
	double rate_ppb = d->totals.estimate.rate_ppb;
	double slew_ppb = gap_ns / slew_s(d);
	double lo_ppb = rate_ppb - d->config.max_slew_ppb;
	double hi_ppb = rate_ppb + d->config.max_slew_ppb;

	nesting_limit(&d->nesting, from, &lo_ppb, &hi_ppb);
	return fmin(fmax(rate_ppb + slew_ppb, lo_ppb), hi_ppb);
}

/* The line from now on. */
static struct line next_line(struct discipline *d, uint64_t now, bool step)
{
	const struct estimate *e = &d->totals.estimate;
	struct line line = {now, e->time_ns, e->frac_ns, e->rate_ppb};
	double gap_ns;

	if (step) {
		gap_ns = target_minus(d, &line, now);
		line.frac_ns += gap_ns;
		line_move(&line, d->ns_per_tick, now);
		d->totals.remaining_ns = 0;
		return line;
	}
	line = d->totals.last.line;
	line_move(&line, d->ns_per_tick, now);
	gap_ns = target_minus(d, &line, now);
	line.rate_ppb = slewing_rate(d, &line, gap_ns);
	d->totals.remaining_ns = gap_ns;
	return line;
}

/* Errors of the line as readers are told them, from the bound and the estimate. */
static void fill_errors(const struct discipline *d, struct publication *p)
{
	const struct interval *b = &d->totals.interval;
	const struct estimate *e = &d->totals.estimate;
	double ahead_ns = line_minus(&p->line, d->ns_per_tick, p->line.counter, b->base_ns, 0);
	double slew_ppb = p->line.rate_ppb - e->rate_ppb;
	double gap_ns = d->totals.remaining_ns;

	p->max_error_ns = fmax(b->hi_ns - ahead_ns, ahead_ns - b->lo_ns);
	p->max_rate_error_ppb =
		fmax(b->rate_hi_ppb - p->line.rate_ppb, p->line.rate_ppb - b->rate_lo_ppb);
	p->est_error_ns = sqrt(e->phase_var_ns2 + gap_ns * gap_ns);
	p->est_rate_error_ppb = sqrt(e->rate_var_ppb2 + slew_ppb * slew_ppb);
}

/*
 * Without a majority the last one's bound is held over. Where that was a single source and others
 * now say that it lied, nothing is known.
 */
static void decide_status(struct discipline *d, bool majority, struct publication *p)
{
	struct discipline_totals *t = &d->totals;

	if (p->max_error_ns > d->config.unreliable_above_ns) {
		p->status = DISCIPLINE_UNRELIABLE;
		t->why = "the bound exceeds unreliable-above";
	} else if (majority) {
		p->status = DISCIPLINE_SYNCHRONIZED;
		t->why = t->truechimers > 1 ? "a majority of the sources agrees"
					    : "one source only: nobody confirms it";
	} else if (!d->voter_count) {
		p->status = DISCIPLINE_FREERUNNING;
		t->why = "no source is usable: holding over";
	} else if (d->confirmed) {
		p->status = DISCIPLINE_FREERUNNING;
		t->why = "the sources disagree: holding over what a majority said last";
	} else {
		p->status = DISCIPLINE_UNRELIABLE;
		t->why = "the sources disagree and no majority ever confirmed one";
	}
	t->status = p->status;
}

static uint64_t sooner(uint64_t a, uint64_t b, uint64_t now)
{
	if (a == UINT64_MAX || b == UINT64_MAX)
		return a == UINT64_MAX ? b : a;
	return counter_diff(a, now) < counter_diff(b, now) ? a : b;
}

/* When the slew is over, a source falls silent, or the bound passes the limit. */
static void plan_deadline(struct discipline *d, uint64_t now)
{
	const struct publication *p = &d->totals.last;
	double slew_ppb = p->line.rate_ppb - d->totals.estimate.rate_ppb;
	double gap_ns = d->totals.remaining_ns;

	d->deadline = UINT64_MAX;
	d->totals.slew_ppb = slew_ppb;
	if (fabs(gap_ns) > NEGLIGIBLE_NS && gap_ns * slew_ppb > 0)
		d->deadline = now + ticks(d, fmin(gap_ns / slew_ppb, 3600));
	else if (fabs(gap_ns) > NEGLIGIBLE_NS || fabs(slew_ppb) > NEGLIGIBLE_NS)
		d->deadline = now + ticks(d, slew_s(d));
	for (unsigned int i = 0; i < d->voter_count; i++) {
		const struct discipline_source_status *st = &d->voters[i]->status;
		uint64_t silent = st->last_counter + ticks(d, REACH_POLLS * st->poll_s + 1.001);

		d->deadline = sooner(d->deadline, silent, now);
	}
	if (p->status != DISCIPLINE_UNRELIABLE) {
		double left_ns = d->config.unreliable_above_ns - p->max_error_ns;
		double left_s = left_ns / fmax(p->max_rate_error_ppb, 1);

		d->deadline = sooner(d->deadline, now + ticks(d, fmin(left_s, 1e6) + 0.001), now);
	}
}

/* Readers between now and the next publication; and those of the page that ends now. */
static void remember_promises(struct discipline *d, uint64_t now, const struct publication *next)
{
	if (d->totals.has_line && !next->disrupted)
		nesting_add(&d->nesting, &d->totals.last.line, now, last_half_width_ns(d, now),
			    &d->totals.estimate);
	nesting_add(&d->nesting, &next->line, now, next->max_error_ns, &d->totals.estimate);
}

static bool publish(struct discipline *d, uint64_t now, bool majority, struct publication *out)
{
	bool step = d->step || !d->config.monotonic;

	*out = (struct publication){.disrupted = d->marker};
	if (d->totals.has_line && !d->step && contradicts_published(d, now)) {
		d->totals.nesting_violations++;
		out->disrupted = true;
		step = true;
	}
	if (out->disrupted) {
		d->totals.disruptions++;
		nesting_clear(&d->nesting);
	}
	out->line = next_line(d, now, step);
	fill_errors(d, out);
	decide_status(d, majority, out);
	out->kept_s = nesting_kept_s(&d->nesting, &d->totals.estimate, out->max_error_ns);
	if (d->config.monotonic)
		remember_promises(d, now, out);
	d->totals.last = *out;
	d->totals.has_line = true;
	d->totals.publications++;
	d->step = false;
	d->marker = false;
	d->warned = false;
	plan_deadline(d, now);
	return true;
}

/* After a disruption, before the first new bound: the old line, marked as not to be used. */
static bool publish_unreliable(struct discipline *d, uint64_t now, struct publication *out)
{
	if (!d->marker || d->warned || !d->totals.has_line)
		return false;
	*out = d->totals.last;
	line_move(&out->line, d->ns_per_tick, now);
	out->status = DISCIPLINE_UNRELIABLE;
	out->disrupted = true;
	d->totals.disruptions++;
	d->totals.publications++;
	d->totals.last = *out;
	d->warned = true; /* the next line may step too: its readers are told by a marker again */
	return true;
}

static bool too_soon(struct discipline *d, uint64_t now)
{
	if (!d->totals.has_line || d->marker ||
	    seconds_since(d, now, d->totals.last.line.counter) >= RENEWAL_S)
		return false;
	d->deadline = d->totals.last.line.counter + ticks(d, RENEWAL_S) + 1;
	return true;
}

bool discipline_run(struct discipline *d, uint64_t now, struct publication *out)
{
	bool due = d->deadline != UINT64_MAX && counter_diff(now, d->deadline) >= 0;
	bool majority;

	if ((!d->dirty && !due) || too_soon(d, now))
		return false;
	d->dirty = false;
	gather_voters(d, now);
	majority = vote(d);
	if (majority) {
		combine(d);
		fit_promise(d);
	} else {
		hold_over(d, now);
	}
	d->totals.selectable = d->voter_count;
	if (!d->has_interval || !d->totals.has_estimate) {
		d->deadline = UINT64_MAX;
		return publish_unreliable(d, now, out);
	}
	return publish(d, now, majority, out);
}

uint64_t discipline_deadline(const struct discipline *d)
{
	return d->deadline;
}

void discipline_spliced(struct discipline *d, double raised_ns)
{
	struct publication *last = &d->totals.last;

	last->line.frac_ns += raised_ns;
	last->max_error_ns += raised_ns;
	line_move(&last->line, d->ns_per_tick, last->line.counter);
}

void discipline_disrupt(struct discipline *d, uint64_t now, const char *reason)
{
	(void)now;
	d->has_interval = false;
	d->totals.has_estimate = false;
	d->totals.why = reason;
	d->totals.status = DISCIPLINE_UNRELIABLE;
	d->config.prior = (struct filter_prior){0, 0};
	d->config.rate_lo_ppb = -ENVELOPE_RATE_MAX_PPB;
	d->config.rate_hi_ppb = ENVELOPE_RATE_MAX_PPB;
	for (unsigned int i = 0; i < d->config.sources_max; i++)
		if (d->slots[i].used)
			restart_history(d, &d->slots[i]);
	nesting_clear(&d->nesting);
	d->step = true;
	d->marker = true;
	d->dirty = true;
}

void discipline_seed(struct discipline *d, const struct line *line, const struct interval *bound)
{
	d->totals.interval = *bound;
	d->has_interval = true;
	d->totals.estimate = (struct estimate){
		.counter = line->counter,
		.time_ns = line->time_ns,
		.frac_ns = line->frac_ns,
		.rate_ppb = line->rate_ppb,
		.phase_var_ns2 = pow(fmax(bound->hi_ns, -bound->lo_ns), 2),
		.rate_var_ppb2 = pow(bound->rate_hi_ppb - bound->rate_lo_ppb, 2) / 12,
	};
	d->totals.has_estimate = true;
	d->totals.last = (struct publication){.line = *line,
					      .max_error_ns = fmax(bound->hi_ns, -bound->lo_ns),
					      .max_rate_error_ppb =
						      fmax(bound->rate_hi_ppb - line->rate_ppb,
							   line->rate_ppb - bound->rate_lo_ppb)};
	d->totals.has_line = true;
	d->step = false;
	d->dirty = true;
	for (unsigned int i = 0; i < d->config.sources_max; i++)
		if (d->slots[i].used)
			restart_history(d, &d->slots[i]);
}

double discipline_poll_hint(const struct discipline *d, int index)
{
	const struct slot *slot = slot_at(d, index);
	struct filter_report report;
	struct estimate e;
	double t = 1;

	if (!slot || filter_count(slot->filter) < 8 ||
	    !filter_estimate(slot->filter, slot->status.last_counter, &e))
		return 1;
	filter_get_report(slot->filter, &report);
	for (; t < 1024; t *= 2) {
		double growth =
			e.rate_var_ppb2 * 4 * t * t + e.wander * e.wander * 8 * t * t * t / 3;

		if (!(sqrt(growth) < 0.5 * report.noise_ns))
			break;
	}
	return t;
}

void discipline_get_source(const struct discipline *d, int index,
			   struct discipline_source_status *out)
{
	const struct slot *slot = slot_at(d, index);

	if (!slot) {
		*out = (struct discipline_source_status){.state = SOURCE_UNUSED, .why = ""};
		return;
	}
	*out = slot->status;
	filter_get_report(slot->filter, &out->filter);
	if (out->has_estimate && d->totals.has_line)
		out->offset_ns =
			-line_minus(&d->totals.last.line, d->ns_per_tick, out->estimate.counter,
				    out->estimate.time_ns, out->estimate.frac_ns);
}

void discipline_get_totals(const struct discipline *d, struct discipline_totals *out)
{
	*out = d->totals;
}
