/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the event log: read strictly, written so that it reads back the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/event_csv.h"

static struct event_csv line;
static char message[200];

static int parse(const char *text)
{
	message[0] = '\0';
	return event_csv_parse(&line, text, strlen(text), message, sizeof(message));
}

static void assert_refused(const char *text, const char *why)
{
	assert_int_equal(parse(text), -EBADMSG);
	assert_int_equal(line.kind, EVENT_CSV_NOTHING);
	assert_string_equal(message, why);
}

static void assert_survives(const char *text)
{
	char out[EVENT_CSV_LINE_MAX];

	assert_int_equal(parse(text), 0);
	assert_int_equal(event_csv_format(&line, out, sizeof(out)), (int)strlen(text) + 1);
	assert_memory_equal(out, text, strlen(text));
	assert_int_equal(out[strlen(text)], '\n');
}

static void an_exchange_of_ten_fields_is_read_whole(void **state)
{
	(void)state;
	assert_int_equal(parse("ntp,gnss,150001000,1262304000150104436,1262304000150104424,"
			       "150206495,0,1,1500,2500.5"),
			 0);
	assert_int_equal(line.kind, EVENT_CSV_EVENT);
	assert_int_equal(line.event.kind, EVENT_NTP);
	assert_string_equal(line.name, "gnss");
	assert_int_equal(line.event.ntp.c1, 150001000);
	assert_int_equal(line.event.ntp.t2_ns, 1262304000150104436);
	assert_int_equal(line.event.ntp.t3_ns, 1262304000150104424);
	assert_int_equal(line.event.ntp.c4, 150206495);
	assert_int_equal(line.event.ntp.stratum, 1);
	assert_true(line.event.ntp.root_delay_ns == 1500);
	assert_true(line.event.ntp.root_dispersion_ns == 2500.5);
}

static void what_the_file_does_not_say_is_marked_unknown(void **state)
{
	(void)state;
	assert_int_equal(parse("ntp,a,1,2,3,4,0,1,0,0"), 0);
	assert_int_equal(line.event.ntp.precision_log2, INT8_MIN);
	assert_int_equal(line.event.ntp.c1_user, 0);
	assert_true(line.event.ntp.stamp_error_ns == 0);
	assert_int_equal(parse("phc,a,1,2,3"), 0);
	assert_true(isinf(line.event.phc.max_error_ns));
	assert_int_equal(parse("pps,a,1,2.5"), 0);
	assert_false(line.event.edge.labelled);
}

static void every_kind_of_line_survives_being_written_and_read(void **state)
{
	(void)state;
	assert_survives("counter,tsc,2400000000");
	assert_survives("counter,tsc,2399999999.123");
	assert_survives("source,a,prefer=on;poll_s=16");
	assert_survives("ntp,a,1,2,3,4,0,1,0.5,0,-20,5,6,12.25");
	assert_survives("ntp,a,18446744073709551615,-9223372036854775808,9223372036854775807,"
			"0,3,16,0,0,,,,0");
	assert_survives("phc,a,1,-2,3");
	assert_survives("phc,a,1,-2,3,500");
	assert_survives("pps,a,7,2.5");
	assert_survives("pps,a,7,2.5,1262304001");
	assert_survives("latch,a,7,2,-1");
	assert_survives("time,a,7,8,inf");
	assert_survives("time,a,7,8,0.1");
	assert_survives("clockset,7");
	assert_survives("disrupt,7,the counter went backwards");
	assert_survives("online,a");
	assert_survives("offline,a");
	assert_survives("reset,pool.2");
	assert_survives("truth,150206495,1262304000150204993");
	assert_survives("phc,eth0,1,2,3,500,1");
	assert_survives("phc,eth0,1,2,3,,2");
	assert_survives("time,gnss,1,2,inf,0");
	assert_survives("leaps,7,1719532800,1435708800=36;1483228800=37");
	assert_survives("leaps,7,0,1483228800=37,1814400000=38");
}

static void comments_and_empty_lines_are_nothing(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_int_equal(line.kind, EVENT_CSV_NOTHING);
	assert_int_equal(parse("# ntp,0,1"), 0);
	assert_int_equal(line.kind, EVENT_CSV_NOTHING);
}

static void fields_added_at_the_end_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(parse("truth,1,2,3,new"), 0);
	assert_int_equal(parse("ntp,a,1,2,3,4,0,1,0,0,-20,1,2,3,0,5,6"), 0);
	assert_int_equal(parse("clockset,1,x"), 0);
}

