// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: timers in order, callbacks that change what is being served, nobody starved. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/loop.h"

static struct loop loop;
static char trace[64]; /* what ran, in order */
static int after_count;
static struct loop_timer timers[8];
static struct loop_watch watches[3];
static int pipes[3][2];

static void note(const void *context)
{
	size_t length = strlen(trace);

	if (length < sizeof(trace) - 1)
		trace[length] = *(const char *)context;
}

static void fire(struct loop_timer *timer, int64_t now_ns)
{
	assert_true(now_ns >= timer->at_ns);
	assert_false(timer->linked);
	note(timer->context);
}

static void ready(struct loop_watch *watch, short revents)
{
	char byte;

	assert_true(revents & (POLLIN | POLLHUP));
	assert_int_equal(read(watch->fd, &byte, 1), 1);
	note(watch->context);
}

static void count_round(void *context)
{
	(void)context;
	after_count++;
}

static int start(void **state)
{
	static char names[] = "abcdefgh", watch_names[] = "XYZ";

	(void)state;
	memset(&loop, 0, sizeof(loop));
	memset(trace, 0, sizeof(trace));
	after_count = 0;
	for (int i = 0; i < 8; i++)
		timers[i] =
			(struct loop_timer){.at_ns = INT64_MAX, .fire = fire, .context = &names[i]};
	for (int i = 0; i < 3; i++) {
		if (pipe(pipes[i]))
			return -1;
		watches[i] = (struct loop_watch){.fd = pipes[i][0],
						 .events = POLLIN,
						 .ready = ready,
						 .context = &watch_names[i]};
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static void once(void)
{
	assert_int_equal(loop_run_once(&loop, 0), 0);
}

static void send_to(int i)
{
	assert_int_equal(write(pipes[i][1], "x", 1), 1);
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	loop_arm(&loop, &timers[0], now_ns - 10);
	loop_arm(&loop, &timers[1], now_ns - 30);
	loop_arm(&loop, &timers[2], now_ns - 20);
	loop_arm(&loop, &timers[3], now_ns - 30); /* as b, but armed later */
	once();
	assert_string_equal(trace, "bdca");
}

static void a_timer_fires_once_and_never_early(void **state)
{
	int64_t at_ns = loop_now_ns() + 20000000;

	(void)state;
	loop_arm(&loop, &timers[0], at_ns);
	while (loop_now_ns() < at_ns - 5000000) {
		assert_int_equal(loop_run_once(&loop, at_ns - 6000000), 0);
		assert_true(strlen(trace) == 0 || loop_now_ns() >= at_ns);
	}
	while (!trace[0])
		assert_int_equal(loop_run_once(&loop, INT64_MAX), 0);
	once();
	assert_string_equal(trace, "a");
}

static void a_timer_with_slack_waits_for_another_to_wake_the_loop(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	timers[0].slack_ns = 60000000000;
	loop_arm(&loop, &timers[0], now_ns + 1000000);
	loop_arm(&loop, &timers[1], now_ns + 30000000);
	assert_int_equal(loop_run_once(&loop, INT64_MAX), 0);
	assert_string_equal(trace, "ab");
}

static void slack_ends(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	timers[0].slack_ns = 30000000;
	loop_arm(&loop, &timers[0], now_ns + 1000000);
	loop_arm(&loop, &timers[1], now_ns + 60000000000);
	while (!trace[0] && loop_now_ns() < now_ns + 30000000000)
		assert_int_equal(loop_run_once(&loop, INT64_MAX), 0);
	assert_string_equal(trace, "a");
	assert_true(loop_now_ns() >= now_ns + 1000000);
}

static void a_timer_armed_again_moves(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	loop_arm(&loop, &timers[0], now_ns - 30);
	loop_arm(&loop, &timers[1], now_ns - 20);
	loop_arm(&loop, &timers[0], now_ns - 10);
	once();
	assert_string_equal(trace, "ba");
}

static void a_disarmed_timer_stays_silent(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	for (int i = 0; i < 3; i++)
		loop_arm(&loop, &timers[i], now_ns - 30 + i);
	loop_disarm(&loop, &timers[1]);
	loop_disarm(&loop, &timers[1]);
	loop_arm(&loop, &timers[2], INT64_MAX);
	once();
	assert_string_equal(trace, "a");
	assert_false(timers[1].linked || timers[2].linked);
}

static void disarm_next(struct loop_timer *timer, int64_t now_ns)
{
	fire(timer, now_ns);
	loop_disarm(&loop, &timers[1]);
}

static void a_callback_may_disarm_a_timer_that_is_due(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	timers[0].fire = disarm_next;
	for (int i = 0; i < 3; i++)
		loop_arm(&loop, &timers[i], now_ns - 30 + i);
	once();
	assert_string_equal(trace, "ac");
}

static void rearm_for_now(struct loop_timer *timer, int64_t now_ns)
{
	fire(timer, now_ns);
	loop_arm(&loop, timer, now_ns);
}

static void rearm_for_the_past(struct loop_timer *timer, int64_t now_ns)
{
	fire(timer, now_ns);
	loop_arm(&loop, timer, now_ns - 1000000000);
}

static void a_timer_that_rearms_itself_runs_once_a_round(void **state)
{
	(void)state;
	timers[0].fire = rearm_for_now;
	loop_arm(&loop, &timers[0], loop_now_ns() - 10);
	once();
	assert_string_equal(trace, "a");
	once();
	assert_string_equal(trace, "aa");
}

static void a_timer_that_rearms_for_the_past_starves_no_other(void **state)
{
	int64_t now_ns = loop_now_ns();

	(void)state;
	timers[0].fire = rearm_for_the_past;
	loop_arm(&loop, &timers[0], now_ns - 20);
	loop_arm(&loop, &timers[1], now_ns - 10);
	once();
	assert_string_equal(trace, "ab");
}

static void timers_starve_no_descriptor(void **state)
{
	(void)state;
	timers[0].fire = rearm_for_now;
	loop_arm(&loop, &timers[0], loop_now_ns() - 10);
	assert_int_equal(loop_add_watch(&loop, &watches[0]), 0);
	send_to(0);
	once();
	assert_string_equal(trace, "aX");
}

static void descriptors_starve_no_timer_and_no_other(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_add_watch(&loop, &watches[i]), 0);
	loop_arm(&loop, &timers[0], loop_now_ns() - 10);
	for (int i = 0; i < 3; i++) {
		send_to(i);
		send_to(i);
	}
	once();
	assert_string_equal(trace, "aXYZ");
	once();
	assert_string_equal(trace, "aXYZXYZ");
}

static void remove_all(struct loop_watch *watch, short revents)
{
	ready(watch, revents);
	for (int i = 0; i < 3; i++)
		loop_remove_watch(&loop, &watches[i]);
}

static void a_callback_may_remove_any_watch(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_add_watch(&loop, &watches[i]), 0);
		send_to(i);
	}
	watches[0].ready = remove_all;
	once();
	assert_string_equal(trace, "X");
	once();
	assert_string_equal(trace, "X");
	assert_int_equal(loop.watch_count, 0);
}

