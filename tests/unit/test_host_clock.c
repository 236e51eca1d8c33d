// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's clock follows a reference: held against a kernel that is played here. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "publish/host_clock.h"

#define NS_PER_S INT64_C(1000000000)
#define TRUE_NS_PER_TICK (1 / 2.596)
#define START_NS (INT64_C(1795399200) * NS_PER_S)

/* A kernel's CLOCK_REALTIME, and the true time beside it; both in ns since START_NS. */
struct kernel {
	double counted_ns; /* by the counter, at its true rate */
	double true_ns;	   /* what the reference says; runs faster or slower while it slews */
	double slew;
	double realtime_ns;
	double nominal;	 /* its own idea of the period over the true one */
	double noise_ns; /* of reading it */
	struct timex t;
	long adjtime_us; /* left of an adjtime() */
	int fails;	 /* errno of all that changes it */
	unsigned int steps;
	double farthest_units;
	double backwards_ns;
};

struct fixture {
	struct kernel kernel;
	struct host_clock clock;
	struct host_reference reference;
	unsigned int seed;
};

static void pass(struct kernel *k, double true_s)
{
	double rate = (double)k->t.freq / 65536e6;

	k->counted_ns += true_s * 1e9;
	k->true_ns += true_s * 1e9 * (1 + k->slew);
	k->realtime_ns += true_s * 1e9 * k->nominal * (1 + rate) * ((double)k->t.tick / 10000);
}

static void shift(struct kernel *k, const struct timex *t)
{
	double by_ns = (double)t->time.tv_sec * 1e9 + (double)t->time.tv_usec;

	assert_true(t->modes & ADJ_NANO);
	assert_true(t->time.tv_usec >= 0 && t->time.tv_usec < NS_PER_S);
	k->realtime_ns += by_ns;
	k->steps++;
}

static int adjust(void *context, struct timex *t)
{
	struct kernel *k = context;
	unsigned int modes = t->modes;

	if (modes && modes != ADJ_OFFSET_SS_READ && k->fails) {
		errno = k->fails;
		return -1;
	}
	if (modes == ADJ_OFFSET_SINGLESHOT)
		return 0;
	if (modes == ADJ_OFFSET_SS_READ) {
		t->offset = k->adjtime_us;
		return 0;
	}
	if (modes & ADJ_SETOFFSET)
		shift(k, t);
	if (modes & ADJ_FREQUENCY) {
		k->t.freq = t->freq;
		k->farthest_units = fmax(k->farthest_units, (double)labs(t->freq));
	}
	if (modes & ADJ_STATUS)
		k->t.status = t->status;
	if (modes & ADJ_MAXERROR)
		k->t.maxerror = t->maxerror;
	if (modes & ADJ_ESTERROR)
		k->t.esterror = t->esterror;
	if (modes & ADJ_TAI)
		k->t.tai = (int)t->constant;
	*t = k->t;
	return TIME_OK;
}

static double random_1(struct fixture *f)
{
	return (double)rand_r(&f->seed) / RAND_MAX * 2 - 1;
}

/* One update; the reference is the true time. */
static bool update(struct fixture *f)
{
	struct kernel *k = &f->kernel;
	double noise_ns = k->noise_ns * random_1(f);

	f->reference.utc_ns = START_NS + llround(k->true_ns);
	return host_clock_update(&f->clock, (uint64_t)llround(k->counted_ns / TRUE_NS_PER_TICK),
				 START_NS + llround(k->realtime_ns + noise_ns), &f->reference, 1);
}

static double error_ns(const struct fixture *f)
{
	return f->kernel.realtime_ns - f->kernel.true_ns;
}

static void run(struct fixture *f, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		update(f);
		pass(&f->kernel, 1);
	}
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.seed = (unsigned int)time(NULL);
	print_message("seed %u\n", f.seed);
	f.kernel =
		(struct kernel){.nominal = 1 + 23.4e-6, .t = {.tick = 10000, .status = STA_UNSYNC}};
	f.reference = (struct host_reference){.usable = true,
					      .ns_per_tick = TRUE_NS_PER_TICK,
					      .est_error_ns = 700,
					      .max_error_ns = 20100,
					      .tai_offset_s = 37};
	host_clock_init(&f.clock, adjust, &f.kernel, 100e6, 3);
	*state = &f;
	return 0;
}

