/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bank: its moments, its prediction, what it learns of the wander, its maps of the delays. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock/bank.h"
#include "filter_world.h"

static const double NOWHERE[BANK_STATES];

static void assert_near(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected) + 1e-12))
		fail_msg("%.12g is not %.12g", value, expected);
}

static void start(struct bank *bank, double phase_sd, double rate_sd, double delay_sd)
{
	const double var[BANK_STATES] = {phase_sd * phase_sd, rate_sd * rate_sd,
					 delay_sd * delay_sd, delay_sd * delay_sd};

	bank_start(bank, NOWHERE, var);
}

static void the_mix_has_the_moments_of_the_mixture(void **state)
{
	struct bank bank;
	double mean = 0.0, var = 0.0;

	(void)state;
	start(&bank, 10.0, 1.0, 5.0);
	for (int k = 0; k < BANK_MEMBERS; k++) {
		bank.member[k].mean[PHASE_NS] = 100.0 * k;
		bank.weight[k] = (k + 1) / 55.0;
	}
	bank_shift(&bank, 0.0, 0.0, 0.0);
	for (int k = 0; k < BANK_MEMBERS; k++)
		mean += bank.weight[k] * 100.0 * k;
	for (int k = 0; k < BANK_MEMBERS; k++)
		var += bank.weight[k] * (100.0 + pow(100.0 * k - mean, 2));
	assert_near(bank.mix.mean[PHASE_NS], mean, 1e-12);
	assert_near(bank.mix.cov[PHASE_NS][PHASE_NS], var, 1e-12);
}

static void phase_variance_grows_as_a_random_walk_of_the_rate_says(void **state)
{
	struct bank bank;
	double t = 100.0;

	(void)state;
	start(&bank, 10.0, 2.0, 5.0);
	bank_advance(&bank, t, 0.0);
	for (int k = 0; k < BANK_MEMBERS; k++) {
		double q = bank_member_wander(k);

		assert_near(bank.member[k].cov[PHASE_NS][PHASE_NS],
			    100.0 + 4.0 * t * t + q * q * t * t * t / 3.0, 1e-9);
		assert_near(bank.member[k].cov[PHASE_NS][RATE_PPB], 4.0 * t + q * q * t * t / 2.0,
			    1e-9);
		assert_near(bank.member[k].cov[RATE_PPB][RATE_PPB], 4.0 + q * q * t, 1e-9);
		assert_near(bank.member[k].cov[DELAY_NS][DELAY_NS], 25.0, 1e-9);
	}
}

static void a_gaussian_update_is_a_kalman_update(void **state)
{
	struct bank_measurement z = {
		.offset_ns = -30.0, .slope = {[PHASE_NS] = 1.0}, .noise_var_ns2 = 400.0};
	struct bank bank;

	(void)state;
	start(&bank, 10.0, 1.0, 0.0);
	bank_update_gaussian(&bank, &z);
	assert_near(bank.mix.mean[PHASE_NS], 30.0 * 100.0 / 500.0, 1e-12);
	assert_near(bank.mix.cov[PHASE_NS][PHASE_NS], 1.0 / (1.0 / 100.0 + 1.0 / 400.0), 1e-12);
}

static void learns_wander(double wander)
{
	struct bank bank;
	struct world w;

	world_init(&w, 3);
	w.wander = wander;
	w.rate_ppb = 0.0;
	start(&bank, 1000.0, 100.0, 0.0);
	for (int i = 0; i < 4000; i++) {
		struct bank_measurement z = {.slope = {[PHASE_NS] = 1.0}, .noise_var_ns2 = 100.0};

		world_advance(&w, 1.0);
		bank_advance(&bank, 1.0, 0.0);
		z.offset_ns = -w.phase_ns - 10.0 * world_gaussian(&w);
		bank_update_gaussian(&bank, &z);
	}
	assert_true(bank_wander(&bank) < wander * 3.2);
	assert_true(bank_wander(&bank) > wander / 3.2);
}

static void the_wander_is_learned_over_four_decades(void **state)
{
	(void)state;
	for (double wander = 0.03; wander < 100.0; wander *= sqrt(10.0))
		learns_wander(wander);
}

