// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel's pulse becomes a counter value, and whatever is wrong with the device is survived. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "daemon/source/pps.h"
#include "daemon/source/pps_find.h"
#include "daemon/source/pulse_timer.h"
#include "daemon/source/realtime.h"
#include "source_bench.h"

#define S_NS INT64_C(1000000000)

/* --- CLOCK_REALTIME to counter ------------------------------------------------------------ */

/* 1 GHz, REALTIME 100 ppm fast: looks a second apart. */
static struct realtime_track two_looks(bool steady)
{
	static const struct counter counter = {.ns_per_tick = 1};
	struct realtime_track t = {.counter = &counter, .count = 2};

	t.looks[0] = (struct realtime_look){
		.pair = {.counter = 1000, .half_ns = 20, .realtime_ns = 5 * S_NS},
		.steady = steady,
		.rate = steady ? 1.0001 : 0,
		.rate_error = 40e-9};
	t.looks[1] = (struct realtime_look){
		.pair = {.counter = 1000 + S_NS, .half_ns = 20, .realtime_ns = 6 * S_NS + 100000},
		.steady = steady,
		.rate = steady ? 1.0001 : 0,
		.rate_error = 40e-9};
	return t;
}

static void a_steady_clock_is_followed_at_its_own_rate(void **state)
{
	struct realtime_track t = two_looks(true);
	struct stamp stamp;

	(void)state;
	assert_true(realtime_convert(&t, 5 * S_NS + 900090000, &stamp));
	assert_true(llabs(counter_diff(stamp.counter, 1000 + 900000000)) <= 1);
	assert_true(stamp.error_ns < 150);
	t.looks[1].rate = 0; /* somebody has changed it */
	assert_true(realtime_convert(&t, 5 * S_NS + 900090000, &stamp));
	assert_true(stamp.error_ns > 40000);
	assert_true(fabs((double)counter_diff(stamp.counter, 1000 + 900000000)) <= stamp.error_ns);
}

/* adjtime() slews by 500 ppm for 40 ms, and neither look sees it. */
static void a_slew_between_the_looks_is_seen_in_the_rate(void **state)
{
	struct realtime_track t = two_looks(true);
	struct stamp stamp;

	(void)state;
	t.looks[1].pair.realtime_ns += 20000;
	t.looks[1].rate += 20e-6;
	assert_true(realtime_convert(&t, 5 * S_NS + 500050000, &stamp));
	assert_true(stamp.error_ns > 20000);
}

/* 400 ppm by the kernel's frequency, and 500 more by adjtime() in the last tenth of the second. */
static void a_slew_adds_to_the_rate_that_the_kernel_was_told(void **state)
{
	struct realtime_track t = two_looks(false);
	struct stamp stamp;

	(void)state;
	t.looks[1].pair.realtime_ns = 6 * S_NS + 360000 + 90000;
	t.looks[1].reach = 900e-6;
	assert_true(realtime_convert(&t, 5 * S_NS + 900000000 + 360000, &stamp));
	assert_true(fabs((double)counter_diff(stamp.counter, 1000 + 900000000)) <= stamp.error_ns);
}

static void a_look_says_how_fast_the_clock_may_run(void **state)
{
	struct counter counter;
	struct realtime_track t;
	char message[256];

	(void)state;
	assert_int_equal(counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &counter,
				      message, sizeof(message)),
			 0);
	realtime_start(&t, &counter, false);
	realtime_look(&t);
	assert_true(t.looks[0].reach >= 500e-6);
	realtime_start(&t, &counter, true);
	realtime_look(&t);
	assert_true(t.looks[0].reach >= 1000e-6);
}

static void a_clock_that_is_slewed_beyond_500_ppm_converts_nothing(void **state)
{
	struct realtime_track t = two_looks(true);
	struct stamp stamp;

	(void)state;
	t.looks[0].fast = true;
	assert_false(realtime_convert(&t, 5 * S_NS + 500000000, &stamp));
	t.looks[0].fast = false;
	t.looks[1].fast = true;
	assert_false(realtime_convert(&t, 5 * S_NS + 500000000, &stamp));
}

