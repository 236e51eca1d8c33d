// SPDX-License-Identifier: GPL-2.0-or-later
/* What a page says at a counter value, and what it must not be believed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vmclock.h>

#define NS 1000000000LL
#define TICK_NS 0x89705f4136b4a597ULL /* 1 ns in 2^-(64 + 29) s */
#define JULY_2017 1498867200LL	      /* 2017-07-01 00:00:00 UTC */
#define YEAR_2017 1483228800LL	      /* 2017-01-01 00:00:00 UTC, after the last leap second */

enum { START = 1000 };

/* A counter of 1 GHz that said START at 2017-06-30 23:59:50 UTC. */
static struct vmclock_abi good_page(void)
{
	return (struct vmclock_abi){
		.magic = VMCLOCK_MAGIC,
		.size = 4096,
		.version = 1,
		.counter_id = VMCLOCK_COUNTER_X86_TSC,
		.time_type = VMCLOCK_TIME_TAI,
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
			 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC,
		.disruption_marker = 77,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
		.tai_offset_sec = (uint16_t)-37,
		.counter_period_shift = 29,
		.counter_value = START,
		.counter_period_frac_sec = TICK_NS,
		.counter_period_esterror_rate_frac_sec = TICK_NS / 10000000, /* 0.1 ppm */
		.counter_period_maxerror_rate_frac_sec = TICK_NS / 1000000,  /* 1 ppm */
		.time_sec = JULY_2017 + 37 - 10,
		.time_esterror_nanosec = 50,
		.time_maxerror_nanosec = 1000,
	};
}

static struct vmclock_reading read_at(const struct vmclock_abi *page, int64_t ns_after)
{
	struct vmclock_reading r;

	assert_int_equal(vmclock_reading_at(page, START + (uint64_t)ns_after, &r), 0);
	return r;
}

static int status_error(uint8_t status, struct vmclock_reading *r)
{
	struct vmclock_abi page = good_page();

	page.clock_status = status;
	return vmclock_reading_at(&page, START, r);
}

static void a_reading_has_both_scales_and_both_errors(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r = read_at(&page, 5 * NS);

	(void)state;
	assert_in_range((uint64_t)(r.tai.time_ns - (JULY_2017 + 32) * NS + 1), 0, 1);
	assert_int_equal(r.tai.time_ns - r.utc.time_ns, 37 * NS);
	/* 1 us, and 1 ppm of 5 s; at most 2 ns for rounding */
	assert_in_range(r.max_error_ns, 6000, 6002);
	assert_in_range(r.est_error_ns, 550, 551);
	assert_int_equal(r.tai.latest_ns - r.tai.time_ns, r.max_error_ns);
	assert_int_equal(r.tai.time_ns - r.tai.earliest_ns, r.max_error_ns);
	assert_int_equal(r.utc.latest_ns - r.utc.time_ns, r.max_error_ns);
	assert_int_equal(r.utc.time_ns - r.utc.earliest_ns, r.max_error_ns);
	assert_in_range((uint64_t)(r.age_ns - 5 * NS + 1), 0, 1);
	assert_int_equal(r.disruption_marker, 77);
	assert_int_equal(r.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	assert_int_equal(r.flags, VMCLOCK_READING_TAI | VMCLOCK_READING_UTC |
					  VMCLOCK_READING_MAX_ERROR | VMCLOCK_READING_EST_ERROR |
					  VMCLOCK_READING_MONOTONIC);
}

static void errors_grow_in_both_directions(void **state)
{
	struct vmclock_abi page = good_page();

	(void)state;
	assert_in_range(read_at(&page, 0).max_error_ns, 1001, 1002);
	assert_in_range(read_at(&page, -5 * NS).max_error_ns, 6000, 6002);
	assert_in_range((uint64_t)(read_at(&page, -5 * NS).age_ns + 5 * NS + 1), 0, 1);
	assert_in_range(read_at(&page, 3600 * NS).max_error_ns, 3601000, 3601002);
}

static void rounding_never_shrinks_the_interval(void **state)
{
	struct vmclock_abi page = good_page();

	(void)state;
	/* 0.99 ns are cut off the time, and the error has grown by as much: 1001.98 ns */
	page.time_frac_sec = (uint64_t)(18446744073.709551616 * 0.99);
	page.counter_period_maxerror_rate_frac_sec = (uint64_t)((double)TICK_NS * 0.99);
	assert_int_equal(read_at(&page, 1).max_error_ns, 1002);
}

static void a_counter_may_wrap_between_reference_and_now(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.counter_value = UINT64_MAX - 10;
	assert_int_equal(vmclock_reading_at(&page, 989, &r), 0);
	assert_in_range(r.age_ns, 999, 1000);
	page.counter_value = (1ULL << 63) - 500;
	assert_int_equal(vmclock_reading_at(&page, (1ULL << 63) + 500, &r), 0);
	assert_in_range(r.age_ns, 999, 1000);
}

static void without_a_maximum_error_the_interval_is_infinite(void **state)
{
	static const uint64_t needed[] = {VMCLOCK_FLAG_PERIOD_MAXERROR_VALID,
					  VMCLOCK_FLAG_TIME_MAXERROR_VALID};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vmclock_abi page = good_page();
		struct vmclock_reading r;

		page.flags &= ~needed[i];
		r = read_at(&page, 0);
		assert_false(r.flags & VMCLOCK_READING_MAX_ERROR);
		assert_true(r.max_error_ns == UINT64_MAX);
		assert_true(r.tai.earliest_ns == INT64_MIN && r.tai.latest_ns == INT64_MAX);
		assert_true(r.utc.earliest_ns == INT64_MIN && r.utc.latest_ns == INT64_MAX);
		assert_int_equal(r.utc.time_ns, (JULY_2017 - 10) * NS);
	}
}

