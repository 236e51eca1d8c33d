// SPDX-License-Identifier: GPL-2.0-or-later
/* Several estimates become one: by information, strays left out, nothing counted twice. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/clock/combine.h"
#include "test_clock_world.h"

static struct candidate at(double phase_ns, double sd_ns, double rate_ppb, double rate_sd_ppb)
{
	return (struct candidate){.chosen = true,
				  .estimate = {.time_ns = INT64_C(1764547237000000000),
					       .frac_ns = phase_ns,
					       .rate_ppb = rate_ppb,
					       .phase_var_ns2 = sd_ns * sd_ns,
					       .rate_var_ppb2 = rate_sd_ppb * rate_sd_ppb}};
}

static double phase_of(const struct estimate *e)
{
	return (double)(e->time_ns - INT64_C(1764547237000000000)) + e->frac_ns;
}

static bool near(double a, double b, double by)
{
	return fabs(a - b) <= by;
}

static void none_chosen_gives_no_estimate(void **state)
{
	struct candidate candidates[] = {at(1, 1, 0, 1)};
	struct estimate out;

	(void)state;
	candidates[0].chosen = false;
	assert_false(combine_estimates(candidates, 1, &out));
	assert_false(combine_estimates(candidates, 0, &out));
}

static void one_alone_comes_out_as_it_went_in(void **state)
{
	struct candidate candidates[] = {at(0.5, 30, 1234, 7)};
	struct estimate out;

	(void)state;
	candidates[0].estimate.cross_var_ns2_s = 100;
	candidates[0].estimate.wander = 3;
	assert_true(combine_estimates(candidates, 1, &out));
	assert_true(near(phase_of(&out), 0.5, 1e-9) && near(out.rate_ppb, 1234, 1e-9));
	assert_true(near(out.phase_var_ns2, 900, 1e-6) && near(out.rate_var_ppb2, 49, 1e-6));
	assert_true(near(out.cross_var_ns2_s, 100, 1e-6) && near(out.wander, 3, 1e-9));
	assert_true(near(candidates[0].weight, 1, 1e-12));
}

static void weights_are_inverse_variances(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(100, 20, 50, 1)};
	struct estimate out;

	(void)state;
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(near(candidates[0].weight, 0.8, 1e-9) && near(candidates[1].weight, 0.2, 1e-9));
	assert_true(near(phase_of(&out), 20, 1e-6) && near(out.rate_ppb, 25, 1e-6));
}

/* Two of equal weight whose errors correlate by 0.25: var = v / 2 * 1.25. */
static void variance_does_not_fall_as_if_errors_were_independent(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(0, 10, 0, 1)};
	struct estimate out;

	(void)state;
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(near(out.phase_var_ns2, 62.5, 1e-6));
	assert_true(near(out.rate_var_ppb2, 0.625, 1e-9));
}

static void variance_never_exceeds_the_best_ones_by_much(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(0, 1000, 0, 1000)};
	struct estimate out;

	(void)state;
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(out.phase_var_ns2 < 100.1 && out.phase_var_ns2 > 99);
}

/* A rate that is known well says where the phase is, through their covariance. */
static void covariance_carries_what_one_knows_to_the_other(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 10), at(0, 1e5, 8, 0.01)};
	struct estimate out;

	(void)state;
	candidates[0].estimate.cross_var_ns2_s = 80; /* correlation 0.8 */
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(near(out.rate_ppb, 8, 0.01));
	assert_true(near(phase_of(&out), 6.4, 0.1));
}

static void estimates_on_different_whole_seconds_are_joined(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(0, 10, 0, 1)};
	struct estimate out;

	(void)state;
	candidates[1].estimate.time_ns += 1000;
	candidates[1].estimate.frac_ns = 0.5;
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(near(phase_of(&out), 500.25, 1e-6));
	assert_true(near(estimate_minus(&candidates[1].estimate, &candidates[0].estimate), 1000.5,
			 1e-9));
}

static void strays_are_left_out(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(5, 10, 0, 1), at(5000, 10, 0, 1),
					 at(-3, 10, 0, 1)};
	struct estimate out;

	(void)state;
	combine_leave_out_strays(candidates, 4);
	assert_true(candidates[0].chosen && candidates[1].chosen && candidates[3].chosen);
	assert_false(candidates[2].chosen);
	assert_true(combine_estimates(candidates, 4, &out));
	assert_true(fabs(phase_of(&out)) < 5);
	assert_true(candidates[2].weight <= 0);
}