static void an_unsteady_clock_may_have_run_anyhow(void **state)
{
	struct realtime_track t = two_looks(false);
	struct stamp stamp;

	(void)state;
	assert_true(realtime_convert(&t, 6 * S_NS + 90000, &stamp));
	assert_true(stamp.error_ns > 25 && stamp.error_ns < 40);
	assert_true(realtime_convert(&t, 5 * S_NS + 500000000, &stamp));
	assert_true(stamp.error_ns > 240000);
}

static void stamps_outside_of_all_looks_are_not_converted(void **state)
{
	struct realtime_track t = two_looks(true);
	struct stamp stamp;

	(void)state;
	assert_false(realtime_convert(&t, 5 * S_NS - 1, &stamp));
	assert_false(realtime_convert(&t, 6 * S_NS + 100001, &stamp));
	t.count = 1;
	assert_false(realtime_convert(&t, 5 * S_NS, &stamp));
}

static void a_clock_that_was_set_converts_nothing(void **state)
{
	struct realtime_track t = two_looks(true);
	struct stamp stamp;

	(void)state;
	t.looks[1].pair.set_offset_ns = 5000;
	assert_false(realtime_convert(&t, 5 * S_NS + 500000000, &stamp));
}

/* Set back by half a second between the first two looks: it showed some times twice. */
static void a_time_that_was_shown_twice_is_not_converted(void **state)
{
	struct realtime_track t = two_looks(false);
	struct stamp stamp;

	(void)state;
	t.count = 3;
	t.looks[2] = t.looks[1];
	t.looks[1].pair.realtime_ns -= S_NS / 2;
	t.looks[1].pair.set_offset_ns = -S_NS / 2;
	t.looks[2].pair.counter += S_NS;
	t.looks[2].pair.realtime_ns += S_NS / 2 + 100000;
	t.looks[2].pair.set_offset_ns = -S_NS / 2;
	assert_false(realtime_convert(&t, 5 * S_NS + 700000000, &stamp));
	assert_false(realtime_convert(&t, 6 * S_NS, &stamp));
	assert_true(realtime_convert(&t, 6 * S_NS + 2000000, &stamp));
	assert_true(fabs((double)counter_diff(stamp.counter, 1000 + 3 * S_NS / 2)) <= 4e6);
}

static void looks_are_kept_for_a_while(void **state)
{
	struct realtime_track track;
	struct counter counter;
	char message[256];

	(void)state;
	assert_int_equal(counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &counter,
				      message, sizeof(message)),
			 0);
	realtime_start(&track, &counter, false);
	for (int i = 0; i < 3 * REALTIME_LOOKS; i++) {
		realtime_look(&track);
		assert_true(track.count <= REALTIME_LOOKS);
	}
	for (unsigned int i = 1; i < track.count; i++)
		assert_true(counter_diff(track.looks[i].pair.counter,
					 track.looks[i - 1].pair.counter) >= 0);
}

/* --- when to look ------------------------------------------------------------------------- */

static void the_next_look_is_just_after_the_next_pulse(void **state)
{
	struct pulse_timer t = {0};
	int64_t next = pulse_timer_seen(&t, 50 * S_NS, 700000);

	(void)state;
	assert_true(next > 51 * S_NS - 700000 && next < 51 * S_NS);
	next = pulse_timer_seen(&t, 50 * S_NS, 3 * S_NS + 700000); /* an old one */
	assert_true(next > 51 * S_NS - 700000 && next < 51 * S_NS);
}

static void a_late_pulse_is_looked_for_again_and_then_missed(void **state)
{
	struct pulse_timer t = {0};
	int64_t now = pulse_timer_seen(&t, 0, 0), began = now;
	unsigned int missed = 0, looks = 0;

	(void)state;
	while (!missed) {
		int64_t next = pulse_timer_none(&t, now, &missed);

		assert_true(next > now);
		now = next;
		assert_true(++looks < 20);
	}
	assert_int_equal(missed, 1);
	assert_true(now - began > S_NS - 1000000 && now - began < S_NS + 1000000);
}