static void it_follows_from_wherever_it_was(void **state)
{
	struct fixture *f = *state;

	f->kernel.realtime_ns = -3e6;
	f->kernel.t.freq = 12 << 16; /* of somebody before us */
	run(f, 30);
	assert_int_equal(f->clock.state, HOST_CLOCK_FOLLOWING);
	for (int i = 0; i < 60; i++) {
		run(f, 1);
		assert_true(fabs(error_ns(f)) < 2);
	}
	assert_int_equal(f->kernel.steps, 0);
	assert_true(fabs(host_clock_rate_ppb(&f->clock) + 23400) < 2);
}

static void noise_of_readings_is_not_amplified(void **state)
{
	struct fixture *f = *state;
	double sum = 0;

	f->kernel.noise_ns = 40;
	run(f, 120);
	for (int i = 0; i < 300; i++) {
		run(f, 1);
		sum += error_ns(f) * error_ns(f);
		assert_true(fabs(error_ns(f)) < 100);
	}
	assert_true(sqrt(sum / 300) < 40);
}

static void a_reference_that_slews_is_followed(void **state)
{
	struct fixture *f = *state;

	run(f, 100);
	f->kernel.slew = 50e-6; /* the line's own highest */
	f->reference.ns_per_tick *= 1 + f->kernel.slew;
	for (int i = 0; i < 10; i++) {
		run(f, 1);
		assert_true(fabs(error_ns(f)) < 2);
	}
}

static void it_steps_at_the_start_only_and_when_far_off_only(void **state)
{
	struct fixture *f = *state;

	f->kernel.realtime_ns = 7.3e9;
	assert_true(update(f));
	assert_int_equal(f->kernel.steps, 1);
	assert_true(fabs(error_ns(f)) < 2);
	run(f, 20);
	assert_int_equal(f->kernel.steps, 1);
	assert_true(fabs(error_ns(f)) < 2);
	f->clock.rate.begun = false; /* as after a wait: the clock may have been left far off */
	f->kernel.realtime_ns += 5e9;
	run(f, 20);
	assert_int_equal(f->kernel.steps, 1);
	assert_int_equal(f->clock.state, HOST_CLOCK_SLEWING);
	assert_true(f->kernel.farthest_units <= HOST_RATE_MAX_UNITS);
	assert_true(error_ns(f) < 5e9 - 19 * 300e3 && error_ns(f) > 4e9);
}

static void below_the_limit_it_never_steps(void **state)
{
	struct fixture *f = *state;

	f->kernel.realtime_ns = 99e6;
	run(f, 400);
	assert_int_equal(f->kernel.steps, 0);
	assert_true(fabs(error_ns(f)) < 2);
}

static void what_the_kernel_tells_others_is_right(void **state)
{
	struct fixture *f = *state;

	f->reference.leap_today = 1;
	run(f, 60);
	assert_int_equal(f->kernel.t.status & (STA_UNSYNC | STA_INS | STA_DEL | STA_PLL), STA_INS);
	assert_int_equal(f->kernel.t.tai, 37);
	assert_int_equal(f->kernel.t.maxerror, 21);
	assert_int_equal(f->kernel.t.esterror, 1);
	f->reference.leap_today = -1;
	update(f);
	assert_int_equal(f->kernel.t.status & (STA_INS | STA_DEL), STA_DEL);
	f->reference.leap_today = 0;
	f->reference.max_error_ns = INFINITY;
	update(f);
	assert_int_equal(f->kernel.t.status & (STA_INS | STA_DEL), 0);
	assert_int_equal(f->kernel.t.maxerror, 16000000);
}

static void assert_stopped(struct fixture *f, const char *why)
{
	long freq = f->kernel.t.freq;

	assert_true(update(f));
	assert_int_equal(f->clock.state, HOST_CLOCK_STOPPED);
	assert_non_null(strstr(f->clock.why, why));
	assert_false(update(f));
	assert_int_equal(f->kernel.t.freq, freq); /* what others set is left alone */
}

static void another_rate_ends_it(void **state)
{
	struct fixture *f = *state;

	run(f, 10);
	f->kernel.t.freq += 2;
	assert_stopped(f, "the rate");
}

static void another_tick_ends_it(void **state)
{
	struct fixture *f = *state;

	run(f, 10);
	f->kernel.t.tick = 10001;
	assert_stopped(f, "tick");
}

static void a_kernel_loop_ends_it(void **state)
{
	struct fixture *f = *state;

	run(f, 10);
	f->kernel.t.status |= STA_PLL;
	assert_stopped(f, "steer");
}

static void adjtime_ends_it(void **state)
{
	struct fixture *f = *state;

	run(f, 10);
	f->kernel.adjtime_us = 20;
	assert_stopped(f, "adjtime");
}

