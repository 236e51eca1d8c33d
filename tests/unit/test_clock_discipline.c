// SPDX-License-Identifier: GPL-2.0-or-later
/* The discipline as a whole: what readers are told is true, whatever sources and counter do. */
#include "test_clock_world.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct world world;

static int start(void **state)
{
	world_defaults(&world, 1);
	*state = &world;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	world_end(w);
	return 0;
}

static enum source_state state_of(const struct world *w, int server)
{
	struct discipline_source_status status;

	world_status(w, server, &status);
	return status.state;
}

/* A server whose slot has a configuration of its own. */
static int add_configured(struct world *w, struct discipline_source_config config)
{
	int server = world_add(w);

	discipline_remove_source(w->discipline, w->servers[server].slot);
	w->servers[server].slot = discipline_add_source(w->discipline, &config);
	return server;
}

/* --- one server --------------------------------------------------------------------------- */

static void one_server_gives_a_true_line_at_once(void **state)
{
	struct world *w = *state;
	struct discipline_totals totals;

	world_start(w);
	world_add(w);
	world_run(w, 0.5);
	assert_true(w->has_page);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_run(w, 600);
	world_totals(w, &totals);
	assert_non_null(strstr(totals.why, "nobody confirms"));
	assert_true(fabs(world_error_ns(w)) < 3000);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

static void the_bound_is_within_a_tenth_of_half_the_round_trip(void **state)
{
	struct world *w = *state;
	double sum_ns = 0;

	world_start(w);
	w->servers[world_add(w)].claim_ns = 10e3;
	world_run(w, 300);
	for (int i = 0; i < 300; i++) {
		world_run(w, 1);
		sum_ns += w->page.max_error_ns;
	}
	assert_true(sum_ns / 300 <= 1.10 * (50e3 + 10e3));
	world_assert_sound(w);
}

static void renewals_are_at_least_50_ms_apart(void **state)
{
	struct world *w = *state;

	world_start(w);
	for (int i = 0; i < WORLD_SERVERS; i++)
		w->servers[world_add(w)].poll_s = 0.003;
	world_run(w, 10);
	assert_true(w->publications <= 201);
	assert_true(w->samples > 5000);
	world_assert_sound(w);
}

/* The rate is learned, then used by readers for an hour after the daemon was killed. */
static void a_page_stays_true_for_an_hour_after_a_kill(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		world_defaults(w, seed);
		w->centre_ppb = dice_between(&w->dice, -3e5, 3e5);
		w->swing_ppb = 500;
		w->swing_least_s = 1;
		w->swing_most_s = 500;
		w->next_swing_ns = 0;
		oscillator_begin(&w->oscillator, 2.1e9, 0, INT64_C(1764547237000000000),
				 w->centre_ppb + 500);
		world_start(w);
		w->servers[world_add(w)].queue_ns[0] = 1e6;
		world_run(w, dice_log_between(&w->dice, 1, 2000)); /* in mid-slew, often */
		world_stall(w, 3600);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

/* --- sources that come and go ------------------------------------------------------------- */

static void eight_polls_of_silence_are_freerunning_then_back_without_a_step(void **state)
{
	struct world *w = *state;
	int server;

	world_start(w);
	server = world_add(w);
	world_run(w, 300);
	world_silence(w, server);
	world_run(w, 7.9);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_run(w, 2.2);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	assert_int_equal(state_of(w, server), SOURCE_UNREACHABLE);
	world_run(w, 3000);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	w->servers[server].on = true;
	world_run(w, 3);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

static void an_offline_source_is_unreachable_at_once(void **state)
{
	struct world *w = *state;
	int server;

	world_start(w);
	server = world_add(w);
	world_run(w, 60.5);
	world_silence(w, server);
	discipline_offline(w->discipline, w->servers[server].slot);
	world_run(w, 0.1);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	assert_int_equal(state_of(w, server), SOURCE_UNREACHABLE);
	w->servers[server].on = true;
	world_run(w, 2);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_assert_sound(w);
}

/* From a server whose paths are far from symmetric to one that is: by slewing only. */
static void a_change_of_source_is_no_step(void **state)
{
	struct world *w = *state;
	int first, second;

	world_start(w);
	first = world_add(w);
	w->servers[first].leg_ns[0] = 950e3;
	world_run(w, 300);
	second = world_add(w);
	world_run(w, 100);
	world_silence(w, first);
	discipline_remove_source(w->discipline, w->servers[first].slot);
	w->servers[first].slot = -1;
	world_run(w, 300);
	assert_int_equal(state_of(w, second), SOURCE_SELECTED);
	assert_true(fabs(world_error_ns(w)) < 5000);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

static void a_bound_beyond_the_limit_is_unreliable_without_any_event(void **state)
{
	struct world *w = *state;
	int server;

	w->config.unreliable_above_ns = 1e6;
	world_start(w);
	server = world_add(w);
	world_run(w, 600);
	world_silence(w, server);
	world_run(w, 500);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	world_run(w, 1000); /* at about 1.1 us/s */
	assert_int_equal(w->page.status, DISCIPLINE_UNRELIABLE);
	w->servers[server].on = true;
	world_run(w, 3);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_assert_sound(w);
}

/* --- several servers ---------------------------------------------------------------------- */

/* Whoever answers first. */
static void one_false_of_three_is_found_and_left_out(void **state)
{
	struct world *w = *state;

	for (int liar = 0; liar < 3; liar++) {
		world_defaults(w, 1);
		world_start(w);
		for (int i = 0; i < 3; i++)
			world_add(w);
		w->servers[liar].error_ns = 20e6;
		world_run(w, 600);
		for (int i = 0; i < 3; i++)
			assert_int_equal(state_of(w, i),
					 i == liar ? SOURCE_FALSETICKER : SOURCE_SELECTED);
		assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
		assert_true(fabs(world_error_ns(w)) < 3000);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

/* Its error lies just within what the others cannot exclude. */
static void a_liar_at_the_edge_never_pushes_truth_out(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct server *liar;

		world_defaults(w, seed);
		world_start(w);
		world_add(w);
		world_add(w);
		world_run(w, 1);
		liar = &w->servers[world_add(w)];
		liar->leg_ns[0] = liar->leg_ns[1] = 1e3;
		liar->error_ns = dice_between(&w->dice, 20e3, 60e3);
		liar->drift_ppb = dice_between(&w->dice, -30, 30);
		world_run(w, 600);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

static void two_that_disagree_are_never_believed(void **state)
{
	struct world *w = *state;
	int servers[2];

	world_start(w);
	for (int i = 0; i < 2; i++)
		servers[i] = world_add(w);
	w->servers[servers[1]].error_ns = 5e6;
	world_run(w, 120);
	assert_int_equal(w->statuses[DISCIPLINE_SYNCHRONIZED], 0);
	assert_int_equal(w->statuses[DISCIPLINE_FREERUNNING], 0);
	assert_int_equal(state_of(w, servers[0]), SOURCE_FALSETICKER);
	assert_int_equal(state_of(w, servers[1]), SOURCE_FALSETICKER);
}

static void of_two_that_agreed_the_one_that_leaves_the_bound_is_false(void **state)
{
	struct world *w = *state;

	world_start(w);
	for (int i = 0; i < 2; i++)
		world_add(w);
	world_run(w, 300);
	w->servers[1].error_ns = 5e6;
	world_run(w, 300);
	assert_int_not_equal(w->page.status, DISCIPLINE_UNRELIABLE);
	assert_int_equal(state_of(w, 1), SOURCE_FALSETICKER);
	assert_true(fabs(world_error_ns(w)) < 5000);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

static void the_false_one_does_not_take_over_when_the_others_fall_silent(void **state)
{
	struct world *w = *state;

	world_start(w);
	for (int i = 0; i < 3; i++)
		world_add(w);
	w->servers[2].error_ns = 20e6;
	world_run(w, 600);
	world_silence(w, 0);
	world_run(w, 100);
	world_silence(w, 1);
	world_run(w, 600);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

/* A lie about the rate must not outlive the liar. */
static void what_a_liar_said_of_the_rate_dies_with_it(void **state)
{
	struct world *w = *state;
	int liar, honest;

	world_start(w);
	liar = world_add(w);
	w->servers[liar].drift_ppb = 20e3;
	world_run(w, 300);
	world_silence(w, liar);
	discipline_offline(w->discipline, w->servers[liar].slot);
	honest = world_add(w);
	w->servers[honest].poll_s = 16;
	world_run(w, 0.5);
	w->bound_violations = 0;
	world_run(w, 2000);
	assert_int_equal(w->bound_violations, 0);
	assert_int_equal(state_of(w, honest), SOURCE_SELECTED);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
}

/* 0.3 ppb/s stays within the promise over any bound's span; the source is reset all the time. */
static void inherited_rates_do_not_outlive_the_promise(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_add(w);
	for (int i = 0; i < 200; i++) {
		oscillator_turn(&w->oscillator, world_counter(w), i * 15.0);
		world_run(w, 50);
		if (i % 8 == 7)
			discipline_reset_source(w->discipline, w->servers[0].slot);
	}
	world_assert_sound(w);
	assert_int_equal(w->disruptions, 0);
}

static void a_preferred_source_is_used_alone(void **state)
{
	struct world *w = *state;
	int plain, preferred;

	world_start(w);
	plain = world_add(w);
	preferred = add_configured(w, (struct discipline_source_config){.prefer = true});
	world_run(w, 60);
	assert_int_equal(state_of(w, preferred), SOURCE_SELECTED);
	assert_int_equal(state_of(w, plain), SOURCE_SELECTABLE);
	world_silence(w, preferred);
	world_run(w, 20);
	assert_int_equal(state_of(w, plain), SOURCE_SELECTED);
	world_assert_sound(w);
}

static void a_preferred_falseticker_is_not_used(void **state)
{
	struct world *w = *state;
	int preferred;

	world_start(w);
	world_add(w);
	world_add(w);
	preferred = add_configured(w, (struct discipline_source_config){.prefer = true});
	w->servers[preferred].error_ns = 5e6;
	world_run(w, 60);
	assert_int_equal(state_of(w, preferred), SOURCE_FALSETICKER);
	world_assert_sound(w);
}

static void a_trusted_source_outvotes_the_others(void **state)
{
	struct world *w = *state;
	int trusted;

	world_start(w);
	for (int i = 0; i < 3; i++)
		w->servers[world_add(w)].error_ns = 5e6;
	trusted = add_configured(w, (struct discipline_source_config){.trust = true});
	world_run(w, 60);
	assert_int_equal(state_of(w, trusted), SOURCE_SELECTED);
	assert_int_equal(state_of(w, 0), SOURCE_FALSETICKER);
	assert_true(fabs(world_error_ns(w)) < 10000);
}

static void noselect_measures_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct discipline_source_status status;
	int server;

	world_start(w);
	server = add_configured(w, (struct discipline_source_config){.noselect = true});
	world_run(w, 60);
	assert_false(w->has_page);
	world_status(w, server, &status);
	assert_int_equal(status.state, SOURCE_NOSELECT);
	assert_true(status.has_estimate && status.has_interval && status.samples > 50);
}

static void min_samples_have_to_come_before_a_vote(void **state)
{
	struct world *w = *state;
	int server;

	world_start(w);
	server = add_configured(w, (struct discipline_source_config){.min_samples = 10});
	world_run(w, 8.5);
	assert_false(w->has_page);
	assert_int_equal(state_of(w, server), SOURCE_WAITING);
	world_run(w, 2);
	assert_int_equal(state_of(w, server), SOURCE_SELECTED);
	world_assert_sound(w);
}

/* --- what breaks -------------------------------------------------------------------------- */

static void a_server_that_steps_is_in_conflict_then_starts_over(void **state)
{
	struct world *w = *state;
	struct discipline_source_status status;

	world_start(w);
	world_add(w);
	world_run(w, 300);
	w->servers[0].error_ns = 5e6;
	world_run(w, 5);
	assert_int_equal(state_of(w, 0), SOURCE_CONFLICT);
	assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
	world_assert_sound(w); /* the old line is held, and is true */
	world_run(w, 10);
	world_status(w, 0, &status);
	assert_int_equal(status.state, SOURCE_SELECTED);
	assert_int_equal(status.restarts, 1);
	assert_int_equal(w->disruptions, 1);
	assert_true(fabs(world_error_ns(w) - 5e6) < 60e3);
	/* What it said for 300 s may have been the truth, and is inside for as long again. */
	world_run(w, 280);
	world_assert_sound(w);
	assert_true(w->page.max_error_ns > 5e6 && w->page.max_error_ns < 6e6);
	assert_non_null(strstr(status.why, "contradicted itself"));
	world_run(w, 40);
	world_status(w, 0, &status);
	assert_true(w->page.max_error_ns < 500e3);
	assert_string_equal(status.why, "");
	assert_int_equal(w->disruptions, 1);
}

/* A step that the others' bounds hide: its own word is all that tells. */
static void a_step_inside_the_others_bound_is_not_lost(void **state)
{
	struct world *w = *state;
	int precise;

	world_start(w);
	for (int i = 0; i < 2; i++)
		world_add(w);
	precise = world_add(w);
	w->servers[precise].leg_ns[0] = w->servers[precise].leg_ns[1] = 1e3;
	world_run(w, 300);
	w->servers[precise].error_ns = 20e3;
	world_run(w, 250);
	assert_int_not_equal(state_of(w, precise), SOURCE_CONFLICT);
	assert_true(w->page.max_error_ns > 20e3);
	world_assert_sound(w);
}

/* A good clock lies within what a poor one leaves possible: the past knows better than both. */
static void a_clock_that_contradicted_itself_does_not_confirm_the_poor_one(void **state)
{
	struct world *w = *state;
	struct discipline_source_status status;

	for (int drifts = 0; drifts < 2; drifts++) {
		struct server *good, *poor;

		world_defaults(w, 7);
		world_start(w);
		poor = &w->servers[world_add(w)];
		good = &w->servers[world_add(w)];
		poor->claim_ns = 1e6;
		good->kind = SAMPLE_BRACKET;
		good->leg_ns[0] = good->leg_ns[1] = 500;
		good->queue_ns[0] = good->queue_ns[1] = 50;
		good->claim_ns = 2e3;
		world_run(w, 200);
		assert_true(world_bound_ns(w) < 5e3);
		good->began_ns = w->now_ns;
		good->error_ns = drifts ? 0 : 500e3;
		good->drift_ppb = drifts ? 100e3 : 0;
		world_run(w, 3);
		world_status(w, 1, &status);
		assert_int_equal(status.state, SOURCE_CONFLICT);
		world_run(w, 15);
		good->error_ns = good->drift_ppb = 0;
		world_run(w, 30);
		world_status(w, 1, &status);
		assert_int_equal(status.state, SOURCE_SELECTED);
		assert_true(world_bound_ns(w) < 20e3);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

static void one_sample_that_contradicts_changes_nothing(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_add(w);
	world_run(w, 300);
	w->servers[0].error_ns = 5e6;
	world_run(w, 1);
	w->servers[0].error_ns = 0;
	world_run(w, 2);
	assert_int_equal(state_of(w, 0), SOURCE_SELECTED);
	assert_int_equal(w->disruptions, 0);
	assert_int_equal(w->refused, 1);
	world_assert_sound(w);
}

static void a_broken_promise_is_said_and_survived(void **state)
{
	static const double steps_ppb[] = {3000, 20000, -100000};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		world_defaults(w, 3);
		world_start(w);
		world_add(w);
		world_run(w, 2000);
		oscillator_turn(&w->oscillator, world_counter(w), steps_ppb[i]);
		world_run(w, 300);
		assert_true(w->statuses[DISCIPLINE_FREERUNNING] || w->disruptions);
		w->bound_violations = 0;
		world_run(w, 2000);
		assert_int_equal(w->bound_violations, 0);
		assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
		assert_true(fabs(world_error_ns(w)) < 3000);
		world_end(w);
	}
	world_start(w);
}

static void a_disruption_is_unreliable_then_a_new_line_with_a_new_marker(void **state)
{
	struct world *w = *state;
	struct publication p;
	struct discipline_totals totals;

	world_start(w);
	world_add(w);
	world_run(w, 300.5);
	w->has_page = false; /* the counter starts anew: nothing of before holds */
	oscillator_begin(&w->oscillator, 1e9, 777, INT64_C(1764547237000000000), 123000);
	w->now_ns = 0;
	discipline_disrupt(w->discipline, world_counter(w), "the counter went backwards");
	assert_true(discipline_run(w->discipline, world_counter(w), &p));
	assert_int_equal(p.status, DISCIPLINE_UNRELIABLE);
	assert_true(p.disrupted);
	world_totals(w, &totals);
	assert_string_equal(totals.why, "the counter went backwards");
	assert_false(discipline_run(w->discipline, world_counter(w), &p));
	w->servers[0].next_ns = w->now_ns + 1e6L;
	world_run(w, 30);
	assert_true(w->has_page);
	assert_int_equal(w->disruptions, 1);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_run(w, 300);
	assert_true(fabs(world_error_ns(w)) < 3000);
	assert_int_equal(w->bound_violations, 0);
}

static void a_line_that_the_page_refused_begins_anew_with_a_marker(void **state)
{
	struct world *w = *state;
	uint64_t refused_at;

	world_start(w);
	world_add(w);
	world_run(w, 300);
	refused_at = world_counter(w);
	discipline_spliced(w->discipline, 20e6); /* some line that is far off */
	discipline_refused(w->discipline);
	w->has_page = false;
	world_run(w, 0.1);
	assert_true(w->has_page);
	assert_int_equal(w->disruptions, 1);
	assert_true(counter_diff(w->page.line.counter, refused_at) < 100000000);
	assert_true(fabs(world_error_ns(w)) < 3000);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	world_run(w, 100);
	assert_int_equal(w->disruptions, 1);
	assert_int_equal(w->bound_violations, 0);
}

static void a_next_life_continues_the_page_within_its_bound(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct discipline *last;
		struct interval bound;

		world_defaults(w, seed);
		oscillator_begin(&w->oscillator, 3e9, dice_bits(&w->dice),
				 INT64_C(1764547237000000000), dice_between(&w->dice, -3e5, 3e5));
		world_start(w);
		world_add(w);
		world_run(w, dice_log_between(&w->dice, 30, 1000));
		last = w->discipline;
		w->discipline = discipline_create(&w->config);
		discipline_destroy(last);
		bound = (struct interval){
			.counter = w->page.line.counter,
			.base_ns = w->page.line.time_ns,
			.lo_ns = w->page.line.frac_ns - w->page.max_error_ns,
			.hi_ns = w->page.line.frac_ns + w->page.max_error_ns,
			.rate_lo_ppb = w->page.line.rate_ppb - w->page.max_rate_error_ppb,
			.rate_hi_ppb = w->page.line.rate_ppb + w->page.max_rate_error_ppb};
		world_stall(w, dice_log_between(&w->dice, 1, 1000));
		discipline_seed(w->discipline, &w->page.line, &bound);
		w->servers[0].slot = -1;
		world_run(w, 1);
		assert_int_equal(w->page.status, DISCIPLINE_FREERUNNING);
		world_add(w);
		world_run(w, 300);
		assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
		assert_true(fabs(world_error_ns(w)) < 10000);
		assert_int_equal(w->disruptions, 0);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

static void what_the_writer_raised_is_part_of_the_line_and_of_its_error(void **state)
{
	struct world *w = *state;
	struct discipline_totals before, after;

	world_start(w);
	world_add(w);
	world_run(w, 10.5);
	world_totals(w, &before);
	discipline_spliced(w->discipline, 1234.5);
	world_totals(w, &after);
	assert_true(fabs(line_minus(&after.last.line, 1, after.last.line.counter,
				    before.last.line.time_ns, before.last.line.frac_ns) -
			 1234.5) < 1e-3);
	assert_true(fabs(after.last.max_error_ns - before.last.max_error_ns - 1234.5) < 1e-3);
	w->page = after.last;
	world_run(w, 10);
	world_assert_sound(w);
}

/* --- input that makes no sense ------------------------------------------------------------ */

static void configurations_out_of_range_are_refused(void **state)
{
	struct world *w = *state;
	struct discipline_config bad[6];

	for (int i = 0; i < 6; i++)
		bad[i] = w->config;
	bad[0].nominal_hz = 1e5;
	bad[1].max_rate_change_ppb = 0;
	bad[2].max_slew_ppb = -1;
	bad[3].unreliable_above_ns = 0;
	bad[4].sources_max = 0;
	bad[5].nominal_hz = NAN;
	for (int i = 0; i < 6; i++) {
		errno = 0;
		assert_null(discipline_create(&bad[i]));
		assert_int_equal(errno, EINVAL);
	}
	world_start(w);
}

static void slots_have_an_end_and_are_used_again(void **state)
{
	struct world *w = *state;
	struct discipline_source_config config = {0};

	world_start(w);
	for (int i = 0; i < WORLD_SERVERS; i++)
		assert_int_equal(discipline_add_source(w->discipline, &config), i);
	assert_int_equal(discipline_add_source(w->discipline, &config), -ENOSPC);
	discipline_remove_source(w->discipline, 2);
	assert_int_equal(discipline_add_source(w->discipline, &config), 2);
}

static void samples_without_sense_are_refused_and_harmless(void **state)
{
	struct world *w = *state;
	struct dice dice = {9};

	world_start(w);
	world_add(w);
	world_add(w);
	world_run(w, 30.5);
	for (int i = 0; i < 20000; i++) {
		static const double errors[] = {0, -1, NAN, INFINITY, 1e300, 5e-324, 1e18};
		static const int64_t times[] = {0,
						INT64_MAX,
						INT64_MIN,
						INT64_MAX / 2 - 1,
						INT64_MIN / 2 + 1,
						INT64_C(1764547237000000000)};
		struct sample s = {.kind = (enum sample_kind)(dice_bits(&dice) % 5),
				   .c_before = dice_bits(&dice) >> (dice_bits(&dice) % 64),
				   .t_before_ns = times[dice_bits(&dice) % 6],
				   .t_after_ns = times[dice_bits(&dice) % 6],
				   .upper_error_ns = errors[dice_bits(&dice) % 7],
				   .lower_error_ns = errors[dice_bits(&dice) % 7],
				   .stamp_error_ns = errors[dice_bits(&dice) % 7]};

		s.c_after = s.c_before + (dice_bits(&dice) >> (dice_bits(&dice) % 64));
		discipline_sample(w->discipline, w->servers[1].slot, &s);
		discipline_sample(w->discipline, 99, &s);
		discipline_sample(w->discipline, -1, &s);
		if (i % 100 == 0)
			discipline_reset_source(w->discipline, w->servers[1].slot);
	}
	discipline_reset_source(w->discipline, w->servers[1].slot);
	world_run(w, 60);
	assert_int_equal(state_of(w, 0), SOURCE_SELECTED);
	world_assert_sound(w);
}

static void a_sample_not_later_than_the_last_is_refused(void **state)
{
	struct world *w = *state;
	struct discipline_source_status status;
	struct sample s = {.kind = SAMPLE_EXCHANGE, .c_before = 500000, .c_after = 600000};

	world_start(w);
	world_add(w);
	world_run(w, 10);
	assert_int_equal(discipline_sample(w->discipline, w->servers[0].slot, &s), -EINVAL);
	world_status(w, 0, &status);
	assert_int_equal(status.refused, 1);
	world_assert_sound(w);
}

/* --- adversaries -------------------------------------------------------------------------- */

/* Everything at once that the promise and the claims allow. */
static void adversary(struct world *w, uint64_t seed)
{
	int count;

	world_defaults(w, seed);
	w->centre_ppb = dice_between(&w->dice, -400e3, 400e3);
	w->config.max_rate_change_ppb = dice_log_between(&w->dice, 10, 20e3);
	w->swing_ppb = w->config.max_rate_change_ppb / 2;
	w->swing_least_s = dice_log_between(&w->dice, 0.2, 10);
	w->swing_most_s = w->swing_least_s * dice_log_between(&w->dice, 1, 1000);
	w->next_swing_ns = 0;
	oscillator_begin(&w->oscillator, dice_log_between(&w->dice, 1e7, 5e9),
			 (uint64_t)-1 - (dice_bits(&w->dice) >> 30), INT64_C(1764547237000000000),
			 w->centre_ppb + w->swing_ppb);
	world_start(w);
	count = 1 + (int)(dice_bits(&w->dice) % 4);
	for (int i = 0; i < count; i++) {
		struct server *s = &w->servers[world_add(w)];
		double leg_ns = dice_log_between(&w->dice, 1e3, 2e7);
		int late = (int)(dice_bits(&w->dice) & 1);

		s->poll_s = dice_log_between(&w->dice, 1, 64);
		s->leg_ns[late] = leg_ns;
		s->leg_ns[!late] = dice_bits(&w->dice) & 1 ? 0 : leg_ns;
		s->queue_ns[late] = dice_log_between(&w->dice, 10, 1e6);
		s->queue_ns[!late] = dice_bits(&w->dice) & 1 ? 0 : s->queue_ns[late];
		s->claim_ns = dice_log_between(&w->dice, 1, 1e6);
		s->error_ns = s->claim_ns * (dice_bits(&w->dice) & 1 ? 1 : -1);
		s->edge = dice_bits(&w->dice) & 1;
		s->loss = dice_between(&w->dice, 0, 0.5);
		if (!(dice_bits(&w->dice) & 3)) {
			s->kind = SAMPLE_BRACKET;
			s->leg_ns[0] = s->leg_ns[1] = 500;
			s->queue_ns[0] = s->queue_ns[1] = 100;
		}
	}
}

static void disturb(struct world *w)
{
	int who = (int)(dice_bits(&w->dice) % WORLD_SERVERS);

	if (w->servers[who].slot < 0)
		return;
	switch (dice_bits(&w->dice) % 4) {
	case 0:
		w->servers[who].on = !w->servers[who].on;
		break;
	case 1:
		discipline_reset_source(w->discipline, w->servers[who].slot);
		break;
	case 2:
		discipline_offline(w->discipline, w->servers[who].slot);
		break;
	default:
		world_stall(w, 600);
	}
}

static void no_adversary_within_the_promises_pushes_truth_out(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		adversary(w, seed);
		for (int part = 0; part < 6; part++) {
			world_run(w, dice_log_between(&w->dice, 1, 900));
			disturb(w);
		}
		if (w->publications)
			world_assert_sound(w);
		assert_int_equal(w->disruptions, 0);
		world_end(w);
	}
	world_start(w);
}

static struct discipline_limits limits_of(const struct world *w)
{
	return (struct discipline_limits){.max_rate_change_ppb = w->config.max_rate_change_ppb,
					  .max_slew_ppb = w->config.max_slew_ppb,
					  .nesting_horizon_s = w->config.nesting_horizon_s,
					  .unreliable_above_ns = w->config.unreliable_above_ns};
}

/* The page that follows a wider promise is true, with servers or without any from then on. */
static void a_wider_promise_is_true_from_the_next_page_on(void **state)
{
	struct world *w = *state;
	uint64_t wrong_before = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct discipline_limits limits;
		double true_ppb;

		adversary(w, seed);
		true_ppb = 2 * w->swing_ppb;
		limits = limits_of(w);
		limits.max_rate_change_ppb = true_ppb / 8;
		assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
		world_run(w, dice_log_between(&w->dice, 100, 2000));
		wrong_before += w->bound_violations;
		limits.max_rate_change_ppb = true_ppb;
		assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
		world_run(w, 0.2);
		w->bound_violations = 0;
		for (int i = 0; i < WORLD_SERVERS && seed % 2; i++)
			if (w->servers[i].on)
				world_silence(w, i);
		if (w->has_page)
			world_stall(w, 600);
		world_run(w, 300);
		assert_int_equal(w->bound_violations, 0);
		assert_int_equal(w->backward_steps, 0);
		world_end(w);
	}
	assert_true(wrong_before > 0); /* else nothing was shown */
	world_start(w);
}

static void no_change_of_limits_pushes_truth_out_or_steps_the_line(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct discipline_limits limits;

		adversary(w, seed);
		for (int part = 0; part < 20; part++) {
			limits = limits_of(w);
			limits.max_rate_change_ppb *= dice_log_between(&w->dice, 1, 20);
			limits.max_slew_ppb *= dice_log_between(&w->dice, 0.1, 1);
			limits.nesting_horizon_s = dice_log_between(&w->dice, 1, 600);
			limits.unreliable_above_ns = dice_log_between(&w->dice, 1e3, 1e12);
			assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
			world_run(w, dice_log_between(&w->dice, 0.1, 300));
			disturb(w);
		}
		if (w->publications)
			world_assert_sound(w);
		assert_int_equal(w->disruptions, 0);
		world_end(w);
	}
	world_start(w);
}

/* What was promised before the horizon became shorter is kept for as long as it was. */
static void a_shorter_horizon_breaks_no_promise(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct discipline_limits limits;

		world_defaults(w, seed);
		w->swing_ppb = 20;
		w->swing_least_s = 1;
		w->swing_most_s = 100;
		w->next_swing_ns = 0;
		world_start(w);
		w->servers[world_add(w)].queue_ns[0] = dice_log_between(&w->dice, 1e3, 1e6);
		world_run(w, 300);
		limits = limits_of(w);
		limits.nesting_horizon_s = 1;
		assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
		world_run(w, 100);
		assert_int_equal(w->broken_promises, 0);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

static void limits_out_of_range_change_nothing(void **state)
{
	struct world *w = *state;
	struct discipline_limits limits;

	world_start(w);
	for (int i = 0; i < 4; i++) {
		limits = limits_of(w);
		(&limits.max_rate_change_ppb)[i] = -1;
		assert_int_equal(discipline_set_limits(w->discipline, &limits), -EINVAL);
	}
	limits = limits_of(w);
	limits.unreliable_above_ns = 1e3;
	assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
	world_add(w);
	world_run(w, 10);
	assert_int_equal(w->page.status, DISCIPLINE_UNRELIABLE);
	limits.unreliable_above_ns = 1e9;
	assert_int_equal(discipline_set_limits(w->discipline, &limits), 0);
	world_run(w, 0.2);
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
}

static void a_source_that_is_tuned_keeps_its_history(void **state)
{
	struct world *w = *state;
	struct discipline_source_status before, after;
	struct discipline_source_config config = {.noselect = true};
	int first, second;

	world_start(w);
	first = world_add(w);
	second = world_add(w);
	world_run(w, 60);
	world_status(w, second, &before);
	discipline_tune_source(w->discipline, w->servers[second].slot, &config);
	world_run(w, 1.1);
	world_status(w, second, &after);
	assert_int_equal(after.state, SOURCE_NOSELECT);
	assert_true(after.samples > before.samples);
	config = (struct discipline_source_config){.prefer = true};
	discipline_tune_source(w->discipline, w->servers[second].slot, &config);
	world_run(w, 1.1);
	assert_int_equal(state_of(w, second), SOURCE_SELECTED);
	assert_int_equal(state_of(w, first), SOURCE_SELECTABLE);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

/* What a reader was told, with a time for which it holds, later lines do not deny. */
static void intervals_are_kept_for_as_long_as_was_said(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 10; seed++) {
		world_defaults(w, seed);
		w->swing_ppb = 20;
		w->swing_least_s = 1;
		w->swing_most_s = 100;
		w->next_swing_ns = 0;
		world_start(w);
		w->servers[world_add(w)].queue_ns[0] = dice_log_between(&w->dice, 1e3, 1e6);
		world_run(w, 600);
		assert_int_equal(w->broken_promises, 0);
		world_assert_sound(w);
		world_end(w);
	}
	world_start(w);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

/* What was confirmed hours ago holds by a promise about a shorter span. */
static void a_server_left_alone_is_believed_when_the_past_is_old(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_add(w);
	world_add(w);
	world_run(w, 1000);
	world_silence(w, 1);
	for (int i = 0; i < 400; i++) {
		oscillator_turn(&w->oscillator, world_counter(w), i * 15.0);
		world_run(w, 50);
	}
	assert_int_equal(w->page.status, DISCIPLINE_SYNCHRONIZED);
	assert_int_equal(w->disruptions, 0);
	world_assert_sound(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_server_gives_a_true_line_at_once),
		CASE(the_bound_is_within_a_tenth_of_half_the_round_trip),
		CASE(renewals_are_at_least_50_ms_apart),
		CASE(a_page_stays_true_for_an_hour_after_a_kill),
		CASE(eight_polls_of_silence_are_freerunning_then_back_without_a_step),
		CASE(an_offline_source_is_unreachable_at_once),
		CASE(a_change_of_source_is_no_step),
		CASE(a_bound_beyond_the_limit_is_unreliable_without_any_event),
		CASE(one_false_of_three_is_found_and_left_out),
		CASE(a_liar_at_the_edge_never_pushes_truth_out),
		CASE(two_that_disagree_are_never_believed),
		CASE(of_two_that_agreed_the_one_that_leaves_the_bound_is_false),
		CASE(the_false_one_does_not_take_over_when_the_others_fall_silent),
		CASE(what_a_liar_said_of_the_rate_dies_with_it),
		CASE(inherited_rates_do_not_outlive_the_promise),
		CASE(a_preferred_source_is_used_alone),
		CASE(a_preferred_falseticker_is_not_used),
		CASE(a_trusted_source_outvotes_the_others),
		CASE(noselect_measures_and_nothing_else),
		CASE(min_samples_have_to_come_before_a_vote),
		CASE(a_server_that_steps_is_in_conflict_then_starts_over),
		CASE(a_clock_that_contradicted_itself_does_not_confirm_the_poor_one),
		CASE(a_step_inside_the_others_bound_is_not_lost),
		CASE(one_sample_that_contradicts_changes_nothing),
		CASE(a_broken_promise_is_said_and_survived),
		CASE(a_disruption_is_unreliable_then_a_new_line_with_a_new_marker),
		CASE(a_line_that_the_page_refused_begins_anew_with_a_marker),
		CASE(a_next_life_continues_the_page_within_its_bound),
		CASE(what_the_writer_raised_is_part_of_the_line_and_of_its_error),
		CASE(configurations_out_of_range_are_refused),
		CASE(slots_have_an_end_and_are_used_again),
		CASE(samples_without_sense_are_refused_and_harmless),
		CASE(a_server_left_alone_is_believed_when_the_past_is_old),
		CASE(a_sample_not_later_than_the_last_is_refused),
		CASE(no_adversary_within_the_promises_pushes_truth_out),
		CASE(a_wider_promise_is_true_from_the_next_page_on),
		CASE(no_change_of_limits_pushes_truth_out_or_steps_the_line),
		CASE(a_shorter_horizon_breaks_no_promise),
		CASE(limits_out_of_range_change_nothing),
		CASE(a_source_that_is_tuned_keeps_its_history),
		CASE(intervals_are_kept_for_as_long_as_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
