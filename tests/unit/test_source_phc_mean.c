// SPDX-License-Identifier: GPL-2.0-or-later
/* Several readings of a clock as one: as true as each of them, and less noisy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "daemon/source/phc_mean.h"

#define NS_PER_S INT64_C(1000000000)
#define OFFSET_NS (37 * NS_PER_S + 12345)
#define START_NS (1800000000 * NS_PER_S)

static int64_t below(int64_t n)
{
	return (int64_t)(((unsigned int)random() * UINT64_C(0x80000000) + (unsigned int)random()) %
			 (uint64_t)n);
}

/* A clock without noise, read at a moment that nobody knows, as whole ns. */
static struct phc_bracket true_reading(int64_t at_ns, int64_t before_ns, int64_t after_ns)
{
	return (struct phc_bracket){at_ns - before_ns, at_ns + OFFSET_NS, at_ns + after_ns};
}

/* Of an exact clock the mean is exact, whatever it was read in; that it holds costs 2 ns. */
static void what_is_true_of_each_reading_is_true_of_the_mean(void **state)
{
	struct phc_bracket all[25], mean;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		unsigned int n = 1 + (unsigned int)below(25);
		int64_t at_ns = START_NS, least_ns = INT64_MAX, base_ns = 1 + below(5000);

		for (unsigned int i = 0; i < n; i++) {
			int64_t width_ns = base_ns + below(1 + base_ns / 4);
			int64_t before_ns = below(width_ns + 1);

			at_ns += 10 + below(100000);
			all[i] = true_reading(at_ns, before_ns, width_ns - before_ns);
			least_ns = width_ns < least_ns ? width_ns : least_ns;
		}
		mean = phc_mean(all, n);
		assert_true(mean.device_ns - mean.after_ns <= OFFSET_NS);
		assert_true(mean.device_ns - mean.before_ns >= OFFSET_NS);
		assert_true(mean.after_ns - mean.before_ns <= least_ns + least_ns / 8 + 2);
		assert_true(mean.before_ns >= START_NS - 20000 && mean.after_ns <= at_ns + 20000);
	}
}

static void noise_that_differs_is_averaged(void **state)
{
	double one_ns2 = 0, mean_ns2 = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct phc_bracket all[25], mean;

		for (int i = 0; i < 25; i++) {
			all[i] = true_reading(START_NS + i * 3000, 500, 500);
			all[i].device_ns += below(401) - 200;
		}
		mean = phc_mean(all, 25);
		one_ns2 += pow((double)(all[0].device_ns - all[0].before_ns - 500 - OFFSET_NS), 2);
		mean_ns2 += pow((double)(2 * (mean.device_ns - OFFSET_NS) - mean.before_ns -
					 mean.after_ns) /
					2,
				2);
	}
	print_message("RMS of one reading %.1f ns, of the mean of 25 %.1f ns\n",
		      sqrt(one_ns2 / 2000), sqrt(mean_ns2 / 2000));
	assert_true(mean_ns2 < one_ns2 / 16); /* 25, but for whole ns */
}

static void a_reading_that_was_disturbed_is_not_used(void **state)
{
	struct phc_bracket all[3] = {true_reading(START_NS, 0, 9000),
				     true_reading(START_NS + 10000, 300, 300),
				     true_reading(START_NS + 20000, 100, 600)};
	struct phc_bracket mean = phc_mean(all, 3);

	(void)state;
	assert_memory_equal(&mean, &all[1], sizeof(mean));
}

/* Its old word and its new one: one of them, and never what lies between. */
static void a_clock_that_is_set_in_between_is_not_averaged(void **state)
{
	struct phc_bracket all[4], mean;

	(void)state;
	for (int i = 0; i < 4; i++) {
		all[i] = true_reading(START_NS + i * 10000, 300, 300 + (i == 3));
		if (i > 1)
			all[i].device_ns += 5000;
	}
	mean = phc_mean(all, 4);
	assert_true(mean.device_ns - mean.after_ns <= OFFSET_NS &&
		    mean.device_ns - mean.before_ns >= OFFSET_NS);
}

/* Devices may show anything; the sanitizers watch. */
static void absurd_times_do_no_harm(void **state)
{
	static const int64_t times_ns[] = {0, 1, START_NS, INT64_C(8589934592) * NS_PER_S};
	struct phc_bracket all[3];

	(void)state;
	for (int round = 0; round < 10000; round++) {
		int64_t least_ns = INT64_MAX, most_ns = 0;
		struct phc_bracket mean;

		for (int i = 0; i < 3; i++) {
			int64_t a = times_ns[below(4)], b = times_ns[below(4)];

			all[i] = (struct phc_bracket){a < b ? a : b, times_ns[below(4)],
						      a < b ? b : a};
			least_ns = all[i].device_ns < least_ns ? all[i].device_ns : least_ns;
			most_ns = all[i].device_ns > most_ns ? all[i].device_ns : most_ns;
		}
		mean = phc_mean(all, 3);
		assert_true(mean.device_ns >= least_ns && mean.device_ns <= most_ns);
		assert_true(mean.before_ns <= mean.after_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_true_of_each_reading_is_true_of_the_mean),
		cmocka_unit_test(noise_that_differs_is_averaged),
		cmocka_unit_test(a_reading_that_was_disturbed_is_not_used),
		cmocka_unit_test(a_clock_that_is_set_in_between_is_not_averaged),
		cmocka_unit_test(absurd_times_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
