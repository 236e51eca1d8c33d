// SPDX-License-Identifier: GPL-2.0-or-later
/* From sources to the one line in force: who is believed, what the bound is, how the line moves. */
#include "discipline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "consensus.h"
#include "discipline_state.h"
#include "steer.h"

/* A source that contradicts its own past this often in a row starts over: it was stepped. */
#define CONFLICTS_TO_RESTART 8
/* Requests in flight when the counter was disrupted have come back after this long. */
#define DISRUPTION_QUIET_S 2.0
/* No request is in flight for so long; the counter will wrap, some day. */
#define QUIET_FORGOTTEN_S 3600.0
/* A sample spans 1000 s at most, times lie between 1843 and 2096, silence lasts 3 years at most. */
#define SPAN_MAX_NS 1e12
#define TIME_MAX_NS INT64_C(4000000000000000000)
#define AWAY_MAX_NS 1e17
/* How long the first line waits for more than half of the sources, after the first answer. */
#define START_GRACE_S 2.0
/* How long for a pulse, which is better than all of them: two edges, and a third where one came
 * before there was anybody to name it; longer where edges come, but not yet as they should. */
#define PULSE_GRACE_S 3.0
#define PULSE_SEEN_GRACE_S 10.0
/* The promise is taken over this span until the wander is known. */
#define WINDOW_START_S 1024.0
/* The line is renewed at most this often; samples in between wait for the next renewal. */
#define RENEWAL_S 0.05

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

bool discipline_config_is_sane(const struct discipline_config *c)
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

	if (!discipline_config_is_sane(config)) {
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
	if (!d->tables || !d->slots) {
		discipline_destroy(d);
		errno = ENOMEM;
		return NULL;
	}
	return d;
}

void discipline_destroy(struct discipline *d)
{
	if (!d)
		return;
	filter_tables_destroy(d->tables);
	for (unsigned int i = 0; d->slots && i < d->config.sources_max; i++)
		free(d->slots[i].filter);
	free(d->slots);
	free(d);
}

/*
 * What is known of the rate from elsewhere: what a majority of several holds, or the page of the
 * last life. What one source alone said may be a lie, and would be handed on for ever.
 */
static struct rate_prior known_rate(const struct discipline *d)
{
	const struct interval *known = d->has_past ? &d->past : &d->totals.interval;

	if (d->has_past || (d->has_interval && d->resumed))
		return (struct rate_prior){known->rate_lo_ppb, known->rate_hi_ppb, true,
					   known->rate_since};
	return (struct rate_prior){d->config.rate_lo_ppb, d->config.rate_hi_ppb, false, 0};
}

/* A source that starts (over) knows what a majority has learned of the rate. */
static void restart_history(struct discipline *d, struct slot *slot, const struct rate_prior *rate)
{
	struct filter_prior prior = d->config.prior;

	if (d->totals.has_estimate)
		prior = (struct filter_prior){d->totals.estimate.rate_ppb,
					      3 * sqrt(d->totals.estimate.rate_var_ppb2) +
						      d->promise_ppb};
	filter_init(slot->filter, d->tables, d->ns_per_tick, &prior);
	envelope_init(&slot->envelope, d->ns_per_tick, d->promise_ppb, d->window_s, rate);
	slot->conflicts = 0;
	slot->doubt.confirms_nobody = false;
	slot->status.samples = 0;
	slot->status.has_estimate = false;
	slot->status.has_interval = false;
}

int discipline_add_source(struct discipline *d, const struct discipline_source_config *config)
{
	const struct rate_prior rate = known_rate(d);

	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		struct slot *slot = &d->slots[i];

		if (slot->used)
			continue;
		if (!slot->filter)
			slot->filter = calloc(1, filter_size());
		if (!slot->filter)
			return -ENOMEM;
		slot->used = true;
		slot->offline = false;
		slot->config = *config;
		slot->lock = 0;
		slot->names_itself = false;
		doubt_clear(&slot->doubt);
		slot->pulse_seen = false;
		slot->pulse_why = NULL;
		pulse_init(&slot->pulse, d->ns_per_tick, config->max_jitter_ns);
		slot->status = (struct discipline_source_status){
			.state = SOURCE_UNREACHABLE, .why = "no answer yet", .poll_s = 1};
		restart_history(d, slot, &rate);
		return (int)i;
	}
	return -ENOSPC;
}

struct slot *discipline_slot(const struct discipline *d, int slot)
{
	if (slot < 0 || (unsigned int)slot >= d->config.sources_max || !d->slots[slot].used)
		return NULL;
	return &d->slots[slot];
}

void discipline_remove_source(struct discipline *d, int slot)
{
	struct slot *s = discipline_slot(d, slot);

	if (!s)
		return;
	s->used = false;
	s->status.state = SOURCE_UNUSED;
	d->dirty = true;
}

void discipline_tune_source(struct discipline *d, int slot,
			    const struct discipline_source_config *config)
{
	struct slot *s = discipline_slot(d, slot);

	if (!s)
		return;
	s->config.prefer = config->prefer;
	s->config.trust = config->trust;
	s->config.noselect = config->noselect;
	s->config.min_samples = config->min_samples;
	d->dirty = true;
}

