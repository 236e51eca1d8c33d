// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers are asked as often as is useful, never more often than is polite. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "daemon/source/poll_control.h"

static void assert_seconds(double actual, double expected)
{
	assert_true(fabs(actual - expected) < 1e-9);
}

static void it_begins_with_the_shortest_interval(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 4, 64, false);
	assert_seconds(poll_control_next_s(&p, 0), 4);
}

static void a_burst_is_four_replies_two_seconds_apart(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 64, 1024, true);
	for (int i = 0; i < 4; i++) {
		poll_control_sent(&p);
		assert_seconds(poll_control_next_s(&p, 0), 2);
		poll_control_reply(&p, 1024);
	}
	assert_seconds(poll_control_next_s(&p, 0), 128);
}

static void a_burst_ends_without_any_reply(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 64, 1024, true);
	for (int i = 0; i < 8; i++) {
		assert_seconds(poll_control_next_s(&p, 0), 2);
		poll_control_sent(&p);
	}
	assert_seconds(poll_control_next_s(&p, 0), 64);
}

static void a_burst_is_not_slower_than_ordinary_polls(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 1, 64, true);
	assert_seconds(poll_control_next_s(&p, 0), 1);
}

static void it_follows_the_hint_up_in_steps_and_down_at_once(void **state)
{
	struct poll_control p;
	double last_s = 1;

	(void)state;
	poll_control_init(&p, 1, 64, false);
	for (int i = 0; i < 40; i++) {
		poll_control_reply(&p, 1024);
		assert_true(p.poll_s <= 2 * last_s);
		last_s = p.poll_s;
	}
	assert_seconds(p.poll_s, 64);
	poll_control_reply(&p, 17);
	assert_seconds(p.poll_s, 16);
	poll_control_reply(&p, NAN);
	assert_seconds(p.poll_s, 1);
}

static void it_stays_within_its_limits(void **state)
{
	static const double hints_s[] = {-1, 0, 1, 3, 5, 1e300, INFINITY, NAN};
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 3, 10, false);
	for (int i = 0; i < 200; i++) {
		poll_control_reply(&p, hints_s[i % 8]);
		assert_true(p.poll_s >= 3 && p.poll_s <= 10);
	}
}

static void the_interval_is_never_exceeded_by_the_spread(void **state)
{
	struct poll_control p;

	(void)state;
	for (double poll_s = 1; poll_s <= 1024; poll_s *= 2) {
		poll_control_init(&p, poll_s, poll_s, false);
		assert_seconds(poll_control_next_s(&p, 0), poll_s);
		for (uint32_t r = 1; r; r = r * 3 + (r >> 31)) {
			assert_true(poll_control_next_s(&p, r) <= poll_s);
			assert_true(poll_control_next_s(&p, r) >= poll_s * 31 / 32);
			if (poll_s <= 2)
				assert_true(poll_control_next_s(&p, r) >= poll_s * 511 / 512);
			if (r > UINT32_MAX / 3)
				break;
		}
	}
}

static void rate_doubles_at_least_ends_the_burst_and_lasts(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 1, 4, true);
	poll_control_rate(&p, 0);
	assert_seconds(poll_control_next_s(&p, 0), 2);
	poll_control_rate(&p, 0);
	poll_control_rate(&p, 0);
	assert_seconds(p.poll_s, 8); /* beyond the configured maximum */
	for (int i = 0; i < 20; i++)
		poll_control_reply(&p, 1);
	poll_control_silent(&p);
	assert_seconds(poll_control_next_s(&p, 0), 8);
	poll_control_rate(&p, 6); /* the server asks for 64 s */
	assert_seconds(p.poll_s, 64);
	for (int i = 0; i < 20; i++)
		poll_control_rate(&p, 127);
	assert_seconds(p.poll_s, 1024);
}

static void other_limits_are_kept_at_once_but_not_below_what_rate_asked_for(void **state)
{
	struct poll_control p;

	(void)state;
	poll_control_init(&p, 16, 64, false);
	poll_control_limit(&p, 1, 4);
	assert_true(p.poll_s == 4);
	poll_control_limit(&p, 32, 64);
	assert_true(p.poll_s == 32);
	poll_control_rate(&p, 0);
	poll_control_limit(&p, 1, 4);
	assert_true(p.poll_s == 64 && p.min_s == 64 && p.max_s == 64);
	poll_control_limit(&p, 128, 256);
	assert_true(p.poll_s == 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_the_shortest_interval),
		cmocka_unit_test(a_burst_is_four_replies_two_seconds_apart),
		cmocka_unit_test(a_burst_ends_without_any_reply),
		cmocka_unit_test(a_burst_is_not_slower_than_ordinary_polls),
		cmocka_unit_test(it_follows_the_hint_up_in_steps_and_down_at_once),
		cmocka_unit_test(it_stays_within_its_limits),
		cmocka_unit_test(the_interval_is_never_exceeded_by_the_spread),
		cmocka_unit_test(rate_doubles_at_least_ends_the_burst_and_lasts),
		cmocka_unit_test(other_limits_are_kept_at_once_but_not_below_what_rate_asked_for),
	};

	return cmocka_run_group_tests_name("poll control", tests, NULL, NULL);
}
