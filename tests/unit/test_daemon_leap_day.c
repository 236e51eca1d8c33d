// SPDX-License-Identifier: GPL-2.0-or-later
/* The day around a leap second, either sign, announced by servers only: TAI never moves, UTC is
 * right in every second, and the page says what the specification wants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <linux/vmclock-abi.h>

#include "daemon/calendar.h"
#include "daemon/utc_scale.h"
#include "test_clock_world.h"

#define S_NS INT64_C(1000000000)
#define HALF_DAY_S 43200
#define MIDNIGHT_S INT64_C(1814400000) /* 2027-07-01 */
#define OFFSET_S 37
enum { SERVERS = 3, POLL_S = 16 };

static struct day {
	int sign; /* of the leap second */
	struct dice dice;
	struct discipline *d;
	struct utc_scale utc;
	int slots[SERVERS];
	struct publication page;
	bool has_page;
} day;

/* TAI seconds are counted from this day's noon, when the counter was 1e9 (1 GHz, exact). */
static int64_t tai_of(int64_t since_noon_s)
{
	return MIDNIGHT_S - HALF_DAY_S + OFFSET_S + since_noon_s;
}

/* When the new offset begins to hold, in TAI; a positive leap second is the one before it. */
static int64_t change_tai_s(void)
{
	return MIDNIGHT_S + OFFSET_S + day.sign;
}

static int offset_at(int64_t tai_s)
{
	return tai_s >= change_tai_s() ? OFFSET_S + day.sign : OFFSET_S;
}

/* What a server's clock shows at a TAI time: it repeats or skips a second, as POSIX does. */
static int64_t shown_ns(int64_t tai_ns)
{
	return tai_ns - (int64_t)offset_at(tai_ns / S_NS) * S_NS;
}

static void take(int slot, const struct event *e)
{
	struct event_terms terms = {.max_latency_ns = INFINITY};

	utc_scale_claim(&day.utc, slot, e->ntp.leap);
	if (utc_scale_event(&day.utc, e, &terms.utc_to_line_s) == 0)
		discipline_event(day.d, slot, e, &terms);
}

static void ask(int server, int64_t since_noon_s)
{
	int64_t at_ns = since_noon_s * S_NS + server * 5000000 + 400000000;
	int64_t tai_ns = tai_of(0) * S_NS + at_ns;
	int64_t legs_ns[2] = {50000 + (int64_t)dice_exponential(&day.dice, 2000),
			      50000 + (int64_t)dice_exponential(&day.dice, 2000)};
	bool before = tai_ns / S_NS < change_tai_s();
	struct event e = {.kind = EVENT_NTP};

	e.ntp = (struct event_ntp){
		.c1 = (uint64_t)(S_NS + at_ns),
		.t2_ns = shown_ns(tai_ns + legs_ns[0]),
		.t3_ns = shown_ns(tai_ns + legs_ns[0]),
		.c4 = (uint64_t)(S_NS + at_ns + legs_ns[0] + legs_ns[1]),
		.leap = !before	       ? 0
			: day.sign > 0 ? 1
				       : 2,
		.stratum = 1,
		.root_dispersion_ns = 20000,
		.precision_log2 = -25,
	};
	take(day.slots[server], &e);
	if (discipline_run(day.d, e.ntp.c4, &day.page))
		day.has_page = true;
}

/* The line is renewed when it asked for that. */
static void run_until(int64_t since_noon_s)
{
	uint64_t until = (uint64_t)((since_noon_s + 1) * S_NS), deadline;

	while ((deadline = discipline_deadline(day.d)) < until)
		discipline_run(day.d, deadline, &day.page);
}

static int expected_leap(int64_t tai_s)
{
	int64_t change = change_tai_s();

	if (tai_s >= change)
		return day.sign > 0 ? VMCLOCK_LEAP_POST_POS : VMCLOCK_LEAP_POST_NEG;
	if (day.sign > 0 && tai_s == change - 1)
		return VMCLOCK_LEAP_POS;
	return day.sign > 0 ? VMCLOCK_LEAP_PRE_POS : VMCLOCK_LEAP_PRE_NEG;
}

static void check_second(int64_t since_noon_s)
{
	int64_t tai_s = tai_of(since_noon_s);
	struct page_calendar calendar;
	double frac_ns;
	int64_t line_ns =
		line_time(&day.page.line, 1, (uint64_t)((since_noon_s + 1) * S_NS), &frac_ns);
	double error_ns = (double)(line_ns - tai_s * S_NS) + frac_ns;

	assert_true(fabs(error_ns) < 1e5);
	assert_false(day.page.disrupted && since_noon_s > 60);
	calendar_at(&day.utc.table, tai_s, &calendar);
	assert_int_equal(calendar.tai_offset_s, offset_at(tai_s));
	assert_int_equal(calendar.leap, expected_leap(tai_s));
}

static void live_through(int sign)
{
	struct discipline_config config = {
		.nominal_hz = 1e9,
		.max_rate_change_ppb = 1000,
		.max_slew_ppb = 50e3,
		.nesting_horizon_s = 60,
		.unreliable_above_ns = 1e9,
		.monotonic = true,
		.sources_max = SERVERS,
	};
	struct discipline_source_config plain = {0};
	struct discipline_totals totals;

	day = (struct day){.sign = sign, .dice.state = 5};
	utc_scale_start(&day.utc);
	leap_built_in(&day.utc.table);
	day.d = discipline_create(&config);
	for (int i = 0; i < SERVERS; i++) {
		day.slots[i] = discipline_add_source(day.d, &plain);
		discipline_set_poll(day.d, day.slots[i], POLL_S);
	}
	for (int64_t s = 0; s < 2 * HALF_DAY_S; s++) {
		if (s % POLL_S == 0)
			for (int i = 0; i < SERVERS; i++)
				ask(i, s);
		if (s % 10 == 0 && day.has_page)
			utc_scale_vote(&day.utc, day.d, (uint64_t)((s + 1) * S_NS), 1);
		run_until(s + 1);
		if (s > 60)
			check_second(s + 1);
	}
	discipline_get_totals(day.d, &totals);
	assert_int_equal(totals.disruptions, 0);
	assert_int_equal(totals.nesting_violations, 0);
	assert_int_equal(totals.truechimers, SERVERS);
	discipline_destroy(day.d);
}

static void an_inserted_second(void **state)
{
	(void)state;
	live_through(1);
}

static void a_deleted_second(void **state)
{
	(void)state;
	live_through(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inserted_second),
		cmocka_unit_test(a_deleted_second),
	};

	return cmocka_run_group_tests_name("the day of a leap second", tests, NULL, NULL);
}
