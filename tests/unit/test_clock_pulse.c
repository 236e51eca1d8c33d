// SPDX-License-Identifier: GPL-2.0-or-later
/* Pulses: told from wild edges, given their second by others, late and never early. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test_clock_world.h"

#define S_NS INT64_C(1000000000)
#define EPOCH_S INT64_C(1700000000)

/* --- the gate ----------------------------------------------------------------------------- */

static struct pulse gate;

static int start_gate(void **state)
{
	(void)state;
	pulse_init(&gate, 1, 0);
	return 0;
}

static enum pulse_verdict edge_with_width(double at_s, double since_other_s)
{
	struct event_edge edge = {.c_edge = (uint64_t)llround(at_s * 1e9),
				  .since_other_ticks = since_other_s * 1e9};

	return pulse_add(&gate, &edge);
}

static enum pulse_verdict edge(double at_s)
{
	return edge_with_width(at_s, 0);
}

static void the_second_of_two_edges_a_second_apart_is_a_pulse(void **state)
{
	(void)state;
	assert_int_equal(edge(5.3), PULSE_FIRST);
	assert_int_equal(edge(6.3), PULSE_GOOD);
	assert_int_equal(edge(7.3004), PULSE_GOOD);
}

static void a_glitch_at_the_start_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(edge(5.3), PULSE_FIRST);
	assert_int_equal(edge(6), PULSE_WILD);
	assert_int_equal(edge(7), PULSE_GOOD);
	assert_int_equal(edge(8), PULSE_GOOD);
}

static void edges_between_pulses_are_refused(void **state)
{
	(void)state;
	edge(1);
	assert_int_equal(edge(2), PULSE_GOOD);
	assert_int_equal(edge(2.1), PULSE_DOUBLE);
	assert_int_equal(edge(2.9), PULSE_WILD);
	assert_int_equal(edge(3), PULSE_GOOD);
	assert_int_equal(gate.counts.doubles, 1);
	assert_int_equal(gate.counts.wild, 1);
}

static void missing_pulses_are_counted_and_bridged(void **state)
{
	(void)state;
	edge(1);
	edge(2);
	assert_int_equal(edge(6.0005), PULSE_GOOD);
	assert_int_equal(gate.counts.missed, 3);
}

static void a_counter_off_by_300_ppm_is_learned(void **state)
{
	(void)state;
	edge(1);
	for (int i = 1; i < 200; i++)
		assert_int_equal(edge(1 + i * 1.0003), PULSE_GOOD);
	/* Now that the period is known a pulse may stay away for long... */
	assert_int_equal(edge(1 + 300 * 1.0003), PULSE_GOOD);
	/* ... and one that is off by what was allowed at first is wild. */
	assert_int_equal(edge(1 + 301 * 1.0003 + 0.0012), PULSE_WILD);
}

static void a_pulse_that_moved_is_followed_after_a_while(void **state)
{
	int refused = 0;

	(void)state;
	for (int i = 1; i < 10; i++)
		edge(i);
	while (edge(10.2 + refused) != PULSE_GOOD)
		assert_true(++refused < 10);
	assert_true(refused >= 3);
	assert_false(gate.labelled);
	assert_int_equal(edge(10.2 + refused + 1), PULSE_GOOD);
}

static void a_pulse_of_another_width_is_refused(void **state)
{
	(void)state;
	edge_with_width(1, 0.9);
	assert_int_equal(edge_with_width(2, 0.9), PULSE_GOOD);
	assert_int_equal(edge_with_width(3, 0.9001), PULSE_GOOD);
	assert_int_equal(edge_with_width(4, 0.5), PULSE_WIDTH);
	assert_int_equal(edge_with_width(5, 0.9), PULSE_GOOD);
	for (int i = 6; i < 9; i++)
		assert_int_equal(edge_with_width(i, 0.8), PULSE_WIDTH);
	assert_int_equal(edge_with_width(9, 0.8), PULSE_GOOD);
}

