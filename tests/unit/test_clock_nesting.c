// SPDX-License-Identifier: GPL-2.0-or-later
/* Old intervals are kept: the rate that passes them all is found, and for how long is said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/clock/nesting.h"
#include "test_clock_world.h"

#define TIME_NS INT64_C(1764547237000000000)
#define SECOND UINT64_C(1000000000)

static struct nesting nesting;
/* Sure of everything: what it is told is kept for the whole horizon. */
static const struct estimate sure = {.phase_var_ns2 = 1e-6};

static int start(void **state)
{
	(void)state;
	nesting_init(&nesting, 1, 60);
	return 0;
}

static struct line through(uint64_t counter, double ahead_ns)
{
	struct line line = {
		.counter = counter, .time_ns = TIME_NS + (int64_t)counter, .frac_ns = ahead_ns};

	line_move(&line, 1, counter);
	return line;
}

static void add(uint64_t counter, double ahead_ns, double half_ns)
{
	struct line line = through(counter, ahead_ns);

	nesting_add(&nesting, &line, counter, half_ns, &sure);
}

static double nearest(uint64_t counter, double ahead_ns, double wanted_ppb)
{
	struct line pivot = through(counter, ahead_ns);

	return nesting_nearest_rate(&nesting, &pivot, wanted_ppb);
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

static void without_a_past_any_rate_will_do(void **state)
{
	(void)state;
	assert_true(near(nearest(SECOND, 0, 5e5), 5e5));
	assert_true(near(nearest(SECOND, 0, -5e5), -5e5));
}

/* 10 s ago +-100 ns were promised: a line may turn by 10 ppb, no more. */
static void an_old_interval_limits_the_turn_to_its_width_by_age(void **state)
{
	(void)state;
	add(0, 0, 100);
	assert_true(near(nearest(10 * SECOND, 0, 50), 10));
	assert_true(near(nearest(10 * SECOND, 0, -50), -10));
	assert_true(near(nearest(10 * SECOND, 0, 3), 3));
}

/* The pivot is 40 ns ahead: going back 10 s with rate r must end within +-100 ns. */
static void where_the_line_is_now_counts(void **state)
{
	(void)state;
	add(0, 0, 100);
	assert_true(near(nearest(10 * SECOND, 40, 50), 14));
	assert_true(near(nearest(10 * SECOND, 40, -50), -6));
}

static void the_tightest_of_all_intervals_wins(void **state)
{
	(void)state;
	add(0, 0, 1000);
	add(5 * SECOND, 0, 20);
	add(8 * SECOND, 0, 500);
	assert_true(near(nearest(10 * SECOND, 0, 1e4), 4));
}

static void intervals_that_contradict_each_other_get_the_middle(void **state)
{
	(void)state;
	add(0, -1000, 100);	/* asks for 90..110 ppb */
	add(5 * SECOND, 0, 50); /* asks for -10..10 ppb */
	assert_true(near(nearest(10 * SECOND, 0, 1e4), 50));
}

static void beyond_the_horizon_nothing_is_kept(void **state)
{
	(void)state;
	add(0, 0, 1);
	assert_true(near(nearest(61 * SECOND, 0, 1e4), 1e4));
	assert_true(nearest(59 * SECOND, 0, 1e4) < 1);
}

static void cleared_is_forgotten(void **state)
{
	(void)state;
	add(0, 0, 1);
	nesting_clear(&nesting);
	assert_true(near(nearest(SECOND, 0, 1e4), 1e4));
}

static void the_oldest_go_when_the_ring_is_full(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 3 * NESTING_POINTS; i++)
		add(i * 1000000, 0, i < 10 ? 1e-3 : 1e3);
	assert_int_equal(nesting.count, NESTING_POINTS);
	assert_true(nearest(3 * NESTING_POINTS * UINT64_C(1000000), 0, 1e4) > 100);
}

