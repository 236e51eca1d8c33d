/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one-way density: what it integrates to, what it learns, what it answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock/oneway.h"
#include "filter_world.h"

struct fixture {
	struct oneway_dictionary dict;
	struct oneway density;
	double mass[ONEWAY_NODES];
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return -1;
	oneway_dictionary_build(&x->dict);
	oneway_reset(&x->density, &x->dict);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static double shape_integral(const struct oneway_dictionary *dict, int shape)
{
	double sum = 0.0;

	for (int i = 0; i < ONEWAY_NODES; i++)
		sum += dict->shape[shape][i] * dict->cell_ns[i];
	return sum;
}

static void every_shape_integrates_to_one(void **state)
{
	struct fixture *x = *state;

	for (int j = 0; j < ONEWAY_SHAPES; j++)
		assert_true(fabs(shape_integral(&x->dict, j) - 1.0) < 0.1);
}

static void a_density_integrates_to_one(void **state)
{
	struct fixture *x = *state;

	assert_true(fabs(x->density.cdf[ONEWAY_NODES - 1] - 1.0) < 0.02);
}

static void quantiles_rise_with_their_share(void **state)
{
	struct fixture *x = *state;
	double before = oneway_quantile(&x->density, &x->dict, 0.0);

	for (int i = 1; i <= 1000; i++) {
		double q = oneway_quantile(&x->density, &x->dict, i / 1000.0);

		assert_true(q >= before);
		before = q;
	}
}

/* Feeds latenesses as exactly known, remembering the last `memory` of them. */
static void learn(struct fixture *x, double (*draw)(struct world *), unsigned int count)
{
	struct world w;

	world_init(&w, 7);
	for (unsigned int k = 0; k < count; k++) {
		struct oneway_belief belief;

		oneway_believe(&belief, &x->dict, draw(&w), 1.0);
		oneway_deposit(&belief, &x->dict, &x->density, x->mass);
		if (k % 16 == 0)
			oneway_fit(&x->density, &x->dict, x->mass, 1.0);
	}
	oneway_fit(&x->density, &x->dict, x->mass, 1.0);
}

static double draw_emg(struct world *w)
{
	return 3000.0 * world_gaussian(w) - 10000.0 * log(world_uniform(w));
}

static void em_recovers_a_mixture_it_has_no_shape_for(void **state)
{
	/* Nodes 25 % apart leave quantiles uncertain by half of that. Those of 3 us * N + 10 us *
	 * Exp, from two million draws. */
	static const double SHARE[] = {0.1, 0.25, 0.5, 0.75, 0.9};
	static const double TRUTH[] = {0.0, 2.94e3, 7.37e3, 14.30e3, 23.46e3};
	struct fixture *x = *state;

	learn(x, draw_emg, 4000);
	for (int i = 0; i < 5; i++) {
		double q = oneway_quantile(&x->density, &x->dict, SHARE[i]);

		assert_true(fabs(q - TRUTH[i]) < 500.0 + 0.12 * TRUTH[i]);
	}
}

static double draw_exponential(struct world *w)
{
	return -20000.0 * log(world_uniform(w));
}

static void the_edge_of_an_exponential_stays_sharp(void **state)
{
	struct fixture *x = *state;

	learn(x, draw_exponential, 4000);
	assert_true(oneway_pdf(&x->density, 500.0) > 0.7 / 20000.0);
	assert_true(oneway_pdf(&x->density, -500.0) < 0.05 / 20000.0);
}

static void no_lateness_is_impossible(void **state)
{
	static const double LATE[] = {-1e18, -1e9, -1.0, 0.0, 1e12, 1e18};
	struct fixture *x = *state;

	learn(x, draw_exponential, 1000);
	for (size_t i = 0; i < sizeof(LATE) / sizeof(LATE[0]); i++) {
		assert_true(oneway_pdf(&x->density, LATE[i]) > 0.0);
		assert_true(oneway_pdf(&x->density, LATE[i]) >=
			    oneway_floor(&x->dict, LATE[i]) * 0.999);
	}
}

static void a_sharp_belief_is_not_moved_but_a_broad_one_is(void **state)
{
	struct fixture *x = *state;
	struct oneway_belief belief;
	double mean, var;

	learn(x, draw_exponential, 4000);
	oneway_believe(&belief, &x->dict, 5000.0, 10.0);
	oneway_posterior(&belief, &x->dict, &x->density, &mean, &var);
	assert_true(fabs(mean) < 0.05 && fabs(var - 1.0) < 0.05);
	/* Sure to be late, believed around zero: half of the belief is cut off. */
	oneway_believe(&belief, &x->dict, 0.0, 5000.0);
	oneway_posterior(&belief, &x->dict, &x->density, &mean, &var);
	assert_true(mean > 0.4 && mean < 0.9 && var < 0.5);
}

static void tempering_halves_what_a_measurement_says(void **state)
{
	struct fixture *x = *state;
	double ratio;

	learn(x, draw_exponential, 2000);
	oneway_temper(&x->density, 0.5);
	ratio = x->density.tempered[100] / x->density.tempered[110];
	assert_true(fabs(ratio - sqrt(x->density.pdf[100] / x->density.pdf[110])) < 1e-9 * ratio);
	oneway_temper(&x->density, 1.0);
	assert_memory_equal(x->density.tempered, x->density.pdf, sizeof(x->density.pdf));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_shape_integrates_to_one),
		CASE(a_density_integrates_to_one),
		CASE(quantiles_rise_with_their_share),
		CASE(em_recovers_a_mixture_it_has_no_shape_for),
		CASE(the_edge_of_an_exponential_stays_sharp),
		CASE(no_lateness_is_impossible),
		CASE(a_sharp_belief_is_not_moved_but_a_broad_one_is),
		CASE(tempering_halves_what_a_measurement_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