static void seconds_are_counted_on_while_nobody_names_them(void **state)
{
	int64_t named = 100, second;
	bool renamed;

	(void)state;
	edge(1);
	edge(2);
	assert_int_equal(pulse_label(&gate, NULL, &second, &renamed), -EAGAIN);
	edge(3);
	assert_int_equal(pulse_label(&gate, &named, &second, &renamed), 0);
	assert_int_equal(second, 100);
	edge(4);
	edge(7);
	assert_int_equal(pulse_label(&gate, NULL, &second, &renamed), 0);
	assert_int_equal(second, 104);
}

static void others_that_name_another_second_have_to_insist(void **state)
{
	int64_t named = 100, second;
	bool renamed = false;
	int refused = 0;

	(void)state;
	edge(1);
	edge(2);
	assert_int_equal(pulse_label(&gate, &named, &second, &renamed), 0);
	for (int i = 3; !renamed; i++) {
		int err;

		edge(i);
		named = 98 + i + 1; /* one more than counted */
		err = pulse_label(&gate, &named, &second, &renamed);
		if (!renamed) {
			assert_int_equal(err, -ERANGE);
			assert_int_equal(pulse_label(&gate, NULL, &second, &renamed), -EAGAIN);
			assert_true(++refused < 20);
		}
	}
	assert_int_equal(second, named);
	assert_true(refused >= 5);
}

/* --- the discipline ----------------------------------------------------------------------- */

/* One NTP server, one pulse, on a counter of 1 GHz; true second EPOCH_S is at counter 1e9. */
struct setup {
	struct discipline *d;
	struct dice dice;
	int ntp, pps;
	double rate; /* true per nominal - 1 */
	double ntp_error_ns, ntp_claim_ns;
	double lateness_ns; /* mean of the pulse's */
	double max_error_ns, max_latency_ns;
	struct publication page;
	bool has_page;
	unsigned int labels, wrong_labels, violations;
	double worst_ns; /* error of the page */
};

static uint64_t counter_at(const struct setup *s, double true_s)
{
	return (uint64_t)llround(1e9 + true_s * 1e9 / (1 + s->rate));
}

static double true_since_ns(const struct setup *s, uint64_t counter)
{
	return (double)counter_diff(counter, 1000000000) * (1 + s->rate);
}

static void begin(struct setup *s, uint64_t seed, bool trust)
{
	struct discipline_config config = {
		.nominal_hz = 1e9,
		.max_rate_change_ppb = 1000,
		.max_slew_ppb = 50e3,
		.nesting_horizon_s = 60,
		.unreliable_above_ns = 1e9,
		.monotonic = true,
		.sources_max = 2,
	};
	struct discipline_source_config plain = {0}, pulse = {.pulse = true, .trust = trust};

	s->dice.state = seed;
	s->rate = dice_between(&s->dice, -200e-6, 200e-6);
	s->d = discipline_create(&config);
	assert_non_null(s->d);
	s->ntp = discipline_add_source(s->d, &plain);
	s->pps = discipline_add_source(s->d, &pulse);
}

static void judge_page(struct setup *s, uint64_t counter)
{
	double frac_ns, error_ns;
	int64_t time_ns;

	if (!s->has_page)
		return;
	time_ns = line_time(&s->page.line, 1, counter, &frac_ns);
	error_ns = (double)(time_ns - EPOCH_S * S_NS) + frac_ns - true_since_ns(s, counter);
	s->worst_ns = fmax(s->worst_ns, fabs(error_ns));
	if (fabs(error_ns) > s->page.max_error_ns + s->page.max_rate_error_ppb * 1e-9 *
							    fabs((double)counter_diff(
								    counter, s->page.line.counter)))
		s->violations++;
}

static void run(struct setup *s, uint64_t now)
{
	judge_page(s, now);
	if (discipline_run(s->d, now, &s->page))
		s->has_page = true;
	judge_page(s, now);
}