static void a_pulse_that_stays_away_costs_four_looks_a_second(void **state)
{
	struct pulse_timer t = {0};
	int64_t now = pulse_timer_seen(&t, 0, 0);
	unsigned int missed, sum = 0, looks = 0;

	(void)state;
	for (; now < 1000 * S_NS; looks++) {
		now = pulse_timer_none(&t, now, &missed);
		sum += missed;
	}
	assert_true(sum > 990 && sum <= 1000);
	assert_true(looks < 4200);
}

/* --- the device --------------------------------------------------------------------------- */

static struct fake {
	int open_error, caps, caps_error, set_error, fetch_error;
	struct pps_kparams params;
	struct pps_fdata data;
	int open; /* descriptors */
	unsigned int sets, opens;
	const char *path, *found; /* what is to be opened; what has the name, NULL: nothing */
} fake;

static int fake_open(const char *path)
{
	assert_string_equal(path, fake.path);
	fake.opens++;
	if (fake.open_error)
		return fake.open_error;
	fake.open++;
	return 1000;
}

static void fake_close(int fd)
{
	assert_int_equal(fd, 1000);
	fake.open--;
}

static int fake_capabilities(int fd, int *caps)
{
	(void)fd;
	*caps = fake.caps;
	return fake.caps_error;
}

static int fake_get(int fd, struct pps_kparams *params)
{
	(void)fd;
	*params = fake.params;
	return 0;
}

static int fake_set(int fd, const struct pps_kparams *params)
{
	(void)fd;
	if (fake.set_error)
		return fake.set_error;
	fake.params = *params;
	fake.sets++;
	return 0;
}

static int fake_fetch(int fd, struct pps_fdata *data)
{
	assert_int_equal(fd, 1000);
	assert_true(data->timeout.sec == 0 && data->timeout.nsec == 0 && data->timeout.flags == 0);
	data->info = fake.data.info;
	return fake.fetch_error;
}

static int fake_find(const char *name, char *path, size_t size)
{
	assert_string_equal(name, "pps-gpio.0");
	if (!fake.found)
		return -ENOENT;
	snprintf(path, size, "%s", fake.found);
	return 0;
}

static bool fake_is_at(int fd, const char *path)
{
	return fd == 1000 && !strcmp(path, fake.path);
}

static const struct pps_calls fake_calls = {fake_open, fake_close, fake_capabilities, fake_get,
					    fake_set,  fake_fetch, fake_find,	      fake_is_at};

static struct pps_ktime realtime_now(int64_t later_ns)
{
	int64_t ns = bench_realtime_ns() + later_ns;

	return (struct pps_ktime){.sec = ns / S_NS, .nsec = (int)(ns % S_NS)};
}

static int start(void **state)
{
	(void)state;
	assert_int_equal(bench_start(), 0);
	fake = (struct fake){.caps = PPS_CAPTUREBOTH | PPS_TSFMT_TSPEC | PPS_CANWAIT,
			     .path = "/dev/pps7"};
	bench.config = (struct config_source){
		.name = "gnss", .type = SOURCE_TYPE_PPS, .device = "/dev/pps7"};
	return 0;
}

static void begin(void)
{
	assert_int_equal(pps_start_with(&bench.source, &bench.config, &bench.env, &fake_calls), 0);
}

static int stop(void **state)
{
	(void)state;
	source_stop(&bench.source);
	assert_int_equal(fake.open, 0);
	assert_null(bench.loop.timers);
	return 0;
}

static void look(void)
{
	bench_look();
	assert_true(bench.loop.timers && bench.loop.timers->at_ns > 0);
}

static void pulse(void)
{
	fake.data.info.assert_sequence++;
	fake.data.info.assert_tu = realtime_now(0);
	look();
}

static void a_pulse_becomes_the_counter_at_its_stamp(void **state)
{
	(void)state;
	begin();
	look();
	pulse(); /* the first one that is seen may be an old one */
	for (int i = 0; i < 5; i++) {
		uint64_t before = bench.counter.read();

		pulse();
		assert_int_equal(bench.last.kind, EVENT_PPS);
		assert_false(bench.last.edge.labelled);
		assert_true((double)counter_diff(bench.last.edge.c_edge, before) >=
			    -bench.last.edge.uncertainty_ticks);
		assert_true(counter_diff(bench.counter.read(), bench.last.edge.c_edge) >= 0);
	}
	assert_int_equal(bench.events, 5);
	assert_int_equal(bench.source.stats.received, 5);
	assert_int_equal(bench.source.stats.stamps_kernel, 5);
	look(); /* nothing new */
	assert_int_equal(bench.events, 5);
}

