// SPDX-License-Identifier: GPL-2.0-or-later
/* What differs between two configurations, and what becomes of each source; sources by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_change.h"

static struct config before, after;
static struct config_change change;
static char message[512];

static void take(struct config *config, const char *text)
{
	config_defaults(config);
	if (config_parse(config, text, strlen(text), "f", message, sizeof(message)) ||
	    config_check(config, message, sizeof(message)))
		fail_msg("refused: %s: %s", text, message);
}

static void compare(const char *one, const char *other)
{
	take(&before, one);
	take(&after, other);
	config_compare(&before, &after, &change);
}

#define NTP(name, more) "[source " name "]\ntype = ntp\naddress = 192.0.2.1\n" more

static void assert_source(const char *more_before, const char *more_after, enum source_change what,
			  const char *keys)
{
	char one[400], other[400], named[200];

	snprintf(one, sizeof(one), NTP("a", "%s"), more_before);
	snprintf(other, sizeof(other), "# moved\n\n" NTP("a", "%s"), more_after);
	compare(one, other);
	assert_int_equal(change.sources[0].what, what);
	assert_false(change.removed[0]);
	config_source_keys_changed(&before.sources[0], &after.sources[0], named, sizeof(named));
	assert_string_equal(named, keys);
}

static void what_stayed_is_the_same_wherever_it_stands(void **state)
{
	(void)state;
	assert_source("", "", SOURCE_SAME, "");
	assert_source("max-poll = 16 s\n", "max-poll = 16000 ms\n", SOURCE_SAME, "");
	assert_source("", "min-poll = 1 s\nprefer = off\n", SOURCE_SAME, "");
	assert_int_equal(change.now_count + change.later_count, 0);
}

static void keys_beside_the_measurement_leave_the_history(void **state)
{
	(void)state;
	assert_source("", "prefer = on\n", SOURCE_TUNED, "prefer");
	assert_source("noselect = on\n", "trust = on\n", SOURCE_TUNED, "trust, noselect");
	assert_source("", "max-poll = 16 s\n", SOURCE_TUNED, "max-poll");
	assert_source("", "min-poll = 128 s\n", SOURCE_TUNED, "min-poll, max-poll");
	assert_source("", "min-samples = 4\n", SOURCE_TUNED, "min-samples");
	assert_source("", "iburst = off\n", SOURCE_TUNED, "iburst");
}

static void keys_of_the_measurement_start_it_over(void **state)
{
	(void)state;
	assert_source("", "offset = 1 us\n", SOURCE_AGAIN, "offset");
	assert_source("", "max-error = 1 us\n", SOURCE_AGAIN, "max-error");
	assert_source("", "interface = eth0\n", SOURCE_AGAIN, "interface");
	assert_source("", "interleaved = on\n", SOURCE_AGAIN, "interleaved");
	assert_source("", "timestamps = daemon\nprefer = on\n", SOURCE_AGAIN, "prefer, timestamps");
	compare("[source a]\ntype = ntp\naddress = 192.0.2.1\n",
		"[source a]\ntype = ntp\naddress = 192.0.2.1:124\n");
	assert_int_equal(change.sources[0].what, SOURCE_AGAIN);
	compare("[source a]\ntype = pool\naddress = 192.0.2.1\n", NTP("a", ""));
	assert_int_equal(change.sources[0].what, SOURCE_AGAIN);
}

static void another_secret_under_the_same_number_starts_it_over(void **state)
{
	(void)state;
	compare(NTP("a", ""), NTP("a", ""));
	after.sources[0].secret = before.sources[0].secret =
		(struct ntp_key){.id = 1, .length = 1, .secret = "x"};
	after.sources[0].secret.secret[0] = 'y';
	config_compare(&before, &after, &change);
	assert_int_equal(change.sources[0].what, SOURCE_AGAIN);
}

static void sources_come_go_and_change_places(void **state)
{
	(void)state;
	compare(NTP("a", "") NTP("b", "") NTP("c", ""), NTP("d", "") NTP("c", "") NTP("a", ""));
	assert_int_equal(change.sources[0].what, SOURCE_ADDED);
	assert_int_equal(change.sources[1].what, SOURCE_SAME);
	assert_int_equal(change.sources[1].old, 2);
	assert_int_equal(change.sources[2].what, SOURCE_SAME);
	assert_int_equal(change.sources[2].old, 0);
	assert_false(change.removed[0]);
	assert_true(change.removed[1]);
	assert_false(change.removed[2]);
}

static void settings_apply_at_once_or_wait(void **state)
{
	(void)state;
	compare("[clock]\nmax-slew = 20 ppm\n", "[clock]\nmax-slew = 30 ppm\n"
						"counter = monotonic-raw\n[page]\nfile = /x\n"
						"[state]\nfile = none\n");
	assert_int_equal(change.now_count, 2);
	assert_string_equal(change.now[0]->name, "max-slew");
	assert_string_equal(change.now[1]->section, "state");
	assert_int_equal(change.later_count, 2);
	assert_string_equal(change.later[0]->name, "counter");
	assert_string_equal(change.later[1]->section, "page");
}

/* Every key can be compared and copied: all of one configuration makes it the other. */
static void copying_what_differs_leaves_no_difference(void **state)
{
	(void)state;
	compare("", "[clock]\ncounter = vcnt\ncounter-check = kernel\nmax-rate-change = 5 ppm\n"
		    "monotonic = off\nnesting-horizon = 5 s\nmax-slew = 1 ppm\n"
		    "unreliable-above = 1 ms\nleap-file = /l\ntai-offset = 37\n"
		    "[page]\nfile = /p\ndriver = off\nlease = 3 s\nkvm = off\n"
		    "[host]\nclock = auto\nstep-above = 1 s\nstep-limit = 0\n"
		    "[control]\nsocket = none\ngroup = root\n"
		    "[log]\njournal = off\nevent-log = /e\n[state]\nfile = none\n"
		    "[process]\nrealtime = 3\ncpu = 1\nlock-memory = on\nhotplug = off\n");
	assert_int_equal(change.now_count + change.later_count, 25);
	for (unsigned int i = 0; i < change.now_count; i++)
		config_value_copy(change.now[i], &after, &before);
	for (unsigned int i = 0; i < change.later_count; i++)
		config_value_copy(change.later[i], &after, &before);
	config_compare(&before, &after, &change);
	assert_int_equal(change.now_count + change.later_count, 0);
}

