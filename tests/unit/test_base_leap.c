// SPDX-License-Identifier: GPL-2.0-or-later
/* TAI - UTC: the list's format and faults, and both sides of a leap second. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "leap.h"

#define A_DAY_IN_2016 "3676838400" /* 7 July: its midnight, from 1900 */
#define UTC_2017 INT64_C(1483228800)

static struct leap_table table;
static char message[256];

static int parse(const char *text)
{
	message[0] = '\0';
	return leap_parse(&table, text, strlen(text), message, sizeof(message));
}

static void assert_fault(const char *text, const char *expected)
{
	struct leap_table before;

	leap_constant(&table, 99);
	before = table;
	if (parse(text) != -EBADMSG)
		fail_msg("accepted: %s", text);
	assert_string_equal(message, expected);
	assert_memory_equal(&table, &before, sizeof(table));
}

static void a_list_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse("#$ 3676924800\n#\n#@\t3896899200 \r\n"
			       "3550089600\t35\t# 1 Jul 2012\n"
			       "  3644697600 36 # 1 Jul 2015\n\n"
			       "3692217600 37#1 Jan 2017\n"
			       "#h 620ba8af 37900668 95ac09ba d77640f9 6fd75493"),
			 0);
	assert_int_equal(table.count, 3);
	assert_int_equal(table.entries[2].utc_s, UTC_2017);
	assert_int_equal(table.entries[2].tai_offset_s, 37);
	assert_int_equal(table.expires_utc_s, 3896899200 - 2208988800);
	assert_string_equal(table.origin, "");
}

static void a_list_without_expiry_never_expires(void **state)
{
	(void)state;
	assert_int_equal(parse("3692217600 37\n"), 0);
	assert_int_equal(table.expires_utc_s, 0);
	assert_false(leap_expired(&table, INT64_C(1) << 40));
}

static void an_expired_list_says_so_and_still_serves(void **state)
{
	(void)state;
	assert_int_equal(parse("#@ 3896899200\n3692217600 37\n"), 0);
	assert_false(leap_expired(&table, 1687910399));
	assert_true(leap_expired(&table, 1687910400));
	assert_int_equal(leap_tai_offset_s(&table, 2000000000), 37);
}

static void malformed_lists_are_refused_with_the_line(void **state)
{
	(void)state;
	assert_fault("", "line 0: the list ends without an entry");
	assert_fault("# only\n# comments\n", "line 2: the list ends without an entry");
	assert_fault("#\nx 37\n",
		     "line 2: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("3692217600\n",
		     "line 1: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("3692217600 37 38\n",
		     "line 1: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("3692217600 -37\n",
		     "line 1: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("3692217600 37x\n",
		     "line 1: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("36922176003692217600 37\n",
		     "line 1: not an entry; expected seconds since 1900 and TAI - UTC");
	assert_fault("3692217600 1001\n", "line 1: offset above 1000 s");
	assert_fault("3692217601 37\n", "line 1: time is not the start of a day");
	assert_fault("#@ soon\n", "line 1: bad expiry; expected #@ and a number of seconds");
	assert_fault("#@\n", "line 1: bad expiry; expected #@ and a number of seconds");
	assert_fault("#@ 3896899200 1\n",
		     "line 1: bad expiry; expected #@ and a number of seconds");
}

static void unsorted_and_jumping_lists_are_refused(void **state)
{
	(void)state;
	assert_fault("3692217600 37\n3644697600 36\n",
		     "line 2: not later than the entry before it");
	assert_fault("3692217600 37\n3692217600 38\n",
		     "line 2: not later than the entry before it");
	assert_fault("3644697600 36\n" A_DAY_IN_2016 " 38\n",
		     "line 2: not one second from the offset before it");
	assert_fault("3644697600 36\n" A_DAY_IN_2016 " 36\n",
		     "line 2: not one second from the offset before it");
}

static void more_entries_than_there_is_room_for_are_refused(void **state)
{
	static char text[8192];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < LEAP_ENTRIES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld %d\n",
					 (long long)(i + 30000) * 86400, 10 + i % 2);
	assert_int_equal(parse(text), 0);
	assert_int_equal(table.count, LEAP_ENTRIES_MAX);
	snprintf(text + used, sizeof(text) - used, "3692217600 10\n");
	assert_fault(text, "line 129: more than 128 entries");
}

static void utc_decides_at_midnight(void **state)
{
	(void)state;
	assert_int_equal(parse("3550089600 35\n3644697600 36\n3692217600 37\n"), 0);
	assert_int_equal(leap_tai_offset_s(&table, UTC_2017 - 1), 36);
	assert_int_equal(leap_tai_offset_s(&table, UTC_2017), 37);
	/* Nothing is known of the time before the list; its first offset is nearest. */
	assert_int_equal(leap_tai_offset_s(&table, 0), 35);
}

static void tai_is_right_on_both_sides_of_an_inserted_second(void **state)
{
	(void)state;
	assert_int_equal(parse("3550089600 35\n3644697600 36\n3692217600 37\n"), 0);
	/* 23:59:59, 23:59:60, 00:00:00, 00:00:01 */
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 + 35), 36);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 + 36), 36);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 + 37), 37);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 + 38), 37);
}