static void faults_are_named_by_field(void **state)
{
	static const char *const bad_entries[] = {
		"",
		"5",
		"5=x",
		"=37",
		"5=37;4=38",
		"5=37;6=39",
		"5=37;6=37",
		"5=1001",
		"-9223372036854775808=37",
		"400000000001=37",
		"1=1;2=2;3=3;4=4;5=5;6=6;7=7;8=8;9=9",
	};

	(void)state;
	assert_refused("ntp,a,1,2,3,4,0,1,0,0,-20,1,2,3,4",
		       "field 15 (interleaved): '4' is not 0 or 1");
	assert_refused("nptp,a", "field 1 (kind): 'nptp' is not a kind of line that is known");
	assert_refused("ntp", "field 2 (SOURCE): the line ends before it");
	assert_refused("ntp,,1", "field 2 (SOURCE): empty");
	assert_refused("ntp,a,1,2,3", "field 6 (c4): the line ends before it");
	assert_refused("ntp,a,-1,2,3,4,0,1,0,0",
		       "field 3 (c1): '-1' is not a counter value, 0 to 2^64-1");
	assert_refused("ntp,a,18446744073709551616,2,3,4,0,1,0,0",
		       "field 3 (c1): '18446744073709551616' is not a counter value, 0 to 2^64-1");
	assert_refused("ntp,a,1,2.5,3,4,0,1,0,0",
		       "field 4 (t2_ns): '2.5' is not a whole number of nanoseconds");
	assert_refused(
		"truth,1,9223372036854775808",
		"field 3 (t_ns): '9223372036854775808' is not a whole number of nanoseconds");
	assert_refused("ntp,a,1,2,3,4,4,1,0,0", "field 7 (leap): '4' is not in its range");
	assert_refused("ntp,a,1,2,3,4,0,17,0,0", "field 8 (stratum): '17' is not in its range");
	assert_refused("ntp,a,1,2,3,4,0,1,-1,0",
		       "field 9 (root_delay_ns): '-1' is not a number that is not negative");
	assert_refused("time,a,1,2,3,4", "field 6 (leap): '4' is not within 0 to 3");
	assert_refused("leaps,1,x,5=37",
		       "field 3 (expires_utc_s): 'x' is not a whole number of seconds");
	for (size_t i = 0; i < sizeof(bad_entries) / sizeof(bad_entries[0]); i++) {
		char text[200], why[200];

		snprintf(text, sizeof(text), "leaps,1,0,%s", bad_entries[i]);
		snprintf(why, sizeof(why),
			 "field 4 (entries): '%.24s' is not UTC=OFFSET;..., one second from each "
			 "to the next",
			 bad_entries[i]);
		assert_refused(text, why);
	}
	assert_refused("leaps,1,0,5=37,x", "field 5 (announced): 'x' is not UTC=OFFSET");
	assert_refused("counter,tsc,0", "field 3 (nominal_hz): not within 1e3 to 1e12");
}

static void numbers_that_only_look_like_numbers_are_refused(void **state)
{
	static const char *const texts[] = {"nan", "NAN", "inf", "0x10",  "1e",	      " 1",
					    "1 ",  "",	  "--1", "1e999", "infinity", "1,2"};
	char text[100];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), "ntp,a,1,2,3,4,0,1,%s,0", texts[i]);
		assert_int_equal(parse(text), -EBADMSG);
		snprintf(text, sizeof(text), "truth,%s,2", texts[i]);
		assert_int_equal(parse(text), -EBADMSG);
	}
}

static void bytes_outside_of_text_are_refused(void **state)
{
	static const char zero[] = "offline,a\0b";

	(void)state;
	assert_int_equal(event_csv_parse(&line, zero, sizeof(zero) - 1, message, sizeof(message)),
			 -EBADMSG);
	assert_int_equal(parse("offline,a\tb"), -EBADMSG);
	assert_int_equal(parse("ntp,a,1,2,3,4,0,1,0,0\r"), -EBADMSG);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	char text[100] = "offline,";

	(void)state;
	memset(text + 8, 'x', EVENT_CSV_NAME_MAX - 1);
	assert_int_equal(parse(text), 0);
	text[8 + EVENT_CSV_NAME_MAX - 1] = 'x';
	assert_refused(text, "field 2 (SOURCE): longer than 47 characters");
}

static void the_writer_keeps_text_within_its_field(void **state)
{
	struct event_csv in = {.kind = EVENT_CSV_DISRUPT, .c = 1, .text = "a,b\nc"};
	char out[64];

	(void)state;
	event_csv_format(&in, out, sizeof(out));
	assert_string_equal(out, "disrupt,1,a_b_c\n");
}

static void a_line_that_does_not_fit_is_reported(void **state)
{
	char out[12];

	(void)state;
	assert_int_equal(parse("clockset,7"), 0);
	assert_int_equal(event_csv_format(&line, out, 12), 11);
	assert_int_equal(event_csv_format(&line, out, 11), -ENOSPC);
	assert_int_equal(event_csv_format(&line, out, 0), -ENOSPC);
}