static void both_edges_are_asked_for_without_echo_and_offset(void **state)
{
	(void)state;
	fake.params.mode = PPS_CAPTUREASSERT | PPS_ECHOASSERT | PPS_OFFSETASSERT;
	begin();
	look();
	assert_int_equal(fake.sets, 1);
	assert_int_equal(fake.params.mode, PPS_CAPTUREBOTH | PPS_TSFMT_TSPEC);
	assert_int_equal(fake.params.api_version, PPS_API_VERS);
}

static void the_other_edge_tells_the_width(void **state)
{
	(void)state;
	begin();
	look();
	pulse();
	fake.data.info.clear_sequence = 1;
	fake.data.info.clear_tu = realtime_now(-S_NS / 2);
	pulse();
	assert_true(
		fabs(bench.last.edge.since_other_ticks * bench.counter.ns_per_tick -
		     (double)(fake.data.info.assert_tu.sec - fake.data.info.clear_tu.sec) * 1e9 -
		     (fake.data.info.assert_tu.nsec - fake.data.info.clear_tu.nsec)) < 10);
	fake.data.info.clear_tu = realtime_now(S_NS);
	pulse();
	assert_true(bench.last.edge.since_other_ticks == 0);
}

static void clear_means_the_other_edge(void **state)
{
	(void)state;
	bench.config.edge = EDGE_CLEAR;
	begin();
	look();
	pulse();
	pulse();
	assert_int_equal(bench.events, 0);
	for (int i = 0; i < 2; i++) {
		fake.data.info.clear_sequence++;
		fake.data.info.clear_tu = realtime_now(0);
		look();
	}
	assert_int_equal(bench.events, 1);
}

static void without_the_right_to_set_it_a_device_may_be_set_up_already(void **state)
{
	(void)state;
	fake.set_error = -EPERM;
	begin();
	look();
	assert_non_null(strstr(bench.source.claims.problem, "CAP_SYS_TIME"));
	assert_int_equal(fake.open, 0);
	fake.params.mode = PPS_CAPTUREASSERT | PPS_OFFSETASSERT; /* shifted by somebody */
	look();
	assert_int_equal(fake.open, 0);
	fake.params.mode = PPS_CAPTUREASSERT | PPS_ECHOASSERT;
	look();
	assert_int_equal(fake.open, 1);
	assert_string_equal(bench.source.claims.problem, "");
}

static void stamps_that_somebody_shifts_are_not_taken(void **state)
{
	(void)state;
	begin();
	bench_look();
	for (unsigned int i = 1; i <= 4; i++) {
		fake.data.info.assert_sequence = i;
		fake.data.info.assert_tu = realtime_now(0);
		fake.data.info.current_mode = PPS_CAPTUREASSERT | (i == 2 ? PPS_OFFSETASSERT : 0);
		bench_look();
		assert_int_equal(bench.events, i == 4);
		if (i == 2)
			assert_non_null(strstr(bench.source.claims.problem, "offset"));
	}
	assert_true(fake.sets >= 2); /* taken back */
}

static void an_edge_that_the_device_does_not_see_is_named(void **state)
{
	(void)state;
	bench.config.edge = EDGE_CLEAR;
	fake.caps = PPS_CAPTUREASSERT;
	begin();
	look();
	assert_non_null(strstr(bench.source.claims.problem, "try edge = assert"));
	fake.caps_error = -ENOTTY;
	look();
	assert_non_null(strstr(bench.source.claims.problem, "is no PPS device"));
}