static void without_an_estimated_error_none_is_told(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.flags &= ~VMCLOCK_FLAG_TIME_ESTERROR_VALID;
	r = read_at(&page, 0);
	assert_false(r.flags & VMCLOCK_READING_EST_ERROR);
	assert_true(r.est_error_ns == UINT64_MAX);
}

static void errors_too_large_for_ns_are_infinite(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.time_maxerror_nanosec = UINT64_MAX - 3;
	page.counter_period_maxerror_rate_frac_sec = UINT64_MAX;
	r = read_at(&page, 4 * NS);
	assert_false(r.flags & VMCLOCK_READING_MAX_ERROR);
	page.time_maxerror_nanosec = INT64_MAX;
	page.counter_period_maxerror_rate_frac_sec = 0;
	r = read_at(&page, 0);
	assert_true(r.tai.earliest_ns == INT64_MIN && r.tai.latest_ns == INT64_MAX);
}

static void only_synchronized_and_freerunning_are_read(void **state)
{
	struct vmclock_reading r;

	(void)state;
	assert_int_equal(status_error(VMCLOCK_STATUS_SYNCHRONIZED, &r), 0);
	assert_int_equal(status_error(VMCLOCK_STATUS_FREERUNNING, &r), 0);
	assert_int_equal(status_error(VMCLOCK_STATUS_UNKNOWN, &r), -ENODATA);
	assert_int_equal(status_error(VMCLOCK_STATUS_INITIALIZING, &r), -ENODATA);
	assert_int_equal(status_error(5, &r), -EPROTO);
	assert_int_equal(status_error(VMCLOCK_STATUS_UNRELIABLE, &r), -ENODATA);
	assert_int_equal(r.clock_status, VMCLOCK_STATUS_UNRELIABLE);
}

static void an_error_leaves_no_time_that_could_be_used(void **state)
{
	struct vmclock_reading r;

	(void)state;
	memset(&r, 0x55, sizeof(r));
	assert_int_equal(status_error(VMCLOCK_STATUS_UNRELIABLE, &r), -ENODATA);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.tai.time_ns, 0);
	assert_int_equal(r.utc.time_ns, 0);
	assert_true(r.tai.earliest_ns == INT64_MIN && r.tai.latest_ns == INT64_MAX);
	assert_true(r.utc.earliest_ns == INT64_MIN && r.utc.latest_ns == INT64_MAX);
	assert_true(r.max_error_ns == UINT64_MAX && r.est_error_ns == UINT64_MAX);
}

