/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must not shake the filter: nonsense, wrap-around, gaps, long uptimes, odd kinds of sample.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter_world.h"

static const double US = 1e3, MS = 1e6;

static struct filter *settled(struct world *w, uint64_t seed, unsigned int count)
{
	struct filter *f;

	world_init(w, seed);
	f = world_filter(w);
	world_run(w, f, count, 1.0);
	return f;
}

static void nothing_is_known_before_the_first_sample(void **state)
{
	struct world w;
	struct filter *f;
	struct filter_report r;
	struct estimate e;

	(void)state;
	world_init(&w, 1);
	f = world_filter(&w);
	assert_false(filter_estimate(f, 0, &e));
	filter_get_report(f, &r);
	assert_true(isnan(r.noise_ns) && isnan(r.delay_ns));
	assert_int_equal(filter_count(f), 0);
	world_filter_free(f);
}

static void a_block_is_small_enough_for_every_source(void **state)
{
	(void)state;
	assert_true(filter_size() <= 256 * 1024);
}

static void refuses(struct filter *f, const struct sample *s)
{
	struct estimate before, after;
	uint64_t count = filter_count(f);

	assert_true(filter_estimate(f, 0, &before));
	assert_int_equal(filter_add(f, s), -EINVAL);
	assert_true(filter_estimate(f, 0, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(filter_count(f), count);
}

static void samples_that_make_no_sense_are_refused_and_change_nothing(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 1, 100);
	struct sample good, bad;

	(void)state;
	world_advance(&w, 1.0);
	world_exchange(&w, &good);
	assert_int_equal(filter_add(f, &good), 0);
	refuses(f, &good); /* not later than the last */
	world_advance(&w, 1.0);
	world_exchange(&w, &good);

	bad = good, bad.c_after = bad.c_before - 1;
	refuses(f, &bad);
	bad = good, bad.c_after = bad.c_before + 100; /* round trip of -1.9 us */
	bad.t_after_ns = bad.t_before_ns + 2000;
	refuses(f, &bad);
	bad = good, bad.t_after_ns = bad.t_before_ns - 10000;
	refuses(f, &bad);
	bad = good, bad.t_before_ns = bad.t_after_ns = INT64_MAX;
	refuses(f, &bad);
	bad = good, bad.t_before_ns = INT64_MIN;
	refuses(f, &bad);
	bad = good, bad.stamp_error_ns = NAN;
	refuses(f, &bad);
	bad = good, bad.stamp_error_ns = -1.0;
	refuses(f, &bad);
	bad = good, bad.c_after = bad.c_before + 2000000000000;
	refuses(f, &bad);
	bad = good, bad.kind = SAMPLE_POINT, bad.t_after_ns = bad.t_before_ns;
	refuses(f, &bad);
	assert_int_equal(filter_add(f, &good), 0);
	world_filter_free(f);
}

static void assert_sane(const struct filter *f, uint64_t counter)
{
	struct estimate e;
	struct filter_report r;

	if (!filter_estimate(f, counter, &e))
		return;
	assert_true(isfinite(e.frac_ns) && e.frac_ns >= 0.0 && e.frac_ns < 1.0);
	assert_true(isfinite(e.rate_ppb));
	assert_true(isfinite(e.phase_var_ns2) && e.phase_var_ns2 > 0.0);
	assert_true(isfinite(e.cross_var_ns2_s));
	assert_true(isfinite(e.rate_var_ppb2) && e.rate_var_ppb2 > 0.0);
	assert_true(e.wander > 0.0);
	filter_get_report(f, &r);
	assert_true(r.noise_ns >= 0.0);
}

static double any_of(struct world *w, double most)
{
	return copysign(exp(world_uniform(w) * log(most)), world_uniform(w) - 0.5);
}

/* Mostly a good exchange with one number spoilt by up to anything. */
static void spoil(struct world *w, struct sample *s)
{
	switch ((int)(world_uniform(w) * 8.0)) {
	case 0:
		s->c_after += (uint64_t)fabs(any_of(w, 1e13));
		break;
	case 1:
		s->t_before_ns += (int64_t)any_of(w, 1e18);
		break;
	case 2:
		s->t_after_ns += (int64_t)any_of(w, 1e18);
		break;
	case 3:
		s->t_before_ns += (int64_t)any_of(w, 1e18);
		s->t_after_ns = s->t_before_ns;
		break;
	case 4:
		s->stamp_error_ns = fabs(any_of(w, 1e12));
		break;
	case 5:
		s->upper_error_ns = s->lower_error_ns = INFINITY;
		s->t_before_ns = s->t_after_ns = (int64_t)any_of(w, 4e18);
		break;
	default:
		break;
	}
}

static void garbage_of_a_kind(enum sample_kind kind, uint64_t seed, unsigned int count)
{
	struct world w;
	struct filter *f;

	world_init(&w, seed);
	f = world_filter(&w);
	for (unsigned int i = 0; i < count; i++) {
		struct sample s;

		/* From microseconds to, rarely, a month. */
		world_advance(&w, world_uniform(&w) < 0.01 ? fabs(any_of(&w, 2.6e6))
							   : world_uniform(&w) * 2.0 + 1e-6);
		world_exchange(&w, &s);
		s.kind = kind;
		if (kind != SAMPLE_EXCHANGE)
			s.t_after_ns = s.t_before_ns;
		if (kind == SAMPLE_EDGE)
			s.c_after = s.c_before;
		spoil(&w, &s);
		filter_add(f, &s);
		assert_sane(f, s.c_after);
		assert_sane(f, s.c_after + 100000000000);
	}
	world_filter_free(f);
}

static void garbage_never_makes_nonsense(void **state)
{
	(void)state;
	garbage_of_a_kind(SAMPLE_EXCHANGE, 11, 30000);
	garbage_of_a_kind(SAMPLE_EDGE, 12, 10000);
	garbage_of_a_kind(SAMPLE_POINT, 13, 30000);
	garbage_of_a_kind(SAMPLE_BRACKET, 14, 30000);
}

static void a_filter_recovers_from_garbage(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 15, 1000);

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct sample s;

		world_advance(&w, 1.0);
		world_exchange(&w, &s);
		s.t_before_ns += (int64_t)any_of(&w, 1e18);
		if (world_uniform(&w) < 0.5)
			s.t_after_ns = s.t_before_ns;
		filter_add(f, &s);
	}
	assert_true(world_run(&w, f, 100, 1.0) < 10.0 * US);
	assert_true(world_run(&w, f, 500, 1.0) < 2.0 * US);
	world_filter_free(f);
}

