// SPDX-License-Identifier: GPL-2.0-or-later
/* Pulses at a clock's pin: the counter at the edge, whatever the clock shows and how late we look.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vmclock-abi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/source/extts.c"

#define TICKS_PER_NS 3
#define OFFSET_NS INT64_C(1800000000000000000)

/* A device whose time is CLOCK_MONOTONIC_RAW + offset_ns; its stamps come through a pipe. */
static struct {
	int pipe[2];
	int64_t offset_ns;
	bool gone;
	bool strict; /* knows PTP_EXTTS_REQUEST2 */
	int pin_error;
	unsigned int flags; /* of the last request for stamps */
	struct ptp_pin_desc pin;
} device;

static int64_t raw_ns(clockid_t id)
{
	struct timespec t;

	(void)id;
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t read_counter(void)
{
	return TICKS_PER_NS * (uint64_t)raw_ns(CLOCK_MONOTONIC_RAW);
}

static const struct counter counter = {.name = "tsc",
				       .page_id = VMCLOCK_COUNTER_X86_TSC,
				       .nominal_hz = TICKS_PER_NS * 1e9,
				       .ns_per_tick = 1.0 / TICKS_PER_NS,
				       .read = read_counter};

static struct ptp_clock_time stamp_of(int64_t ns)
{
	return (struct ptp_clock_time){.sec = ns / NS_PER_S, .nsec = (uint32_t)(ns % NS_PER_S)};
}

static int fake_open(const char *path)
{
	(void)path;
	if (device.gone)
		return -ENOENT;
	assert_int_equal(pipe(device.pipe), 0);
	return device.pipe[0];
}

static void fake_close(int fd)
{
	close(fd);
	close(device.pipe[1]);
}

static int fake_read(struct ptp_sys_offset_precise *data)
{
	int64_t now_ns = raw_ns(CLOCK_MONOTONIC_RAW);

	if (device.gone)
		return -ENODEV;
	data->sys_monoraw = stamp_of(now_ns);
	data->device = stamp_of(now_ns + device.offset_ns);
	return 0;
}

static int fake_control(int fd, unsigned long request, void *argument)
{
	(void)fd;
	if (request == PTP_SYS_OFFSET_PRECISE)
		return fake_read(argument);
	if (request == PTP_PIN_SETFUNC) {
		device.pin = *(struct ptp_pin_desc *)argument;
		return device.pin_error;
	}
	if (request == PTP_EXTTS_REQUEST || (request == PTP_EXTTS_REQUEST2 && device.strict)) {
		device.flags = ((struct ptp_extts_request *)argument)->flags;
		return 0;
	}
	return -EOPNOTSUPP;
}

static const struct phc_kernel kernel = {
	.open = fake_open, .control = fake_control, .close = fake_close, .clock_ns = raw_ns};
static const struct phc_places places = {.sys = "/nonexistent", .dev = "/dev"};

static struct loop loop;
static struct {
	unsigned int events;
	struct event_edge last;
	unsigned int offline;
} told;

static int take_event(void *context, struct source *source, const struct event *event)
{
	(void)context;
	(void)source;
	assert_int_equal(event->kind, EVENT_LATCH);
	told.events++;
	told.last = event->edge;
	return 0;
}

static void take_offline(void *context, struct source *source)
{
	(void)context;
	(void)source;
	told.offline++;
}

static struct source_env env = {
	.loop = &loop, .counter = &counter, .event = take_event, .offline = take_offline};
static struct config_source config;
static struct source source;
static struct extts *extts;

static int setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	memset(&told, 0, sizeof(told));
	memset(&loop, 0, sizeof(loop));
	memset(&source, 0, sizeof(source));
	device.offset_ns = OFFSET_NS;
	device.strict = true;
	config = (struct config_source){.name = "pin",
					.type = SOURCE_TYPE_EXTTS,
					.device = "/dev/null",
					.reads = 1,
					.min_poll_s = 1,
					.max_poll_s = 1,
					.channel = 2,
					.pin = 3};
	assert_int_equal(extts_start_at(&source, &config, &env, &kernel, &places), 0);
	extts = source.impl;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source.ops->stop(&source);
	return 0;
}

static void pulse(unsigned int channel, int64_t t_ns)
{
	struct ptp_extts_event event = {.t = stamp_of(t_ns), .index = channel};

	assert_int_equal(write(device.pipe[1], &event, sizeof(event)), sizeof(event));
}

