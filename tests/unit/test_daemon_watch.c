// SPDX-License-Identifier: GPL-2.0-or-later
/* A counter that goes backwards, jumps or changes its rate is noticed; a good one is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "daemon/counter_watch.h"

static int64_t fake_raw_ns;
static uint64_t fake_counter;
static int64_t read_costs_ns; /* real time that goes by in each read of either clock */
static struct counter_watch watch;

/* Takes the place of libc's in this program: MONOTONIC_RAW is what the test says. */
int clock_gettime(clockid_t id, struct timespec *out)
{
	(void)id;
	fake_raw_ns += read_costs_ns;
	out->tv_sec = fake_raw_ns / 1000000000;
	out->tv_nsec = fake_raw_ns % 1000000000;
	return 0;
}

static uint64_t read_fake(void)
{
	return fake_counter;
}

static const struct counter counter = {
	.name = "fake", .nominal_hz = 2e9, .ns_per_tick = 0.5, .read = read_fake};

/* Time goes by, and the counter at its nominal rate plus so many ppm. */
static void pass(double seconds, double ppm)
{
	fake_raw_ns += (int64_t)(seconds * 1e9);
	fake_counter += (uint64_t)(seconds * 2e9 * (1 + ppm * 1e-6));
}

static int start(void **state)
{
	(void)state;
	fake_raw_ns = 1000000000000;
	fake_counter = UINT64_MAX - 3000000000; /* wraps in the tests */
	read_costs_ns = 0;
	counter_watch_start(&watch, &counter);
	return 0;
}

static void a_steady_counter_is_trusted_across_the_wrap(void **state)
{
	uint64_t value;

	(void)state;
	for (int i = 0; i < 100; i++) {
		pass(0.1, 100);
		assert_null(counter_watch_read(&watch, &value));
		assert_true(value == fake_counter);
		if (i % 10 == 9)
			assert_null(counter_watch_rate(&watch));
	}
}

static void a_step_back_is_noticed_and_then_forgotten(void **state)
{
	uint64_t value;
	const char *why;

	(void)state;
	pass(5, 0);
	assert_null(counter_watch_read(&watch, &value));
	fake_counter -= 10;
	why = counter_watch_read(&watch, &value);
	assert_non_null(why);
	assert_non_null(strstr(why, "backwards"));
	assert_true(value == fake_counter);
	pass(1, 0);
	assert_null(counter_watch_read(&watch, &value));
	assert_null(counter_watch_rate(&watch));
}

/* Simulators do that once, in their first moments; the value handed out does not go back. */
static void a_small_step_back_at_the_start_is_tolerated(void **state)
{
	uint64_t before, value;

	(void)state;
	pass(0.5, 0);
	assert_null(counter_watch_read(&watch, &before));
	fake_counter -= 300; /* 150 ns */
	assert_null(counter_watch_read(&watch, &value));
	assert_true(value == before);
}

static void a_large_step_back_at_the_start_is_not_tolerated(void **state)
{
	uint64_t value;

	(void)state;
	pass(0.5, 0);
	assert_null(counter_watch_read(&watch, &value));
	fake_counter -= 4000; /* 2 us */
	assert_non_null(counter_watch_read(&watch, &value));
}

static void a_step_to_zero_is_noticed(void **state)
{
	uint64_t value;

	(void)state;
	pass(5, 0);
	fake_counter = (UINT64_C(1) << 62) + 12345;
	watch.highest = fake_counter;
	pass(1, 0);
	assert_null(counter_watch_read(&watch, &value));
	fake_counter = 0;
	assert_non_null(counter_watch_read(&watch, &value));
}

static void jumps_forward_are_noticed_by_the_rate(void **state)
{
	(void)state;
	pass(10, 0);
	assert_null(counter_watch_rate(&watch));
	pass(10, 0);
	fake_counter += 200000000; /* 100 ms */
	assert_non_null(counter_watch_rate(&watch));
	pass(10, 0);
	assert_null(counter_watch_rate(&watch));
}

/* Once the ratio to the kernel's clock is known, much less than 500 ppm of a span gives it away. */
static void a_jump_of_a_millisecond_is_noticed(void **state)
{
	(void)state;
	pass(10, 100);
	assert_null(counter_watch_rate(&watch));
	pass(10, 100);
	assert_null(counter_watch_rate(&watch));
	pass(10, 100);
	fake_counter += 2000000;
	assert_non_null(counter_watch_rate(&watch));
}

static void a_counter_that_stood_still_is_noticed(void **state)
{
	const char *why;

	(void)state;
	pass(10, 0);
	fake_raw_ns += 3000000000;
	why = counter_watch_rate(&watch);
	assert_non_null(why);
	assert_non_null(strstr(why, "slower"));
}

static void rates_beyond_500_ppm_are_noticed_either_way(void **state)
{
	(void)state;
	pass(10, 450);
	assert_null(counter_watch_rate(&watch));
	pass(10, 550);
	assert_non_null(counter_watch_rate(&watch));
	pass(10, -450);
	assert_null(counter_watch_rate(&watch));
	pass(10, -550);
	assert_non_null(counter_watch_rate(&watch));
}

/* On a loaded machine the two clocks are read far apart: no reason to accuse the counter. */
static void slow_reads_accuse_nobody(void **state)
{
	(void)state;
	read_costs_ns = 2000000;
	counter_watch_start(&watch, &counter);
	for (int i = 0; i < 10; i++) {
		pass(1, 0);
		fake_counter += 16 * 2000000; /* four brackets' worth */
		assert_null(counter_watch_rate(&watch));
	}
}

static void two_checks_at_once_accuse_nobody(void **state)
{
	(void)state;
	assert_null(counter_watch_rate(&watch));
	assert_null(counter_watch_rate(&watch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_steady_counter_is_trusted_across_the_wrap, start),
		cmocka_unit_test_setup(a_step_back_is_noticed_and_then_forgotten, start),
		cmocka_unit_test_setup(a_small_step_back_at_the_start_is_tolerated, start),
		cmocka_unit_test_setup(a_large_step_back_at_the_start_is_not_tolerated, start),
		cmocka_unit_test_setup(a_step_to_zero_is_noticed, start),
		cmocka_unit_test_setup(jumps_forward_are_noticed_by_the_rate, start),
		cmocka_unit_test_setup(a_jump_of_a_millisecond_is_noticed, start),
		cmocka_unit_test_setup(a_counter_that_stood_still_is_noticed, start),
		cmocka_unit_test_setup(rates_beyond_500_ppm_are_noticed_either_way, start),
		cmocka_unit_test_setup(slow_reads_accuse_nobody, start),
		cmocka_unit_test_setup(two_checks_at_once_accuse_nobody, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