static void equal_counter_reads_and_no_delay_at_all_are_fine(void **state)
{
	struct world w;
	struct filter *f;

	(void)state;
	world_init(&w, 1);
	f = world_filter(&w);
	for (uint64_t i = 1; i <= 2000; i++) {
		struct sample s = {.kind = SAMPLE_EXCHANGE,
				   .c_before = i * 1000000000,
				   .c_after = i * 1000000000,
				   .t_before_ns = (int64_t)i * 1000000000,
				   .t_after_ns = (int64_t)i * 1000000000};
		struct estimate e;

		assert_int_equal(filter_add(f, &s), 0);
		assert_sane(f, s.c_after);
		assert_true(filter_estimate(f, s.c_after, &e));
		if (i > 100)
			assert_true(llabs(e.time_ns - s.t_after_ns) <= 100);
	}
	world_filter_free(f);
}

/* The same exchanges with the counter starting elsewhere give the same line, to the bit. */
static void counters_are_alike_wherever_they_start(void **state)
{
	static const uint64_t START[] = {5, INT64_MAX - 200000000000, UINT64_MAX - 200000000000};
	struct estimate e[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct world w;
		struct filter *f;

		world_init(&w, 21);
		w.counter_at_epoch = START[i];
		f = world_filter(&w);
		assert_true(world_run(&w, f, 500, 1.0) > 0.0);
		assert_true(filter_estimate(f, world_counter(&w, 0.0), &e[i]));
		e[i].counter -= START[i];
		world_filter_free(f);
	}
	assert_memory_equal(&e[0], &e[1], sizeof(e[0]));
	assert_memory_equal(&e[0], &e[2], sizeof(e[0]));
}