static void a_device_may_come_late_go_and_come_back(void **state)
{
	(void)state;
	fake.open_error = -ENOENT;
	begin();
	look();
	look();
	assert_int_equal(fake.opens, 2);
	assert_int_equal(bench.offline, 2);
	assert_non_null(strstr(bench.source.claims.problem, "/dev/pps7 cannot be opened"));
	fake.open_error = 0;
	look();
	pulse();
	pulse();
	assert_int_equal(bench.events, 1);
	fake.fetch_error = -ENODEV;
	look();
	assert_int_equal(fake.open, 0);
	assert_int_equal(bench.offline, 3);
	assert_int_equal(bench.source.stats.reach & 1, 0);
	fake.fetch_error = 0;
	fake.data.info.assert_sequence = 40; /* another device */
	look();
	assert_int_equal(bench.events, 1);
	pulse();
	assert_int_equal(bench.events, 2);
}

/* So many looks that `seconds` pass without a pulse, by the clock of whoever waits for it. */
static void be_silent(unsigned int seconds)
{
	uint64_t before = bench.source.stats.lost;

	for (int i = 0; i < 1000 && bench.source.stats.lost < before + seconds; i++) {
		struct loop_timer *timer = bench.loop.timers;
		int64_t at_ns = timer->at_ns;

		loop_disarm(&bench.loop, timer);
		timer->fire(timer, at_ns);
	}
	assert_true(bench.source.stats.lost >= before + seconds);
}

/* Who has a PPS device open that went away is told nothing. */
static void silence_is_named_and_the_device_opened_anew(void **state)
{
	(void)state;
	begin();
	look();
	pulse();
	pulse();
	be_silent(2);
	assert_int_equal(fake.opens, 1);
	assert_string_equal(bench.source.claims.problem, "");
	be_silent(1);
	assert_int_equal(fake.opens, 2);
	assert_int_equal(fake.open, 1);
	assert_int_equal(bench.offline, 1);
	assert_string_equal(bench.source.claims.problem, "no pulse comes");
	look(); /* the same device */
	pulse();
	assert_int_equal(bench.events, 2);
	assert_string_equal(bench.source.claims.problem, "");
	be_silent(3);
	fake.data.info.assert_sequence =
		90; /* another one in its place: which may be an old edge */
	fake.data.info.assert_tu = realtime_now(0);
	look();
	assert_int_equal(bench.events, 2);
	pulse();
	assert_int_equal(bench.events, 3);
}

static void a_name_is_followed_to_another_number(void **state)
{
	(void)state;
	bench.config.device[0] = '\0';
	snprintf(bench.config.pps_name, sizeof(bench.config.pps_name), "pps-gpio.0");
	begin();
	assert_string_equal(bench.source.claims.address, "pps-gpio.0");
	look();
	assert_string_equal(bench.source.claims.problem, "no PPS device is called 'pps-gpio.0'");
	fake.found = "/dev/pps7";
	look();
	pulse();
	pulse();
	assert_int_equal(bench.events, 1);
	assert_string_equal(bench.source.claims.address, "/dev/pps7");
	fake.found = fake.path = "/dev/pps12";
	be_silent(3);
	assert_string_equal(bench.source.claims.address, "/dev/pps12");
	fake.data.info.assert_sequence = 4000;
	fake.data.info.assert_tu = realtime_now(0);
	look();
	pulse();
	assert_int_equal(bench.events, 2);
}