/* Whatever was promised, a line with the rate found passes all of it where that is possible. */
static void the_rate_found_passes_every_interval(void **state)
{
	struct dice dice = {21};

	(void)state;
	for (int draw = 0; draw < 2000; draw++) {
		double true_rate_ppb = dice_between(&dice, -1e5, 1e5), rate_ppb;
		double half_ns[20], middle_ns[20];

		nesting_init(&nesting, 1, 60);
		for (int i = 0; i < 20; i++) {
			half_ns[i] = dice_log_between(&dice, 1, 1e5);
			middle_ns[i] = true_rate_ppb * i + dice_between(&dice, -1, 1) * half_ns[i];
			add((uint64_t)i * SECOND, middle_ns[i], half_ns[i]);
		}
		rate_ppb = nearest(20 * SECOND, true_rate_ppb * 20, dice_between(&dice, -2e5, 2e5));
		for (int i = 0; i < 20; i++)
			assert_true(fabs(true_rate_ppb * 20 - rate_ppb * (20 - i) - middle_ns[i]) <
				    half_ns[i] + 1e-3);
	}
}

static void wide_intervals_around_sure_estimates_are_kept_for_the_horizon(void **state)
{
	(void)state;
	assert_true(near(nesting_kept_s(&nesting, &sure, 1e5), 60));
}

static void what_is_kept_grows_with_width_and_shrinks_with_doubt(void **state)
{
	struct dice dice = {22};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct estimate e = {.phase_var_ns2 = dice_log_between(&dice, 1e-3, 1e8),
				     .rate_var_ppb2 = dice_log_between(&dice, 1e-6, 1e10),
				     .wander = dice_log_between(&dice, 1e-3, 1e3)};
		double half_ns = dice_log_between(&dice, 1, 1e6);
		double kept_s = nesting_kept_s(&nesting, &e, half_ns);

		assert_true(kept_s >= 0 && kept_s <= 60);
		assert_true(nesting_kept_s(&nesting, &e, half_ns * 1.5) >= kept_s);
		e.rate_var_ppb2 *= 2;
		assert_true(nesting_kept_s(&nesting, &e, half_ns) <= kept_s);
	}
}

static void an_estimate_wider_than_the_interval_keeps_nothing(void **state)
{
	struct estimate vague = {.phase_var_ns2 = 1e6};

	(void)state;
	assert_true(nesting_kept_s(&nesting, &vague, 1000) < 1e-3);
}

/* Another horizon is for what is promised from then on. */
static void a_shorter_horizon_takes_no_promise_back(void **state)
{
	(void)state;
	add(0, 0, 100);
	nesting_set_horizon(&nesting, 1);
	add(5 * SECOND, 0, 100);
	assert_true(near(nearest(10 * SECOND, 0, 50), 10));
	assert_true(near(nearest(70 * SECOND, 0, 5e5), 5e5));
	nesting_set_horizon(&nesting, 120);
	add(70 * SECOND, 0, 100);
	assert_true(near(nearest(170 * SECOND, 0, 50), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_past_any_rate_will_do, start),
		cmocka_unit_test_setup(an_old_interval_limits_the_turn_to_its_width_by_age, start),
		cmocka_unit_test_setup(where_the_line_is_now_counts, start),
		cmocka_unit_test_setup(the_tightest_of_all_intervals_wins, start),
		cmocka_unit_test_setup(intervals_that_contradict_each_other_get_the_middle, start),
		cmocka_unit_test_setup(beyond_the_horizon_nothing_is_kept, start),
		cmocka_unit_test_setup(cleared_is_forgotten, start),
		cmocka_unit_test_setup(the_oldest_go_when_the_ring_is_full, start),
		cmocka_unit_test_setup(the_rate_found_passes_every_interval, start),
		cmocka_unit_test_setup(
			wide_intervals_around_sure_estimates_are_kept_for_the_horizon, start),
		cmocka_unit_test_setup(what_is_kept_grows_with_width_and_shrinks_with_doubt, start),
		cmocka_unit_test_setup(an_estimate_wider_than_the_interval_keeps_nothing, start),
		cmocka_unit_test_setup(a_shorter_horizon_takes_no_promise_back, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