static void tai_is_right_on_both_sides_of_a_deleted_second(void **state)
{
	(void)state;
	assert_int_equal(parse("3550089600 35\n3644697600 36\n3692217600 35\n"), 0);
	/* 23:59:58 is followed by 00:00:00: no TAI second is without UTC, none has two. */
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 - 2 + 36), 36);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, UTC_2017 + 35), 35);
	assert_int_equal(UTC_2017 - 2 + 36 + 1, UTC_2017 + 35);
}

/* For every TAI second around each change: UTC from it leads back to the same offset. */
static void both_questions_agree_but_in_the_inserted_second(void **state)
{
	(void)state;
	assert_int_equal(parse("3550089600 35\n3644697600 36\n3692217600 35\n"), 0);
	for (unsigned int i = 1; i < table.count; i++) {
		for (int64_t tai = table.entries[i].utc_s; tai < table.entries[i].utc_s + 90;
		     tai++) {
			int offset = leap_tai_offset_at_tai_s(&table, tai);
			bool inserted = i == 1 && tai == table.entries[i].utc_s + 35;

			assert_int_equal(leap_tai_offset_s(&table, tai - offset) == offset,
					 !inserted);
		}
	}
}

static void the_next_change_is_found_with_its_sign(void **state)
{
	int64_t at = 0;

	(void)state;
	assert_int_equal(parse("3550089600 35\n3644697600 36\n3692217600 35\n"), 0);
	assert_int_equal(leap_next(&table, 1435708799, &at), 1);
	assert_int_equal(at, 1435708800);
	assert_int_equal(leap_next(&table, 1435708800, &at), -1);
	assert_int_equal(at, UTC_2017);
	assert_int_equal(leap_next(&table, UTC_2017, &at), 0);
	assert_int_equal(leap_next(&table, 0, &at), 1);
}

static void without_a_list_37_seconds_are_known(void **state)
{
	int64_t at;

	(void)state;
	leap_built_in(&table);
	assert_int_equal(leap_tai_offset_s(&table, 1800000000), 37);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, 1800000000), 37);
	assert_int_equal(leap_next(&table, 0, &at), 0);
	assert_string_equal(table.origin, "built in");
}

static void a_configured_offset_holds_always(void **state)
{
	(void)state;
	leap_constant(&table, 38);
	assert_int_equal(leap_tai_offset_s(&table, -1), 38);
	assert_int_equal(leap_tai_offset_at_tai_s(&table, INT64_C(1) << 40), 38);
	assert_false(leap_expired(&table, INT64_C(1) << 40));
	assert_string_equal(table.origin, "configuration");
}

static void the_list_of_tzdata_is_read(void **state)
{
	static const char path[] = "/usr/share/zoneinfo/leap-seconds.list";

	(void)state;
	if (access(path, R_OK))
		skip();
	assert_int_equal(leap_read(&table, path, message, sizeof(message)), 0);
	assert_true(table.count >= 28);
	assert_int_equal(leap_tai_offset_s(&table, 63072000), 10); /* 1972-01-01 */
	assert_int_equal(leap_tai_offset_s(&table, UTC_2017 - 1), 36);
	assert_int_equal(leap_tai_offset_s(&table, UTC_2017), 37);
	assert_true(table.expires_utc_s > UTC_2017);
	assert_string_equal(table.origin, path);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	leap_constant(&table, 99);
	assert_int_equal(leap_read(&table, "/nowhere/list", message, sizeof(message)), -ENOENT);
	assert_string_equal(message, "/nowhere/list: No such file or directory");
	assert_int_equal(leap_read(&table, "/dev/zero", message, sizeof(message)), -EFBIG);
	assert_int_equal(leap_read(&table, "/dev/null", message, sizeof(message)), -EBADMSG);
	assert_string_equal(message, "/dev/null: line 0: the list ends without an entry");
	assert_int_equal(leap_tai_offset_s(&table, 0), 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read),
		cmocka_unit_test(a_list_without_expiry_never_expires),
		cmocka_unit_test(an_expired_list_says_so_and_still_serves),
		cmocka_unit_test(malformed_lists_are_refused_with_the_line),
		cmocka_unit_test(unsorted_and_jumping_lists_are_refused),
		cmocka_unit_test(more_entries_than_there_is_room_for_are_refused),
		cmocka_unit_test(utc_decides_at_midnight),
		cmocka_unit_test(tai_is_right_on_both_sides_of_an_inserted_second),
		cmocka_unit_test(tai_is_right_on_both_sides_of_a_deleted_second),
		cmocka_unit_test(both_questions_agree_but_in_the_inserted_second),
		cmocka_unit_test(the_next_change_is_found_with_its_sign),
		cmocka_unit_test(without_a_list_37_seconds_are_known),
		cmocka_unit_test(a_configured_offset_holds_always),
		cmocka_unit_test(the_list_of_tzdata_is_read),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
	};

	return cmocka_run_group_tests_name("leap", tests, NULL, NULL);
}
