// SPDX-License-Identifier: GPL-2.0-or-later
/* A small world for the clock's tests; see the header. */
#include "test_clock_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* long double has 64 bits of mantissa here: 2^-33 ns over 10 years. */
_Static_assert(sizeof(long double) > sizeof(double), "the oracle needs more than a double");

uint64_t dice_bits(struct dice *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

double dice_unit(struct dice *d)
{
	return ldexp((double)(dice_bits(d) >> 11), -53);
}

double dice_between(struct dice *d, double least, double most)
{
	return least + (most - least) * dice_unit(d);
}

double dice_log_between(struct dice *d, double least, double most)
{
	return exp(dice_between(d, log(least), log(most)));
}

double dice_exponential(struct dice *d, double mean)
{
	return -mean * log(1 - dice_unit(d) * 0.999999);
}

void oscillator_begin(struct oscillator *o, double hz, uint64_t counter, int64_t epoch_ns,
		      double rate_ppb)
{
	o->ns_per_tick = 1e9 / hz;
	o->epoch_ns = epoch_ns;
	o->count = 1;
	o->pieces[0].counter = counter;
	o->pieces[0].since_ns = 0;
	o->pieces[0].rate_ppb = rate_ppb;
}

void oscillator_turn(struct oscillator *o, uint64_t counter, double rate_ppb)
{
	long double since_ns = oscillator_since(o, counter);

	assert_true(o->count < WORLD_TURNS);
	assert_true(counter_diff(counter, o->pieces[o->count - 1].counter) >= 0);
	o->pieces[o->count].counter = counter;
	o->pieces[o->count].since_ns = since_ns;
	o->pieces[o->count].rate_ppb = rate_ppb;
	o->count++;
}

/* The last piece that begins at or before the counter value; the first for anything earlier. */
static unsigned int piece_of(const struct oscillator *o, uint64_t counter)
{
	unsigned int first = 0, beyond = o->count;

	while (beyond - first > 1) {
		unsigned int middle = first + (beyond - first) / 2;

		if (counter_diff(counter, o->pieces[middle].counter) < 0)
			beyond = middle;
		else
			first = middle;
	}
	return first;
}

long double oscillator_since(const struct oscillator *o, uint64_t counter)
{
	unsigned int i = piece_of(o, counter);

	return o->pieces[i].since_ns + (long double)counter_diff(counter, o->pieces[i].counter) *
					       (long double)o->ns_per_tick *
					       (1 + (long double)o->pieces[i].rate_ppb * 1e-9L);
}

uint64_t oscillator_when(const struct oscillator *o, long double since_ns)
{
	unsigned int i = o->count - 1;
	long double ticks;

	while (i && since_ns < o->pieces[i].since_ns)
		i--;
	ticks = (since_ns - o->pieces[i].since_ns) /
		((long double)o->ns_per_tick * (1 + (long double)o->pieces[i].rate_ppb * 1e-9L));
	return o->pieces[i].counter + (uint64_t)(int64_t)floorl(ticks);
}

long double oscillator_error(const struct oscillator *o, uint64_t counter, int64_t time_ns,
			     long double frac_ns)
{
	return (long double)(time_ns - o->epoch_ns) + frac_ns - oscillator_since(o, counter);
}

/* --- the page ----------------------------------------------------------------------------- */

uint64_t world_counter(const struct world *w)
{
	return oscillator_when(&w->oscillator, w->now_ns);
}

/* The published line, by wider arithmetic than the code's own. */
static long double page_error(const struct world *w, const struct publication *p, uint64_t counter)
{
	long double ticks = (long double)counter_diff(counter, p->line.counter);
	long double ns = ticks * (long double)w->oscillator.ns_per_tick *
			 (1 + (long double)p->line.rate_ppb * 1e-9L);

	return oscillator_error(&w->oscillator, counter, p->line.time_ns,
				(long double)p->line.frac_ns + ns);
}

static double page_half_width(const struct world *w, const struct publication *p, uint64_t counter)
{
	double age_s =
		(double)counter_diff(counter, p->line.counter) * w->oscillator.ns_per_tick * 1e-9;

	return p->max_error_ns + p->max_rate_error_ppb * fabs(age_s);
}

/* By how much true time lies outside of the page's bound; <= 0: it lies inside. */
static double page_miss(const struct world *w, uint64_t counter)
{
	return (double)fabsl(page_error(w, &w->page, counter)) -
	       page_half_width(w, &w->page, counter);
}

double world_error_ns(const struct world *w)
{
	return (double)page_error(w, &w->page, world_counter(w));
}

double world_bound_ns(const struct world *w)
{
	return page_half_width(w, &w->page, world_counter(w));
}

/* 0.001 ns are left to rounding: a page adds whole ns. */
bool world_page_holds(const struct world *w, uint64_t counter)
{
	return page_miss(w, counter) <= 1e-3;
}

static void check_bound(struct world *w, uint64_t counter)
{
	double miss_ns = page_miss(w, counter);

	if (!w->has_page || w->page.status == DISCIPLINE_UNRELIABLE || miss_ns <= 1e-3)
		return;
	w->bound_violations++;
	w->worst_violation_ns = fmax(w->worst_violation_ns, miss_ns);
}

/* Readers before the update and after it must see time go forward. */
static void check_splice(struct world *w, const struct publication *next, uint64_t counter)
{
	long double step_ns = page_error(w, next, counter) - page_error(w, &w->page, counter);

	if (w->config.monotonic && step_ns < -1e-3L)
		w->backward_steps++;
}

static void check_slew(struct world *w, const struct publication *next)
{
	struct discipline_totals totals;
	double slew_ppb;

	discipline_get_totals(w->discipline, &totals);
	slew_ppb = fabs(next->line.rate_ppb - totals.estimate.rate_ppb);
	w->worst_slew_ppb = fmax(w->worst_slew_ppb, slew_ppb);
	if (slew_ppb > w->config.max_slew_ppb * (1 + 1e-9))
		w->slews_too_fast++;
}

/* Does the new line stay inside what readers of the past were told? */
static void check_promises(struct world *w, const struct publication *next)
{
	for (unsigned int i = 0; i < WORLD_MEMORY; i++) {
		const struct promise *p = &w->promises[i];
		double away_ns;

		if (w->now_ns > p->until_ns)
			continue;
		away_ns = (double)(page_error(w, next, p->counter) -
				   oscillator_error(&w->oscillator, p->counter, p->time_ns,
						    (long double)p->frac_ns));
		if (fabs(away_ns) <= p->half_ns + 1e-3)
			continue;
		w->broken_promises++;
		w->worst_broken_ns = fmax(w->worst_broken_ns, fabs(away_ns) - p->half_ns);
	}
}

static void remember_promise(struct world *w)
{
	const struct publication *p = &w->page;

	w->promises[w->promise_next++ % WORLD_MEMORY] =
		(struct promise){.counter = p->line.counter,
				 .time_ns = p->line.time_ns,
				 .frac_ns = p->line.frac_ns,
				 .half_ns = p->max_error_ns,
				 .until_ns = w->now_ns + (long double)p->kept_s * 1e9L * 0.999L};
}

static void take_page(struct world *w, const struct publication *next, uint64_t counter)
{
	check_bound(w, counter); /* the last reader of the old page */
	if (next->disrupted) {
		w->disruptions++;
		for (unsigned int i = 0; i < WORLD_MEMORY; i++)
			w->promises[i].until_ns = -1;
	} else if (w->has_page) {
		check_splice(w, next, counter);
		check_promises(w, next);
	}
	check_slew(w, next);
	w->page = *next;
	w->has_page = true;
	w->publications++;
	w->statuses[next->status]++;
	check_bound(w, counter);
	remember_promise(w);
}

static void run_discipline(struct world *w)
{
	struct publication next;
	uint64_t counter = world_counter(w);

	if (discipline_run(w->discipline, counter, &next))
		take_page(w, &next, counter);
}

/* --- servers ------------------------------------------------------------------------------ */

void world_defaults(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->dice.state = seed;
	w->config = (struct discipline_config){.nominal_hz = 1e9,
					       .max_rate_change_ppb = 1000,
					       .max_slew_ppb = 50000,
					       .nesting_horizon_s = 60,
					       .unreliable_above_ns = 1e9,
					       .monotonic = true,
					       .sources_max = WORLD_SERVERS};
	w->next_swing_ns = INFINITY;
	oscillator_begin(&w->oscillator, 1e9, 1000000, INT64_C(1764547237000000000), 0);
	for (int i = 0; i < WORLD_SERVERS; i++)
		w->servers[i].slot = -1;
	for (int i = 0; i < WORLD_MEMORY; i++)
		w->promises[i].until_ns = -1;
}

void world_start(struct world *w)
{
	w->config.nominal_hz = 1e9 / w->oscillator.ns_per_tick;
	w->discipline = discipline_create(&w->config);
	assert_non_null(w->discipline);
}

void world_end(struct world *w)
{
	discipline_destroy(w->discipline);
	w->discipline = NULL;
}

int world_add(struct world *w)
{
	static const struct discipline_source_config plain;
	int i = 0;

	while (i < WORLD_SERVERS && w->servers[i].slot >= 0)
		i++;
	assert_true(i < WORLD_SERVERS);
	w->servers[i] = (struct server){.on = true,
					.poll_s = 1,
					.leg_ns = {50e3, 50e3},
					.queue_ns = {2e3, 2e3},
					.kind = SAMPLE_EXCHANGE,
					.next_ns = w->now_ns + 1e6L,
					.began_ns = w->now_ns,
					.slot = discipline_add_source(w->discipline, &plain)};
	assert_true(w->servers[i].slot >= 0);
	return i;
}

void world_silence(struct world *w, int server)
{
	w->servers[server].on = false;
}

static double server_error(struct world *w, struct server *s, long double at_ns)
{
	double error_ns = s->error_ns + s->drift_ppb * (double)(at_ns - s->began_ns) * 1e-9;

	if (s->edge)
		error_ns = dice_bits(&w->dice) & 1 ? s->claim_ns : -s->claim_ns;
	return error_ns;
}

static void turn_oscillator(struct world *w);

/* Goes on to `until_ns`, with the oscillator's turns on the way. */
static void pass_time(struct world *w, long double until_ns)
{
	while (w->next_swing_ns <= until_ns) {
		w->now_ns = fmaxl(w->now_ns, w->next_swing_ns);
		turn_oscillator(w);
	}
	w->now_ns = fmaxl(w->now_ns, until_ns);
}

static void turn_oscillator(struct world *w)
{
	double sign =
		w->oscillator.pieces[w->oscillator.count - 1].rate_ppb < w->centre_ppb ? 1 : -1;

	oscillator_turn(&w->oscillator, world_counter(w), w->centre_ppb + sign * w->swing_ppb);
	if (w->oscillator.count == WORLD_TURNS) {
		w->next_swing_ns = INFINITY;
		return;
	}
	w->next_swing_ns = w->now_ns + 1e9L * (long double)dice_log_between(
						      &w->dice, w->swing_least_s, w->swing_most_s);
}

/* Sends, lets the server stamp (rounded so that its claim stays true), receives. */
static void ask(struct world *w, struct server *s)
{
	struct sample sample = {.kind = s->kind,
				.upper_error_ns = s->claim_ns + 1,
				.lower_error_ns = s->claim_ns + 1};
	long double at_ns;

	sample.c_before = world_counter(w);
	pass_time(w, w->now_ns + (long double)(s->leg_ns[0] +
					       dice_exponential(&w->dice, s->queue_ns[0])));
	at_ns = w->now_ns + (long double)server_error(w, s, w->now_ns);
	sample.t_before_ns = w->oscillator.epoch_ns + (int64_t)floorl(at_ns);
	sample.t_after_ns = sample.t_before_ns;
	pass_time(w, w->now_ns + (long double)(s->leg_ns[1] +
					       dice_exponential(&w->dice, s->queue_ns[1])));
	sample.c_after = world_counter(w) + 1;
	pass_time(w, w->now_ns + 2000);
	if (dice_unit(&w->dice) < s->loss)
		return;
	w->samples++;
	if (discipline_sample(w->discipline, s->slot, &sample))
		w->refused++;
}

static struct server *next_server(struct world *w)
{
	struct server *first = NULL;

	for (int i = 0; i < WORLD_SERVERS; i++) {
		struct server *s = &w->servers[i];

		if (s->slot >= 0 && s->on && (!first || s->next_ns < first->next_ns))
			first = s;
	}
	return first;
}

static long double deadline_ns(const struct world *w)
{
	uint64_t deadline = discipline_deadline(w->discipline);

	if (deadline == UINT64_MAX)
		return INFINITY;
	return oscillator_since(&w->oscillator, deadline + 1) + 1;
}

void world_run(struct world *w, double seconds)
{
	long double end_ns = w->now_ns + (long double)seconds * 1e9L;

	run_discipline(w);
	while (w->now_ns < end_ns) {
		struct server *s = next_server(w);
		long double deadline = deadline_ns(w);
		long double next_ns = s ? fminl(s->next_ns, deadline) : deadline;

		if (next_ns > end_ns) {
			pass_time(w, end_ns);
			check_bound(w, world_counter(w));
			return;
		}
		pass_time(w, next_ns);
		if (s && s->next_ns <= w->now_ns) {
			s->next_ns = w->now_ns + (long double)s->poll_s * 1e9L;
			discipline_set_poll(w->discipline, s->slot, s->poll_s);
			ask(w, s);
		}
		run_discipline(w);
	}
}

void world_stall(struct world *w, double seconds)
{
	pass_time(w, w->now_ns + (long double)seconds * 1e9L);
	check_bound(w, world_counter(w));
}

void world_status(const struct world *w, int server, struct discipline_source_status *out)
{
	discipline_get_source(w->discipline, w->servers[server].slot, out);
}

void world_totals(const struct world *w, struct discipline_totals *out)
{
	discipline_get_totals(w->discipline, out);
}

void world_assert_sound(const struct world *w)
{
	if (w->bound_violations)
		print_error("%llu bounds missed the truth, by up to %.3f ns\n",
			    (unsigned long long)w->bound_violations, w->worst_violation_ns);
	assert_int_equal(w->bound_violations, 0);
	assert_int_equal(w->backward_steps, 0);
	assert_int_equal(w->slews_too_fast, 0);
	assert_true(w->publications > 0);
}