/* Two measurements that fix phase + request delay and phase - reply delay. */
static void measure_both(struct bank *bank, double forth, double back)
{
	struct bank_measurement z = {.noise_var_ns2 = 1.0};

	z.slope[PHASE_NS] = 1.0;
	z.slope[DELAY_NS] = 1.0;
	z.offset_ns = -forth;
	bank_update_gaussian(bank, &z);
	z.slope[DELAY_NS] = 0.0;
	z.slope[DELAY_NS + 1] = -1.0;
	z.offset_ns = -back;
	bank_update_gaussian(bank, &z);
}

static void delays_are_one_until_told_otherwise(void **state)
{
	struct bank bank;

	(void)state;
	start(&bank, 1e6, 0.0, 1e6);
	measure_both(&bank, 150.0, -50.0);
	assert_near(bank.mix.mean[PHASE_NS], 50.0, 1e-3);
	assert_near(bank.mix.mean[DELAY_NS], 100.0, 1e-3);
	assert_near(bank.mix.mean[DELAY_NS + 1], 100.0, 1e-3);
}

static void a_longer_request_does_not_move_the_phase(void **state)
{
	struct bank bank;

	(void)state;
	start(&bank, 1e6, 0.0, 1e6);
	for (int i = 0; i < 100; i++)
		measure_both(&bank, 100.0, -100.0);
	bank_shift_delay(&bank, 0, 900.0, 1e4);
	for (int i = 0; i < 100; i++)
		measure_both(&bank, 1050.0, -100.0);
	assert_true(fabs(bank.mix.mean[PHASE_NS]) < 0.1);
	assert_true(fabs(bank.mix.mean[DELAY_NS] - 1050.0) < 1.0);
	assert_true(fabs(bank.mix.mean[DELAY_NS + 1] - 100.0) < 1.0);
}

static void folding_keeps_what_was_measured(void **state)
{
	struct bank bank;
	const double *m = bank.mix.mean;

	(void)state;
	start(&bank, 10.0, 1.0, 5.0);
	bank_shift(&bank, 40.0, 100.0, 0.0);
	bank_shift_delay(&bank, 1, 60.0, 9.0);
	bank_fold_delays(&bank);
	assert_near(m[DELAY_NS], 130.0, 1e-12);
	assert_near(m[DELAY_NS + 1], 130.0, 1e-12);
	assert_near(m[PHASE_NS] + m[DELAY_NS], 140.0, 1e-12);
	assert_near(m[PHASE_NS] - m[DELAY_NS + 1], 40.0 - 160.0, 1e-12);
}

static void copying_makes_a_delay_the_other_again(void **state)
{
	struct bank bank;

	(void)state;
	start(&bank, 10.0, 1.0, 5.0);
	bank_shift(&bank, 40.0, 100.0, 0.0);
	bank_shift_delay(&bank, 1, 60.0, 1e6);
	bank_copy_delay(&bank, 1);
	assert_near(bank.mix.mean[DELAY_NS + 1], 100.0, 1e-12);
	assert_near(bank.mix.mean[PHASE_NS], 40.0, 1e-12);
	assert_near(bank.mix.cov[DELAY_NS + 1][DELAY_NS + 1], 25.0, 1e-9);
	assert_near(bank.mix.cov[DELAY_NS + 1][DELAY_NS], 25.0, 1e-9);
}

static void averaging_leaves_the_phase_alone(void **state)
{
	struct bank bank;

	(void)state;
	start(&bank, 10.0, 1.0, 5.0);
	bank_shift(&bank, 40.0, 100.0, 0.0);
	bank_shift_delay(&bank, 1, 60.0, 9.0);
	bank_average_delays(&bank);
	assert_near(bank.mix.mean[PHASE_NS], 40.0, 1e-12);
	assert_near(bank.mix.mean[DELAY_NS], 130.0, 1e-12);
	assert_near(bank.mix.mean[DELAY_NS + 1], 130.0, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mix_has_the_moments_of_the_mixture),
		cmocka_unit_test(phase_variance_grows_as_a_random_walk_of_the_rate_says),
		cmocka_unit_test(a_gaussian_update_is_a_kalman_update),
		cmocka_unit_test(the_wander_is_learned_over_four_decades),
		cmocka_unit_test(delays_are_one_until_told_otherwise),
		cmocka_unit_test(a_longer_request_does_not_move_the_phase),
		cmocka_unit_test(folding_keeps_what_was_measured),
		cmocka_unit_test(copying_makes_a_delay_the_other_again),
		cmocka_unit_test(averaging_leaves_the_phase_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