static int by_hand(const char *name, const char *one, const char *other)
{
	const char *settings[] = {one, other};
	int err = config_parse_source(&before, name, settings, other ? 2 : 1, message,
				      sizeof(message));

	return err ? err : config_check(&before, message, sizeof(message));
}

static void assert_by_hand_fault(const char *name, const char *one, const char *expected)
{
	take(&before, NTP("a", "") "[source pool]\ntype = pool\naddress = 192.0.2.9\n");
	assert_int_equal(by_hand(name, one, NULL), -EINVAL);
	if (strncmp(message, expected, strlen(expected)))
		fail_msg("%s\n  instead of: %s", message, expected);
}

static void a_source_by_hand_is_one_as_of_a_file(void **state)
{
	(void)state;
	take(&after, NTP("a", "") "[source b]\ntype = ntp\naddress = [2001:db8::1]:124\n");
	take(&before, NTP("a", ""));
	assert_int_equal(by_hand("b", "type=ntp", "  address = [2001:db8::1]:124 # a comment"), 0);
	config_compare(&before, &after, &change);
	assert_int_equal(change.sources[1].what, SOURCE_SAME);
	assert_int_equal(by_hand("b", "max-poll=16 s", NULL), 0);
	assert_int_equal(before.source_count, 2);
	config_compare(&before, &after, &change);
	assert_int_equal(change.sources[1].what, SOURCE_TUNED);
}

/* A default that was filled in does not stand in the way of the other end. */
static void an_open_end_of_the_polls_stays_open(void **state)
{
	(void)state;
	take(&before, "[source p]\ntype = pool\naddress = 192.0.2.9\n");
	assert_int_equal(by_hand("p", "max-poll=16 s", NULL), 0);
	assert_true(before.sources[0].min_poll_s == 16);
}

static void faults_by_hand_are_those_of_files_without_a_line(void **state)
{
	(void)state;
	assert_by_hand_fault("a", "colour=red",
			     "unknown key 'colour' in [source a]; expected one of");
	assert_by_hand_fault("a", "max-poll=4", "max-poll = 4: no unit; expected a time");
	assert_by_hand_fault("a", "device=/dev/ptp0",
			     "source 'a' of type ntp has 'device'; expected");
	assert_by_hand_fault("a", "max-poll", "'max-poll' is not a setting; expected KEY=VALUE");
	assert_by_hand_fault("a", "=on", "'=on' is not a setting; expected KEY=VALUE");
	assert_by_hand_fault("a", "[clock]", "'[clock]' is not a setting; expected KEY=VALUE");
	assert_by_hand_fault("a", "prefer=on\nmax-slew=1 ppm", "byte 0x0a; expected text");
	assert_by_hand_fault("x y", "type=ntp", "[source x y]: bad name; expected 1 to 31");
	assert_by_hand_fault("x", "type=ntp", "[source x]: no address; expected address");
	assert_by_hand_fault("x", "offset=1 us", "[source x]: no type; expected type");
	assert_by_hand_fault("pool.1", "type=system", "[source pool.1]: name of a pool's member");
}

static void a_source_that_others_lock_on_cannot_be_removed(void **state)
{
	(void)state;
	take(&before, NTP("a", "") "[source p]\ntype = pps\ndevice = /dev/pps0\nlock = a\n");
	config_remove_source(&before, config_find_source(&before, "a"));
	assert_int_equal(before.source_count, 1);
	assert_int_equal(config_check(&before, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "[source p]: lock on a source that is not there"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stayed_is_the_same_wherever_it_stands),
		cmocka_unit_test(keys_beside_the_measurement_leave_the_history),
		cmocka_unit_test(keys_of_the_measurement_start_it_over),
		cmocka_unit_test(another_secret_under_the_same_number_starts_it_over),
		cmocka_unit_test(sources_come_go_and_change_places),
		cmocka_unit_test(settings_apply_at_once_or_wait),
		cmocka_unit_test(copying_what_differs_leaves_no_difference),
		cmocka_unit_test(a_source_by_hand_is_one_as_of_a_file),
		cmocka_unit_test(an_open_end_of_the_polls_stays_open),
		cmocka_unit_test(faults_by_hand_are_those_of_files_without_a_line),
		cmocka_unit_test(a_source_that_others_lock_on_cannot_be_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
