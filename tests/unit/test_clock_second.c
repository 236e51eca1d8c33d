// SPDX-License-Identifier: GPL-2.0-or-later
/* Which second it is: for those who name seconds to say, and not for a pulse that repeats them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/clock/discipline.h"

#define S_NS INT64_C(1000000000)
#define EPOCH_S INT64_C(1700000000)

enum { NAMERS = 3, PULSES = 2 };

/* A counter of 1 GHz that is exact; true second EPOCH_S is at counter 1e9. */
struct setup {
	struct discipline *d;
	int slots[NAMERS], pulses[PULSES];
	bool on[NAMERS], pulse_on[PULSES];
	double error_s[NAMERS];
	int64_t now_s;
	struct publication page;
	bool has_page;
};

static struct setup s;

static int start(void **state)
{
	struct discipline_config config = {
		.nominal_hz = 1e9,
		.max_rate_change_ppb = 1000,
		.max_slew_ppb = 50e3,
		.nesting_horizon_s = 60,
		.unreliable_above_ns = 1e9,
		.monotonic = true,
		.sources_max = NAMERS + PULSES,
	};
	struct discipline_source_config plain = {0}, pulse = {.pulse = true};

	(void)state;
	s = (struct setup){.pulse_on = {true}};
	s.d = discipline_create(&config);
	assert_non_null(s.d);
	for (int i = 0; i < NAMERS; i++)
		s.slots[i] = discipline_add_source(s.d, &plain);
	for (int i = 0; i < PULSES; i++)
		s.pulses[i] = discipline_add_source(s.d, &pulse);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	discipline_destroy(s.d);
	return 0;
}

static uint64_t counter_at(double true_s)
{
	return (uint64_t)S_NS + (uint64_t)llround(true_s * 1e9);
}

static void run_at(uint64_t counter)
{
	if (discipline_run(s.d, counter, &s.page))
		s.has_page = true;
}

static void hear(int namer, double true_s)
{
	const struct event_terms terms = {.max_error_ns = 1e6, .max_latency_ns = INFINITY};
	struct event event = {.kind = EVENT_TIME};

	event.time = (struct event_time){.c = counter_at(true_s),
					 .t_ns = EPOCH_S * S_NS +
						 llround((true_s + s.error_s[namer]) * 1e9)};
	discipline_event(s.d, s.slots[namer], &event, &terms);
	run_at(event.time.c + 1000);
}

static void see(int pulse)
{
	const struct event_terms terms = {.max_error_ns = 100, .max_latency_ns = INFINITY};
	struct event event = {.kind = EVENT_LATCH};

	event.edge.c_edge = counter_at((double)s.now_s) + (uint64_t)pulse;
	event.edge.uncertainty_ticks = 2;
	discipline_event(s.d, s.pulses[pulse], &event, &terms);
	run_at(event.edge.c_edge + 1000);
}

static void live(int seconds)
{
	for (int64_t end_s = s.now_s + seconds; s.now_s < end_s; s.now_s++) {
		for (int i = 0; i < PULSES; i++)
			if (s.pulse_on[i])
				see(i);
		for (int i = 0; i < NAMERS; i++)
			if (s.on[i])
				hear(i, (double)s.now_s + 0.3 + 0.1 * i);
	}
}

static double error_ns(void)
{
	uint64_t now = counter_at((double)s.now_s);

	return line_minus(&s.page.line, 1, now, (EPOCH_S + s.now_s) * S_NS, 0);
}

/* Readers are told the truth, or that they must not rely on it. */
static bool is_honest(void)
{
	double age_s = (double)s.now_s + 1 - (double)s.page.line.counter * 1e-9;

	return s.page.status == DISCIPLINE_UNRELIABLE ||
	       fabs(error_ns()) <= s.page.max_error_ns + s.page.max_rate_error_ppb * age_s;
}

static enum source_state state_of(int slot)
{
	struct discipline_source_status status;

	discipline_get_source(s.d, slot, &status);
	return status.state;
}

static void two_who_agree_outvote_one_and_the_pulse_that_it_named(void **state)
{
	(void)state;
	s.error_s[0] = 1;
	s.on[0] = true;
	live(30);
	assert_true(s.has_page);
	s.on[1] = s.on[2] = true;
	live(20);
	assert_true(is_honest());
	assert_int_equal(s.page.status, DISCIPLINE_SYNCHRONIZED);
	assert_int_equal(state_of(s.slots[0]), SOURCE_FALSETICKER);
	assert_int_equal(state_of(s.pulses[0]), SOURCE_SELECTED);
	assert_true(fabs(error_ns()) < 1000);
}

static void two_pulses_name_no_more_seconds_than_one(void **state)
{
	(void)state;
	s.pulse_on[1] = true;
	two_who_agree_outvote_one_and_the_pulse_that_it_named(state);
}

static void of_two_who_disagree_the_pulse_confirms_neither(void **state)
{
	(void)state;
	s.error_s[0] = 1;
	s.on[0] = true;
	live(30);
	s.on[1] = true;
	live(20);
	assert_true(is_honest());
}

static void what_two_have_agreed_on_is_kept_when_one_leaves_it(void **state)
{
	(void)state;
	s.on[0] = s.on[1] = true;
	live(30);
	s.error_s[0] = 1;
	live(30);
	assert_true(is_honest());
	assert_int_equal(s.page.status, DISCIPLINE_SYNCHRONIZED);
	assert_int_equal(state_of(s.slots[1]), SOURCE_SELECTABLE);
	assert_int_equal(state_of(s.pulses[0]), SOURCE_SELECTED);
}

static void a_pulse_still_tells_who_is_wrong_within_the_second(void **state)
{
	(void)state;
	s.on[0] = s.on[1] = true;
	s.error_s[1] = 0.7;
	live(30);
	assert_false(s.has_page && s.page.status == DISCIPLINE_SYNCHRONIZED);
	s.error_s[1] = 0.01;
	s.on[0] = false;
	live(20);
	s.on[0] = true;
	live(30);
	assert_true(is_honest());
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_who_agree_outvote_one_and_the_pulse_that_it_named),
		CASE(two_pulses_name_no_more_seconds_than_one),
		CASE(of_two_who_disagree_the_pulse_confirms_neither),
		CASE(what_two_have_agreed_on_is_kept_when_one_leaves_it),
		CASE(a_pulse_still_tells_who_is_wrong_within_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
