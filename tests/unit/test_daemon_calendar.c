// SPDX-License-Identifier: GPL-2.0-or-later
/* What the page says of UTC, second by second around leap seconds of both signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/vmclock-abi.h>

#include "daemon/calendar.h"
#include "daemon/leap.h"

#define DAY_S 86400
/* 2016-12-31T23:59:60 was inserted; the negative one is made up for 2029-06-30. */
#define INSERTED_UTC_S INT64_C(1483228800)
#define DELETED_UTC_S INT64_C(1877558400)

static const struct leap_table table = {
	.count = 3,
	.entries = {{.utc_s = INT64_C(1435708800), .tai_offset_s = 36},
		    {.utc_s = INSERTED_UTC_S, .tai_offset_s = 37},
		    {.utc_s = DELETED_UTC_S, .tai_offset_s = 36}},
};

static void expect(int64_t tai_s, int offset_s, int leap)
{
	struct page_calendar said;

	calendar_at(&table, tai_s, &said);
	assert_int_equal(said.tai_offset_s, offset_s);
	assert_int_equal(said.leap, leap);
}

static void an_inserted_second_is_announced_for_its_month(void **state)
{
	(void)state;
	expect(INSERTED_UTC_S - 31 * DAY_S + 36 - 1, 36, VMCLOCK_LEAP_NONE);
	expect(INSERTED_UTC_S - 31 * DAY_S + 36, 36, VMCLOCK_LEAP_PRE_POS);
	expect(INSERTED_UTC_S + 36 - 1, 36, VMCLOCK_LEAP_PRE_POS);
}

static void the_inserted_second_itself_keeps_the_old_offset(void **state)
{
	(void)state;
	expect(INSERTED_UTC_S + 36, 36, VMCLOCK_LEAP_POS);
	expect(INSERTED_UTC_S + 37, 37, VMCLOCK_LEAP_POST_POS);
}

static void an_inserted_second_is_remembered_for_a_month(void **state)
{
	(void)state;
	expect(INSERTED_UTC_S + 37 + 31 * DAY_S - 1, 37, VMCLOCK_LEAP_POST_POS);
	expect(INSERTED_UTC_S + 37 + 31 * DAY_S, 37, VMCLOCK_LEAP_NONE);
}

/* 23:59:58 is followed by 00:00:00: 23:59:59 does not come. */
static void a_deleted_second_is_announced_skipped_and_remembered(void **state)
{
	int64_t first_new_tai_s = DELETED_UTC_S + 36;

	(void)state;
	expect(DELETED_UTC_S - 30 * DAY_S + 37 - 1, 37, VMCLOCK_LEAP_NONE);
	expect(DELETED_UTC_S - 30 * DAY_S + 37, 37, VMCLOCK_LEAP_PRE_NEG);
	expect(first_new_tai_s - 1, 37, VMCLOCK_LEAP_PRE_NEG); /* 23:59:58 */
	expect(first_new_tai_s, 36, VMCLOCK_LEAP_POST_NEG);
	expect(first_new_tai_s + 31 * DAY_S - 1, 36, VMCLOCK_LEAP_POST_NEG);
	expect(first_new_tai_s + 31 * DAY_S, 36, VMCLOCK_LEAP_NONE);
}

static void a_constant_offset_has_no_leap_seconds(void **state)
{
	struct leap_table constant;
	struct page_calendar said;

	(void)state;
	leap_constant(&constant, 37);
	calendar_at(&constant, INSERTED_UTC_S + 36, &said);
	assert_int_equal(said.tai_offset_s, 37);
	assert_int_equal(said.leap, VMCLOCK_LEAP_NONE);
	assert_true(calendar_next_change(&constant, 0) == INT64_MAX);
	assert_false(calendar_is_ambiguous(&constant, INSERTED_UTC_S, 100));
}

/* From any second of three months: the next change is where the slow search finds it. */
static void the_next_change_is_exact(void **state)
{
	static const int64_t changes[] = {INSERTED_UTC_S - 31 * DAY_S + 36,
					  INSERTED_UTC_S + 36,
					  INSERTED_UTC_S + 37,
					  INSERTED_UTC_S + 37 + 31 * DAY_S,
					  DELETED_UTC_S - 30 * DAY_S + 37,
					  DELETED_UTC_S + 36,
					  DELETED_UTC_S + 36 + 31 * DAY_S};
	enum { COUNT = sizeof(changes) / sizeof(changes[0]) };

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		int64_t before = i ? changes[i - 1] : changes[0] - 100 * DAY_S;

		for (int64_t ahead = 1; changes[i] - ahead >= before;
		     ahead += ahead < 10 ? 1 : 7919) {
			int64_t said = calendar_next_change(&table, changes[i] - ahead);

			if (ahead <= 31 * DAY_S)
				assert_true(said == changes[i]);
			else
				assert_true(said == changes[i] || said == INT64_MAX);
		}
	}
	assert_true(calendar_next_change(&table, changes[COUNT - 1]) == INT64_MAX);
}

static void stamps_around_a_leap_second_are_ambiguous(void **state)
{
	(void)state;
	assert_false(calendar_is_ambiguous(&table, INSERTED_UTC_S - 4, 3));
	for (int64_t s = -3; s < 3; s++) {
		assert_true(calendar_is_ambiguous(&table, INSERTED_UTC_S + s, 3));
		assert_true(calendar_is_ambiguous(&table, DELETED_UTC_S + s, 3));
	}
	assert_false(calendar_is_ambiguous(&table, INSERTED_UTC_S + 3, 3));
}

/* The offset of a stamp that is not ambiguous, and of the TAI time made of it, agree. */
static void both_ways_of_asking_agree_where_stamps_are_clear(void **state)
{
	(void)state;
	for (int64_t utc_s = INSERTED_UTC_S - 100; utc_s < INSERTED_UTC_S + 100; utc_s++) {
		int offset_s = leap_tai_offset_s(&table, utc_s);
		struct page_calendar said;

		if (calendar_is_ambiguous(&table, utc_s, 3))
			continue;
		calendar_at(&table, utc_s + offset_s, &said);
		assert_int_equal(said.tai_offset_s, offset_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inserted_second_is_announced_for_its_month),
		cmocka_unit_test(the_inserted_second_itself_keeps_the_old_offset),
		cmocka_unit_test(an_inserted_second_is_remembered_for_a_month),
		cmocka_unit_test(a_deleted_second_is_announced_skipped_and_remembered),
		cmocka_unit_test(a_constant_offset_has_no_leap_seconds),
		cmocka_unit_test(the_next_change_is_exact),
		cmocka_unit_test(stamps_around_a_leap_second_are_ambiguous),
		cmocka_unit_test(both_ways_of_asking_agree_where_stamps_are_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