static void ask_ntp(struct setup *s, double true_s)
{
	double request_ns = 1e5 + dice_exponential(&s->dice, 2e4);
	double reply_ns = 1e5 + dice_exponential(&s->dice, 2e4);
	double arrives_ns = true_s * 1e9 + request_ns + s->ntp_error_ns;
	struct sample sample = {
		.kind = SAMPLE_EXCHANGE,
		.c_before = counter_at(s, true_s),
		.c_after = counter_at(s, true_s + (request_ns + reply_ns + 1000) * 1e-9),
		.t_before_ns = EPOCH_S * S_NS + (int64_t)arrives_ns,
		.t_after_ns = EPOCH_S * S_NS + (int64_t)arrives_ns + 1000,
		.upper_error_ns = s->ntp_claim_ns + 2,
		.lower_error_ns = s->ntp_claim_ns + 2,
	};

	discipline_sample(s->d, s->ntp, &sample);
	run(s, sample.c_after);
}

static int see_edge(struct setup *s, double true_s)
{
	const struct event_terms terms = {.max_error_ns = s->max_error_ns,
					  .max_latency_ns = s->max_latency_ns};
	struct event event = {.kind = EVENT_PPS};
	struct discipline_source_status status;
	int err;

	event.edge.c_edge = counter_at(s, true_s);
	event.edge.uncertainty_ticks = 1;
	run(s, event.edge.c_edge);
	err = discipline_event(s->d, s->pps, &event, &terms);
	if (err)
		return err;
	discipline_get_source(s->d, s->pps, &status);
	s->labels++;
	s->wrong_labels += status.second != EPOCH_S + llround(true_s);
	run(s, event.edge.c_edge);
	return 0;
}

static void see_pulse(struct setup *s, int64_t second)
{
	double late_ns = fmin(dice_exponential(&s->dice, s->lateness_ns), 20 * s->lateness_ns);

	see_edge(s, (double)second + late_ns * 1e-9);
}

static void live(struct setup *s, unsigned int seconds)
{
	double phase_s = dice_between(&s->dice, 0.05, 0.95);

	for (unsigned int i = 1; i <= seconds; i++) {
		see_pulse(s, i);
		ask_ntp(s, i + phase_s);
	}
}

static enum source_state pulse_state(const struct setup *s, const char **why)
{
	struct discipline_source_status status;

	discipline_get_source(s->d, s->pps, &status);
	*why = status.why;
	return status.state;
}

static void a_pulse_takes_over_and_its_bound_is_its_own(void **state)
{
	struct setup s = {.ntp_error_ns = 3e6,
			  .ntp_claim_ns = 5e6,
			  .lateness_ns = 2000,
			  .max_error_ns = 100,
			  .max_latency_ns = 50000};
	const char *why;

	(void)state;
	begin(&s, 1, false);
	live(&s, 60);
	assert_int_equal(pulse_state(&s, &why), SOURCE_SELECTED);
	s.worst_ns = 0;
	live(&s, 0);
	judge_page(&s, counter_at(&s, 61));
	assert_true(s.worst_ns < 5000);
	assert_true(s.page.max_error_ns < 60000);
	assert_int_equal(s.violations + s.wrong_labels, 0);
	discipline_destroy(s.d);
}

/* Nobody said how wrong the pulse may be, or how late: it decides where in the bound the line is.
 */
static void a_pulse_without_a_bound_of_its_own_is_followed_inside_the_others(void **state)
{
	struct setup s = {.ntp_error_ns = 3e6,
			  .ntp_claim_ns = 5e6,
			  .lateness_ns = 2000,
			  .max_error_ns = INFINITY,
			  .max_latency_ns = INFINITY};
	const char *why;

	(void)state;
	begin(&s, 2, false);
	live(&s, 60);
	assert_int_equal(pulse_state(&s, &why), SOURCE_SELECTED);
	assert_true(s.page.max_error_ns > 5e6);
	s.worst_ns = 0;
	judge_page(&s, counter_at(&s, 61));
	assert_true(s.worst_ns < 5000);
	assert_int_equal(s.violations + s.wrong_labels, 0);
	discipline_destroy(s.d);
}

