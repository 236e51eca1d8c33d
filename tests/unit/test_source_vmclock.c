// SPDX-License-Identifier: GPL-2.0-or-later
/* The page of the machine below as a source: what it says arrives, and so does what it takes back.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#include "own_directory.h"
#include "source_bench.h"

static char path[64];
static struct vmclock_writer *writer;
static struct vmclock_reference reference;
static unsigned int disruptions;
static char why[96];

static void on_disrupted(void *context, struct source *source, const char *text)
{
	(void)context;
	(void)source;
	disruptions++;
	snprintf(why, sizeof(why), "%s", text);
}

/* Ticks are ns: true time at 2^20 s, good to 1 us and 100 ppb, from now on. */
static void publish(void)
{
	reference.counter_value = bench.counter.read();
	assert_int_equal(vmclock_writer_publish(writer, &reference, 1000000, NULL), 0);
}

static int set_up(void **state)
{
	if (make_directory(state) || bench_start())
		return -1;
	snprintf(path, sizeof(path), "%s/page", directory);
	bench.env.disrupted = on_disrupted;
	bench.config.type = SOURCE_TYPE_VMCLOCK;
	snprintf(bench.config.device, sizeof(bench.config.device), "%s", path);
	disruptions = 0;
	reference = (struct vmclock_reference){
		.counter_period_frac_sec = 0x112e0be826d694b3, /* 1e-9 s, shift 26 */
		.counter_period_shift = 26,
		.period_maxerror = 123794003929, /* 100 ppb of it, rounded up */
		.time_sec = 1 << 20,
		.time_maxerror_nanosec = 1000,
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID,
		.tai_offset_sec = -37,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED};
	return vmclock_writer_open(path, bench.counter.page_id, bench.counter.read, &writer);
}

static int tear_down(void **state)
{
	source_stop(&bench.source);
	vmclock_writer_close(writer);
	return remove_directory(state);
}

/* The poll's turn, which is later than that of the look at the marker. */
static void poll_now(void)
{
	struct loop_timer *timer = bench.loop.timers;
	int64_t now_ns = loop_now_ns();

	while (timer->next)
		timer = timer->next;
	loop_disarm(&bench.loop, timer);
	timer->fire(timer, now_ns);
}

static void begin(void)
{
	assert_int_equal(source_start(&bench.source, &bench.config, &bench.env), 0);
	poll_now();
}

static void its_time_and_bound_arrive_as_they_are(void **state)
{
	int64_t age_ns;

	(void)state;
	publish();
	begin();
	usleep(2000);
	poll_now();
	assert_int_equal(bench.events, 2);
	assert_int_equal(bench.last.kind, EVENT_TIME);
	age_ns = counter_diff(bench.last.time.c, reference.counter_value);
	assert_true(age_ns >= 2000000);
	assert_true(llabs(bench.last.time.t_ns -
			  (((INT64_C(1) << 20) - 37) * 1000000000 + age_ns)) <= 1);
	assert_true(bench.last.time.max_error_ns >= 1000 + (double)age_ns * 100e-9);
	assert_true(bench.last.time.max_error_ns <= 1004 + (double)age_ns * 100e-9);
	assert_int_equal(bench.source.stats.received, 2);
	assert_string_equal(bench.source.claims.problem, "");
}

static void a_page_without_a_bound_gives_none(void **state)
{
	(void)state;
	reference.flags &= ~VMCLOCK_FLAG_TIME_MAXERROR_VALID;
	publish();
	begin();
	assert_int_equal(bench.events, 1);
	assert_true(isinf(bench.last.time.max_error_ns));
}

static void a_page_that_says_nothing_is_silence(void **state)
{
	(void)state;
	reference.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	publish();
	begin();
	poll_now();
	assert_int_equal(bench.offline, 0);
	poll_now();
	assert_int_equal(bench.offline, 1);
	poll_now();
	assert_int_equal(bench.offline, 1);
	assert_int_equal(bench.events, 0);
	assert_non_null(strstr(bench.source.claims.problem, "no time to rely on"));
	reference.clock_status = VMCLOCK_STATUS_FREERUNNING;
	publish();
	poll_now();
	assert_int_equal(bench.events, 1);
	assert_string_equal(bench.source.claims.problem, "");
}