static void an_uncertain_one_far_away_is_no_stray(void **state)
{
	struct candidate candidates[] = {at(0, 10, 0, 1), at(5, 10, 0, 1), at(5000, 2000, 0, 1)};

	(void)state;
	combine_leave_out_strays(candidates, 3);
	assert_true(candidates[0].chosen && candidates[1].chosen && candidates[2].chosen);
}

static void of_two_none_is_a_stray(void **state)
{
	struct candidate candidates[] = {at(0, 1, 0, 1), at(5000, 1, 0, 1)};

	(void)state;
	combine_leave_out_strays(candidates, 2);
	assert_true(candidates[0].chosen && candidates[1].chosen);
}

static void more_than_half_always_stay(void **state)
{
	struct candidate candidates[9];
	struct dice dice = {7};

	(void)state;
	for (int draw = 0; draw < 5000; draw++) {
		unsigned int count = 1 + (unsigned int)(dice_bits(&dice) % 9), stay = 0;

		for (unsigned int i = 0; i < count; i++)
			candidates[i] = at(dice_between(&dice, -1e4, 1e4),
					   dice_log_between(&dice, 0.1, 1000), 0, 1);
		combine_leave_out_strays(candidates, count);
		for (unsigned int i = 0; i < count; i++)
			stay += candidates[i].chosen;
		assert_true(2 * stay > count);
	}
}

/* From a PHC of 1 ns to a server of 1 s, fully correlated or not, exact or unknown. */
static void no_mixture_of_covariances_breaks_the_arithmetic(void **state)
{
	struct candidate candidates[8];
	struct dice dice = {8};

	(void)state;
	for (int draw = 0; draw < 20000; draw++) {
		unsigned int count = 1 + (unsigned int)(dice_bits(&dice) % 8);
		double far_ns = 0, least_ns2 = INFINITY, lo_ns = INFINITY, hi_ns = -INFINITY;
		struct estimate out;

		for (unsigned int i = 0; i < count; i++) {
			double sd = dice_log_between(&dice, 1e-4, 1e9);
			double rate_sd = dice_log_between(&dice, 1e-7, 5e5);

			candidates[i] = at(dice_between(&dice, -sd, sd), sd,
					   dice_between(&dice, -5e5, 5e5), rate_sd);
			if (dice_bits(&dice) & 1)
				candidates[i].estimate.cross_var_ns2_s =
					sd * rate_sd * dice_between(&dice, -1.0001, 1.0001);
			if (dice_bits(&dice) % 16 == 0)
				candidates[i].estimate.phase_var_ns2 = 0;
			least_ns2 =
				fmin(least_ns2, fmax(candidates[i].estimate.phase_var_ns2, 1e-6));
			lo_ns = fmin(lo_ns, candidates[i].estimate.rate_ppb);
			hi_ns = fmax(hi_ns, candidates[i].estimate.rate_ppb);
		}
		assert_true(combine_estimates(candidates, count, &out));
		assert_true(isfinite(out.frac_ns) && isfinite(out.rate_ppb));
		assert_true(out.phase_var_ns2 > 0 && out.rate_var_ppb2 > 0);
		for (unsigned int i = 0; i < count; i++)
			far_ns = fmax(far_ns, fabs(estimate_minus(&candidates[i].estimate, &out)));
		assert_true(out.phase_var_ns2 < 3 * least_ns2 + 2.001 * far_ns * far_ns);
	}
}

/* Two that are sure of themselves, 2 ms apart: the mean is no surer than to 1 ms. */
static void estimates_that_scatter_are_less_sure_than_they_say(void **state)
{
	struct candidate candidates[] = {at(-1e6, 10, 0, 1), at(1e6, 10, 0, 1)};
	struct estimate out;

	(void)state;
	assert_true(combine_estimates(candidates, 2, &out));
	assert_true(near(sqrt(out.phase_var_ns2), 1e6, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_chosen_gives_no_estimate),
		cmocka_unit_test(one_alone_comes_out_as_it_went_in),
		cmocka_unit_test(weights_are_inverse_variances),
		cmocka_unit_test(variance_does_not_fall_as_if_errors_were_independent),
		cmocka_unit_test(variance_never_exceeds_the_best_ones_by_much),
		cmocka_unit_test(covariance_carries_what_one_knows_to_the_other),
		cmocka_unit_test(estimates_on_different_whole_seconds_are_joined),
		cmocka_unit_test(strays_are_left_out),
		cmocka_unit_test(an_uncertain_one_far_away_is_no_stray),
		cmocka_unit_test(of_two_none_is_a_stray),
		cmocka_unit_test(more_than_half_always_stay),
		cmocka_unit_test(estimates_that_scatter_are_less_sure_than_they_say),
		cmocka_unit_test(no_mixture_of_covariances_breaks_the_arithmetic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