static void a_pulse_outside_of_what_the_others_leave_possible_is_false(void **state)
{
	struct setup s = {.ntp_error_ns = 3e6,
			  .ntp_claim_ns = 1e5,
			  .lateness_ns = 2000,
			  .max_error_ns = INFINITY,
			  .max_latency_ns = INFINITY};
	const char *why;

	(void)state;
	begin(&s, 2, false);
	live(&s, 60);
	assert_int_equal(pulse_state(&s, &why), SOURCE_FALSETICKER);
	assert_non_null(strstr(why, "outside the bound"));
	discipline_destroy(s.d);
}

/* Phase and rate begin with two pulses: one that came late must not stay with us. */
static void a_late_pulse_at_the_start_costs_a_few_seconds(void **state)
{
	static const double late_s[] = {30e-6, 50e-6, 150e-6, 250e-6, 900e-6};

	(void)state;
	for (unsigned int i = 0; i < 5 * 6; i++) {
		struct setup s = {.ntp_claim_ns = 1e6,
				  .lateness_ns = 2000,
				  .max_error_ns = INFINITY,
				  .max_latency_ns = INFINITY};
		struct discipline_source_status status;

		begin(&s, 50 + i, false);
		for (unsigned int second = 1; second <= 16; second++) {
			see_edge(&s, second + (second == 1 + i % 6 ? late_s[i / 6] : 1e-6));
			ask_ntp(&s, second + 0.5);
		}
		discipline_get_source(s.d, s.pps, &status);
		assert_true(fabs(status.estimate.rate_ppb - s.rate * 1e9) < 5000);
		discipline_destroy(s.d);
	}
}

static void nobody_sure_enough_of_the_second_means_no_pulse(void **state)
{
	struct setup s = {.ntp_error_ns = 0.1e9,
			  .ntp_claim_ns = 0.41e9,
			  .lateness_ns = 2000,
			  .max_error_ns = 100,
			  .max_latency_ns = 50000};
	const char *why;

	(void)state;
	begin(&s, 3, false);
	live(&s, 30);
	assert_int_equal(s.labels, 0);
	discipline_offline(s.d, s.pps); /* its device was away, and is back */
	see_pulse(&s, 31);
	ask_ntp(&s, 31.5);
	assert_int_equal(pulse_state(&s, &why), SOURCE_WAITING);
	assert_non_null(strstr(why, "which second"));
	assert_int_equal(s.violations, 0);
	discipline_destroy(s.d);
}

static void a_lock_names_the_second_though_it_is_not_selected(void **state)
{
	struct setup s = {.ntp_claim_ns = 5e6,
			  .lateness_ns = 2000,
			  .max_error_ns = 100,
			  .max_latency_ns = 50000};
	struct discipline_source_config apart = {.noselect = true};

	(void)state;
	begin(&s, 4, false);
	discipline_remove_source(s.d, s.ntp);
	s.ntp = discipline_add_source(s.d, &apart);
	live(&s, 30);
	assert_int_equal(s.labels, 0);
	discipline_set_lock(s.d, s.pps, UINT64_C(1) << s.ntp);
	for (int i = 31; i < 60; i++) {
		see_pulse(&s, i);
		ask_ntp(&s, i + 0.5);
	}
	assert_true(s.labels >= 28 && !s.wrong_labels);
	assert_int_equal(s.violations, 0);
	discipline_destroy(s.d);
}

/*
 * NTP off by up to 0.3 s, and as much claimed as keeps the second known; or claimed less, and the
 * operator trusts the pulse. Late pulses, glitches, gaps. Never a wrong second, from the first
 * page.
 */
