// SPDX-License-Identifier: GPL-2.0-or-later
/* Line arithmetic against 128-bit integers: nothing is lost over years, or where counters wrap. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_clock_world.h"

#define YEAR_S 31557600.0
#define TIME_NS INT64_C(1764547237000000000)

enum { DRAWS = 20000 };

/* ticks * ns_per_tick in units of 2^-40 ns, exact but for what is below that. */
static __int128 nominal_exact(int64_t ticks, double ns_per_tick)
{
	int exponent;
	int64_t mantissa = (int64_t)ldexp(frexp(ns_per_tick, &exponent), 53);
	__int128 product = (__int128)ticks * mantissa; /* units of 2^(exponent - 53) ns */
	int down = 53 - exponent - 40;

	return down >= 0 ? product >> down : product * ((__int128)1 << -down);
}

static long double from_units(__int128 units)
{
	return ldexpl((long double)units, -40);
}

/* What line_time() should be, minus what it said, ns. */
static long double line_miss(const struct line *line, double ns_per_tick, uint64_t counter)
{
	__int128 nominal = nominal_exact((int64_t)(counter - line->counter), ns_per_tick);
	long double skew_ns = from_units(nominal) * ((long double)line->rate_ppb * 1e-9L);
	double frac_ns;
	int64_t said_ns = line_time(line, ns_per_tick, counter, &frac_ns);
	__int128 whole = nominal - (__int128)(said_ns - line->time_ns) * ((__int128)1 << 40);

	assert_true(frac_ns >= 0 && frac_ns < 1);
	return from_units(whole) + skew_ns + (long double)line->frac_ns - (long double)frac_ns;
}

static struct line random_line(struct dice *dice)
{
	return (struct line){.counter = dice_bits(dice),
			     .time_ns = TIME_NS,
			     .frac_ns = dice_unit(dice) * 0.999,
			     .rate_ppb = dice_between(dice, -500e3, 500e3)};
}

static void ticks_become_exactly_their_nanoseconds(void **state)
{
	struct dice dice = {1};

	(void)state;
	for (int i = 0; i < DRAWS; i++) {
		double ns_per_tick = 1e9 / dice_log_between(&dice, 1e7, 1e10);
		double span = dice_log_between(&dice, 1, 10 * YEAR_S * 1e9);
		int64_t ticks = (int64_t)(span / ns_per_tick);
		double frac_ns;
		int64_t whole_ns;

		if (dice_bits(&dice) & 1)
			ticks = -ticks;
		whole_ns = ticks_to_ns(ticks, ns_per_tick, &frac_ns);
		assert_true(frac_ns >= 0 && frac_ns < 1);
		assert_true(fabsl(from_units(nominal_exact(ticks, ns_per_tick) -
					     (__int128)whole_ns * ((__int128)1 << 40)) -
				  (long double)frac_ns) < 1e-4L);
	}
}

static void a_line_is_exact_to_a_tenth_of_a_ns_after_ten_years(void **state)
{
	struct dice dice = {2};

	(void)state;
	for (int i = 0; i < DRAWS; i++) {
		double ns_per_tick = 1e9 / dice_log_between(&dice, 1e7, 1e10);
		struct line line = random_line(&dice);
		double s = dice_log_between(&dice, 1e-9, 10 * YEAR_S);
		uint64_t ticks = (uint64_t)(s * 1e9 / ns_per_tick);
		uint64_t at = dice_bits(&dice) & 1 ? line.counter + ticks : line.counter - ticks;

		assert_true(fabsl(line_miss(&line, ns_per_tick, at)) < 0.1L);
	}
}

static void a_line_crosses_2_63_and_the_wrap_without_a_seam(void **state)
{
	static const uint64_t seams[] = {UINT64_C(1) << 63, 0, UINT64_C(1) << 62};
	struct dice dice = {3};

	(void)state;
	for (int i = 0; i < DRAWS; i++) {
		struct line line = random_line(&dice);
		uint64_t seam = seams[dice_bits(&dice) % 3];
		uint64_t at = seam + dice_bits(&dice) % 2000000000 - 1000000000;

		line.counter = seam - dice_bits(&dice) % 4000000000;
		assert_true(fabsl(line_miss(&line, 1e9 / 2.9e9, at)) < 1e-5L);
	}
}

static void a_line_that_moved_ten_thousand_times_is_still_the_same(void **state)
{
	struct dice dice = {4};
	const double ns_per_tick = 1e9 / 2.1e9;
	struct line first = random_line(&dice), line = first;

	(void)state;
	for (int i = 0; i < 10000; i++)
		line_move(&line, ns_per_tick, line.counter + dice_bits(&dice) % 4000000000);
	assert_true(fabsl(line_miss(&first, ns_per_tick, line.counter)) < 0.01L);
	assert_true(fabs(line_minus(&first, ns_per_tick, line.counter, line.time_ns,
				    line.frac_ns)) < 0.01);
}

static void the_difference_of_two_lines_keeps_picoseconds(void **state)
{
	struct line line = {.counter = UINT64_MAX - 5, .time_ns = TIME_NS, .frac_ns = 0.25};

	(void)state;
	assert_true(fabs(line_minus(&line, 1, UINT64_MAX - 5, TIME_NS - 1000000, 0.125) -
			 1000000.125) < 1e-9);
	assert_true(fabs(line_minus(&line, 1, 4, TIME_NS + 10, 0) - 0.25) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_become_exactly_their_nanoseconds),
		cmocka_unit_test(a_line_is_exact_to_a_tenth_of_a_ns_after_ten_years),
		cmocka_unit_test(a_line_crosses_2_63_and_the_wrap_without_a_seam),
		cmocka_unit_test(a_line_that_moved_ten_thousand_times_is_still_the_same),
		cmocka_unit_test(the_difference_of_two_lines_keeps_picoseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
