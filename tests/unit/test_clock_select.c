// SPDX-License-Identifier: GPL-2.0-or-later
/* The vote of intervals: what a majority holds, and that true time is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/clock/select.h"
#include "test_clock_world.h"

static void nobody_votes_nobody_wins(void **state)
{
	struct verdict verdict;

	(void)state;
	select_truechimers(NULL, 0, &verdict);
	assert_false(verdict.majority);
	assert_int_equal(verdict.truechimers, 0);
}

static void one_alone_is_its_own_majority(void **state)
{
	struct vote votes[] = {{.lo = -3, .hi = 5}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 1, &verdict);
	assert_true(verdict.majority && votes[0].truechimer);
	assert_true(verdict.lo <= -3 && verdict.lo >= -3 && verdict.hi >= 5 && verdict.hi <= 5);
}

static void two_of_three_outvote_the_false_one(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 10}, {.lo = 100, .hi = 101}, {.lo = 5, .hi = 12}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 3, &verdict);
	assert_true(verdict.majority);
	assert_int_equal(verdict.truechimers, 2);
	assert_int_equal(verdict.falsetickers, 1);
	assert_true(votes[0].truechimer && !votes[1].truechimer && votes[2].truechimer);
	assert_true(verdict.lo >= 5 && verdict.lo <= 5 && verdict.hi >= 10 && verdict.hi <= 10);
}

static void two_against_two_is_no_majority(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 10},
			       {.lo = 1, .hi = 9},
			       {.lo = 20, .hi = 30},
			       {.lo = 21, .hi = 29}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 4, &verdict);
	assert_false(verdict.majority);
	for (int i = 0; i < 4; i++)
		assert_false(votes[i].truechimer);
}

static void two_that_contradict_each_other_are_no_majority(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 1}, {.lo = 2, .hi = 3}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 2, &verdict);
	assert_false(verdict.majority);
}

static void intervals_that_touch_agree(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 1}, {.lo = 1, .hi = 2}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 2, &verdict);
	assert_true(verdict.majority);
	assert_true(verdict.lo >= 1 && verdict.hi <= 1);
}

static void a_trusted_one_outvotes_all_others(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 1, .trusted = true},
			       {.lo = 20, .hi = 30},
			       {.lo = 20, .hi = 30},
			       {.lo = 20, .hi = 30}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 4, &verdict);
	assert_true(verdict.majority && votes[0].truechimer && !votes[1].truechimer);
	assert_true(verdict.lo <= 0 && verdict.hi >= 1 && verdict.hi <= 1);
}

static void two_trusted_that_disagree_leave_it_to_the_others(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 1, .trusted = true},
			       {.lo = 20, .hi = 30, .trusted = true},
			       {.lo = 25, .hi = 35}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 2, &verdict);
	assert_false(verdict.majority);
	select_truechimers(votes, 3, &verdict);
	assert_true(verdict.majority && !votes[0].truechimer && votes[1].truechimer);
}

/* The intersection [9, 10] of all three would miss true time at 3. */
static void a_liar_at_the_edge_does_not_push_truth_out(void **state)
{
	struct vote votes[] = {{.lo = 0, .hi = 10}, {.lo = 2, .hi = 11}, {.lo = 9, .hi = 20}};
	struct verdict verdict;

	(void)state;
	select_truechimers(votes, 3, &verdict);
	assert_true(verdict.majority);
	assert_true(verdict.lo <= 3 && verdict.hi >= 3);
}

/* True time is 0; fewer than half lie, anywhere, and best at the edges of the others. */
static void truth_stays_in_while_fewer_than_half_lie(void **state)
{
	struct vote votes[15];
	struct dice dice = {5};

	(void)state;
	for (int draw = 0; draw < 20000; draw++) {
		unsigned int count = 1 + (unsigned int)(dice_bits(&dice) % 15);
		unsigned int liars = (unsigned int)(dice_bits(&dice) % ((count + 1) / 2));
		struct verdict verdict;

		for (unsigned int i = 0; i < count; i++) {
			votes[i] = (struct vote){.lo = -dice_exponential(&dice, 10),
						 .hi = dice_exponential(&dice, 10)};
			if (i >= liars)
				continue;
			votes[i].lo = dice_between(&dice, -30, 30);
			votes[i].hi = votes[i].lo + dice_exponential(&dice, 10);
		}
		select_truechimers(votes, count, &verdict);
		assert_true(verdict.majority);
		assert_true(verdict.lo <= 0 && verdict.hi >= 0);
		assert_int_equal(verdict.truechimers + verdict.falsetickers, count);
		assert_true(2 * verdict.truechimers > count);
	}
}

static void the_order_of_the_voters_does_not_matter(void **state)
{
	struct vote votes[7], back[7];
	struct dice dice = {6};

	(void)state;
	for (int draw = 0; draw < 5000; draw++) {
		struct verdict forth_verdict, back_verdict;

		for (int i = 0; i < 7; i++) {
			votes[i].lo = dice_between(&dice, -30, 30);
			votes[i].hi = votes[i].lo + dice_exponential(&dice, 30);
			votes[i].trusted = dice_bits(&dice) % 8 == 0;
			back[6 - i] = votes[i];
		}
		select_truechimers(votes, 7, &forth_verdict);
		select_truechimers(back, 7, &back_verdict);
		assert_int_equal(forth_verdict.majority, back_verdict.majority);
		assert_true(!forth_verdict.majority || (forth_verdict.lo >= back_verdict.lo &&
							forth_verdict.lo <= back_verdict.lo &&
							forth_verdict.hi >= back_verdict.hi &&
							forth_verdict.hi <= back_verdict.hi));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_votes_nobody_wins),
		cmocka_unit_test(one_alone_is_its_own_majority),
		cmocka_unit_test(two_of_three_outvote_the_false_one),
		cmocka_unit_test(two_against_two_is_no_majority),
		cmocka_unit_test(two_that_contradict_each_other_are_no_majority),
		cmocka_unit_test(intervals_that_touch_agree),
		cmocka_unit_test(a_trusted_one_outvotes_all_others),
		cmocka_unit_test(two_trusted_that_disagree_leave_it_to_the_others),
		cmocka_unit_test(a_liar_at_the_edge_does_not_push_truth_out),
		cmocka_unit_test(truth_stays_in_while_fewer_than_half_lie),
		cmocka_unit_test(the_order_of_the_voters_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