static void the_counter_at_the_edge_is_found_however_late_we_look(void **state)
{
	(void)state;
	silence(&extts->timer, 0);
	for (int i = 0; i < 50; i++) {
		int64_t edge_ns = raw_ns(CLOCK_MONOTONIC_RAW);
		double away;

		usleep(i % 2 ? 100 : 20000);
		pulse(2, edge_ns + device.offset_ns);
		assert_int_equal(loop_run_once(&loop, 0), 0);
		assert_int_equal(told.events, i); /* of the first pulse, no rate is known */
		if (!i)
			continue;
		away = (double)counter_diff(told.last.c_edge, TICKS_PER_NS * (uint64_t)edge_ns);
		assert_true(fabs(away) <= told.last.uncertainty_ticks);
		assert_false(told.last.labelled);
	}
	assert_int_equal(told.offline, 0);
	assert_string_equal(source.claims.address, "/dev/null:2");
}

static void the_rate_of_the_device_is_learned_and_its_errors_are_counted(void **state)
{
	/* Device 100 ppm fast, readings 1 s apart and 1000 ticks wide, edge 1 ms before the last.
	 */
	const struct phc_reading before = {.c_before = 5000, .c_after = 6000, .t_ns = 7000};
	const struct phc_reading after = {.c_before = UINT64_C(3000005000),
					  .c_after = UINT64_C(3000006000),
					  .t_ns = 7000 + 1000100000};
	const int64_t edge_ns = after.t_ns - 1000100;
	struct extts_rate rate = {0};
	struct event_edge edge;

	(void)state;
	assert_true(extts_convert(&before, &after, edge_ns, 1.0 / 3, &rate, &edge));
	assert_true(llabs(counter_diff(edge.c_edge, UINT64_C(2997005500))) <= 1);
	assert_true(edge.uncertainty_ticks > 500 && edge.uncertainty_ticks < 515);
	assert_true(fabs(rate.ticks_per_ns * 1.0001 - 3) < 1e-9);
	assert_true(rate.error > 300e-9 && rate.error < 400e-9);
	/* 2 ppm faster in the second before: 2 us, of which the brackets hide 667 ns. */
	rate.ticks_per_ns *= 1 - 2e-6;
	assert_true(extts_convert(&before, &after, edge_ns, 1.0 / 3, &rate, &edge));
	assert_true(edge.uncertainty_ticks > 4500 && edge.uncertainty_ticks < 4520);
	/* 100 ppm are more than a clock is steered by from one second to the next. */
	rate.ticks_per_ns *= 1 - 100e-6;
	assert_false(extts_convert(&before, &after, edge_ns, 1.0 / 3, &rate, &edge));
	/* Backwards, far, or at an impossible rate: not believed. */
	rate = (struct extts_rate){0};
	assert_false(extts_convert(&after, &before, 7000, 1.0 / 3, &rate, &edge));
	assert_false(
		extts_convert(&before, &after, after.t_ns - 3 * NS_PER_S, 1.0 / 3, &rate, &edge));
	assert_false(extts_convert(&before, &after, after.t_ns, 1.001 / 3, &rate, &edge));
}

/* By so little that a second's rate does not look impossible. */
static void a_step_between_edge_and_reading_is_no_error_of_the_edge(void **state)
{
	const struct phc_reading before = {.c_before = 5000, .c_after = 6000, .t_ns = 7000};
	struct phc_reading after = {.c_before = UINT64_C(3000005000),
				    .c_after = UINT64_C(3000006000)};
	const uint64_t truth = UINT64_C(2997005500); /* 1 ms before */
	struct event_edge edge;

	(void)state;
	for (int64_t step_ns = -400000; step_ns <= 400000; step_ns += 100) {
		struct extts_rate rate = {3, 333e-9};

		after.t_ns = 7000 + NS_PER_S + step_ns;
		if (extts_convert(&before, &after, 7000 + NS_PER_S - 1000000, 1.0 / 3, &rate,
				  &edge))
			assert_true(fabs((double)counter_diff(edge.c_edge, truth)) <=
				    edge.uncertainty_ticks + 2000); /* brackets */
		else
			assert_true(llabs(step_ns) > 2000);
	}
}

