/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How good the estimate is, and how honest, over oscillators, networks and kinds of source. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filter_world.h"

static const double US = 1e3;

struct coverage {
	unsigned int moments, within_1, within_3;
};

static void count(struct coverage *c, double error, double sigma)
{
	c->moments++;
	c->within_1 += fabs(error) < sigma;
	c->within_3 += fabs(error) < 3.0 * sigma;
}

static void run_covered(struct world *w, struct filter *f, unsigned int samples, struct coverage *c)
{
	for (unsigned int i = 0; i < samples; i++) {
		struct estimate e;
		struct sample s;

		world_advance(w, 1.0);
		world_exchange(w, &s);
		assert_int_equal(filter_add(f, &s), 0);
		assert_true(filter_estimate(f, s.c_after, &e));
		count(c, world_error(w, f, s.c_after), sqrt(e.phase_var_ns2));
	}
}

static void the_estimated_error_is_honest_when_pooled_over_seeds(void **state)
{
	static const enum queueing_shape SHAPE[] = {EXPONENTIAL, GAMMA_2, PARETO};
	struct coverage late = {0}, early = {0};

	(void)state;
	for (uint64_t seed = 0; seed < 36; seed++) {
		struct filter *f;
		struct world w;

		world_init(&w, 100 + seed);
		w.shape = SHAPE[seed % 3];
		w.wander = pow(10.0, -2.0 + (double)(seed % 4)); /* 1e-11 to 1e-8 */
		f = world_filter(&w);
		run_covered(&w, f, 1000, &early);
		run_covered(&w, f, 1500, &late);
		world_filter_free(f);
	}
	print_message("settled: %.3f within 1 sigma, %.4f within 3; young: %.3f, %.4f\n",
		      (double)late.within_1 / late.moments, (double)late.within_3 / late.moments,
		      (double)early.within_1 / early.moments,
		      (double)early.within_3 / early.moments);
	assert_true(late.within_1 > 0.6 * late.moments && late.within_1 < 0.8 * late.moments);
	assert_true(late.within_3 > 0.99 * late.moments);
	assert_true(early.within_1 > 0.6 * early.moments);
	assert_true(early.within_3 > 0.985 * early.moments);
}

static void a_good_path_gives_a_fiftieth_of_its_queueing(void **state)
{
	struct filter *f;
	struct world w;

	(void)state;
	world_init(&w, 1);
	f = world_filter(&w);
	assert_true(world_run(&w, f, 5, 1.0) < 50.0 * US);
	world_run(&w, f, 1000, 1.0);
	assert_true(world_run(&w, f, 2000, 1.0) < 20.0 * US / 50.0);
	world_filter_free(f);
}

/* Ten times as slow, and all of it one way: as when addresses have to be resolved. */
static void a_slow_first_packet_is_soon_forgotten(void **state)
{
	double worst_ns = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct filter *f;
		struct sample s;

		world_init(&w, seed);
		w.base_ns[0] = w.base_ns[1] = 15e3;
		w.queue_ns[0] = w.queue_ns[1] = 1e3;
		f = world_filter(&w);
		world_exchange(&w, &s);
		s.c_before -= 250000;
		assert_int_equal(filter_add(f, &s), 0);
		world_advance(&w, 1);
		world_run(&w, f, 10, 1);
		worst_ns = fmax(worst_ns, world_run(&w, f, 10, 1));
		world_filter_free(f);
	}
	assert_true(worst_ns < 5e3);
}

static void half_of_the_samples_may_be_lost(void **state)
{
	struct filter *f;
	struct world w;

	(void)state;
	world_init(&w, 2);
	f = world_filter(&w);
	for (int i = 0; i < 3000; i++) {
		struct sample s;

		world_advance(&w, 1.0);
		world_exchange(&w, &s);
		if (world_uniform(&w) < 0.5)
			assert_int_equal(filter_add(f, &s), 0);
	}
	assert_true(world_run(&w, f, 500, 1.0) < 1.0 * US);
	world_filter_free(f);
}

