// SPDX-License-Identifier: GPL-2.0-or-later
/* Events become facts that are true, whatever the path did and however the server erred. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/clock/event.h"

#define TAI_NS INT64_C(37000000000)
#define SHORT_UNIT_NS (1e9 / 65536)

/* splitmix64: the same numbers on every machine. */
static uint64_t random_state = 1;

static uint64_t random_bits(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* In [0, 1]; one in four is an end of the interval, where bounds break. */
static double random_unit(void)
{
	uint64_t bits = random_bits();

	if (bits % 4 == 0)
		return bits & 4 ? 1 : 0;
	return ldexp((double)(random_bits() >> 11), -53);
}

static double random_within(double limit)
{
	return limit * (2 * random_unit() - 1);
}

/* A counter and how true time runs by it. */
struct truth {
	uint64_t counter;
	int64_t time_ns;
	double ns_per_tick;
	double rate; /* true per nominal - 1 */
};

static struct truth random_truth(void)
{
	return (struct truth){
		.counter = random_bits(), /* wraps in some */
		.time_ns = INT64_C(1700000000000000000) + (int64_t)(random_bits() >> 4),
		.ns_per_tick = 0.2 + 4 * random_unit(),
		.rate = random_within(500e-6),
	};
}

/* True time `ticks` after the reference, as ns after the reference's. */
static double true_ns(const struct truth *truth, double ticks)
{
	return ticks * truth->ns_per_tick * (1 + truth->rate);
}

static double ticks_of(const struct truth *truth, double ns)
{
	return ns / (truth->ns_per_tick * (1 + truth->rate));
}

/* The server counts its claim in units of 2^-16 s and rounds to the nearest. */
static double rounded_claim_ns(double ns)
{
	return round(ns / SHORT_UNIT_NS) * SHORT_UNIT_NS;
}

/* What the server stamps at a true time: wrong by up to E, cut off at 2^-32 s, taken to ns. */
static int64_t server_stamp_ns(const struct truth *truth, double at_ns, double error_ns,
			       double offset_ns)
{
	double shown_ns = floor((at_ns + error_ns + offset_ns) * 4.294967296) / 4.294967296;

	return truth->time_ns + (int64_t)llround(shown_ns);
}

static double difference_ns(int64_t a, int64_t b)
{
	return (double)(a - b);
}

static void both_facts_of_any_exchange_are_true(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct truth truth = random_truth();
		double delay_ns = 1e6 * random_unit(), dispersion_ns = 1e5 * random_unit();
		int precision = -30 + (int)(random_bits() % 20);
		double server_ns = delay_ns / 2 + dispersion_ns + ldexp(1e9, precision);
		double stamp_ns = 1000 * random_unit(), offset_ns = random_within(1e7);
		double arrived_ns = 1e8 * pow(random_unit(), 4);
		double left_ns = arrived_ns + 1e6 * random_unit();
		double back_ticks = ticks_of(&truth, left_ns + 1e8 * pow(random_unit(), 4));
		double c1_error = random_within(stamp_ns / 1.001) / truth.ns_per_tick;
		double c4_error = random_within(stamp_ns / 1.001) / truth.ns_per_tick;
		struct event e = {.kind = EVENT_NTP};
		struct sample s;
		double c1_ticks, c4_ticks;

		e.ntp = (struct event_ntp){
			.c1 = truth.counter + (uint64_t)(int64_t)c1_error,
			.c4 = truth.counter + (uint64_t)(int64_t)(back_ticks + c4_error),
			.t2_ns = server_stamp_ns(&truth, arrived_ns, random_within(server_ns),
						 offset_ns),
			.stratum = 1,
			.root_delay_ns = rounded_claim_ns(delay_ns),
			.root_dispersion_ns = rounded_claim_ns(dispersion_ns),
			.precision_log2 = precision,
			.stamp_error_ns = stamp_ns + truth.ns_per_tick,
		};
		/* 0 claimed is 0 meant. */
		if (e.ntp.root_delay_ns <= 0 || e.ntp.root_dispersion_ns <= 0)
			continue;
		e.ntp.t3_ns = server_stamp_ns(&truth, left_ns, random_within(server_ns), offset_ns);
		if (counter_diff(e.ntp.c4, e.ntp.c1) < 0 || e.ntp.t2_ns - e.ntp.t3_ns > 1000000)
			continue;
		assert_int_equal(event_to_sample(&e, TAI_NS, offset_ns, 0, truth.ns_per_tick, &s),
				 0);
		assert_int_equal(s.kind, SAMPLE_EXCHANGE);
		c1_ticks = (double)counter_diff(s.c_before, truth.counter);
		c4_ticks = (double)counter_diff(s.c_after, truth.counter);
		assert_true(true_ns(&truth, c1_ticks) <=
			    difference_ns(s.t_before_ns - TAI_NS, truth.time_ns) +
				    s.upper_error_ns + s.stamp_error_ns);
		assert_true(true_ns(&truth, c4_ticks) >=
			    difference_ns(s.t_after_ns - TAI_NS, truth.time_ns) - s.lower_error_ns -
				    s.stamp_error_ns);
	}
}