static void a_step_of_the_clock_costs_two_pulses(void **state)
{
	(void)state;
	silence(&extts->timer, 0);
	for (int i = 0; i < 2; i++) {
		usleep(20000);
		pulse(2, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
		assert_int_equal(loop_run_once(&loop, 0), 0);
	}
	assert_int_equal(told.events, 1);
	usleep(20000);
	device.offset_ns += 5000000;
	pulse(2, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 1);
	assert_non_null(strstr(source.claims.problem, "was stepped"));
	for (int i = 0; i < 2; i++) {
		usleep(20000);
		pulse(2, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
		assert_int_equal(loop_run_once(&loop, 0), 0);
		assert_int_equal(told.events, 1 + i);
	}
}

static void pins_and_edges_are_set_up(void **state)
{
	(void)state;
	silence(&extts->timer, 0);
	assert_int_equal(device.pin.index, 3);
	assert_int_equal(device.pin.func, PTP_PF_EXTTS);
	assert_int_equal(device.pin.chan, 2);
	assert_int_equal(device.flags, PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_RISING_EDGE);
	stop_listening(extts);
	device.strict = false;
	config.edge = EDGE_CLEAR;
	silence(&extts->timer, 0);
	assert_int_equal(device.flags, PTP_ENABLE_FEATURE | PTP_FALLING_EDGE);
}

/* Of an old driver: whichever edge comes first, the one after the longer part of the second marks
 * it. */
static void of_both_edges_the_pulse_s_begin_is_taken(void **state)
{
	int64_t first_ns;

	(void)state;
	device.strict = false;
	silence(&extts->timer, 0);
	usleep(20000);
	silence(&extts->timer, 0); /* a second reading, for the rate */
	first_ns = raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns;
	pulse(2, first_ns - 1200000000); /* the end of one: cannot be told */
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 0);
	pulse(2, first_ns - 300000000);
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 1);
	pulse(2, first_ns - 200000000); /* 100 ms later, its end */
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 1);
}

static void other_channels_are_not_ours(void **state)
{
	(void)state;
	silence(&extts->timer, 0);
	pulse(1, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 0);
}

static void a_pin_that_cannot_is_named_and_tried_again(void **state)
{
	(void)state;
	device.pin_error = -EINVAL;
	silence(&extts->timer, 0);
	assert_int_equal(told.offline, 1);
	assert_string_equal(source.claims.problem,
			    "pin 3 cannot stamp for channel 2: Invalid argument");
	device.pin_error = 0;
	silence(&extts->timer, 0);
	assert_true(extts->watch.linked);
}

static void silence_drops_it_after_three_pulses(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		silence(&extts->timer, 0);
	assert_int_equal(told.offline, 1);
	assert_string_equal(source.claims.problem, "no pulse comes at channel 2");
	usleep(20000);
	pulse(2, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 1);
	assert_string_equal(source.claims.problem, "");
}

static void a_device_that_goes_is_noticed_and_comes_back(void **state)
{
	(void)state;
	silence(&extts->timer, 0);
	device.gone = true;
	silence(&extts->timer, 0);
	assert_int_equal(told.offline, 1);
	assert_false(extts->watch.linked);
	silence(&extts->timer, 0);
	device.gone = false;
	silence(&extts->timer, 0);
	assert_true(extts->watch.linked);
	usleep(20000);
	silence(&extts->timer, 0);
	usleep(20000);
	pulse(2, raw_ns(CLOCK_MONOTONIC_RAW) + device.offset_ns);
	assert_int_equal(loop_run_once(&loop, 0), 0);
	assert_int_equal(told.events, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_counter_at_the_edge_is_found_however_late_we_look),
		TEST(the_rate_of_the_device_is_learned_and_its_errors_are_counted),
		TEST(a_step_between_edge_and_reading_is_no_error_of_the_edge),
		TEST(a_step_of_the_clock_costs_two_pulses),
		TEST(pins_and_edges_are_set_up),
		TEST(of_both_edges_the_pulse_s_begin_is_taken),
		TEST(other_channels_are_not_ours),
		TEST(a_pin_that_cannot_is_named_and_tried_again),
		TEST(silence_drops_it_after_three_pulses),
		TEST(a_device_that_goes_is_noticed_and_comes_back),
	};

	return cmocka_run_group_tests_name("extts", tests, NULL, NULL);
}
