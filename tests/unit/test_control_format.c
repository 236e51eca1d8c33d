// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl's numbers, tables and pictures as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "history.h"
#include "screen.h"
#include "source_table.h"

static struct text text;

static void times_get_the_unit_that_suits_them(void **state)
{
	(void)state;
	assert_string_equal(format_time(&text, 0), "0 ns");
	assert_string_equal(format_time(&text, 0.25), "0.25 ns");
	assert_string_equal(format_time(&text, 3.26), "3.26 ns");
	assert_string_equal(format_time(&text, 805), "805 ns");
	assert_string_equal(format_time(&text, 40500), "40.5 us");
	assert_string_equal(format_time(&text, 1230000), "1.23 ms");
	assert_string_equal(format_time(&text, 1e9), "1.00 s");
	assert_string_equal(format_time(&text, 90e9), "90.0 s");
	assert_string_equal(format_time(&text, 300e9), "5.00 min");
	assert_string_equal(format_time(&text, 7200e9), "2.00 h");
	assert_string_equal(format_time(&text, 400 * 86400e9), "400 d");
}

static void rounding_never_shows_a_thousand_of_a_unit(void **state)
{
	double ns;

	(void)state;
	assert_string_equal(format_time(&text, 999.4), "999 ns");
	assert_string_equal(format_time(&text, 999.6), "1.00 us");
	assert_string_equal(format_time(&text, 999600), "1.00 ms");
	for (ns = 1; ns < 59e9; ns *= 1.0007) {
		format_time(&text, ns);
		if (strncmp(text.text, "1000", 4) == 0)
			fail_msg("%.9g is '%s'", ns, text.text);
	}
}

static void offsets_carry_their_sign(void **state)
{
	(void)state;
	assert_string_equal(format_offset(&text, 1200), "+1.20 us");
	assert_string_equal(format_offset(&text, -1200), "-1.20 us");
	assert_string_equal(format_offset(&text, 0), "0 ns");
	format_offset(&text, -50e6);
	assert_string_equal(format_narrow(&text), "-50.0ms");
}

static void what_is_not_known_is_a_dash_and_no_number(void **state)
{
	(void)state;
	assert_string_equal(format_time(&text, (double)NAN), "-");
	assert_string_equal(format_offset(&text, (double)NAN), "-");
	assert_string_equal(format_age(&text, (double)NAN), "-");
	assert_string_equal(format_rate(&text, (double)NAN), "-");
	assert_string_equal(format_frequency(&text, (double)NAN), "-");
	assert_string_equal(format_time(&text, (double)INFINITY), "none");
}

static void rates_are_ppb_or_ppm_with_a_sign(void **state)
{
	(void)state;
	assert_string_equal(format_rate(&text, 2400), "+2.400 ppm");
	assert_string_equal(format_rate(&text, -12), "-12.0 ppb");
	assert_string_equal(format_rate(&text, 0.5), "+0.50 ppb");
	assert_string_equal(format_rate(&text, -0.001), "0 ppb");
	assert_string_equal(format_rate_size(&text, -2400), "2.400 ppm");
	assert_string_equal(format_rate_size(&text, (double)NAN), "-");
}

static void ages_stay_short(void **state)
{
	(void)state;
	assert_string_equal(format_age(&text, 3.2), "3s");
	assert_string_equal(format_age(&text, 720), "12m");
	assert_string_equal(format_age(&text, 5 * 3600), "5h");
	assert_string_equal(format_age(&text, 10 * 86400), "10d");
}

static void dates_are_right_on_both_sides_of_1970(void **state)
{
	(void)state;
	assert_string_equal(format_date(&text, 1800000000500001250),
			    "2027-01-15 08:00:00.500001250");
	assert_string_equal(format_date(&text, -1), "1969-12-31 23:59:59.999999999");
}

static void text_from_elsewhere_cannot_steer_the_terminal(void **state)
{
	char out[8];

	(void)state;
	assert_string_equal(format_safe(out, sizeof(out), "a\x1b[2J\n\xc2\x9b"), "a?[2J??");
	assert_string_equal(format_safe(out, 3, "abcdef"), "ab");
}

static void assert_time(const char *written, double expected)
{
	double ns;

	assert_true(parse_time(written, false, &ns));
	if (fabs(ns - expected) > expected * 1e-12)
		fail_msg("%s is %.12g", written, ns);
}

static void times_are_read_with_their_unit(void **state)
{
	double ns;

	(void)state;
	assert_time("120 ns", 120);
	assert_time("100us", 1e5);
	assert_time("1.5 ms", 1.5e6);
	assert_time("1 s", 1e9);
	assert_time("2 min", 120e9);
	assert_true(parse_time("20", true, &ns));
	assert_true(ns == 20e9);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {"",	   "s",	    "5",     "5 parsecs", "-5 s",  "nan s",
					  "inf s", "0x5 s", "1e9 s", "5 s ",	  "5 s s", " 5 s"};
	double ns;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse_time(bad[i], false, &ns))
			fail_msg("'%s' was taken as %g ns", bad[i], ns);
	}
}

static json_t *a_source(const char *state, double weight)
{
	json_t *source =
		json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:n}", "name", "good",
			  "type", "ntp", "address", "192.0.2.1:123", "state", state, "stratum", 2,
			  "reach", 255, "poll_s", 64.0, "last_reply_age_s", 35.0, "offset_ns",
			  -1200.0, "bound_ns", 39250.0, "noise_ns");

	json_object_set_new(source, "weight", json_real(weight));
	json_object_set_new(source, "delay_ns", json_real(1e5));
	json_object_set_new(source, "wander", json_real(0.12));
	json_object_set_new(source, "why", json_string(weight > 0 ? "" : "50 ms off"));
	return source;
}