static void both_facts_of_any_bracket_are_true(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct truth truth = random_truth();
		double width_ns = 1e4 * random_unit(), device_ns = 1e3 * random_unit();
		double read_at_ns = width_ns * random_unit();
		uint64_t width_ticks = (uint64_t)ceil(ticks_of(&truth, width_ns));
		struct event e = {.kind = EVENT_PHC};
		struct sample s;

		e.phc = (struct event_phc){
			.c_before = truth.counter,
			.c_after = truth.counter + width_ticks,
			.t_ns = truth.time_ns +
				(int64_t)llround(read_at_ns + random_within(device_ns)),
			.max_error_ns = device_ns + 0.5,
		};
		assert_int_equal(event_to_sample(&e, TAI_NS, 0, 0, truth.ns_per_tick, &s), 0);
		assert_true(difference_ns(s.t_before_ns - TAI_NS, truth.time_ns) +
				    s.upper_error_ns >=
			    0);
		assert_true(difference_ns(s.t_after_ns - TAI_NS, truth.time_ns) -
				    s.lower_error_ns <=
			    true_ns(&truth, (double)width_ticks));
	}
}

/* As tight as the definition allows: the bound of one server is RTT / 2 + E. */
static void an_exchange_claims_no_more_error_than_it_has(void **state)
{
	struct event e = {.kind = EVENT_NTP,
			  .ntp = {.c1 = 1000,
				  .t2_ns = 5000,
				  .t3_ns = 6000,
				  .c4 = 9000,
				  .stratum = 1,
				  .precision_log2 = INT8_MIN}};
	struct sample s;

	(void)state;
	assert_int_equal(event_to_sample(&e, 0, 0, 0, 1, &s), 0);
	assert_true(s.upper_error_ns <= 1 && s.lower_error_ns <= 1);
	e.ntp.root_delay_ns = 200000;
	e.ntp.root_dispersion_ns = 50000;
	e.ntp.precision_log2 = -20;
	assert_int_equal(event_to_sample(&e, 0, 0, 0, 1, &s), 0);
	assert_true(s.upper_error_ns >= 150000 + 953);
	assert_true(s.upper_error_ns <= 150000 + 955 + 0.75 * SHORT_UNIT_NS);
}

static double lead_of(uint64_t c1, uint64_t c1_user)
{
	struct event e = {.kind = EVENT_NTP,
			  .ntp = {.c1 = c1,
				  .c4 = c1 + 1000000,
				  .t2_ns = 1000,
				  .t3_ns = 1000,
				  .stratum = 1,
				  .c1_user = c1_user}};
	struct sample s;

	assert_int_equal(event_to_sample(&e, 0, 0, 0, 0.5, &s), 0);
	assert_true(s.c_before == c1);
	return s.lead_ns;
}

static void half_of_the_way_to_the_kernels_stamp_leads_and_is_no_fact(void **state)
{
	(void)state;
	assert_true(lead_of(1000000, 1000000 - 40000) == 10000);
	assert_true(lead_of(10, (uint64_t)-40000 + 10) == 10000);
	assert_true(lead_of(1000000, 0) == 0);
	assert_true(lead_of(1000000, 1000001) == 0);
	assert_true(lead_of(UINT64_C(1) << 62, 1) == 50000);
}

static void the_operators_error_and_offset_are_applied(void **state)
{
	struct event e = {.kind = EVENT_TIME,
			  .time = {.c = 7, .t_ns = 1000000, .max_error_ns = 10}};
	struct sample s;

	(void)state;
	assert_int_equal(event_to_sample(&e, TAI_NS, 250.25, 5, 1, &s), 0);
	assert_int_equal(s.kind, SAMPLE_POINT);
	assert_int_equal(s.t_before_ns, 1000000 - 250 + TAI_NS);
	assert_int_equal(s.t_after_ns, s.t_before_ns);
	assert_int_equal(s.c_before, 7);
	assert_int_equal(s.c_after, 7);
	assert_true(fabs(s.upper_error_ns - 15.25) < 1e-9);
	assert_true(fabs(s.lower_error_ns - 15.25) < 1e-9);
}

