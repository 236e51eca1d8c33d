// SPDX-License-Identifier: GPL-2.0-or-later
/* The reports: every value in its unit and with its sign, and JSON whatever the values are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fake.h"
#include "daemon/control/report.h"

static int setup(void **state)
{
	(void)state;
	control_fake_init();
	return 0;
}

static struct report_moment moment(void)
{
	return (struct report_moment){.now_ns = loop_now_ns(), .counter = control_fake.counter};
}

static json_t *status(void)
{
	struct report_moment at = moment();
	json_t *report = report_status(&control_fake.daemon, &at);

	assert_non_null(report);
	return report;
}

static json_t *sources(void)
{
	struct report_moment at = moment();
	json_t *report = report_sources(&control_fake.daemon, &at);

	assert_non_null(report);
	return report;
}

/* The member at "a.b.c". */
static json_t *member(json_t *object, const char *path)
{
	char name[40];
	json_t *at = object;

	while (*path) {
		size_t length = strcspn(path, ".");

		memcpy(name, path, length);
		name[length] = '\0';
		path += length + (path[length] == '.');
		at = json_object_get(at, name);
		if (!at)
			fail_msg("no member %s", name);
	}
	return at;
}

static void assert_real(json_t *object, const char *path, double expected)
{
	double value = json_real_value(member(object, path));

	if (!(fabs(value - expected) <= 1e-9 * fabs(expected)))
		fail_msg("%s is %.12g, not %.12g", path, value, expected);
}

static void assert_text(json_t *object, const char *path, const char *expected)
{
	assert_string_equal(json_string_value(member(object, path)), expected);
}

static void errors_now_are_the_line_s_grown_by_its_age(void **state)
{
	json_t *report = status();

	(void)state;
	assert_real(report, "now.age_s", 0.5);
	assert_real(report, "now.est_error_ns", 800 + 10 * 0.5);
	assert_real(report, "now.max_error_ns", 40000 + 1000 * 0.5);
	assert_real(report, "line.max_error_ns", 40000);
	json_decref(report);
}

static void errors_grow_on_both_sides_of_the_line(void **state)
{
	json_t *report;

	(void)state;
	control_fake.counter = 4000000000;
	report = status();
	assert_real(report, "now.age_s", -0.5);
	assert_real(report, "now.max_error_ns", 40500);
	json_decref(report);
}

static void utc_is_tai_less_the_offset_of_that_time(void **state)
{
	json_t *report = status();
	json_int_t tai_ns = json_integer_value(member(report, "now.tai_ns"));
	json_int_t utc_ns = json_integer_value(member(report, "now.utc_ns"));

	(void)state;
	/* 0.5 s of counter at +2500 ppb, and the fraction of 0.25 ns. */
	assert_int_equal(tai_ns, 1800000037500001250);
	assert_int_equal(utc_ns, 1800000000500001250);
	assert_text(report, "now.utc", "2027-01-15T08:00:00.500001250Z");
	assert_int_equal(json_integer_value(member(report, "tai.offset_s")), 37);
	json_decref(report);
}

static void without_a_line_nothing_is_claimed(void **state)
{
	json_t *report;

	(void)state;
	control_fake.totals.has_line = false;
	control_fake.totals.has_estimate = false;
	control_fake.totals.status = DISCIPLINE_UNRELIABLE;
	report = status();
	assert_text(report, "status", "UNRELIABLE");
	assert_true(json_is_null(member(report, "now")));
	assert_true(json_is_null(member(report, "line")));
	assert_true(json_is_null(member(report, "combined")));
	json_decref(report);
}

static void a_counter_beyond_two_to_the_63_is_told_in_full(void **state)
{
	json_t *report;

	(void)state;
	control_fake.counter = UINT64_MAX - 5;
	control_fake.totals.last.line.counter = UINT64_MAX - 1000000005;
	report = status();
	assert_text(report, "counter.value", "18446744073709551610");
	assert_real(report, "now.age_s", 1.0);
	json_decref(report);
}

static void numbers_that_are_none_become_null(void **state)
{
	json_t *report;

	(void)state;
	control_fake.totals.last.max_error_ns = (double)INFINITY;
	control_fake.totals.slew_ppb = (double)NAN;
	control_fake.totals.estimate.phase_var_ns2 = -1;
	report = status();
	assert_true(json_is_null(member(report, "line.max_error_ns")));
	assert_true(json_is_null(member(report, "slew_ppb")));
	assert_true(json_is_null(member(report, "combined.phase_sd_ns")));
	json_decref(report);
}

