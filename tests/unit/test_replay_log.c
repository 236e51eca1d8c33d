/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event log on a disk: complete lines, a full disk, rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/append_file.c"
#include "daemon/event_log.c"

static unsigned int errors_reported;

void log_message(enum log_level level, const char *format, ...)
{
	(void)format;
	errors_reported += level == LOG_LEVEL_ERROR;
}

static const struct counter counter = {.name = "tsc", .nominal_hz = 2.4e9};
static const struct event exchange = {
	.kind = EVENT_NTP,
	.ntp = {.c1 = 1, .t2_ns = 2, .t3_ns = 3, .c4 = 4, .stratum = 1, .precision_log2 = -20},
};
static char folder[64];
static char path[128];
static char message[300];

static int make_folder(void **state)
{
	(void)state;
	errors_reported = 0;
	snprintf(folder, sizeof(folder), "/tmp/vmclock-test-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/events", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char old[160];

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	unlink(old);
	unlink(path);
	return rmdir(folder);
}

static struct event_log *open_log(void)
{
	struct event_log *log;

	assert_int_equal(event_log_open(&log, path, &counter, message, sizeof(message)), 0);
	return log;
}

static void assert_content(const char *file, const char *expected)
{
	char content[4096] = "";
	FILE *stream = fopen(file, "r");

	assert_non_null(stream);
	assert_true(fread(content, 1, sizeof(content) - 1, stream) < sizeof(content) - 1);
	fclose(stream);
	assert_string_equal(content, expected);
}

static void each_line_is_in_the_file_when_the_call_returns(void **state)
{
	struct event_log *log = open_log();

	(void)state;
	event_log_source(log, "a", "poll_s=1");
	event_log_write(log, "a", &exchange, 0);
	event_log_offline(log, "a");
	event_log_online(log, "a");
	event_log_reset(log, "a");
	event_log_clockset(log, 5);
	event_log_disrupt(log, 6, "jump");
	assert_content(path, "counter,tsc,2400000000\nsource,a,poll_s=1\n"
			     "ntp,a,1,2,3,4,0,1,0,0,-20,,,0\noffline,a\nonline,a\nreset,a\n"
			     "clockset,5\ndisrupt,6,jump\n");
	event_log_close(log);
}

static void without_a_log_every_call_does_nothing(void **state)
{
	(void)state;
	event_log_source(NULL, "a", "");
	event_log_write(NULL, "a", &exchange, 0);
	event_log_offline(NULL, "a");
	event_log_clockset(NULL, 1);
	event_log_disrupt(NULL, 1, "");
	assert_int_equal(event_log_reopen(NULL), 0);
	assert_int_equal(event_log_lost(NULL), 0);
	event_log_close(NULL);
}

static void a_second_life_is_appended(void **state)
{
	(void)state;
	event_log_close(open_log());
	event_log_close(open_log());
	assert_content(path, "counter,tsc,2400000000\ncounter,tsc,2400000000\n");
}

static void half_a_line_of_a_killed_daemon_is_ended_first(void **state)
{
	FILE *stream = fopen(path, "w");

	(void)state;
	fputs("ntp,a,1,2", stream);
	fclose(stream);
	event_log_close(open_log());
	assert_content(path, "ntp,a,1,2\ncounter,tsc,2400000000\n");
}

static void a_list_is_stated_without_what_was_announced(void **state)
{
	struct event_log *log = open_log();
	struct leap_table table = {.count = 12, .expires_utc_s = 99};
	struct leap_entry announced;

	(void)state;
	for (int i = 0; i < 12; i++)
		table.entries[i] = (struct leap_entry){i + 1, i + 26};
	announced = table.entries[11];
	event_log_leaps(NULL, 5, &table, &announced);
	event_log_leaps(log, 5, &table, &announced);
	assert_content(path, "counter,tsc,2400000000\n"
			     "leaps,5,99,4=29;5=30;6=31;7=32;8=33;9=34;10=35;11=36,12=37\n");
	event_log_close(log);
}

static void after_rotation_the_new_file_stands_alone(void **state)
{
	struct event_log *log = open_log();
	struct leap_table table = {.count = 1, .entries = {{1, 37}}};
	struct leap_entry nothing = {0};
	char old[160];

	(void)state;
	event_log_source(log, "a", "poll_s=1");
	event_log_source(log, "a", "poll_s=2");
	event_log_leaps(log, 5, &table, &nothing);
	snprintf(old, sizeof(old), "%s.1", path);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(event_log_reopen(log), 0);
	event_log_offline(log, "a");
	assert_content(path, "counter,tsc,2400000000\nleaps,5,0,1=37\n"
			     "source,a,poll_s=2\noffline,a\n");
	assert_content(old, "counter,tsc,2400000000\nsource,a,poll_s=1\nsource,a,poll_s=2\n"
			    "leaps,5,0,1=37\n");
	event_log_close(log);
}

static void without_a_rotation_nothing_is_stated_again(void **state)
{
	struct event_log *log = open_log();

	(void)state;
	assert_int_equal(event_log_reopen(log), 0);
	event_log_offline(log, "a");
	assert_content(path, "counter,tsc,2400000000\noffline,a\n");
	event_log_close(log);
}

static void a_source_that_was_removed_is_forgotten(void **state)
{
	struct event_log *log = open_log();
	char old[300], name[20];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		event_log_source(log, name, "poll_s=1");
		event_log_remove(log, name);
	}
	snprintf(old, sizeof(old), "%s.1", path);
	assert_int_equal(rename(path, old), 0);
	event_log_source(log, "last", "poll_s=1");
	assert_int_equal(event_log_reopen(log), 0);
	assert_content(path, "counter,tsc,2400000000\nsource,last,poll_s=1\n");
	event_log_remove(log, "last");
	assert_content(path, "counter,tsc,2400000000\nsource,last,poll_s=1\noffline,last\n"
			     "reset,last\n");
	event_log_remove(NULL, "a");
	event_log_close(log);
}

