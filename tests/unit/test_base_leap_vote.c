// SPDX-License-Identifier: GPL-2.0-or-later
/* Announced leap seconds: a majority, at the right end of a month, and the list wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "leap_vote.h"

#define DAY_S 86400
#define JULY_S INT64_C(1814400000)    /* 2027-07-01 */
#define JANUARY_S INT64_C(1830297600) /* 2028-01-01 */

static struct leap_table table;
static struct leap_entry announced;

/* The list ends with the last leap second there was, and expires a day after `expires`. */
static int start(void **state)
{
	(void)state;
	leap_built_in(&table);
	announced = (struct leap_entry){0};
	return 0;
}

static enum leap_outcome vote(unsigned int none, unsigned int inserted, unsigned int deleted,
			      int64_t utc_s)
{
	struct leap_ballot ballot = {0};

	for (unsigned int i = 0; i < none; i++)
		leap_ballot_cast(&ballot, 0);
	for (unsigned int i = 0; i < inserted; i++)
		leap_ballot_cast(&ballot, 1);
	for (unsigned int i = 0; i < deleted; i++)
		leap_ballot_cast(&ballot, 2);
	leap_ballot_cast(&ballot, 3);
	return leap_vote(&table, &announced, &ballot, utc_s);
}

static int next(int64_t utc_s, int64_t *at)
{
	return leap_next(&table, utc_s, at);
}

static void a_majority_announces_either_sign(void **state)
{
	int64_t at;

	(void)state;
	assert_int_equal(vote(1, 2, 0, JULY_S - 20 * DAY_S), LEAP_ANNOUNCED);
	assert_int_equal(next(JULY_S - 20 * DAY_S, &at), 1);
	assert_int_equal(at, JULY_S);
	assert_int_equal(leap_tai_offset_s(&table, JULY_S), 38);
	start(NULL);
	assert_int_equal(vote(1, 0, 2, JANUARY_S - 1000), LEAP_ANNOUNCED);
	assert_int_equal(next(JANUARY_S - 1000, &at), -1);
	assert_int_equal(at, JANUARY_S);
	assert_int_equal(leap_tai_offset_s(&table, JANUARY_S), 36);
}

static void half_is_no_majority_and_silence_no_vote(void **state)
{
	(void)state;
	assert_int_equal(vote(1, 1, 0, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(vote(2, 1, 1, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(vote(0, 1, 1, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(vote(0, 0, 0, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(table.count, 1);
}

static void only_june_and_december_end_with_one(void **state)
{
	(void)state;
	for (int month = 0; month < 12; month++) {
		/* The middle of every month of 2027. */
		int64_t utc_s = INT64_C(1798761600) + (int64_t)(month * 30.44 + 15) * DAY_S;

		start(NULL);
		assert_int_equal(vote(0, 3, 0, utc_s),
				 month == 5 || month == 11 ? LEAP_ANNOUNCED : LEAP_UNCHANGED);
	}
}

static void a_list_that_covers_the_time_wins(void **state)
{
	(void)state;
	table.expires_utc_s = JULY_S + DAY_S;
	assert_int_equal(vote(0, 3, 0, JULY_S - DAY_S), LEAP_UNCHANGED);
	table.expires_utc_s = JULY_S - 2 * DAY_S;
	assert_int_equal(vote(0, 3, 0, JULY_S - DAY_S), LEAP_ANNOUNCED);
}

static void what_the_list_has_is_not_taken_away(void **state)
{
	(void)state;
	table.entries[table.count++] = (struct leap_entry){JULY_S, 38};
	assert_int_equal(vote(3, 0, 0, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(vote(0, 0, 3, JULY_S - DAY_S), LEAP_UNCHANGED);
	assert_int_equal(table.count, 2);
}

static void an_announcement_may_be_withdrawn_until_shortly_before(void **state)
{
	(void)state;
	assert_int_equal(vote(0, 3, 0, JULY_S - DAY_S), LEAP_ANNOUNCED);
	assert_int_equal(vote(0, 0, 0, JULY_S - 3000), LEAP_UNCHANGED);
	assert_int_equal(vote(0, 2, 0, JULY_S - 3000), LEAP_UNCHANGED);
	assert_int_equal(vote(3, 0, 0, JULY_S - 2000), LEAP_WITHDRAWN);
	assert_int_equal(table.count, 1);
	assert_int_equal(vote(0, 3, 0, JULY_S - 1000), LEAP_ANNOUNCED);
	assert_int_equal(vote(3, 0, 0, JULY_S - 5), LEAP_UNCHANGED);
	/* Servers whose bits are still up, and servers whose bits are down. */
	assert_int_equal(vote(0, 3, 0, JULY_S + 5), LEAP_UNCHANGED);
	assert_int_equal(vote(3, 0, 0, JULY_S + 5000), LEAP_UNCHANGED);
	assert_int_equal(table.count, 2);
	assert_int_equal(leap_tai_offset_s(&table, JULY_S + 5000), 38);
	/* The next one, half a year later, builds on it. */
	assert_int_equal(vote(0, 3, 0, JANUARY_S - DAY_S), LEAP_ANNOUNCED);
	assert_int_equal(leap_tai_offset_s(&table, JANUARY_S), 39);
}

static void another_sign_is_another_announcement(void **state)
{
	(void)state;
	assert_int_equal(vote(0, 3, 0, JULY_S - DAY_S), LEAP_ANNOUNCED);
	assert_int_equal(vote(0, 0, 3, JULY_S - 3000), LEAP_WITHDRAWN);
	assert_int_equal(vote(0, 0, 3, JULY_S - 2990), LEAP_ANNOUNCED);
	assert_int_equal(leap_tai_offset_s(&table, JULY_S), 36);
}

static void what_was_announced_outlives_a_list_that_does_not_know_it(void **state)
{
	struct leap_entry entry = {JULY_S, 38};

	(void)state;
	assert_true(leap_add_announced(&table, &entry));
	assert_false(leap_add_announced(&table, &entry)); /* once */
	start(NULL);
	table.expires_utc_s = JULY_S + 1; /* a list of later on, without it */
	assert_false(leap_add_announced(&table, &entry));
	start(NULL);
	entry.tai_offset_s = 40;
	assert_false(leap_add_announced(&table, &entry));
	entry = (struct leap_entry){0};
	assert_false(leap_add_announced(&table, &entry));
	table.count = 0;
	entry = (struct leap_entry){JULY_S, 38};
	assert_false(leap_add_announced(&table, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_majority_announces_either_sign, start),
		cmocka_unit_test_setup(half_is_no_majority_and_silence_no_vote, start),
		cmocka_unit_test_setup(only_june_and_december_end_with_one, start),
		cmocka_unit_test_setup(a_list_that_covers_the_time_wins, start),
		cmocka_unit_test_setup(what_the_list_has_is_not_taken_away, start),
		cmocka_unit_test_setup(an_announcement_may_be_withdrawn_until_shortly_before,
				       start),
		cmocka_unit_test_setup(another_sign_is_another_announcement, start),
		cmocka_unit_test_setup(what_was_announced_outlives_a_list_that_does_not_know_it,
				       start),
	};

	return cmocka_run_group_tests_name("announced leap seconds", tests, NULL, NULL);
}