static void five_hundred_starts_never_take_the_wrong_second(void **state)
{
	unsigned int labelled = 0, published = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		bool honest = seed & 1;
		struct setup s = {.max_error_ns = 100, .max_latency_ns = 50000};

		begin(&s, seed, !honest);
		s.ntp_error_ns = dice_between(&s.dice, -0.3e9, 0.3e9);
		s.ntp_claim_ns = honest ? fabs(s.ntp_error_ns) : 1e6;
		s.lateness_ns = dice_log_between(&s.dice, 100, 2000);
		ask_ntp(&s, dice_between(&s.dice, 0.01, 0.9));
		for (int i = 1; i <= 20; i++) {
			if (dice_unit(&s.dice) < 0.8)
				see_pulse(&s, i);
			if (dice_unit(&s.dice) < 0.2)
				see_edge(&s, i + dice_between(&s.dice, 0.01, 0.45));
			ask_ntp(&s, i + dice_between(&s.dice, 0.5, 0.9));
		}
		assert_int_equal(s.wrong_labels, 0);
		if (honest)
			assert_int_equal(s.violations, 0);
		assert_true(s.worst_ns < 0.4e9);
		labelled += s.labels > 0;
		published += s.has_page;
		discipline_destroy(s.d);
	}
	assert_true(labelled > 300);
	assert_true(published > 450);
}

/* The page keeps inside its bound however late software was, and the estimate is as sure as it
 * says. */
static void late_only_noise_leaves_bound_and_coverage_intact(void **state)
{
	unsigned int within_1 = 0, within_3 = 0, pages = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct setup s = {.ntp_error_ns = 2e6,
				  .ntp_claim_ns = 3e6,
				  .max_error_ns = 50,
				  .max_latency_ns = 100000};

		begin(&s, 1000 + seed, false);
		s.lateness_ns = dice_log_between(&s.dice, 200, 5000);
		live(&s, 100);
		for (int i = 101; i < 200; i++) {
			double frac_ns, error_ns;
			int64_t time_ns;

			see_pulse(&s, i);
			ask_ntp(&s, i + 0.5);
			time_ns = line_time(&s.page.line, 1, s.page.line.counter, &frac_ns);
			error_ns = (double)(time_ns - EPOCH_S * S_NS) + frac_ns -
				   true_since_ns(&s, s.page.line.counter);
			pages++;
			within_1 += fabs(error_ns) <= s.page.est_error_ns;
			within_3 += fabs(error_ns) <= 3 * s.page.est_error_ns;
		}
		assert_int_equal(s.violations + s.wrong_labels, 0);
		discipline_destroy(s.d);
	}
	print_message("within 1 sigma %.3f, within 3 %.4f\n", (double)within_1 / pages,
		      (double)within_3 / pages);
	assert_true(within_1 > 0.6 * pages);
	assert_true(within_3 > 0.98 * pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_second_of_two_edges_a_second_apart_is_a_pulse,
				       start_gate),
		cmocka_unit_test_setup(a_glitch_at_the_start_is_not_followed, start_gate),
		cmocka_unit_test_setup(edges_between_pulses_are_refused, start_gate),
		cmocka_unit_test_setup(missing_pulses_are_counted_and_bridged, start_gate),
		cmocka_unit_test_setup(a_counter_off_by_300_ppm_is_learned, start_gate),
		cmocka_unit_test_setup(a_pulse_that_moved_is_followed_after_a_while, start_gate),
		cmocka_unit_test_setup(a_pulse_of_another_width_is_refused, start_gate),
		cmocka_unit_test_setup(seconds_are_counted_on_while_nobody_names_them, start_gate),
		cmocka_unit_test_setup(others_that_name_another_second_have_to_insist, start_gate),
		cmocka_unit_test(a_pulse_takes_over_and_its_bound_is_its_own),
		cmocka_unit_test(a_pulse_without_a_bound_of_its_own_is_followed_inside_the_others),
		cmocka_unit_test(a_pulse_outside_of_what_the_others_leave_possible_is_false),
		cmocka_unit_test(a_late_pulse_at_the_start_costs_a_few_seconds),
		cmocka_unit_test(nobody_sure_enough_of_the_second_means_no_pulse),
		cmocka_unit_test(a_lock_names_the_second_though_it_is_not_selected),
		cmocka_unit_test(five_hundred_starts_never_take_the_wrong_second),
		cmocka_unit_test(late_only_noise_leaves_bound_and_coverage_intact),
	};

	return cmocka_run_group_tests_name("pulses", tests, NULL, NULL);
}