static void a_source_s_line_reads_like_chronyc(void **state)
{
	json_t *source = a_source("selected", 1);
	char row[200];

	(void)state;
	source_table_row(row, sizeof(row), source);
	assert_string_equal(row, "^* good         192.0.2.1           2  64s   377    35s  -1.20us "
				 "  39.2us 100%        -    100us   0.12ppb");
	assert_int_equal(strlen(row), strlen(source_table_head));
	json_decref(source);
}

static void each_state_has_its_mark(void **state)
{
	static const struct {
		const char *state;
		double weight;
		char mark;
	} expected[] = {{"selected", 0.6, '*'},	 {"selected", 0.4, '+'}, {"selectable", 0, '-'},
			{"falseticker", 0, 'x'}, {"conflict", 0, '~'},	 {"waiting", 0, '?'},
			{"unreachable", 0, '?'}};
	char row[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		json_t *source = a_source(expected[i].state, expected[i].weight);

		source_table_row(row, sizeof(row), source);
		if (row[1] != expected[i].mark)
			fail_msg("%s is marked '%c'", expected[i].state, row[1]);
		json_decref(source);
	}
}

static void address_is(const char *given, const char *shown)
{
	json_t *source = a_source("selected", 1);
	char row[200];

	json_object_set_new(source, "address", json_string(given));
	source_table_row(row, sizeof(row), source);
	row[34] = '\0';
	if (strncmp(row + 16, shown, strlen(shown)) != 0 || row[16 + strlen(shown)] > ' ')
		fail_msg("'%s' is shown as '%s'", given, row + 16);
	json_decref(source);
}

static void addresses_lose_the_usual_port_only(void **state)
{
	(void)state;
	address_is("192.0.2.1:123", "192.0.2.1");
	address_is("192.0.2.1:1234", "192.0.2.1:1234");
	address_is("[2001:db8::1]:123", "2001:db8::1");
	address_is("[2001:db8::1]:11", "[2001:db8::1]:11");
	address_is("", "");
	address_is(":123", "");
	address_is("CLOCK_REALTIME", "CLOCK_REALTIME");
	address_is("[2001:db8:1111:2222:3333:4444:5555:6666]:123", "2001:db8:1111:2222");
}

static void a_reason_is_given_for_what_is_not_used(void **state)
{
	json_t *source = a_source("falseticker", 0);
	char note[100];

	(void)state;
	source_table_note(note, sizeof(note), source);
	assert_string_equal(note, "falseticker: 50 ms off");
	json_object_set_new(source, "problem", json_string("no reply"));
	source_table_note(note, sizeof(note), source);
	assert_string_equal(note, "falseticker: 50 ms off; no reply");
	json_object_set_new(source, "state", json_string("selected"));
	source_table_note(note, sizeof(note), source);
	assert_string_equal(note, "");
	json_decref(source);
}

static void a_shrinking_bound_is_drawn_falling(void **state)
{
	struct history history = {.count = 0};
	char out[4 * HISTORY_MAX + 1];

	(void)state;
	history_add(&history, 1e6);
	history_add(&history, 1e5);
	history_add(&history, 1e3);
	history_add(&history, (double)NAN);
	history_add(&history, 0);
	history_draw(&history, false, out, sizeof(out));
	assert_string_equal(out, "@*_");
	history_draw(&history, true, out, sizeof(out));
	assert_string_equal(out, "█▆▁");
}

static void a_steady_bound_is_drawn_level(void **state)
{
	struct history history = {.count = 0};
	char out[4 * HISTORY_MAX + 1];
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		history_add(&history, 40000 + i);
	history_draw(&history, false, out, sizeof(out));
	assert_string_equal(out, "===");
}

static void history_keeps_the_latest(void **state)
{
	struct history history = {.count = 0};
	char out[4 * HISTORY_MAX + 1];
	int i;

	(void)state;
	for (i = 1; i <= 1000; i++)
		history_add(&history, i);
	assert_int_equal(history.count, HISTORY_MAX);
	assert_true(history_most(&history) == 1000);
	assert_true(history_least(&history) == 1000 - HISTORY_MAX + 1);
	history_draw(&history, true, out, sizeof(out));
	assert_int_equal(strlen(out), 3 * HISTORY_MAX);
}

static void lines_are_cut_between_characters(void **state)
{
	(void)state;
	assert_int_equal(screen_fit("abc", 2), 2);
	assert_int_equal(screen_fit("abc", 80), 3);
	assert_int_equal(screen_fit("▁▂▃", 2), 6);
	assert_int_equal(screen_fit("a▁b", 2), 4);
	assert_int_equal(screen_fit("abc", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_get_the_unit_that_suits_them),
		cmocka_unit_test(rounding_never_shows_a_thousand_of_a_unit),
		cmocka_unit_test(offsets_carry_their_sign),
		cmocka_unit_test(what_is_not_known_is_a_dash_and_no_number),
		cmocka_unit_test(rates_are_ppb_or_ppm_with_a_sign),
		cmocka_unit_test(ages_stay_short),
		cmocka_unit_test(dates_are_right_on_both_sides_of_1970),
		cmocka_unit_test(text_from_elsewhere_cannot_steer_the_terminal),
		cmocka_unit_test(times_are_read_with_their_unit),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_source_s_line_reads_like_chronyc),
		cmocka_unit_test(each_state_has_its_mark),
		cmocka_unit_test(addresses_lose_the_usual_port_only),
		cmocka_unit_test(a_reason_is_given_for_what_is_not_used),
		cmocka_unit_test(a_shrinking_bound_is_drawn_falling),
		cmocka_unit_test(a_steady_bound_is_drawn_level),
		cmocka_unit_test(history_keeps_the_latest),
		cmocka_unit_test(lines_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
