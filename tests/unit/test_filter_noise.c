/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Noise around the measurements: correlation, the noise of points, what cannot be seen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clock/correlation.h"
#include "clock/scalar_noise.h"
#include "clock/unseen.h"
#include "filter_world.h"

/* Exponent after 4000 excesses of a first-order chain with this correlation. */
static double exponent_of_chain(double correlation)
{
	struct correlation c;
	struct world w;
	double value = 0.0;

	world_init(&w, 5);
	correlation_reset(&c);
	for (int i = 1; i <= 4000; i++) {
		value = correlation * value +
			sqrt(1.0 - correlation * correlation) * world_gaussian(&w);
		correlation_add(&c, 1e4 * exp(value), fmin(2000.0, i));
	}
	return c.exponent;
}

static void independent_queueing_counts_in_full(void **state)
{
	(void)state;
	assert_true(exponent_of_chain(0.0) > 0.95);
}

static void the_longer_queueing_lasts_the_less_a_sample_counts(void **state)
{
	double a = exponent_of_chain(0.5), b = exponent_of_chain(0.9), c = exponent_of_chain(0.98);

	(void)state;
	assert_true(a < 0.75 && b < a && c < b && c > 0.0);
}

static double noise_learned(double sd_ns)
{
	struct scalar_noise noise;
	struct world w;

	world_init(&w, 9);
	scalar_noise_start(&noise, 1000.0);
	for (int i = 0; i < 8000; i++)
		scalar_noise_use(&noise, sd_ns * world_gaussian(&w), 0.0, fmin(2000.0, i / 4.0));
	return sqrt(noise.var_ns2);
}

static void the_noise_of_points_is_learned_over_six_decades(void **state)
{
	(void)state;
	for (double sd = 10.0; sd < 2e7; sd *= 10.0) {
		double learned = noise_learned(sd);

		assert_true(learned > 0.9 * sd && learned < 1.1 * sd);
	}
}

static void an_outlier_counts_as_if_at_four_sigma(void **state)
{
	struct scalar_noise noise = {.var_ns2 = 100.0};
	double use = scalar_noise_use(&noise, 1000.0, 0.0, 2000.0);

	(void)state;
	assert_true(fabs(1000.0 / sqrt(use) - 4.0) < 1e-9);
	assert_true(noise.var_ns2 < 101.0);
}

static double resolution_of(int64_t resolution, int64_t shift)
{
	struct unseen u;
	struct world w;

	world_init(&w, 2);
	unseen_reset(&u);
	for (int i = 0; i < 100; i++) {
		int64_t t = (int64_t)(world_uniform(&w) * 1e15);

		unseen_add_stamp(&u, t - t % resolution + shift);
	}
	return unseen_resolution(&u);
}

static void the_resolution_of_stamps_is_recognised(void **state)
{
	(void)state;
	assert_true(resolution_of(1, 0) < 1.0);
	assert_true(fabs(resolution_of(1000, 0) - 1e3) < 1.0);
	assert_true(fabs(resolution_of(1000000, 0) - 1e6) < 1.0);
	assert_true(fabs(resolution_of(1000000, 123457) - 1e6) < 1.0);
}

/* What is allowed for a path whose directions queue like this. */
static double allowance(enum queueing_shape shape, double request_ns, double reply_ns,
			int64_t resolution_ns)
{
	struct world w;
	struct filter *f;
	struct estimate e;

	world_init(&w, 4);
	w.shape = shape;
	w.queue_ns[0] = request_ns;
	w.queue_ns[1] = reply_ns;
	w.resolution_ns = resolution_ns;
	f = world_filter(&w);
	world_run(&w, f, 3000, 1.0);
	assert_true(filter_estimate(f, world_counter(&w, 0.0), &e));
	world_filter_free(f);
	return sqrt(e.phase_var_ns2);
}

static void soft_asymmetric_queueing_widens_the_estimated_error(void **state)
{
	(void)state;
	assert_true(allowance(GAMMA_2, 20e3, 20e3, 1) < 1200.0);
	assert_true(allowance(GAMMA_2, 20e3, 40e3, 1) > 2000.0);
}

static void sharp_asymmetric_queueing_does_not(void **state)
{
	(void)state;
	assert_true(allowance(EXPONENTIAL, 20e3, 40e3, 1) < 1000.0);
}

static void cut_off_stamps_widen_the_estimated_error_by_half_their_resolution(void **state)
{
	double sharp = allowance(EXPONENTIAL, 20e3, 20e3, 1);
	double cut = allowance(EXPONENTIAL, 20e3, 20e3, 10000);

	(void)state;
	assert_true(sharp < 1000.0);
	assert_true(cut > 5000.0 && cut < 10000.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(independent_queueing_counts_in_full),
		cmocka_unit_test(the_longer_queueing_lasts_the_less_a_sample_counts),
		cmocka_unit_test(the_noise_of_points_is_learned_over_six_decades),
		cmocka_unit_test(an_outlier_counts_as_if_at_four_sigma),
		cmocka_unit_test(the_resolution_of_stamps_is_recognised),
		cmocka_unit_test(soft_asymmetric_queueing_widens_the_estimated_error),
		cmocka_unit_test(sharp_asymmetric_queueing_does_not),
		cmocka_unit_test(cut_off_stamps_widen_the_estimated_error_by_half_their_resolution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
