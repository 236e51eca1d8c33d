// SPDX-License-Identifier: GPL-2.0-or-later
/* The vote of the sources, and what follows from it: bound, estimate, and the promise's span. */
#include "consensus.h"

#include <math.h>
#include <string.h>

#include "discipline_state.h"
#include "second.h"

/* Wander is believed after this many samples only: the bank starts with everything possible. */
#define WANDER_SAMPLES 512
/* The promise is taken over a span in which this many sigma of the learned wander stay within it.
 */
#define WANDER_SIGMAS 4.0
#define WINDOW_MIN_S 600.0
#define WINDOW_MAX_S 3600.0
/* A past narrower than this share of what two words span cannot hold both. */
#define PAST_DECIDES_SHARE 0.5

/* Edges come, but none of them could be made a sample lately. */
static bool pulses_go_unused(const struct discipline *d, const struct slot *slot, uint64_t now)
{
	double reach_s = REACH_POLLS * slot->status.poll_s + 1;

	return slot->pulse_seen && slot->pulse_why &&
	       elapsed_s(d, now, slot->pulse_last) <= reach_s &&
	       (!slot->status.samples || elapsed_s(d, now, slot->status.last_counter) > reach_s);
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
	if (!slot->offline && pulses_go_unused(d, slot, now)) {
		st->state = SOURCE_WAITING;
		st->why = slot->pulse_why;
	} else if (slot->offline || !st->samples ||
		   elapsed_s(d, now, st->last_counter) > REACH_POLLS * st->poll_s + 1) {
		st->state = SOURCE_UNREACHABLE;
		st->why = slot->offline ? "cannot be heard"
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
	d->member_count = d->voter_count;
}

/* It has its second from sources that have votes of their own. */
static bool repeats_second(const struct discipline *d, const struct slot *slot)
{
	if (!slot->config.pulse || slot->names_itself)
		return false;
	for (unsigned int i = 0; i < d->config.sources_max && slot->lock; i++)
		if ((slot->lock >> i & 1) && d->slots[i].used && !d->slots[i].config.noselect)
			return true;
	return !slot->lock;
}

static void cast_votes(struct discipline *d, int64_t base_ns)
{
	for (unsigned int i = 0; i < d->voter_count; i++) {
		const struct interval *in = &d->voters[i]->status.interval;
		double shift_ns = (double)(in->base_ns - base_ns);
		bool trusted = d->voters[i]->config.trust;

		d->votes[i] = (struct vote){.lo = in->lo_ns + shift_ns,
					    .hi = in->hi_ns + shift_ns,
					    .trusted = trusted,
					    .repeats = repeats_second(d, d->voters[i])};
		d->rate_votes[i] = (struct vote){
			.lo = in->rate_lo_ppb, .hi = in->rate_hi_ppb, .trusted = trusted};
	}
}

static bool any_trusted_truechimer(const struct discipline *d)
{
	for (unsigned int i = 0; i < d->voter_count; i++)
		if (d->votes[i].truechimer && d->votes[i].trusted)
			return true;
	return false;
}

static uint64_t oldest_rate_fact(const struct discipline *d)
{
	uint64_t oldest = d->voters[0]->status.interval.rate_since;

	for (unsigned int i = 1; i < d->voter_count; i++) {
		uint64_t since = d->voters[i]->status.interval.rate_since;

		if (counter_diff(since, oldest) < 0)
			oldest = since;
	}
	return oldest;
}

/*
 * Its estimate is in line with the past again: an interval alone may be so wide that it says
 * nothing. A past that has room for one of two words only decides for that one.
 */
static void settle_doubt(const struct discipline *d, struct slot *slot, int64_t base_ns,
			 const struct vote *past)
{
	const struct estimate *e = &slot->status.estimate;
	double phase_ns = (double)(e->time_ns - base_ns) + e->frac_ns;
	struct interval word = slot->doubt.word;

	if (phase_ns < past->lo || phase_ns > past->hi)
		return;
	slot->doubt.confirms_nobody = false;
	if (!slot->doubt.other_word)
		return;
	interval_carry(&word, slot->status.interval.counter, d->ns_per_tick);
	if (past->hi - past->lo < PAST_DECIDES_SHARE * (word.hi_ns - word.lo_ns))
		slot->doubt.other_word = false;
}

/*
 * What a majority said last is carried on by the promise, and is as hard a fact as any: where no
 * two sources (or a trusted one) confirm each other now, it has a vote. So the last source left
 * does not overturn what it contradicts, and of two that disagree the one in line with the past is
 * right.
 */
static void ask_the_past(struct discipline *d, int64_t base_ns, struct verdict *phase)
{
	const struct vote *past = &d->votes[d->voter_count];

	for (unsigned int i = 0; i < d->voter_count; i++)
		settle_doubt(d, d->voters[i], base_ns, past);
	select_truechimers(d->votes, d->voter_count + 1, phase);
	if (past->truechimer)
		phase->truechimers--; /* counts sources */
}

/*
 * One that contradicted its own past, steadily enough to be heard again, was wrong before or is
 * wrong now: it confirms nobody while the past is remembered, and agrees with it if it was right.
 */
static unsigned int witnesses(const struct discipline *d)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < d->voter_count; i++)
		count += d->votes[i].truechimer &&
			 !(d->voters[i]->doubt.confirms_nobody && d->has_past);
	return count;
}