static void a_clock_that_was_set_ends_it(void **state)
{
	struct fixture *f = *state;

	run(f, 10);
	f->kernel.realtime_ns -= 3e6;
	assert_stopped(f, "has set the clock");
}

static void a_kernel_loop_at_the_start_is_left_alone(void **state)
{
	struct fixture *f = *state;

	f->kernel.t.status |= STA_PLL;
	assert_stopped(f, "steer");
}

static void no_right_to_steer_is_said(void **state)
{
	struct fixture *f = *state;

	f->kernel.fails = EPERM;
	assert_stopped(f, strerror(EPERM));
}

/* 500 ppm towards the reference would be 43 s a day away from it. */
static void a_slew_ends_with_the_looking(void **state)
{
	struct fixture *f = *state;
	double before_ns;

	f->kernel.realtime_ns = 99e6;
	run(f, 20);
	assert_int_equal(f->clock.state, HOST_CLOCK_SLEWING);
	f->reference.usable = false;
	update(f);
	before_ns = error_ns(f);
	pass(&f->kernel, 3600);
	assert_true(fabs(error_ns(f) - before_ns) < 3600 * 50.0);
	f->reference.usable = true;
	run(f, 20);
	assert_int_equal(f->clock.state, HOST_CLOCK_SLEWING);
	host_clock_stop(&f->clock, "the end");
	before_ns = error_ns(f);
	pass(&f->kernel, 3600);
	assert_true(fabs(error_ns(f) - before_ns) < 3600 * 50.0);
	assert_false(update(f));
}

static void without_a_usable_time_only_the_slew_ends(void **state)
{
	struct fixture *f = *state;
	struct timex before;

	run(f, 50);
	f->reference.usable = false;
	assert_true(update(f));
	before = f->kernel.t;
	run(f, 10);
	assert_int_equal(f->clock.state, HOST_CLOCK_WAITING);
	assert_memory_equal(&before, &f->kernel.t, sizeof(before));
	f->reference.usable = true;
	f->reference.leap_near = true;
	run(f, 3);
	assert_int_equal(f->clock.state, HOST_CLOCK_WAITING);
	assert_memory_equal(&before, &f->kernel.t, sizeof(before));
	f->kernel.realtime_ns += 1e9; /* the leap second: not somebody else's doing */
	f->kernel.true_ns += 1e9;
	f->reference.leap_near = false;
	run(f, 3);
	assert_int_equal(f->clock.state, HOST_CLOCK_FOLLOWING);
}

/* The kernel steers for a while: what it did is nobody's interference. */
static void a_pause_takes_nothing_amiss(void **state)
{
	struct fixture *f = *state;

	run(f, 50);
	host_clock_pause(&f->clock, "the kernel");
	assert_int_equal(f->clock.state, HOST_CLOCK_WAITING);
	f->kernel.t.freq += 40 << 16;
	pass(&f->kernel, 10);
	f->kernel.realtime_ns = f->kernel.true_ns + 1e6;
	run(f, 60);
	assert_int_equal(f->clock.state, HOST_CLOCK_FOLLOWING);
	assert_true(fabs(error_ns(f)) < 2);
	host_clock_stop(&f->clock, "the end");
	host_clock_pause(&f->clock, "the kernel");
	assert_int_equal(f->clock.state, HOST_CLOCK_STOPPED);
}

/* Another clocksource has another nominal period, from one moment to the next. */
static void another_clocksource_is_learned(void **state)
{
	struct fixture *f = *state;

	run(f, 200);
	f->kernel.nominal = 1 - 80e-6;
	run(f, 20);
	assert_int_equal(f->clock.state, HOST_CLOCK_FOLLOWING);
	assert_true(fabs(error_ns(f)) < 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(it_follows_from_wherever_it_was),
		CASE(noise_of_readings_is_not_amplified),
		CASE(a_reference_that_slews_is_followed),
		CASE(it_steps_at_the_start_only_and_when_far_off_only),
		CASE(below_the_limit_it_never_steps),
		CASE(what_the_kernel_tells_others_is_right),
		CASE(another_rate_ends_it),
		CASE(another_tick_ends_it),
		CASE(a_kernel_loop_ends_it),
		CASE(adjtime_ends_it),
		CASE(a_clock_that_was_set_ends_it),
		CASE(a_kernel_loop_at_the_start_is_left_alone),
		CASE(no_right_to_steer_is_said),
		CASE(a_slew_ends_with_the_looking),
		CASE(without_a_usable_time_only_the_slew_ends),
		CASE(a_pause_takes_nothing_amiss),
		CASE(another_clocksource_is_learned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