static void a_time_out_of_range_is_an_error(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.counter_period_frac_sec = 0;
	assert_int_equal(vmclock_reading_at(&page, START, &r), -ERANGE);
	page = good_page();
	page.time_sec = 1ULL << 33;
	assert_int_equal(vmclock_reading_at(&page, START, &r), -ERANGE);
	page.time_sec = UINT64_MAX / 2;
	page.counter_period_frac_sec = UINT64_MAX;
	page.counter_period_shift = 0;
	assert_int_equal(vmclock_reading_at(&page, START - 1, &r), -ERANGE);
	assert_int_equal(vmclock_reading_at(&page, START + (1ULL << 62), &r), -ERANGE);
	page = good_page();
	page.time_type = VMCLOCK_TIME_MONOTONIC;
	assert_int_equal(vmclock_reading_at(&page, START, &r), -EOPNOTSUPP);
}

static void a_scale_without_offset_is_not_told(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.flags &= ~VMCLOCK_FLAG_TAI_OFFSET_VALID;
	r = read_at(&page, 0);
	assert_int_equal(r.flags & (VMCLOCK_READING_TAI | VMCLOCK_READING_UTC),
			 VMCLOCK_READING_TAI);
	assert_int_equal(r.utc.time_ns, 0);
	assert_true(r.utc.earliest_ns == INT64_MIN && r.utc.latest_ns == INT64_MAX);
	page.time_type = VMCLOCK_TIME_UTC;
	r = read_at(&page, 0);
	assert_int_equal(r.flags & (VMCLOCK_READING_TAI | VMCLOCK_READING_UTC),
			 VMCLOCK_READING_UTC);
	assert_int_equal(r.utc.time_ns, (JULY_2017 + 27) * NS);
	assert_int_equal(r.tai.time_ns, 0);
}

static void a_utc_page_gives_tai_by_its_offset(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.time_type = VMCLOCK_TIME_UTC;
	page.time_sec = JULY_2017;
	r = read_at(&page, 0);
	assert_int_equal(r.utc.time_ns, JULY_2017 * NS);
	assert_int_equal(r.tai.time_ns, (JULY_2017 + 37) * NS);
}

/* The page of 10 s before the end of June, read `s` seconds around it, as UTC second of July. */
static int64_t utc_second(uint8_t leap, int64_t s, bool *inserted)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	page.leap_indicator = leap;
	r = read_at(&page, (10 + s) * NS + NS / 2);
	*inserted = r.flags & VMCLOCK_READING_LEAP_SECOND;
	assert_int_equal(r.utc.latest_ns - r.utc.time_ns, r.max_error_ns);
	assert_in_range((uint64_t)(r.tai.time_ns - (JULY_2017 + 37 + s) * NS), NS / 2 - 1, NS / 2);
	assert_int_equal((r.utc.time_ns + NS) % NS, r.tai.time_ns % NS);
	return (r.utc.time_ns - r.utc.time_ns % NS) / NS - JULY_2017;
}

static void an_announced_leap_second_is_inserted_without_an_update(void **state)
{
	bool inserted;

	(void)state;
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_POS, -1, &inserted), -1);
	assert_false(inserted);
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_POS, 0, &inserted), -1); /* 23:59:60 */
	assert_true(inserted);
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_POS, 1, &inserted), 0);
	assert_false(inserted);
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_POS, 100, &inserted), 99);
	assert_false(inserted);
}

static void an_announced_leap_second_is_left_out_without_an_update(void **state)
{
	bool inserted;

	(void)state;
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_NEG, -2, &inserted), -2);
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_NEG, -1, &inserted), 0);
	assert_int_equal(utc_second(VMCLOCK_LEAP_PRE_NEG, 0, &inserted), 1);
	assert_false(inserted);
}

static void no_leap_second_changes_nothing(void **state)
{
	static const uint8_t quiet[] = {VMCLOCK_LEAP_NONE, VMCLOCK_LEAP_POST_POS,
					VMCLOCK_LEAP_POST_NEG, 200};
	bool inserted;

	(void)state;
	for (unsigned int i = 0; i < sizeof(quiet); i++) {
		for (int s = -2; s < 3; s++) {
			assert_int_equal(utc_second(quiet[i], s, &inserted), s);
			assert_false(inserted);
		}
	}
}