/* A device read between two counter reads, 1 us apart, with this noise. */
static void bracket(struct world *w, double noise_ns, struct sample *s)
{
	*s = (struct sample){.kind = SAMPLE_BRACKET};
	s->c_before = world_counter(w, 0.0);
	s->c_after = world_counter(w, 1000.0);
	s->t_before_ns = world_time(w, 500.0 + noise_ns * world_gaussian(w));
	s->t_after_ns = s->t_before_ns;
}

static void a_device_clock_is_averaged_below_its_noise(void **state)
{
	struct coverage c = {0};
	struct filter *f;
	struct world w;
	double sum = 0.0;

	(void)state;
	world_init(&w, 3);
	f = world_filter(&w);
	for (int i = 0; i < 8000; i++) {
		struct estimate e;
		struct sample s;
		double error;

		world_advance(&w, 1.0);
		bracket(&w, 100.0, &s);
		assert_int_equal(filter_add(f, &s), 0);
		assert_true(filter_estimate(f, s.c_after, &e));
		error = world_error(&w, f, s.c_after);
		if (i < 1000)
			continue;
		sum += error * error;
		count(&c, error, sqrt(e.phase_var_ns2));
	}
	assert_true(sqrt(sum / c.moments) < 50.0);
	assert_true(c.within_1 > 0.6 * c.moments && c.within_3 > 0.99 * c.moments);
	world_filter_free(f);
}

/* Pulses at whole seconds, stamped late by 2 us and now and then by much more. */
static void pulses_stamped_late_give_the_time_of_the_least_lateness(void **state)
{
	struct filter_report r;
	struct estimate e;
	struct filter *f;
	struct world w;

	(void)state;
	world_init(&w, 4);
	w.shape = PARETO;
	f = world_filter(&w);
	for (int i = 0; i < 3000; i++) {
		double late = -2000.0 * log(world_uniform(&w));
		struct sample s = {.kind = SAMPLE_EDGE, .upper_error_ns = INFINITY};

		world_advance(&w, 1.0);
		if (world_uniform(&w) < 0.02)
			late += 200e3 * world_uniform(&w);
		s.c_before = s.c_after = world_counter(&w, late);
		s.t_before_ns = s.t_after_ns = world_time(&w, 0.0);
		assert_int_equal(filter_add(f, &s), 0);
		if (i > 1000)
			assert_true(fabs(world_error(&w, f, s.c_after)) < 1.0 * US);
	}
	assert_true(filter_estimate(f, world_counter(&w, 0.0), &e));
	/* Nobody can know how late the least late pulse is: 1 us by experience. */
	assert_true(sqrt(e.phase_var_ns2) > 1.0 * US && sqrt(e.phase_var_ns2) < 2.0 * US);
	filter_get_report(f, &r);
	assert_true(isnan(r.delay_ns) && r.noise_ns < 5.0 * US);
	world_filter_free(f);
}

static void phase_error_in_an_outage_grows_as_the_wander_says(void **state)
{
	struct coverage c = {0};

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct filter *f;
		struct estimate e;
		struct world w;

		world_init(&w, 500 + seed);
		f = world_filter(&w);
		world_run(&w, f, 1500, 1.0);
		world_advance(&w, 1000.0);
		assert_true(filter_estimate(f, world_counter(&w, 0.0), &e));
		count(&c, world_error(&w, f, world_counter(&w, 0.0)), sqrt(e.phase_var_ns2));
		assert_true(sqrt(e.phase_var_ns2) < 100.0 * US);
		world_filter_free(f);
	}
	assert_true(c.within_1 > 0.5 * c.moments && c.within_3 > 0.93 * c.moments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_estimated_error_is_honest_when_pooled_over_seeds),
		cmocka_unit_test(a_good_path_gives_a_fiftieth_of_its_queueing),
		cmocka_unit_test(a_slow_first_packet_is_soon_forgotten),
		cmocka_unit_test(half_of_the_samples_may_be_lost),
		cmocka_unit_test(a_device_clock_is_averaged_below_its_noise),
		cmocka_unit_test(pulses_stamped_late_give_the_time_of_the_least_lateness),
		cmocka_unit_test(phase_error_in_an_outage_grows_as_the_wander_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