static void put_file(const char *directory, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void devices_are_found_by_name_and_by_path(void **state)
{
	char sys[] = "/tmp/test_pps_XXXXXX", path[300], command[320];

	(void)state;
	assert_non_null(mkdtemp(sys));
	snprintf(command, sizeof(command),
		 "mkdir -p %s/class/pps/pps0 %s/class/pps/pps2 %s/class/pps/pps11 %s/class/pps/x",
		 sys, sys, sys, sys);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/class/pps/pps0", sys);
	put_file(path, "name", "serial0\n");
	put_file(path, "path", "/dev/ttyS0\n");
	snprintf(path, sizeof(path), "%s/class/pps/pps11", sys);
	put_file(path, "name", "pps-gpio.0\n");
	put_file(path, "path", "\n");
	assert_int_equal(pps_find(sys, "/dev", "pps-gpio.0", path, sizeof(path)), 0);
	assert_string_equal(path, "/dev/pps11");
	assert_int_equal(pps_find(sys, "/dev", "/dev/ttyS0", path, sizeof(path)), 0);
	assert_string_equal(path, "/dev/pps0");
	assert_int_equal(pps_find(sys, "/dev", "pps-gpio", path, sizeof(path)), -ENOENT);
	snprintf(path, sizeof(path), "%s/class/pps/pps2", sys);
	put_file(path, "name", "pps-gpio.0\n");
	assert_int_equal(pps_find(sys, "/dev", "pps-gpio.0", path, sizeof(path)), 0);
	assert_string_equal(path, "/dev/pps2");
	snprintf(command, sizeof(command), "rm -r %s", sys);
	assert_int_equal(system(command), 0);
	assert_int_equal(pps_find(sys, "/dev", "pps-gpio.0", path, sizeof(path)), -ENOENT);
}

static void edges_between_two_looks_and_refused_ones_are_counted(void **state)
{
	(void)state;
	begin();
	look();
	pulse();
	fake.data.info.assert_sequence += 2;
	pulse();
	assert_int_equal(bench.source.stats.duplicates, 2);
	bench.verdict = -ERANGE;
	pulse();
	assert_int_equal(bench.source.stats.rejected, 1);
	assert_int_equal(bench.source.stats.received, 1);
}

static void a_time_that_is_none_is_no_edge(void **state)
{
	(void)state;
	begin();
	look();
	pulse();
	fake.data.info.assert_sequence++;
	fake.data.info.assert_tu = (struct pps_ktime){.sec = INT64_MAX, .nsec = -1};
	look();
	fake.data.info.assert_tu = (struct pps_ktime){.sec = 5, .nsec = 2000000000};
	look();
	assert_int_equal(bench.events, 0);
	pulse();
	assert_int_equal(bench.events, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_clock_is_followed_at_its_own_rate),
		cmocka_unit_test(an_unsteady_clock_may_have_run_anyhow),
		cmocka_unit_test(a_slew_between_the_looks_is_seen_in_the_rate),
		cmocka_unit_test(a_slew_adds_to_the_rate_that_the_kernel_was_told),
		cmocka_unit_test(a_look_says_how_fast_the_clock_may_run),
		cmocka_unit_test(a_clock_that_is_slewed_beyond_500_ppm_converts_nothing),
		cmocka_unit_test(a_time_that_was_shown_twice_is_not_converted),
		cmocka_unit_test(stamps_outside_of_all_looks_are_not_converted),
		cmocka_unit_test(a_clock_that_was_set_converts_nothing),
		cmocka_unit_test(looks_are_kept_for_a_while),
		cmocka_unit_test(the_next_look_is_just_after_the_next_pulse),
		cmocka_unit_test(a_late_pulse_is_looked_for_again_and_then_missed),
		cmocka_unit_test(a_pulse_that_stays_away_costs_four_looks_a_second),
		cmocka_unit_test_setup_teardown(a_pulse_becomes_the_counter_at_its_stamp, start,
						stop),
		cmocka_unit_test_setup_teardown(both_edges_are_asked_for_without_echo_and_offset,
						start, stop),
		cmocka_unit_test_setup_teardown(the_other_edge_tells_the_width, start, stop),
		cmocka_unit_test_setup_teardown(clear_means_the_other_edge, start, stop),
		cmocka_unit_test_setup_teardown(
			without_the_right_to_set_it_a_device_may_be_set_up_already, start, stop),
		cmocka_unit_test_setup_teardown(stamps_that_somebody_shifts_are_not_taken, start,
						stop),
		cmocka_unit_test_setup_teardown(an_edge_that_the_device_does_not_see_is_named,
						start, stop),
		cmocka_unit_test_setup_teardown(a_device_may_come_late_go_and_come_back, start,
						stop),
		cmocka_unit_test_setup_teardown(
			edges_between_two_looks_and_refused_ones_are_counted, start, stop),
		cmocka_unit_test_setup_teardown(silence_is_named_and_the_device_opened_anew, start,
						stop),
		cmocka_unit_test_setup_teardown(a_name_is_followed_to_another_number, start, stop),
		cmocka_unit_test(devices_are_found_by_name_and_by_path),
		cmocka_unit_test_setup_teardown(a_time_that_is_none_is_no_edge, start, stop),
	};

	return cmocka_run_group_tests_name("pulse source", tests, NULL, NULL);
}