void discipline_reset_source(struct discipline *d, int slot)
{
	struct slot *s = discipline_slot(d, slot);
	const struct rate_prior rate = known_rate(d);

	if (!s)
		return;
	doubt_clear(&s->doubt);
	restart_history(d, s, &rate);
	d->dirty = true;
}

void discipline_set_poll(struct discipline *d, int slot, double poll_s)
{
	struct slot *s = discipline_slot(d, slot);

	if (s && poll_s > 0)
		s->status.poll_s = poll_s;
}

void discipline_offline(struct discipline *d, int slot)
{
	struct slot *s = discipline_slot(d, slot);

	if (!s || s->offline)
		return;
	s->offline = true;
	d->dirty = true;
}

static bool time_is_sane(int64_t time_ns)
{
	return time_ns > -TIME_MAX_NS && time_ns < TIME_MAX_NS;
}

/* What would leave the range of 64 bits, or of sense, goes no further. */
static bool sample_is_sane(const struct discipline *d, const struct slot *slot,
			   const struct sample *s)
{
	double span_ns = (double)counter_diff(s->c_after, s->c_before) * d->ns_per_tick;
	double away_ns =
		(double)counter_diff(s->c_after, slot->envelope.now.counter) * d->ns_per_tick;

	return s->kind <= SAMPLE_POINT && span_ns >= 0 && span_ns <= SPAN_MAX_NS &&
	       s->upper_error_ns >= 0 && s->lower_error_ns >= 0 && s->stamp_error_ns >= 0 &&
	       s->stamp_error_ns <= SPAN_MAX_NS && time_is_sane(s->t_before_ns) &&
	       time_is_sane(s->t_after_ns) && (!slot->envelope.any || fabs(away_ns) <= AWAY_MAX_NS);
}

/* Begun before a disruption of the counter, or so soon after that this cannot be told. */
static bool of_last_life(struct discipline *d, const struct sample *s)
{
	double since_s = elapsed_s(d, s->c_before, d->quiet_until);

	d->quiet = d->quiet && since_s < QUIET_FORGOTTEN_S;
	return d->quiet && since_s < 0;
}

/* What this sample says by itself may be more than what is left of it beside the past. */
static bool word_of(const struct discipline *d, const struct slot *slot, const struct sample *s,
		    struct interval *out)
{
	struct envelope alone;
	struct interval kept;

	envelope_init(&alone, d->ns_per_tick, d->promise_ppb, d->window_s, NULL);
	if (envelope_add(&alone, s) || !envelope_at(&alone, s->c_after, out) ||
	    !envelope_at(&slot->envelope, s->c_after, &kept))
		return false;
	out->rate_lo_ppb = kept.rate_lo_ppb;
	out->rate_hi_ppb = kept.rate_hi_ppb;
	return true;
}

/*
 * A source that contradicted itself is believed again: because it has kept to its new word, or
 * because time has passed, in which the two could come to be both true. One of them was false, and
 * which one is not known for as long as the first had been kept to.
 */
static int believe_again(struct discipline *d, struct slot *slot, const struct sample *s, bool anew)
{
	struct interval before, now;
	bool known = envelope_at(&slot->envelope, s->c_after, &before);
	double lasted_s =
		slot->status.samples ? elapsed_s(d, slot->status.last_counter, slot->since) : 0;
	uint64_t ticks = ticks_of(d, fmin(lasted_s, d->window_s));
	int err;

	if (anew) {
		restart_history(d, slot, NULL); /* what it had inherited may be what was wrong */
		slot->doubt.confirms_nobody = true;
		slot->status.restarts++;
	}
	err = envelope_add(&slot->envelope, s);
	if (err == -ERANGE)
		return err;
	slot->conflicts = 0;
	if (known)
		doubt_raise(&slot->doubt, &before, ticks, d->ns_per_tick);
	if (known && !anew && word_of(d, slot, s, &now))
		doubt_raise(&slot->doubt, &now, ticks, d->ns_per_tick);
	return 0;
}

/* What contradicts the source's own past is held back until it is clear that it will stay so. */
static int take_facts(struct discipline *d, struct slot *slot, const struct sample *s)
{
	int err;

	doubt_expire(&slot->doubt, s->c_after);
	err = slot->conflicts ? believe_again(d, slot, s, false) : envelope_add(&slot->envelope, s);
	if (err != -ERANGE)
		return 0;
	if (++slot->conflicts < CONFLICTS_TO_RESTART)
		return -ERANGE;
	return believe_again(d, slot, s, true);
}

int discipline_sample(struct discipline *d, int index, const struct sample *s)
{
	struct slot *slot = discipline_slot(d, index);
	int err;

	if (!slot || !sample_is_sane(d, slot, s) || of_last_life(d, s))
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
	if (!d->first_sample)
		d->first_sample = s->c_after | 1; /* 0 says: none yet */
	if (!slot->status.samples)
		slot->since = s->c_after;
	slot->offline = false;
	slot->status.samples++;
	slot->status.last_counter = s->c_after;
	return 0;
}

