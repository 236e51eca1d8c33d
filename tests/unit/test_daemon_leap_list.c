// SPDX-License-Identifier: GPL-2.0-or-later
/* Another list of leap seconds while the daemon runs: what was taken for TAI may be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/daemon_parts.h"
#include "daemon/log.h"

#define S_NS INT64_C(1000000000)
#define UTC_S INT64_C(1700000000) /* November 2023 */
/* Seconds since 1900. */
#define LIST_2017 "3692217600 37\n"
#define LIST_2023 LIST_2017 "3881520000 38\n" /* 1 January: a second that nobody had told */
#define LIST_2030 LIST_2017 "4102444800 38\n"

static struct daemon d;
static char path[64];
static int list_age, given_up;

int64_t daemon_realtime_s(void)
{
	return UTC_S;
}

void daemon_give_up_counter(struct daemon *daemon, const char *why)
{
	assert_ptr_equal(daemon, &d);
	assert_non_null(strstr(why, "TAI - UTC"));
	given_up++;
}

static void write_list(const char *text)
{
	struct timespec times[2] = {{.tv_sec = 1000 + list_age}, {.tv_sec = 1000 + list_age}};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(utimensat(0, path, times, 0), 0);
	list_age++;
}

static int start(void **state)
{
	struct discipline_config config = {.nominal_hz = 1e9,
					   .max_rate_change_ppb = 1000,
					   .max_slew_ppb = 50e3,
					   .unreliable_above_ns = 1e9,
					   .sources_max = 1};

	(void)state;
	log_open(false, LOG_LEVEL_ERROR);
	memset(&d, 0, sizeof(d));
	given_up = 0;
	snprintf(path, sizeof(path), "/tmp/leap-list-%d", (int)getpid());
	snprintf(d.config.leap_file, sizeof(d.config.leap_file), "%s", path);
	d.counter = (struct counter){.nominal_hz = 1e9, .ns_per_tick = 1};
	d.discipline = discipline_create(&config);
	utc_scale_start(&d.utc);
	write_list(LIST_2017);
	daemon_read_leap_table(&d);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	discipline_destroy(d.discipline);
	return unlink(path);
}

static void have_a_line(void)
{
	struct line line = {.counter = 5, .time_ns = (UTC_S + 37) * S_NS};
	struct interval bound = {.counter = 5,
				 .base_ns = line.time_ns,
				 .lo_ns = -1000,
				 .hi_ns = 1000,
				 .rate_lo_ppb = -1,
				 .rate_hi_ppb = 1,
				 .rate_since = 5};

	discipline_seed(d.discipline, &line, &bound);
	d.watch.highest = 6;
}

static void a_list_that_knows_of_a_second_in_the_past_ends_the_line(void **state)
{
	(void)state;
	have_a_line();
	write_list(LIST_2023);
	daemon_read_leap_table(&d);
	assert_int_equal(given_up, 1);
	daemon_read_leap_table(&d); /* the same list */
	assert_int_equal(given_up, 1);
	write_list(LIST_2017);
	daemon_read_leap_table(&d);
	assert_int_equal(given_up, 2);
}

static void a_list_that_knows_more_of_the_future_does_not(void **state)
{
	(void)state;
	have_a_line();
	write_list(LIST_2030);
	daemon_read_leap_table(&d);
	write_list("no list\n");
	daemon_read_leap_table(&d);
	assert_int_equal(given_up, 0);
	assert_int_equal(d.utc.table.count, 2);
}

static void without_a_line_there_is_nothing_to_give_up(void **state)
{
	(void)state;
	write_list(LIST_2023);
	daemon_read_leap_table(&d);
	assert_int_equal(given_up, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_list_that_knows_of_a_second_in_the_past_ends_the_line),
		CASE(a_list_that_knows_more_of_the_future_does_not),
		CASE(without_a_line_there_is_nothing_to_give_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
