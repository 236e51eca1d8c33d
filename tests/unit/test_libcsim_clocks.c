// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulated clocks: what they count, and what steers them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "tests/libcsim/clocks.h"

#define SECOND 1e9L
#define START_UTC_S 1785000000LL

/* An oscillator that is 10 ppm slow and does not wander. */
static struct options plain(void)
{
	return (struct options){
		.seed = 5,
		.start_utc_s = START_UTC_S,
		.realtime_offset_ns = 10e6,
		.step_back_ns = 100,
		.oscillator = {.nominal_hz = 1e9, .rate_ppb = 10000, .thermal_period_s = 1},
	};
}

static int setup(void **state)
{
	static struct clocks clocks;
	struct options options = plain();

	*state = &clocks;
	return clocks_init(&clocks, &options);
}

static int teardown(void **state)
{
	clocks_free(*state);
	return 0;
}

static void steer(struct clocks *c, struct timex t)
{
	assert_true(clocks_adjtimex(c, &t) >= 0);
}

static void raw_steps_back_once_and_early(void **state)
{
	struct clocks *c = *state;
	uint64_t last = clocks_raw(c);
	unsigned int steps = 0;

	assert_int_equal(last, 100);
	for (int i = 0; i < 100; i++) {
		uint64_t now = clocks_raw(c);

		steps += now < last;
		last = now;
	}
	assert_int_equal(steps, 1);
	assert_int_equal(last, 0);
}

static void raw_does_not_step_late(void **state)
{
	struct clocks *c = *state;

	clocks_set_now(c, 0.1L * SECOND);
	assert_int_equal(clocks_raw(c), c->counter);
}

static void raw_counts_the_oscillator_and_truth_is_known(void **state)
{
	struct clocks *c = *state;

	clocks_set_now(c, 1000 * SECOND);
	assert_in_range(c->counter, 1000 * 999990000ULL + 99, 1000 * 999990000ULL + 101);
	assert_in_range(clocks_truth_ns(c, c->counter), (START_UTC_S + 1000) * 1000000000 - 1,
			(START_UTC_S + 1000) * 1000000000);
	assert_int_equal(clocks_counter_at(c, 1000 * SECOND), c->counter);
}

static void time_never_goes_back(void **state)
{
	struct clocks *c = *state;

	clocks_set_now(c, 5 * SECOND);
	clocks_set_now(c, 4 * SECOND);
	assert_true(c->now_ns >= 5 * SECOND);
}

static void realtime_starts_where_it_was_told_to(void **state)
{
	assert_int_equal(clocks_realtime_ns(*state), START_UTC_S * 1000000000 + 10000000);
}

static void frequency_and_tick_change_monotonic_only(void **state)
{
	struct clocks *c = *state;
	int64_t before;
	uint64_t counter;

	clocks_set_now(c, 10 * SECOND);
	before = clocks_monotonic_ns(c);
	counter = c->counter;
	steer(c, (struct timex){
			 .modes = ADJ_FREQUENCY | ADJ_TICK, .freq = -50 * 65536, .tick = 10001});
	assert_int_equal(clocks_monotonic_ns(c), before);
	clocks_set_now(c, 110 * SECOND);
	/* 100 ppm of the tick less 50 ppm: 50 ppm of 100 s, and 5 ppb of their product. */
	assert_in_range(clocks_monotonic_ns(c) - before - (int64_t)(c->counter - counter), 4999000,
			5000000);
	assert_int_equal(clocks_realtime_ns(c) - clocks_monotonic_ns(c),
			 START_UTC_S * 1000000000 + 10000000);
}

static void setoffset_moves_realtime_only(void **state)
{
	struct clocks *c = *state;
	int64_t real, monotonic;

	clocks_set_now(c, SECOND);
	real = clocks_realtime_ns(c);
	monotonic = clocks_monotonic_ns(c);
	steer(c, (struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {-3, 999999999}});
	assert_int_equal(clocks_realtime_ns(c) - real, -2000000001);
	steer(c, (struct timex){.modes = ADJ_SETOFFSET | ADJ_MICRO, .time = {2, 1}});
	assert_int_equal(clocks_realtime_ns(c) - real, -2000000001 + 2000001000);
	assert_int_equal(clocks_monotonic_ns(c), monotonic);
}

static void an_offset_is_slewed_away_at_500_ppm(void **state)
{
	struct clocks *c = *state;
	struct timex t = {.modes = 0};
	int64_t ahead;

	steer(c, (struct timex){.modes = ADJ_OFFSET | ADJ_NANO, .offset = -1000000});
	clocks_set_now(c, SECOND);
	ahead = clocks_monotonic_ns(c) - (int64_t)c->counter;
	assert_in_range(-ahead, 499990, 500000);
	assert_true(clocks_adjtimex(c, &t) >= 0);
	assert_in_range(-t.offset, 499990, 500010);
	clocks_set_now(c, 10 * SECOND);
	assert_int_equal(clocks_monotonic_ns(c) - (int64_t)c->counter, -1000000);
}

static void what_was_set_is_reported(void **state)
{
	struct timex t = {.modes = ADJ_TAI, .constant = 37};

	steer(*state, t);
	t = (struct timex){.modes = ADJ_FREQUENCY, .freq = 600 << 16};
	steer(*state, t);
	t = (struct timex){.modes = ADJ_STATUS, .status = STA_PLL};
	assert_int_equal(clocks_adjtimex(*state, &t), TIME_OK);
	assert_int_equal(t.tai, 37);
	assert_int_equal(t.freq, 500 << 16);
	assert_int_equal(t.tick, 10000);
	assert_int_equal(t.time.tv_sec, 0);
}

static void out_of_range_is_refused(void **state)
{
	struct timex tick = {.modes = ADJ_TICK, .tick = 8999};
	struct timex offset = {.modes = ADJ_SETOFFSET, .time = {0, 1000000}};

	assert_int_equal(clocks_adjtimex(*state, &tick), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(clocks_adjtimex(*state, &offset), -1);
}

static void a_wait_ends_when_monotonic_has_passed_it(void **state)
{
	struct clocks *c = *state;

	clocks_set_now(c, SECOND);
	clocks_set_rate(c, 300);
	steer(c, (struct timex){.modes = ADJ_OFFSET | ADJ_NANO, .offset = 100000});
	for (int64_t wait_ns = 1; wait_ns < 100000000000; wait_ns *= 7) {
		int64_t before = clocks_monotonic_ns(c);

		clocks_set_now(c, clocks_after(c, wait_ns));
		assert_in_range(clocks_monotonic_ns(c) - before, wait_ns, wait_ns + 3);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(raw_steps_back_once_and_early),
		TEST(raw_does_not_step_late),
		TEST(raw_counts_the_oscillator_and_truth_is_known),
		TEST(time_never_goes_back),
		TEST(realtime_starts_where_it_was_told_to),
		TEST(frequency_and_tick_change_monotonic_only),
		TEST(setoffset_moves_realtime_only),
		TEST(an_offset_is_slewed_away_at_500_ppm),
		TEST(what_was_set_is_reported),
		TEST(out_of_range_is_refused),
		TEST(a_wait_ends_when_monotonic_has_passed_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
