// SPDX-License-Identifier: GPL-2.0-or-later
/* The long record on a disk: its columns, what is not known, rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/statistics.h"

static struct statistics statistics;
static char folder[64];
static char message[300];

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int open_in_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/vmclock-test-statistics-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return statistics_open(&statistics, folder, message, sizeof(message));
}

static int remove_folder(void **state)
{
	(void)state;
	statistics_close(&statistics);
	unlink(path_of("clock.csv"));
	unlink(path_of("sources.csv"));
	unlink(path_of("old"));
	return rmdir(folder);
}

/* Line `number` (0: the header) of a file, without its newline; "" where it ends before. */
static const char *line_of(const char *name, unsigned int number)
{
	static char line[1024];
	FILE *stream = fopen(path_of(name), "r");

	assert_non_null(stream);
	for (unsigned int i = 0; i <= number; i++)
		if (!fgets(line, sizeof(line), stream))
			line[0] = '\0';
	fclose(stream);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static unsigned int fields(const char *line)
{
	unsigned int count = 1;

	for (; *line; line++)
		count += *line == ',';
	return count;
}

static void write_clock(double max_error_ns)
{
	const struct discipline_totals totals = {.slew_ppb = -1.5,
						 .remaining_ns = 20,
						 .selectable = 3,
						 .truechimers = 2,
						 .falsetickers = 1,
						 .publications = 77,
						 .disruptions = 4,
						 .nesting_violations = 5};
	const struct statistics_clock row = {.utc_ns = INT64_C(1795426800123456789),
					     .status = "SYNCHRONIZED",
					     .max_error_ns = max_error_ns,
					     .largest_error_ns = INFINITY,
					     .est_error_ns = 12.5,
					     .rate_ppb = 2400.25,
					     .max_rate_error_ppb = 1000,
					     .tai_offset_s = 37,
					     .host_ahead_ns = (double)NAN,
					     .totals = &totals};

	statistics_write_clock(&statistics, &row);
}

static void write_source(bool known)
{
	const struct discipline_source_status status = {.samples = 9,
							.refused = 1,
							.has_estimate = known,
							.estimate = {.phase_var_ns2 = 16,
								     .rate_ppb = -7,
								     .rate_var_ppb2 = 4,
								     .wander = 0.5},
							.offset_ns = -30,
							.has_interval = known,
							.interval = {.lo_ns = -100, .hi_ns = 300},
							.weight = 0.25,
							.filter = {.noise_ns = 8, .delay_ns = 90}};
	const struct statistics_source row = {.utc_ns = 0,
					      .name = "gnss",
					      .state = "selected",
					      .poll_s = 16,
					      .reach = 255,
					      .status = &status};

	statistics_write_source(&statistics, &row);
}

static void each_column_has_its_value(void **state)
{
	(void)state;
	write_clock(850.5);
	write_source(true);
	assert_string_equal(line_of("clock.csv", 1),
			    "2026-11-23T09:40:00.123Z,SYNCHRONIZED,850.5,inf,12.5,2400.25,1000,"
			    "-1.5,20,3,2,1,77,4,5,37,");
	assert_string_equal(line_of("sources.csv", 1),
			    "1970-01-01T00:00:00.000Z,gnss,selected,9,1,-30,4,200,8,90,-7,2,0.5,"
			    "0.25,16,255");
	assert_int_equal(fields(line_of("clock.csv", 0)), fields(line_of("clock.csv", 1)));
	assert_int_equal(fields(line_of("sources.csv", 0)), fields(line_of("sources.csv", 1)));
}

static void what_is_not_known_is_empty_and_no_bound_infinite(void **state)
{
	(void)state;
	write_clock(INFINITY);
	write_source(false);
	assert_non_null(strstr(line_of("clock.csv", 1), ",SYNCHRONIZED,inf,inf,"));
	assert_string_equal(line_of("sources.csv", 1),
			    "1970-01-01T00:00:00.000Z,gnss,selected,9,1,,,,,,,,,0.25,16,255");
}

static void another_life_goes_on_below_the_same_header(void **state)
{
	(void)state;
	write_clock(1);
	statistics_close(&statistics);
	assert_int_equal(statistics_open(&statistics, folder, message, sizeof(message)), 0);
	write_clock(2);
	assert_int_equal(strncmp(line_of("clock.csv", 0), "utc,", 4), 0);
	assert_non_null(strstr(line_of("clock.csv", 2), "SYNCHRONIZED,2,"));
}

static void after_rotation_there_is_a_new_file_with_its_header(void **state)
{
	char old[128];

	(void)state;
	write_clock(1);
	snprintf(old, sizeof(old), "%s", path_of("old"));
	assert_int_equal(rename(path_of("clock.csv"), old), 0);
	assert_int_equal(statistics_reopen(&statistics), 0);
	write_clock(2);
	assert_int_equal(strncmp(line_of("clock.csv", 0), "utc,", 4), 0);
	assert_non_null(strstr(line_of("clock.csv", 1), "SYNCHRONIZED,2,"));
	assert_non_null(strstr(line_of("old", 1), "SYNCHRONIZED,1,"));
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	static struct statistics other;

	(void)state;
	assert_int_equal(statistics_open(&other, "/nonexistent", message, sizeof(message)),
			 -ENOENT);
	assert_string_equal(message,
			    "statistics /nonexistent/clock.csv: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_column_has_its_value, open_in_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_empty_and_no_bound_infinite,
						open_in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(another_life_goes_on_below_the_same_header,
						open_in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(after_rotation_there_is_a_new_file_with_its_header,
						open_in_folder, remove_folder),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