static void the_same_samples_give_the_same_bits(void **state)
{
	struct estimate e[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct filter *f = settled(&w, 22, 1500);

		assert_true(filter_estimate(f, world_counter(&w, 0.0), &e[i]));
		world_filter_free(f);
	}
	assert_memory_equal(&e[0], &e[1], sizeof(e[0]));
}

static void a_filter_started_again_has_forgotten_all(void **state)
{
	struct filter_tables *tables = filter_tables_create();
	struct filter *f = malloc(filter_size()), *fresh = malloc(filter_size());
	struct world w;

	(void)state;
	world_init(&w, 23);
	filter_init(f, tables, 1.0, NULL);
	world_run(&w, f, 500, 1.0);
	filter_init(f, tables, 1.0, NULL);
	filter_init(fresh, tables, 1.0, NULL);
	assert_memory_equal(f, fresh, filter_size());
	free(f);
	free(fresh);
	filter_tables_destroy(tables);
}

static void a_counter_of_any_frequency_will_do(void **state)
{
	static const double NS_PER_TICK[] = {0.2, 1.0 / 2.45, 10.0, 40.0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct world w;
		struct filter *f;

		world_init(&w, 24);
		w.ns_per_tick = NS_PER_TICK[i];
		f = world_filter(&w);
		world_run(&w, f, 1000, 1.0);
		assert_true(world_run(&w, f, 1000, 1.0) < 1.0 * US);
		world_filter_free(f);
	}
}

static double distance(const struct filter *f, uint64_t counter, int64_t t)
{
	struct estimate e;

	assert_true(filter_estimate(f, counter, &e));
	return (double)(e.time_ns - t) + e.frac_ns;
}

/*
 * Nearly a day between samples, 1 ppm off, counter crossing 2^63: exact to the tenth of a ns. In
 * 2 ms steps, of which each is a whole number of ticks and, with the 1 ppm, of ns.
 */
static void ten_years(double ns_per_tick, uint64_t ticks_per_step)
{
	struct world w;
	struct filter *f;
	uint64_t counter = INT64_MAX - 1000 * 40000000ULL * ticks_per_step;
	double worst = 0.0;
	int64_t t = 0;

	world_init(&w, 1);
	w.ns_per_tick = ns_per_tick;
	f = world_filter(&w);
	for (int64_t i = 0; i <= 3950; i++) {
		int64_t steps = 39000000 + i * 7919 % 1000000;
		struct sample s = {.kind = SAMPLE_POINT};

		counter += (uint64_t)steps * ticks_per_step;
		t += steps * 2000002;
		s.c_before = s.c_after = counter;
		s.t_before_ns = s.t_after_ns = t;
		/* Both as predicted from a day before, and as measured. */
		if (i > 100)
			worst = fmax(worst, fabs(distance(f, counter, t)));
		assert_int_equal(filter_add(f, &s), 0);
		if (i > 100)
			worst = fmax(worst, fabs(distance(f, counter, t)));
	}
	assert_true(worst < 0.1);
	world_filter_free(f);
}

static void ten_years_lose_nothing(void **state)
{
	(void)state;
	ten_years(1.0, 2000000);
	ten_years(0.4, 5000000);
	ten_years(1.0 / 1.0000013, 2000002); /* fractions of a ns at every step */
}

static void a_counter_however_far_away_gives_numbers(void **state)
{
	static const uint64_t FAR[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct world w;
		struct filter *f;

		world_init(&w, 25);
		w.ns_per_tick = 40.0;
		f = world_filter(&w);
		world_run(&w, f, 100, 1.0);
		assert_sane(f, FAR[i]);
		assert_sane(f, world_counter(&w, 0.0) + FAR[i]);
		world_filter_free(f);
	}
}

