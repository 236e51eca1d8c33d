/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the path told from changes of the clock. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filter_world.h"

static const double US = 1e3, MS = 1e6;

/* A filter that has known the path for 1000 s. */
static struct filter *settled(struct world *w, uint64_t seed)
{
	struct filter *f;

	world_init(w, seed);
	f = world_filter(w);
	assert_true(world_run(w, f, 1000, 1.0) < 100.0 * US);
	return f;
}

static struct filter_report report(const struct filter *f)
{
	struct filter_report r;

	filter_get_report(f, &r);
	return r;
}

static void a_longer_path_one_way_is_not_taken_for_the_clock(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 1);
	struct filter_report r;

	(void)state;
	w.base_ns[0] += 1.0 * MS;
	assert_true(world_run(&w, f, 1000, 1.0) < 1.5 * US);
	r = report(f);
	assert_true(fabs(r.path_offset_ns[0] - 1.0 * MS) < 10.0 * US);
	assert_true(r.path_offset_ns[1] < 1.0);
	assert_int_equal(r.path_changes, 1);
	assert_true(fabs(r.delay_ns - 0.2 * MS) < 10.0 * US);
	world_filter_free(f);
}

static void and_its_end_is_undone(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 2);

	(void)state;
	w.base_ns[1] += 1.0 * MS;
	world_run(&w, f, 1000, 1.0);
	w.base_ns[1] -= 1.0 * MS;
	assert_true(world_run(&w, f, 1000, 1.0) < 1.5 * US);
	assert_true(report(f).path_offset_ns[1] < 1.0);
	assert_int_equal(report(f).path_changes, 2);
	world_filter_free(f);
}

static void a_longer_path_both_ways_is_not_taken_for_the_clock(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 3);

	(void)state;
	w.base_ns[0] += 1.0 * MS;
	w.base_ns[1] += 1.0 * MS;
	assert_true(world_run(&w, f, 2000, 1.0) < 10.0 * US);
	w.base_ns[0] -= 1.0 * MS;
	w.base_ns[1] -= 1.0 * MS;
	assert_true(world_run(&w, f, 2000, 1.0) < 10.0 * US);
	world_filter_free(f);
}

static void a_shorter_path_both_ways_is_not_taken_for_the_clock(void **state)
{
	struct world w;
	struct filter *f;

	(void)state;
	world_init(&w, 4);
	w.base_ns[0] = w.base_ns[1] = 2.0 * MS;
	f = world_filter(&w);
	world_run(&w, f, 1000, 1.0);
	w.base_ns[0] = w.base_ns[1] = 0.1 * MS;
	world_run(&w, f, 100, 1.0);
	assert_true(world_run(&w, f, 1000, 1.0) < 2.0 * US);
	world_filter_free(f);
}

static void a_step_of_the_server_is_followed(double step_ns)
{
	struct world w;
	struct filter *f = settled(&w, 5);

	w.server_ns = step_ns;
	world_run(&w, f, 10, 1.0);
	/* world_error() is against true time, and the server is not true any more. */
	assert_true(fabs(world_run(&w, f, 300, 1.0) - fabs(step_ns)) < 10.0 * US);
	assert_true(report(f).path_offset_ns[0] < 1.0);
	assert_true(report(f).path_offset_ns[1] < 1.0);
	world_filter_free(f);
}

static void steps_of_the_server_are_followed(void **state)
{
	(void)state;
	a_step_of_the_server_is_followed(0.2 * MS);
	a_step_of_the_server_is_followed(-0.2 * MS);
	a_step_of_the_server_is_followed(1.0 * MS);
	a_step_of_the_server_is_followed(-1e9);
	a_step_of_the_server_is_followed(1e9);
}

/* A device or pulse that jumps after 1000 s; how far the estimate is from it 20 s later. */
static double left_after_a_jump(enum sample_kind kind, double jump_ns)
{
	struct sample s = {.kind = kind, .upper_error_ns = INFINITY};
	struct world w;
	struct filter *f;
	double error;

	world_init(&w, 8);
	f = world_filter(&w);
	for (int i = 0; i < 1020; i++) {
		double late = kind == SAMPLE_EDGE ? -1500.0 * log(world_uniform(&w)) : 0.0;

		/* Rarely a pulse comes much too late, so that the density has a long tail. */
		if (kind == SAMPLE_EDGE && world_uniform(&w) < 0.02)
			late += 200.0 * US * world_uniform(&w);
		world_advance(&w, 1.0);
		s.c_before = s.c_after = world_counter(&w, late);
		s.t_before_ns = world_time(&w, 100.0 * world_gaussian(&w));
		s.t_before_ns += i < 1000 ? 0 : (int64_t)jump_ns;
		s.t_after_ns = s.t_before_ns;
		assert_int_equal(filter_add(f, &s), 0);
	}
	error = world_error(&w, f, s.c_after) - jump_ns;
	world_filter_free(f);
	return fabs(error);
}

static void a_device_that_jumps_is_followed(void **state)
{
	(void)state;
	for (double jump = 2.0 * US; jump < 1e10; jump *= 10.0) {
		assert_true(left_after_a_jump(SAMPLE_BRACKET, jump) < 0.2 * US);
		assert_true(left_after_a_jump(SAMPLE_POINT, -jump) < 0.2 * US);
	}
}

/* Stamps before the pulse cannot be; late ones may be the machine's doing. */
static void pulses_that_come_early_are_followed_late_ones_are_not(void **state)
{
	(void)state;
	assert_true(left_after_a_jump(SAMPLE_EDGE, 100.0 * US) < 3.0 * US);
	assert_true(left_after_a_jump(SAMPLE_EDGE, 1e9) < 3.0 * US);
	assert_true(fabs(left_after_a_jump(SAMPLE_EDGE, -100.0 * US) - 100.0 * US) < 3.0 * US);
}

static void one_way_congestion_does_not_move_the_clock(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 6);

	(void)state;
	w.queue_ns[1] = 2.0 * MS;
	assert_true(world_run(&w, f, 1000, 1.0) < 2.0 * US);
	w.queue_ns[1] = 20.0 * US;
	assert_true(world_run(&w, f, 1000, 1.0) < 2.0 * US);
	world_filter_free(f);
}

static void congestion_both_ways_does_not_move_the_clock(void **state)
{
	struct world w;
	struct filter *f = settled(&w, 7);

	(void)state;
	w.queue_ns[0] = w.queue_ns[1] = 1.0 * MS;
	assert_true(world_run(&w, f, 1000, 1.0) < 5.0 * US);
	world_filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_path_one_way_is_not_taken_for_the_clock),
		cmocka_unit_test(and_its_end_is_undone),
		cmocka_unit_test(a_longer_path_both_ways_is_not_taken_for_the_clock),
		cmocka_unit_test(a_shorter_path_both_ways_is_not_taken_for_the_clock),
		cmocka_unit_test(steps_of_the_server_are_followed),
		cmocka_unit_test(a_device_that_jumps_is_followed),
		cmocka_unit_test(pulses_that_come_early_are_followed_late_ones_are_not),
		cmocka_unit_test(one_way_congestion_does_not_move_the_clock),
		cmocka_unit_test(congestion_both_ways_does_not_move_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