static void any_bytes_in_a_peer_s_text_leave_valid_json(void **state)
{
	struct source_claims *claims = &control_fake.daemon.sources[0]->claims;
	json_t *report;
	char *text;
	json_t *again;

	(void)state;
	strcpy(claims->reference, "\xff\xfe\x1b[2J");
	strcpy(claims->problem, "caf\xe9");
	report = sources();
	text = json_dumps(report, 0);
	again = json_loads(text, 0, NULL);
	assert_non_null(again);
	assert_text(json_array_get(again, 0), "problem", "caf?");
	assert_text(json_array_get(again, 0), "reference", "???[2J");
	assert_null(strchr(text, '\x1b'));
	json_decref(report);
	json_decref(again);
	free(text);
}

static void a_source_is_told_with_all_that_is_known(void **state)
{
	json_t *report = sources();
	json_t *good = json_array_get(report, 0);

	(void)state;
	assert_int_equal(json_array_size(report), 3);
	assert_text(good, "name", "good");
	assert_text(good, "type", "ntp");
	assert_text(good, "state", "selected");
	assert_real(good, "offset_ns", -1200);
	assert_real(good, "offset_sd_ns", 800);
	assert_real(good, "bound_ns", 39250);
	assert_real(good, "interval_lo_ns", -39000.25);
	assert_real(good, "interval_hi_ns", 39499.75);
	assert_real(good, "delay_ns", 78000);
	assert_real(good, "last_sample_age_s", 2);
	assert_real(good, "weight", 1);
	assert_int_equal(json_integer_value(member(good, "reach")), 0377);
	assert_true(json_real_value(member(good, "last_reply_age_s")) >= 3);
	json_decref(report);
}

static void an_interval_is_told_from_the_line_at_its_own_counter_value(void **state)
{
	json_t *report;

	(void)state;
	/* A second later the line, at +2500 ppb, is 2.5 us further than nominal time. */
	control_fake.sources[0].interval.counter += 1000000000;
	control_fake.sources[0].interval.base_ns += 1000000000;
	report = sources();
	assert_real(json_array_get(report, 0), "interval_lo_ns", -39000 - 2500.25);
	assert_real(json_array_get(report, 0), "interval_hi_ns", 39500 - 2500.25);
	json_decref(report);
}

static void a_falseticker_is_named_with_the_reason(void **state)
{
	json_t *report = sources();
	json_t *liar = json_array_get(report, 1);

	(void)state;
	assert_text(liar, "state", "falseticker");
	assert_text(liar, "why", "50 ms off the others");
	assert_real(liar, "offset_ns", 50e6);
	json_decref(report);
}

static void a_source_that_never_answered_has_nulls_and_no_zeros(void **state)
{
	json_t *report = sources();
	json_t *mute = json_array_get(report, 2);
	static const char *const unknown[] = {"last_reply_age_s", "last_sample_age_s", "offset_ns",
					      "rate_ppb",	  "bound_ns",	       "noise_ns",
					      "interval_lo_ns",	  "interval_hi_ns",    "delay_ns"};
	size_t i;

	(void)state;
	assert_text(mute, "state", "unreachable");
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_true(json_is_null(member(mute, unknown[i])));
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(errors_now_are_the_line_s_grown_by_its_age, setup),
		cmocka_unit_test_setup(errors_grow_on_both_sides_of_the_line, setup),
		cmocka_unit_test_setup(utc_is_tai_less_the_offset_of_that_time, setup),
		cmocka_unit_test_setup(without_a_line_nothing_is_claimed, setup),
		cmocka_unit_test_setup(a_counter_beyond_two_to_the_63_is_told_in_full, setup),
		cmocka_unit_test_setup(numbers_that_are_none_become_null, setup),
		cmocka_unit_test_setup(any_bytes_in_a_peer_s_text_leave_valid_json, setup),
		cmocka_unit_test_setup(a_source_is_told_with_all_that_is_known, setup),
		cmocka_unit_test_setup(an_interval_is_told_from_the_line_at_its_own_counter_value,
				       setup),
		cmocka_unit_test_setup(a_falseticker_is_named_with_the_reason, setup),
		cmocka_unit_test_setup(a_source_that_never_answered_has_nulls_and_no_zeros, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