static void gaps_are_survived(void **state)
{
	static const double GAP_S[] = {600.0, 3600.0, 36000.0, 200000.0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct world w;
		struct filter *f = settled(&w, 30, 1000);
		struct estimate e;
		double error;

		world_advance(&w, GAP_S[i]);
		error = world_error(&w, f, world_counter(&w, 0.0));
		assert_true(filter_estimate(f, world_counter(&w, 0.0), &e));
		assert_true(fabs(error) < 4.0 * sqrt(e.phase_var_ns2));
		world_run(&w, f, 300, 1.0);
		assert_true(world_run(&w, f, 300, 1.0) < 5.0 * US);
		world_filter_free(f);
	}
}

static void stamps_of_a_millisecond_do_not_break_it(void **state)
{
	struct world w;
	struct filter *f;
	struct estimate e;

	(void)state;
	world_init(&w, 31);
	w.resolution_ns = 1000000;
	f = world_filter(&w);
	/* Not in step with the server's milliseconds. */
	world_run(&w, f, 2000, 1.000337);
	assert_true(world_run(&w, f, 500, 1.000337) < 0.6 * MS);
	assert_true(filter_estimate(f, world_counter(&w, 0.0), &e));
	assert_true(sqrt(e.phase_var_ns2) > 0.1 * MS);
	world_filter_free(f);
}

/* How far a settled estimate moves by a sample whose counter values are 1 us early. */
static double moved_by_early_stamps(uint64_t seed, double stamp_error_ns)
{
	struct world w;
	struct filter *f = settled(&w, seed, 500);
	struct sample s;
	double before, after;

	world_advance(&w, 1.0);
	world_exchange(&w, &s);
	before = world_error(&w, f, s.c_after);
	s.c_before -= 1000;
	s.c_after -= 1000;
	s.stamp_error_ns = stamp_error_ns;
	assert_int_equal(filter_add(f, &s), 0);
	after = world_error(&w, f, s.c_after);
	world_filter_free(f);
	return fabs(after - before);
}

static void a_sample_with_a_worse_stamp_counts_less(void **state)
{
	double exact = 0.0, vague = 0.0;

	(void)state;
	for (uint64_t seed = 40; seed < 60; seed++) {
		exact += moved_by_early_stamps(seed, 0.0);
		vague += moved_by_early_stamps(seed, 20000.0);
	}
	assert_true(vague < exact / 2.0);
}

static void the_prior_of_the_rate_is_used(void **state)
{
	const struct filter_prior prior = {.rate_ppb = 10000.0, .rate_sd_ppb = 10.0};
	struct filter_tables *tables = filter_tables_create();
	struct filter *f = malloc(filter_size());
	struct estimate e;
	struct sample s;
	struct world w;

	(void)state;
	world_init(&w, 33);
	filter_init(f, tables, 1.0, &prior);
	world_exchange(&w, &s);
	assert_int_equal(filter_add(f, &s), 0);
	assert_true(filter_estimate(f, s.c_after, &e));
	assert_true(fabs(e.rate_ppb - 10000.0) < 1e-6);
	assert_true(fabs(sqrt(e.rate_var_ppb2) - 11.0) < 1e-6); /* 10 times the factor of 1.1 */
	free(f);
	filter_tables_destroy(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_first_sample),
		cmocka_unit_test(a_block_is_small_enough_for_every_source),
		cmocka_unit_test(samples_that_make_no_sense_are_refused_and_change_nothing),
		cmocka_unit_test(garbage_never_makes_nonsense),
		cmocka_unit_test(a_filter_recovers_from_garbage),
		cmocka_unit_test(equal_counter_reads_and_no_delay_at_all_are_fine),
		cmocka_unit_test(counters_are_alike_wherever_they_start),
		cmocka_unit_test(the_same_samples_give_the_same_bits),
		cmocka_unit_test(a_filter_started_again_has_forgotten_all),
		cmocka_unit_test(a_counter_of_any_frequency_will_do),
		cmocka_unit_test(ten_years_lose_nothing),
		cmocka_unit_test(a_counter_however_far_away_gives_numbers),
		cmocka_unit_test(gaps_are_survived),
		cmocka_unit_test(stamps_of_a_millisecond_do_not_break_it),
		cmocka_unit_test(a_sample_with_a_worse_stamp_counts_less),
		cmocka_unit_test(the_prior_of_the_rate_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
