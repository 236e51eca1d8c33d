// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages: their form on a terminal and in the journal, their levels, repeats held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* The log's clock stands still until a test moves it. */
static time_t now_s = 1000;

static int fake_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = now_s};
	return 0;
}

#define clock_gettime fake_gettime
#include "log.c"

static FILE *sink;
static int real_stderr;

static int redirect(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	sink = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	return !sink || real_stderr < 0 || dup2(fileno(sink), STDERR_FILENO) < 0 ? -1 : 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return fclose(sink);
}

/* All that was written since the redirection. */
static const char *output(void)
{
	static char text[8192];
	ssize_t length = pread(fileno(sink), text, sizeof(text) - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	return text;
}

static void messages_have_a_level_for_people(void **state)
{
	(void)state;
	log_open(true, LOG_LEVEL_DEBUG);
	log_error("one %d", 1);
	log_warning("two");
	log_notice("three");
	log_info("four");
	log_debug("five");
	assert_string_equal(output(), "vmclockd: error: one 1\nvmclockd: warning: two\n"
				      "vmclockd: notice: three\nvmclockd: info: four\n"
				      "vmclockd: debug: five\n");
}

static void less_urgent_messages_are_dropped(void **state)
{
	(void)state;
	log_open(false, LOG_LEVEL_WARNING);
	log_notice("dropped");
	log_warning("kept");
	assert_string_equal(output(), "vmclockd: warning: kept\n");
}

static void say_whose_stderr_is(dev_t device, ino_t inode)
{
	char stream[64];

	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)device, (uintmax_t)inode);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void the_journal_gets_priorities(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	say_whose_stderr_is(status.st_dev, status.st_ino);
	log_open(true, LOG_LEVEL_INFO);
	log_error("to the journal");
	log_open(false, LOG_LEVEL_INFO);
	log_error("to people");
	assert_string_equal(output(), "<3>to the journal\nvmclockd: error: to people\n");
}

static void a_stderr_that_is_not_the_journal_gets_none(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	say_whose_stderr_is(status.st_dev, status.st_ino + 1);
	log_open(true, LOG_LEVEL_INFO);
	log_error("elsewhere");
	setenv("JOURNAL_STREAM", "rubbish", 1);
	log_open(true, LOG_LEVEL_INFO);
	log_error("no stream");
	assert_string_equal(output(), "vmclockd: error: elsewhere\nvmclockd: error: no stream\n");
}

static void repeats_are_held_back_and_counted(void **state)
{
	(void)state;
	log_open(false, LOG_LEVEL_DEBUG);
	for (int i = 0; i < 1000; i++)
		log_warning("again and again");
	log_warning("again and again, but different");
	now_s += 9;
	log_warning("again and again");
	now_s += 1;
	log_warning("again and again");
	now_s += 10;
	log_warning("again and again");
	assert_string_equal(output(), "vmclockd: warning: again and again\n"
				      "vmclockd: warning: again and again, but different\n"
				      "vmclockd: warning: again and again (and 1000 times more)\n"
				      "vmclockd: warning: again and again\n");
}

static void debugging_shows_every_message(void **state)
{
	(void)state;
	log_open(false, LOG_LEVEL_DEBUG);
	log_debug("same");
	log_debug("same");
	assert_string_equal(output(), "vmclockd: debug: same\nvmclockd: debug: same\n");
}

static void a_long_message_is_cut_and_still_ends_its_line(void **state)
{
	static char text[4000];
	const char *out;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	log_open(false, LOG_LEVEL_INFO);
	log_error("%s", text);
	out = output();
	assert_int_equal(strlen(out), strlen("vmclockd: error: ") + 1023 + 1);
	assert_int_equal(out[strlen(out) - 1], '\n');
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, redirect, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(messages_have_a_level_for_people),
		LOG_TEST(less_urgent_messages_are_dropped),
		LOG_TEST(the_journal_gets_priorities),
		LOG_TEST(a_stderr_that_is_not_the_journal_gets_none),
		LOG_TEST(repeats_are_held_back_and_counted),
		LOG_TEST(debugging_shows_every_message),
		LOG_TEST(a_long_message_is_cut_and_still_ends_its_line),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