static void a_reference_within_the_leap_second_may_count_either_way(void **state)
{
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;

	(void)state;
	page.leap_indicator = VMCLOCK_LEAP_POS;
	page.time_sec = JULY_2017 + 37; /* 23:59:60, by the offset before it */
	r = read_at(&page, NS / 2);
	assert_int_equal(r.utc.time_ns / NS, JULY_2017 - 1);
	assert_true(r.flags & VMCLOCK_READING_LEAP_SECOND);
	r = read_at(&page, NS + NS / 2);
	assert_int_equal(r.utc.time_ns / NS, JULY_2017);
	assert_false(r.flags & VMCLOCK_READING_LEAP_SECOND);
	page.tai_offset_sec = (uint16_t)-38; /* the same, by the offset after it */
	r = read_at(&page, NS / 2);
	assert_int_equal(r.utc.time_ns / NS, JULY_2017 - 1);
	assert_true(r.flags & VMCLOCK_READING_LEAP_SECOND);
	r = read_at(&page, NS + NS / 2);
	assert_int_equal(r.utc.time_ns / NS, JULY_2017);
	assert_false(r.flags & VMCLOCK_READING_LEAP_SECOND);
}

static void months_end_where_they_end(void **state)
{
	static const int64_t ends[] = {
		YEAR_2017,  68256000, /* 1972-03-01, after a 29 February */
		78796800,	      /* 1972-07-01 */
		951868800,	      /* 2000-03-01, the same of a century */
		1488326400,	      /* 2017-03-01 */
		4107542400,	      /* 2100-03-01, without one */
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct vmclock_abi page = good_page();

		page.leap_indicator = VMCLOCK_LEAP_PRE_POS;
		page.time_sec = (uint64_t)ends[i] + 37 - 20 * 86400;
		assert_int_equal(read_at(&page, (20 * 86400 - 1) * NS + 99).utc.time_ns / NS,
				 ends[i] - 1);
		assert_int_equal(read_at(&page, 20 * 86400 * NS + 99).utc.time_ns / NS,
				 ends[i] - 1);
		assert_int_equal(read_at(&page, (20 * 86400 + 1) * NS + 99).utc.time_ns / NS,
				 ends[i]);
	}
}

static void only_pages_of_version_1_that_fit_are_pages(void **state)
{
	struct vmclock_abi page = good_page();

	(void)state;
	assert_int_equal(vmclock_check_page(&page, 4096), 0);
	assert_int_equal(vmclock_check_page(&page, 4095), -EPROTO);
	page.size = sizeof(page);
	assert_int_equal(vmclock_check_page(&page, sizeof(page)), 0);
	assert_int_equal(vmclock_check_page(&page, sizeof(page) - 1), -EPROTO);
	page.size--;
	assert_int_equal(vmclock_check_page(&page, 4096), -EPROTO);
	page = good_page();
	page.version = 2;
	assert_int_equal(vmclock_check_page(&page, 4096), -EPROTO);
	page = good_page();
	page.magic++;
	assert_int_equal(vmclock_check_page(&page, 4096), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_has_both_scales_and_both_errors),
		cmocka_unit_test(errors_grow_in_both_directions),
		cmocka_unit_test(rounding_never_shrinks_the_interval),
		cmocka_unit_test(a_counter_may_wrap_between_reference_and_now),
		cmocka_unit_test(without_a_maximum_error_the_interval_is_infinite),
		cmocka_unit_test(without_an_estimated_error_none_is_told),
		cmocka_unit_test(errors_too_large_for_ns_are_infinite),
		cmocka_unit_test(only_synchronized_and_freerunning_are_read),
		cmocka_unit_test(an_error_leaves_no_time_that_could_be_used),
		cmocka_unit_test(a_time_out_of_range_is_an_error),
		cmocka_unit_test(a_scale_without_offset_is_not_told),
		cmocka_unit_test(a_utc_page_gives_tai_by_its_offset),
		cmocka_unit_test(an_announced_leap_second_is_inserted_without_an_update),
		cmocka_unit_test(an_announced_leap_second_is_left_out_without_an_update),
		cmocka_unit_test(no_leap_second_changes_nothing),
		cmocka_unit_test(a_reference_within_the_leap_second_may_count_either_way),
		cmocka_unit_test(months_end_where_they_end),
		cmocka_unit_test(only_pages_of_version_1_that_fit_are_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
