// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stamps become counter values within their stated error, or are refused. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "daemon/clock/sample.h"
#include "daemon/source/stamp.h"

#define TICK_NS 0.5
#define REALTIME_NS INT64_C(1700000000000000000)

/* CLOCK_REALTIME by the counter: at `counter` it shows REALTIME_NS and runs at 1 + rate. */
struct host {
	uint64_t counter;
	double rate;
};

static int64_t shown_ns(const struct host *host, double ns_later)
{
	return REALTIME_NS + (int64_t)floor(ns_later * (1 + host->rate));
}

static uint64_t counter_at(const struct host *host, double ns_later)
{
	return host->counter + (uint64_t)(int64_t)llround(ns_later / TICK_NS);
}

static struct stamp_pair pair_at(const struct host *host, double ns_later, double half_ns)
{
	return (struct stamp_pair){
		.counter = counter_at(host, ns_later),
		.half_ns = half_ns,
		.realtime_ns = shown_ns(host, ns_later),
		.set_offset_ns = 42,
		.set_slack_ns = 60,
	};
}

static bool agree_after(double set_ns, double rate, double span_ns)
{
	struct host host = {.counter = UINT64_MAX - 1000, .rate = rate};
	struct stamp_pair before = pair_at(&host, 0, 30), after = pair_at(&host, span_ns, 30);
	double rate_limit;

	after.realtime_ns += (int64_t)set_ns;
	after.set_offset_ns += (int64_t)set_ns;
	return stamp_pairs_agree(&before, &after, TICK_NS, &rate_limit);
}

static void an_undisturbed_clock_agrees_over_any_span(void **state)
{
	(void)state;
	for (double span_ns = 0; span_ns < 2e9; span_ns = span_ns * 3 + 300) {
		assert_true(agree_after(0, 0, span_ns));
		assert_true(agree_after(0, 499e-6, span_ns));
		assert_true(agree_after(0, -499e-6, span_ns));
	}
}

static void a_set_clock_is_noticed_over_any_span(void **state)
{
	(void)state;
	/* 50 us disappear in what 500 ppm allow over a second; the offset to MONOTONIC shows them.
	 */
	for (double span_ns = 0; span_ns < 2e9; span_ns = span_ns * 3 + 100) {
		assert_false(agree_after(500, 0, span_ns));
		assert_false(agree_after(-500, 0, span_ns));
		assert_false(agree_after(50e6, 0, span_ns));
		assert_false(agree_after(-3600e9, 0, span_ns));
	}
}

static void a_clock_that_slews_fast_is_noticed(void **state)
{
	(void)state;
	assert_false(agree_after(0, 1000e-6, 1e6));
	assert_false(agree_after(0, -0.08, 1e5));  /* the fastest that adjtimex() can be told */
	assert_true(agree_after(0, 1000e-6, 1e4)); /* 10 ns: within the brackets */
}

static void a_counter_that_went_back_is_noticed(void **state)
{
	struct host host = {.counter = 1000000};
	struct stamp_pair before = pair_at(&host, 0, 30), after = pair_at(&host, 0, 30);
	double rate_limit;

	(void)state;
	after.counter -= 10;
	assert_false(stamp_pairs_agree(&before, &after, TICK_NS, &rate_limit));
}

/* Reads of simulated clocks can be equal: nothing is divided by their distance. */
static void equal_reads_agree_and_convert(void **state)
{
	struct host host = {.counter = 77};
	struct stamp_pair pair = pair_at(&host, 0, 0);
	struct stamp stamp;
	double rate_limit;

	(void)state;
	pair.set_slack_ns = 0;
	assert_true(stamp_pairs_agree(&pair, &pair, TICK_NS, &rate_limit));
	assert_true(stamp_convert(&pair, REALTIME_NS, TICK_NS, rate_limit, 77, 77, &stamp));
	assert_int_equal(stamp.counter, 77);
	assert_true(isfinite(stamp.error_ns));
}

static void a_stamp_is_right_within_its_error_at_any_rate(void **state)
{
	(void)state;
	for (double rate = -500e-6; rate <= 500e-6; rate += 50e-6) {
		for (double later_ns = -1e8; later_ns <= 1e8; later_ns += 1234567.8) {
			/* The counter passes its wrap on the way; the pair's middle is off by all
			 * of its bracket. */
			struct host host = {.counter = UINT64_MAX - 20000000, .rate = rate};
			struct stamp_pair pair = pair_at(&host, 0, 25);
			struct stamp stamp;
			double off_ns;

			pair.counter += 50;
			assert_true(stamp_convert(&pair, shown_ns(&host, later_ns), TICK_NS,
						  STAMP_RATE_TOLERANCE, counter_at(&host, -1e9),
						  counter_at(&host, 1e9), &stamp));
			off_ns = TICK_NS *
				 (double)counter_diff(stamp.counter, counter_at(&host, later_ns));
			assert_true(fabs(off_ns) <= stamp.error_ns);
			assert_true(stamp.error_ns <= 25 + fabs(later_ns) * 501e-6 + 2);
		}
	}
}