/* The last one takes the place of the removed one: it must not lose its turn. */
static void remove_self(struct loop_watch *watch, short revents)
{
	ready(watch, revents);
	loop_remove_watch(&loop, watch);
}

static void removing_one_costs_no_other_its_turn(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_add_watch(&loop, &watches[i]), 0);
		send_to(i);
	}
	watches[0].ready = remove_self;
	once();
	assert_string_equal(trace, "XYZ");
}

static void replace_second(struct loop_watch *watch, short revents)
{
	ready(watch, revents);
	loop_remove_watch(&loop, &watches[1]);
	watches[1].fd = pipes[2][0]; /* where nothing came */
	assert_int_equal(loop_add_watch(&loop, &watches[1]), 0);
}

static void a_watch_with_a_new_descriptor_waits_for_that_one(void **state)
{
	(void)state;
	assert_int_equal(loop_add_watch(&loop, &watches[0]), 0);
	assert_int_equal(loop_add_watch(&loop, &watches[1]), 0);
	send_to(0);
	send_to(1);
	watches[0].ready = replace_second;
	once();
	assert_string_equal(trace, "X");
}

static void a_watch_is_added_once_and_the_table_has_an_end(void **state)
{
	static struct loop_watch many[LOOP_WATCHES_MAX + 1];

	(void)state;
	assert_int_equal(loop_add_watch(&loop, &watches[0]), 0);
	assert_int_equal(loop_add_watch(&loop, &watches[0]), 0);
	assert_int_equal(loop.watch_count, 1);
	loop_remove_watch(&loop, &watches[0]);
	loop_remove_watch(&loop, &watches[0]);
	assert_int_equal(loop.watch_count, 0);
	for (int i = 0; i < LOOP_WATCHES_MAX; i++)
		assert_int_equal(loop_add_watch(&loop, &many[i]), 0);
	assert_int_equal(loop_add_watch(&loop, &many[LOOP_WATCHES_MAX]), -ENOSPC);
}

static void what_comes_after_runs_once_a_round(void **state)
{
	(void)state;
	loop.after = count_round;
	assert_int_equal(loop_add_watch(&loop, &watches[0]), 0);
	send_to(0);
	for (int i = 0; i < 3; i++)
		loop_arm(&loop, &timers[i], loop_now_ns() - 10);
	once();
	assert_int_equal(after_count, 1);
	once();
	assert_int_equal(after_count, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(timers_fire_in_the_order_of_their_times),
		CASE(a_timer_fires_once_and_never_early),
		CASE(a_timer_with_slack_waits_for_another_to_wake_the_loop),
		CASE(slack_ends),
		CASE(a_timer_armed_again_moves),
		CASE(a_disarmed_timer_stays_silent),
		CASE(a_callback_may_disarm_a_timer_that_is_due),
		CASE(a_timer_that_rearms_itself_runs_once_a_round),
		CASE(a_timer_that_rearms_for_the_past_starves_no_other),
		CASE(timers_starve_no_descriptor),
		CASE(descriptors_starve_no_timer_and_no_other),
		CASE(a_callback_may_remove_any_watch),
		CASE(removing_one_costs_no_other_its_turn),
		CASE(a_watch_with_a_new_descriptor_waits_for_that_one),
		CASE(a_watch_is_added_once_and_the_table_has_an_end),
		CASE(what_comes_after_runs_once_a_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