static void add_doubt(const struct discipline *d, const struct doubt *doubt,
		      const struct interval *bound, struct vote *vote)
{
	struct interval word = doubt->word;
	double apart_ns;

	interval_carry(&word, bound->counter, d->ns_per_tick);
	apart_ns = (double)(word.base_ns - bound->base_ns);
	vote->lo = fmin(vote->lo, apart_ns + word.lo_ns);
	vote->hi = fmax(vote->hi, apart_ns + word.hi_ns);
}

/*
 * Those who were found to tell the truth may have told it before they contradicted themselves: the
 * bound is what a majority would hold if all that they may mean were said.
 */
static void count_doubts(struct discipline *d, struct interval *bound)
{
	struct verdict wider;
	bool any = false;

	memcpy(d->wide_votes, d->votes, d->vote_count * sizeof(d->votes[0]));
	for (unsigned int i = 0; i < d->voter_count; i++) {
		const struct doubt *doubt = &d->voters[i]->doubt;

		if (!d->votes[i].truechimer || !doubt->other_word)
			continue;
		add_doubt(d, doubt, bound, &d->wide_votes[i]);
		any = true;
	}
	if (!any)
		return;
	select_truechimers(d->wide_votes, d->vote_count, &wider);
	bound->lo_ns = wider.lo;
	bound->hi_ns = wider.hi;
}

/*
 * Before anybody votes: pulses, and a past in which one source alone named the second, are for the
 * second that most of those name who do. False: as many say one as another.
 */
static bool decide_second(struct discipline *d, int64_t base_ns, bool *moved)
{
	double shift_ns = (double)(d->past.base_ns - base_ns);
	bool decided;

	if (d->has_past)
		d->votes[d->voter_count] = (struct vote){.lo = d->past.lo_ns + shift_ns,
							 .hi = d->past.hi_ns + shift_ns,
							 .repeats = d->past_repeats};
	decided = second_decide(d->votes, d->voter_count + d->has_past, moved);
	if (d->past_repeats && (*moved || !decided))
		d->has_past = false;
	return decided;
}

/* They helped to find the majority; what they say is of the second that they were told. */
static void leave_out_misnamed(struct discipline *d, struct verdict *phase)
{
	for (unsigned int i = 0; i < d->voter_count; i++) {
		if (!d->votes[i].repeats || !d->votes[i].truechimer)
			continue;
		d->votes[i].truechimer = false;
		phase->truechimers--;
		phase->falsetickers++;
	}
}

/* It is still the second that two have named, if the past in which they did leads to it. */
static bool one_alone_names_the_second(const struct discipline *d, const struct interval *bound)
{
	double apart_ns = (double)(bound->base_ns - d->past.base_ns);
	unsigned int count = 0;

	for (unsigned int i = 0; i < d->voter_count; i++)
		if (d->votes[i].truechimer && !d->votes[i].repeats)
			count += d->votes[i].trusted ? 2 : 1;
	return count < 2 &&
	       !(d->has_past && !d->past_repeats && apart_ns + bound->lo_ns <= d->past.hi_ns &&
		 apart_ns + bound->hi_ns >= d->past.lo_ns);
}

/* The voters' own phases, with a majority that needs nobody's help. */
static bool vote_on_phase(struct discipline *d, int64_t base_ns, struct verdict *phase)
{
	bool confirmed, moved;

	*phase = (struct verdict){.majority = false};
	d->vote_count = d->voter_count;
	if (!decide_second(d, base_ns, &moved))
		return false;
	select_truechimers(d->votes, d->vote_count, phase);
	if (moved)
		leave_out_misnamed(d, phase);
	confirmed = phase->majority && (witnesses(d) > 1 || any_trusted_truechimer(d));
	if (confirmed || !d->has_past)
		return confirmed;
	ask_the_past(d, base_ns, phase);
	if (moved)
		leave_out_misnamed(d, phase);
	d->vote_count++;
	return false;
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
	bool confirmed;

	if (!d->voter_count)
		return false;
	base_ns = d->voters[0]->status.interval.base_ns;
	cast_votes(d, base_ns);
	confirmed = vote_on_phase(d, base_ns, &phase);
	select_truechimers(d->rate_votes, d->voter_count, &rate);
	if (!phase.majority || !phase.truechimers || !rate.majority)
		return false;
	for (unsigned int i = 0; i < d->voter_count; i++)
		d->voters[i]->truechimer = d->votes[i].truechimer && d->rate_votes[i].truechimer;
	*bound = d->voters[0]->status.interval;
	bound->lo_ns = phase.lo;
	bound->hi_ns = phase.hi;
	bound->rate_lo_ppb = rate.lo;
	bound->rate_hi_ppb = rate.hi;
	bound->rate_since = oldest_rate_fact(d);
	d->said = *bound;
	count_doubts(d, bound);
	d->has_interval = true;
	if (confirmed) {
		d->past_repeats = one_alone_names_the_second(d, bound);
		d->past = *bound;
		d->has_past = true;
		d->confirmed_at = bound->counter;
	}
	return true;
}