/* Close together, pairs cannot tell 500 ppm from 5000. What they let pass is still covered. */
static void no_rate_that_the_pairs_let_pass_breaks_the_error(void **state)
{
	unsigned int passed = 0;

	(void)state;
	for (double rate = -0.1; rate <= 0.1; rate += 0.0003) {
		for (double span_ns = 1000; span_ns < 1e6; span_ns *= 1.7) {
			for (int ends = 0; ends < 4; ends++) {
				struct host host = {.counter = 5000000, .rate = rate};
				struct stamp_pair before = pair_at(&host, 0, 32);
				struct stamp_pair after = pair_at(&host, span_ns, 32);
				double rate_limit, middle_ns = span_ns * 0.6;
				struct stamp stamp;

				/* The brackets hide what they can. */
				before.counter += ends & 1 ? 60 : -60UL;
				after.counter += ends & 2 ? 60 : -60UL;
				if (!stamp_pairs_agree(&before, &after, TICK_NS, &rate_limit))
					continue;
				passed++;
				assert_true(stamp_convert(&before, shown_ns(&host, middle_ns),
							  TICK_NS, rate_limit, 0, 10000000,
							  &stamp));
				assert_true(
					fabs((double)counter_diff(stamp.counter,
								  counter_at(&host, middle_ns)) *
					     TICK_NS) <= stamp.error_ns);
			}
		}
	}
	assert_true(passed > 100);
}

static void a_stamp_outside_the_reads_around_it_is_refused(void **state)
{
	struct host host = {.counter = 1000000};
	struct stamp_pair pair = pair_at(&host, 0, 20);
	uint64_t earliest = counter_at(&host, 1000), latest = counter_at(&host, 5000);
	struct stamp stamp;

	(void)state;
	assert_true(stamp_convert(&pair, REALTIME_NS + 3000, TICK_NS, STAMP_RATE_TOLERANCE,
				  earliest, latest, &stamp));
	assert_int_equal(stamp.counter, counter_at(&host, 3000));
	assert_false(stamp_convert(&pair, REALTIME_NS + 900, TICK_NS, STAMP_RATE_TOLERANCE,
				   earliest, latest, &stamp));
	assert_false(stamp_convert(&pair, REALTIME_NS + 5100, TICK_NS, STAMP_RATE_TOLERANCE,
				   earliest, latest, &stamp));
	assert_false(
		stamp_convert(&pair, 0, TICK_NS, STAMP_RATE_TOLERANCE, earliest, latest, &stamp));
	assert_false(stamp_convert(&pair, INT64_MIN, TICK_NS, STAMP_RATE_TOLERANCE, earliest,
				   latest, &stamp));
	/* By less than its error: that is where it was. */
	assert_true(stamp_convert(&pair, REALTIME_NS + 990, TICK_NS, STAMP_RATE_TOLERANCE, earliest,
				  latest, &stamp));
	assert_int_equal(stamp.counter, earliest);
	assert_true(stamp_convert(&pair, REALTIME_NS + 5010, TICK_NS, STAMP_RATE_TOLERANCE,
				  earliest, latest, &stamp));
	assert_int_equal(stamp.counter, latest);
}

static void a_pair_of_this_machine_brackets_its_clock(void **state)
{
	struct counter counter;
	char message[256];

	(void)state;
	assert_int_equal(counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &counter,
				      message, sizeof(message)),
			 0);
	for (int i = 0; i < 100; i++) {
		uint64_t start = counter.read();
		struct stamp_pair pair, again;
		double rate_limit;
		uint64_t end;

		stamp_pair_read(&counter, &pair);
		end = counter.read();
		assert_true(counter_diff(pair.counter, start) >= 0);
		assert_true(counter_diff(end, pair.counter) >= 0);
		assert_true(pair.half_ns >= 0);
		stamp_pair_read(&counter, &again);
		assert_true(stamp_pairs_agree(&pair, &again, counter.ns_per_tick, &rate_limit));
	}
}

static int snapshot_error;

static int take_snapshot(void *context, struct counter_snapshot *out)
{
	const struct counter *counter = context;

	*out = (struct counter_snapshot){counter->read(), 1700000000123456789, 4242};
	return snapshot_error;
}

static void a_snapshot_is_taken_instead_where_there_is_one(void **state)
{
	struct counter counter;
	char message[256];
	struct stamp_pair pair;

	(void)state;
	assert_int_equal(counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &counter,
				      message, sizeof(message)),
			 0);
	counter.snapshot = take_snapshot;
	counter.snapshot_context = &counter;
	snapshot_error = 0;
	stamp_pair_read(&counter, &pair);
	assert_true(pair.realtime_ns == 1700000000123456789);
	assert_true(pair.set_offset_ns == 1700000000123456789 - 4242);
	assert_true(pair.half_ns <= 1 && pair.set_slack_ns <= 0);
	/* Another clocksource: the clocks are read as ever. */
	snapshot_error = -ENODEV;
	stamp_pair_read(&counter, &pair);
	assert_true(pair.realtime_ns != 1700000000123456789);
	assert_true(pair.half_ns > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_undisturbed_clock_agrees_over_any_span),
		cmocka_unit_test(a_set_clock_is_noticed_over_any_span),
		cmocka_unit_test(a_clock_that_slews_fast_is_noticed),
		cmocka_unit_test(a_counter_that_went_back_is_noticed),
		cmocka_unit_test(equal_reads_agree_and_convert),
		cmocka_unit_test(a_stamp_is_right_within_its_error_at_any_rate),
		cmocka_unit_test(no_rate_that_the_pairs_let_pass_breaks_the_error),
		cmocka_unit_test(a_stamp_outside_the_reads_around_it_is_refused),
		cmocka_unit_test(a_pair_of_this_machine_brackets_its_clock),
		cmocka_unit_test(a_snapshot_is_taken_instead_where_there_is_one),
	};

	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