static void a_rotation_that_fails_keeps_the_old_file(void **state)
{
	struct event_log *log = open_log();

	(void)state;
	snprintf(log->file.path, sizeof(log->file.path), "/nonexistent/events");
	assert_int_equal(event_log_reopen(log), -ENOENT);
	event_log_offline(log, "a");
	assert_content(path, "counter,tsc,2400000000\noffline,a\n");
	event_log_close(log);
}

static void a_full_disk_is_reported_once_and_survived(void **state)
{
	struct event_log *log;

	(void)state;
	assert_int_equal(event_log_open(&log, "/dev/full", &counter, message, 300), 0);
	for (int i = 0; i < 5000; i++)
		event_log_write(log, "a", &exchange, 0);
	assert_int_equal(errors_reported, 1);
	assert_true(event_log_lost(log) > 0);
	event_log_close(log);
}

/* The disk fills, events are lost, there is room again: the log goes on and admits the gap. */
static void after_a_full_disk_the_log_admits_what_is_missing(void **state)
{
	struct event_log *log;
	unsigned int lines = 0, notes = 0, events = 0;
	char text[EVENT_CSV_LINE_MAX], why[200];
	struct event_csv line;
	FILE *stream;

	(void)state;
	assert_int_equal(event_log_open(&log, "/dev/full", &counter, message, 300), 0);
	for (int i = 0; i < 5000; i++)
		event_log_write(log, "a", &exchange, 0);
	snprintf(log->file.path, sizeof(log->file.path), "%s", path);
	close(log->file.fd);
	log->file.fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	event_log_write(log, "a", &exchange, 0);
	event_log_write(log, "a", &exchange, 0);
	stream = fopen(path, "r");
	while (fgets(text, sizeof(text), stream)) {
		lines++;
		assert_int_equal(event_csv_parse(&line, text, strlen(text) - 1, why, 200), 0);
		events += line.kind == EVENT_CSV_EVENT;
		notes += strstr(text, "lines are missing here") != NULL;
	}
	fclose(stream);
	assert_int_equal(notes, 1);
	assert_int_equal(events + event_log_lost(log), 5002);
	assert_int_equal(lines, events + 2);
	assert_int_equal(errors_reported, 1);
	event_log_close(log);
}

static void a_path_that_cannot_be_opened_is_an_error_with_its_name(void **state)
{
	struct event_log *log;

	(void)state;
	assert_int_equal(event_log_open(&log, "/nonexistent/events", &counter, message, 300),
			 -ENOENT);
	assert_null(log);
	assert_non_null(strstr(message, "/nonexistent/events"));
}

static void the_settings_of_a_source_can_be_replayed(void **state)
{
	static struct config_source config = {
		.prefer = true, .min_samples = 4, .offset_ns = -50, .max_error_ns = 100};
	struct event_csv_settings settings = {0};
	char text[EVENT_CSV_TEXT_MAX];

	(void)state;
	event_log_settings(&config, 16, text, sizeof(text));
	assert_int_equal(event_csv_settings_parse(&settings, text, message, 300), 0);
	assert_true(settings.prefer && !settings.trust && settings.min_samples == 4);
	assert_true(settings.offset_ns == -50 && settings.max_error_ns == 100);
	assert_true(settings.poll_s == 16);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(each_line_is_in_the_file_when_the_call_returns),
		WITH_FOLDER(without_a_log_every_call_does_nothing),
		WITH_FOLDER(a_second_life_is_appended),
		WITH_FOLDER(half_a_line_of_a_killed_daemon_is_ended_first),
		WITH_FOLDER(a_list_is_stated_without_what_was_announced),
		WITH_FOLDER(after_rotation_the_new_file_stands_alone),
		WITH_FOLDER(without_a_rotation_nothing_is_stated_again),
		WITH_FOLDER(a_source_that_was_removed_is_forgotten),
		WITH_FOLDER(a_rotation_that_fails_keeps_the_old_file),
		WITH_FOLDER(a_full_disk_is_reported_once_and_survived),
		WITH_FOLDER(after_a_full_disk_the_log_admits_what_is_missing),
		WITH_FOLDER(a_path_that_cannot_be_opened_is_an_error_with_its_name),
		WITH_FOLDER(the_settings_of_a_source_can_be_replayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