/* Who gives no bound cannot vote; whose estimate lies within the others' bound agrees with them. */
static void gather_followers(struct discipline *d)
{
	const struct interval *bound = &d->totals.interval;

	d->member_count = d->voter_count;
	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		struct slot *slot = &d->slots[i];
		struct discipline_source_status *st = &slot->status;
		double phase_ns =
			(double)(st->estimate.time_ns - bound->base_ns) + st->estimate.frac_ns;

		if (!slot->used || st->state != SOURCE_WAITING || !st->has_estimate ||
		    st->has_interval || st->samples < slot->config.min_samples)
			continue;
		slot->truechimer = phase_ns >= bound->lo_ns && phase_ns <= bound->hi_ns;
		st->state = SOURCE_FALSETICKER;
		st->why = "its estimate lies outside the bound that the others give";
		d->voters[d->member_count++] = slot;
	}
}

enum choice { CHOOSE_ALL, CHOOSE_PULSES, CHOOSE_PREFERRED };

static bool is_choice(const struct slot *slot, enum choice choice)
{
	return slot->truechimer &&
	       (choice == CHOOSE_ALL || (choice == CHOOSE_PULSES && slot->config.pulse) ||
		(choice == CHOOSE_PREFERRED && slot->config.prefer));
}

/*
 * Who is combined: those that the operator prefers; else pulses, which are not a network away, so
 * that no common asymmetry of paths can outnumber them; else all.
 */
static enum choice choose(const struct discipline *d)
{
	enum choice choice = CHOOSE_ALL;

	for (unsigned int i = 0; i < d->member_count; i++) {
		if (is_choice(d->voters[i], CHOOSE_PREFERRED))
			return CHOOSE_PREFERRED;
		if (is_choice(d->voters[i], CHOOSE_PULSES))
			choice = CHOOSE_PULSES;
	}
	return choice;
}

static void name_selected(struct discipline *d, enum choice choice)
{
	for (unsigned int i = 0; i < d->member_count; i++) {
		struct slot *slot = d->voters[i];
		struct discipline_source_status *st = &slot->status;

		if (!slot->truechimer)
			continue;
		st->state = d->candidates[i].chosen ? SOURCE_SELECTED : SOURCE_SELECTABLE;
		st->weight = d->candidates[i].weight;
		if (d->candidates[i].chosen)
			st->why = slot->doubt.other_word
					  ? "it contradicted itself: its earlier answers "
					    "still count in the bound"
					  : "";
		else if (choice == CHOOSE_PREFERRED && !slot->config.prefer)
			st->why = "a preferred source is used";
		else if (choice == CHOOSE_PULSES && !slot->config.pulse)
			st->why = "a pulse is used";
		else
			st->why = "its estimate stands apart from the majority's";
	}
}

/* Combines the truechimers' estimates, or those of the better ones among them. */
static void combine(struct discipline *d)
{
	enum choice choice = choose(d);

	for (unsigned int i = 0; i < d->member_count; i++) {
		const struct slot *slot = d->voters[i];

		d->candidates[i].estimate = slot->status.estimate;
		d->candidates[i].weight = 0;
		d->candidates[i].chosen = is_choice(slot, choice);
	}
	combine_leave_out_strays(d->candidates, d->member_count);
	if (combine_estimates(d->candidates, d->member_count, &d->totals.estimate))
		d->totals.has_estimate = true;
	name_selected(d, choice);
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

static void carry_interval(struct discipline *d, uint64_t now)
{
	interval_carry(&d->totals.interval, now, d->ns_per_tick);
	interval_carry(&d->said, now, d->ns_per_tick);
}

/* What was known last, growing less certain: all there is when nobody can be followed. */
static void hold_over(struct discipline *d, uint64_t now)
{
	if (d->has_interval)
		carry_interval(d, now);
	if (d->totals.has_estimate)
		estimate_carry(&d->totals.estimate, now, d->ns_per_tick);
	if (!d->has_past)
		return;
	/* The promise says nothing of hours: a day's warmth would let an old past overrule the
	 * truth. */
	d->has_past = elapsed_s(d, now, d->confirmed_at) <= d->window_s;
	interval_carry(&d->past, now, d->ns_per_tick);
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

	for (unsigned int i = 0; i < d->member_count; i++)
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

/* As the states say: who lost the vote on the rate is no truechimer either. */
static void count_verdicts(struct discipline *d)
{
	d->totals.truechimers = 0;
	for (unsigned int i = 0; i < d->voter_count; i++)
		d->totals.truechimers += d->voters[i]->truechimer;
	d->totals.falsetickers = d->voter_count - d->totals.truechimers;
}

bool consensus_reach(struct discipline *d, uint64_t now)
{
	bool majority;

	gather_voters(d, now);
	d->totals.selectable = d->voter_count;
	hold_over(d, now);
	majority = vote(d);
	if (majority) {
		gather_followers(d);
		combine(d);
		fit_promise(d);
	}
	count_verdicts(d);
	return majority;
}