static void an_unknown_error_gives_no_bound(void **state)
{
	struct event e = {.kind = EVENT_TIME,
			  .time = {.c = 7, .t_ns = 1, .max_error_ns = INFINITY}};
	struct sample s;

	(void)state;
	assert_int_equal(event_to_sample(&e, 0, 0, 5, 1, &s), 0);
	assert_true(isinf(s.upper_error_ns) && s.upper_error_ns > 0);
	assert_true(isinf(s.lower_error_ns) && s.lower_error_ns > 0);
}

static void a_pulse_is_late_and_a_latch_is_not(void **state)
{
	struct event e = {.kind = EVENT_PPS,
			  .edge = {.c_edge = 9,
				   .uncertainty_ticks = 4,
				   .labelled = true,
				   .label_s = 1700000000}};
	struct sample s;

	(void)state;
	assert_int_equal(event_to_sample(&e, TAI_NS, 0, 20, 0.5, &s), 0);
	assert_int_equal(s.kind, SAMPLE_EDGE);
	assert_true(isinf(s.upper_error_ns));
	assert_true(fabs(s.lower_error_ns - 20) < 1e-9);
	assert_true(fabs(s.stamp_error_ns - 2) < 1e-9);
	assert_int_equal(s.t_after_ns, INT64_C(1700000000000000000) + TAI_NS);
	e.kind = EVENT_LATCH;
	assert_int_equal(event_to_sample(&e, TAI_NS, 0, 20, 0.5, &s), 0);
	assert_int_equal(s.kind, SAMPLE_POINT);
	assert_true(fabs(s.upper_error_ns - 20) < 1e-9);
	e.edge.labelled = false;
	assert_int_equal(event_to_sample(&e, TAI_NS, 0, 20, 0.5, &s), -EINVAL);
}

static void assert_refused(struct event_ntp ntp)
{
	struct event e = {.kind = EVENT_NTP, .ntp = ntp};
	struct sample s;

	assert_int_equal(event_to_sample(&e, TAI_NS, 0, 0, 1, &s), -EINVAL);
}

static void numbers_that_make_no_sense_are_refused(void **state)
{
	const struct event_ntp good = {
		.c1 = 10, .t2_ns = 5, .t3_ns = 6, .c4 = 20, .stratum = 1, .precision_log2 = -20};
	struct event e = {.kind = EVENT_NTP, .ntp = good};
	struct event_ntp bad = good;
	struct sample s;

	(void)state;
	assert_int_equal(event_to_sample(&e, TAI_NS, 0, 0, 1, &s), 0);
	bad.c4 = 9;
	assert_refused(bad);
	bad = good, bad.stratum = 0;
	assert_refused(bad);
	bad.stratum = 16;
	assert_refused(bad);
	bad = good, bad.leap = 3;
	assert_refused(bad);
	bad = good, bad.root_delay_ns = -1;
	assert_refused(bad);
	bad.root_delay_ns = NAN;
	assert_refused(bad);
	bad.root_delay_ns = INFINITY;
	assert_refused(bad);
	bad = good, bad.stamp_error_ns = NAN;
	assert_refused(bad);
	bad = good, bad.t2_ns = 2000000;
	assert_refused(bad);
	bad = good, bad.t3_ns = INT64_MAX;
	assert_refused(bad);
	bad = good, bad.precision_log2 = 100;
	assert_refused(bad);
	assert_int_equal(event_to_sample(&e, 0, NAN, 0, 1, &s), -EINVAL);
	assert_int_equal(event_to_sample(&e, 0, 0, -1, 1, &s), -EINVAL);
	assert_int_equal(event_to_sample(&e, 0, 0, 0, 0, &s), -EINVAL);
	e.kind = (enum event_kind)99;
	assert_int_equal(event_to_sample(&e, 0, 0, 0, 1, &s), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_facts_of_any_exchange_are_true),
		cmocka_unit_test(both_facts_of_any_bracket_are_true),
		cmocka_unit_test(an_exchange_claims_no_more_error_than_it_has),
		cmocka_unit_test(half_of_the_way_to_the_kernels_stamp_leads_and_is_no_fact),
		cmocka_unit_test(the_operators_error_and_offset_are_applied),
		cmocka_unit_test(an_unknown_error_gives_no_bound),
		cmocka_unit_test(a_pulse_is_late_and_a_latch_is_not),
		cmocka_unit_test(numbers_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