/*
 * The first to answer may be the one that lies: where several are asked, the first line waits until
 * more than half can vote, or the others have had a fair chance to answer. A pulse is waited for
 * in any case: the line would have to slew from where the others put it. Seconds to wait in all; 0:
 * no longer.
 */
static double start_grace_s(const struct discipline *d, uint64_t now)
{
	unsigned int asked = 0, answered = 0;
	double grace_s = 0;

	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		const struct slot *slot = &d->slots[i];

		if (!slot->used || slot->config.noselect)
			continue;
		asked++;
		answered += slot->voting || (slot->status.samples && !slot->status.has_interval);
		if (slot->config.pulse && !slot->status.samples && !slot->offline)
			grace_s = fmax(grace_s,
				       slot->pulse_seen ? PULSE_SEEN_GRACE_S : PULSE_GRACE_S);
	}
	if (2 * answered <= asked)
		grace_s = fmax(grace_s, START_GRACE_S);
	return d->first_sample && elapsed_s(d, now, d->first_sample) < grace_s ? grace_s : 0;
}

/* Without a line, or after a disruption. What was said so far is then held against nobody. */
static bool hold_first_line_back(struct discipline *d, uint64_t now, bool majority)
{
	double grace_s = start_grace_s(d, now);

	if (majority && grace_s <= 0)
		return false;
	d->has_interval = false;
	d->has_past = false;
	d->totals.has_estimate = false;
	d->deadline = UINT64_MAX;
	if (grace_s > 0) {
		d->deadline = d->first_sample + ticks_of(d, grace_s) + 1;
		d->totals.why = "waiting for the other sources' first answers";
	} else if (d->voter_count) {
		d->totals.why = "the sources disagree and no majority ever confirmed one";
	}
	return true;
}

static bool put_off_renewal(struct discipline *d, uint64_t now)
{
	if (!d->totals.has_line || d->marker || d->refused ||
	    elapsed_s(d, now, d->totals.last.line.counter) >= RENEWAL_S)
		return false;
	d->deadline = d->totals.last.line.counter + ticks_of(d, RENEWAL_S) + 1;
	return true;
}

bool discipline_run(struct discipline *d, uint64_t now, struct publication *out)
{
	bool due = d->deadline != UINT64_MAX && counter_diff(now, d->deadline) >= 0;
	bool majority;

	if ((!d->dirty && !due) || put_off_renewal(d, now))
		return false;
	d->dirty = false;
	majority = consensus_reach(d, now);
	if (d->step && hold_first_line_back(d, now, majority))
		return steer_warn(d, now, out);
	steer_publish(d, now, majority, out);
	return true;
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
	d->has_interval = false;
	d->totals.has_estimate = false;
	d->totals.why = reason;
	d->totals.status = DISCIPLINE_UNRELIABLE;
	d->config.prior = (struct filter_prior){0, 0};
	d->config.rate_lo_ppb = -ENVELOPE_RATE_MAX_PPB;
	d->config.rate_hi_ppb = ENVELOPE_RATE_MAX_PPB;
	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		if (!d->slots[i].used)
			continue;
		doubt_clear(&d->slots[i].doubt);
		restart_history(d, &d->slots[i], NULL);
		pulse_reset(&d->slots[i].pulse);
		d->slots[i].pulse_seen = false;
	}
	nesting_clear(&d->nesting);
	d->has_past = false;
	d->resumed = false;
	d->first_sample = 0;
	d->quiet = true;
	d->quiet_until = now + ticks_of(d, DISRUPTION_QUIET_S);
	d->step = true;
	d->marker = true;
	d->dirty = true;
}

void discipline_refused(struct discipline *d)
{
	d->refused = true;
	d->dirty = true;
}

void discipline_set_monotonic(struct discipline *d, bool monotonic)
{
	d->config.monotonic = monotonic;
}

void discipline_seed(struct discipline *d, const struct line *line, const struct interval *bound)
{
	struct rate_prior rate;

	d->totals.interval = d->said = *bound;
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
	d->resumed = true;
	d->step = false;
	d->dirty = true;
	rate = known_rate(d);
	for (unsigned int i = 0; i < d->config.sources_max; i++)
		if (d->slots[i].used)
			restart_history(d, &d->slots[i], &rate);
}

double discipline_poll_hint(const struct discipline *d, int index)
{
	const struct slot *slot = discipline_slot(d, index);
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
	const struct slot *slot = discipline_slot(d, index);

	if (!slot) {
		*out = (struct discipline_source_status){.state = SOURCE_UNUSED, .why = ""};
		return;
	}
	*out = slot->status;
	filter_get_report(slot->filter, &out->filter);
	out->pulses = slot->pulse.counts;
	if (out->has_estimate && d->totals.has_line)
		out->offset_ns =
			-line_minus(&d->totals.last.line, d->ns_per_tick, out->estimate.counter,
				    out->estimate.time_ns, out->estimate.frac_ns);
}

void discipline_get_totals(const struct discipline *d, struct discipline_totals *out)
{
	*out = d->totals;
}