static void without_utc_it_cannot_be_used(void **state)
{
	(void)state;
	reference.flags &= ~VMCLOCK_FLAG_TAI_OFFSET_VALID;
	publish();
	begin();
	assert_int_equal(bench.events, 0);
	assert_int_equal(bench.source.stats.rejected, 1);
}

static void a_disruption_there_is_one_here(void **state)
{
	(void)state;
	publish();
	begin();
	publish();
	poll_now();
	assert_int_equal(disruptions, 0);
	reference.disrupt = true;
	publish();
	poll_now();
	assert_int_equal(disruptions, 1);
	assert_non_null(strstr(why, "was disrupted"));
	poll_now();
	assert_int_equal(disruptions, 1);
	assert_int_equal(bench.events, 4);
}

/* As after a move: the daemon of the new host has only just begun. */
static void a_disruption_is_seen_before_there_is_a_time(void **state)
{
	(void)state;
	publish();
	begin();
	reference.disrupt = true;
	reference.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	publish();
	poll_now();
	assert_int_equal(bench.events, 1);
	assert_int_equal(disruptions, 1);
}

static void a_disruption_is_seen_between_polls(void **state)
{
	(void)state;
	publish();
	begin();
	bench_look();
	assert_int_equal(bench.events, 1); /* nothing is new */
	reference.disrupt = true;
	publish();
	bench_look();
	assert_int_equal(disruptions, 1);
	assert_int_equal(bench.events, 2); /* of the time after it */
	bench_look();
	assert_int_equal(disruptions, 1);
	vmclock_writer_set_generation(writer, 5);
	bench_look();
	assert_int_equal(disruptions, 2);
	assert_non_null(strstr(why, "restored"));
}

static uint64_t (*read_counter)(void);

/* The machine is moved after its page was read, and before its counter is. */
static uint64_t read_after_move(void)
{
	vmclock_writer_disrupt(writer);
	return read_counter();
}

static void a_counter_that_is_read_after_a_move_is_no_sample(void **state)
{
	(void)state;
	read_counter = bench.counter.read;
	publish();
	begin();
	assert_int_equal(bench.events, 1);
	bench.counter.read = read_after_move;
	poll_now();
	assert_int_equal(bench.events, 1);
	bench.counter.read = read_counter;
	bench_look();
	assert_int_equal(disruptions, 1);
}

static void a_page_that_is_not_there_is_waited_for(void **state)
{
	(void)state;
	publish();
	vmclock_writer_close(writer);
	assert_int_equal(unlink(path), 0);
	begin();
	assert_non_null(strstr(bench.source.claims.problem, strerror(ENOENT)));
	assert_int_equal(
		vmclock_writer_open(path, bench.counter.page_id, bench.counter.read, &writer), 0);
	publish();
	poll_now();
	assert_int_equal(bench.events, 1);
}

static void a_page_for_another_counter_is_named(void **state)
{
	(void)state;
	vmclock_writer_close(writer);
	assert_int_equal(
		vmclock_writer_open(path, VMCLOCK_COUNTER_X86_TSC, bench.counter.read, &writer), 0);
	publish();
	begin();
	assert_int_equal(bench.events, 0);
	assert_non_null(strstr(bench.source.claims.problem, "another counter"));
}

static void what_is_no_page_is_named(void **state)
{
	static const char text[4096] = "somebody's letter";
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(text, sizeof(text), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	begin();
	assert_int_equal(bench.events, 0);
	assert_non_null(strstr(bench.source.claims.problem, "no vmclock page"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(its_time_and_bound_arrive_as_they_are),
		CASE(a_page_without_a_bound_gives_none),
		CASE(a_page_that_says_nothing_is_silence),
		CASE(without_utc_it_cannot_be_used),
		CASE(a_disruption_there_is_one_here),
		CASE(a_disruption_is_seen_before_there_is_a_time),
		CASE(a_disruption_is_seen_between_polls),
		CASE(a_counter_that_is_read_after_a_move_is_no_sample),
		CASE(a_page_that_is_not_there_is_waited_for),
		CASE(a_page_for_another_counter_is_named),
		CASE(what_is_no_page_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