static void numbers_keep_every_bit(void **state)
{
	struct event_csv in = {.kind = EVENT_CSV_EVENT, .name = "a"};
	char out[EVENT_CSV_LINE_MAX];
	int length;

	(void)state;
	in.event.kind = EVENT_NTP;
	in.event.ntp.precision_log2 = INT8_MIN;
	in.event.ntp.root_delay_ns = 1.0 / 3;
	in.event.ntp.stamp_error_ns = 1e-300;
	in.event.ntp.interleaved = true;
	length = event_csv_format(&in, out, sizeof(out));
	assert_int_equal(event_csv_parse(&line, out, (size_t)length - 1, message, 200), 0);
	assert_true(line.event.ntp.root_delay_ns == 1.0 / 3);
	assert_true(line.event.ntp.stamp_error_ns == 1e-300);
	assert_true(line.event.ntp.interleaved);
}

static void settings_are_read_over_what_was_there(void **state)
{
	struct event_csv_settings settings = {.min_samples = 4, .trust = true};

	(void)state;
	assert_int_equal(event_csv_settings_parse(&settings,
						  "address=a:1;prefer=on;offset_ns=-5;poll_s=16",
						  message, sizeof(message)),
			 0);
	assert_true(settings.prefer && settings.trust && !settings.noselect);
	assert_int_equal(settings.min_samples, 4);
	assert_true(settings.offset_ns == -5 && settings.poll_s == 16);
}

static void settings_survive_being_written_and_read(void **state)
{
	struct event_csv_settings in = {
		.prefer = true,
		.noselect = true,
		.min_samples = 7,
		.offset_ns = -0.1,
		.max_error_ns = 1e6,
		.poll_s = 64,
		.pulse = true,
		.max_latency_ns = 5e4,
		.max_jitter_ns = 2e6,
		.lock = "nmea",
	};
	struct event_csv_settings out = {0};
	char text[EVENT_CSV_TEXT_MAX];

	(void)state;
	assert_true(event_csv_settings_format(&in, text, sizeof(text)) > 0);
	assert_int_equal(event_csv_settings_parse(&out, text, message, sizeof(message)), 0);
	assert_true(out.prefer && !out.trust && out.noselect && out.min_samples == 7);
	assert_true(out.offset_ns == -0.1 && out.max_error_ns == 1e6 && out.poll_s == 64);
	assert_true(out.max_latency_ns == 5e4 && out.max_jitter_ns == 2e6);
	assert_string_equal(out.lock, "nmea");
	in.max_error_ns = in.max_latency_ns = INFINITY;
	assert_true(event_csv_settings_format(&in, text, sizeof(text)) > 0);
	assert_int_equal(event_csv_settings_parse(&out, text, message, sizeof(message)), 0);
	assert_true(isinf(out.max_error_ns) && isinf(out.max_latency_ns));
}

static void a_pulse_is_kept_with_and_without_label_and_width(void **state)
{
	static const char *const lines[] = {"pps,g,12,0.5\n", "pps,g,12,0.5,99\n",
					    "pps,g,12,0.5,,4000\n", "latch,g,12,2,99,4000\n"};
	char out[EVENT_CSV_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(event_csv_parse(&line, lines[i], strlen(lines[i]) - 1, message,
						 sizeof(message)),
				 0);
		assert_true(line.event.edge.labelled == (i % 2 == 1));
		assert_true(line.event.edge.since_other_ticks == (i > 1 ? 4000 : 0));
		assert_true(event_csv_format(&line, out, sizeof(out)) > 0);
		assert_string_equal(out, lines[i]);
	}
}

static void settings_out_of_range_are_refused_by_key(void **state)
{
	struct event_csv_settings settings = {0};

	(void)state;
	assert_int_equal(event_csv_settings_parse(&settings, "poll_s=0", message, 200), -EBADMSG);
	assert_string_equal(message, "poll_s: not within 1e-3 to 1e6");
	assert_int_equal(event_csv_settings_parse(&settings, "prefer=yes", message, 200), -EBADMSG);
	assert_string_equal(message, "prefer: neither on nor off");
	assert_int_equal(event_csv_settings_parse(&settings, "min_samples=inf", message, 200),
			 -EBADMSG);
	assert_int_equal(event_csv_settings_parse(&settings, "max_error_ns=-1", message, 200),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange_of_ten_fields_is_read_whole),
		cmocka_unit_test(what_the_file_does_not_say_is_marked_unknown),
		cmocka_unit_test(every_kind_of_line_survives_being_written_and_read),
		cmocka_unit_test(comments_and_empty_lines_are_nothing),
		cmocka_unit_test(fields_added_at_the_end_are_passed_over),
		cmocka_unit_test(faults_are_named_by_field),
		cmocka_unit_test(numbers_that_only_look_like_numbers_are_refused),
		cmocka_unit_test(bytes_outside_of_text_are_refused),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(the_writer_keeps_text_within_its_field),
		cmocka_unit_test(a_line_that_does_not_fit_is_reported),
		cmocka_unit_test(numbers_keep_every_bit),
		cmocka_unit_test(settings_are_read_over_what_was_there),
		cmocka_unit_test(settings_survive_being_written_and_read),
		cmocka_unit_test(a_pulse_is_kept_with_and_without_label_and_width),
		cmocka_unit_test(settings_out_of_range_are_refused_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
