// SPDX-License-Identifier: GPL-2.0-or-later
/* What a next life may take for a fact of what the last one has left on disk. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/daemon_parts.h"
#include "daemon/log.h"

#define UTC_S INT64_C(1700000000)

static struct daemon d;
static char path[64];

int64_t daemon_realtime_s(void)
{
	return UTC_S;
}

/* A daemon whose rate is known within +-1 ppb around 12 ppm. */
static int start(void **state)
{
	struct discipline_config config = {.nominal_hz = 1e9,
					   .max_rate_change_ppb = 1000,
					   .max_slew_ppb = 50e3,
					   .unreliable_above_ns = 1e9,
					   .sources_max = 1};
	struct line line = {.counter = 5, .time_ns = UTC_S * NS_PER_S, .rate_ppb = 12000};
	struct interval bound = {.counter = 5,
				 .base_ns = line.time_ns,
				 .lo_ns = -1000,
				 .hi_ns = 1000,
				 .rate_lo_ppb = 11999,
				 .rate_hi_ppb = 12001,
				 .rate_since = 5};
	struct publication out;

	(void)state;
	log_open(false, LOG_LEVEL_ERROR);
	memset(&d, 0, sizeof(d));
	snprintf(path, sizeof(path), "/tmp/daemon-state-%d", (int)getpid());
	snprintf(d.config.state_file, sizeof(d.config.state_file), "%s", path);
	snprintf(d.boot_id, sizeof(d.boot_id), "this-boot");
	d.counter = (struct counter){.name = "tsc", .nominal_hz = 1e9, .ns_per_tick = 1};
	d.utc.announced = (struct leap_entry){UTC_S + 86400, 38};
	d.discipline = discipline_create(&config);
	discipline_seed(d.discipline, &line, &bound);
	discipline_run(d.discipline, 1000000000, &out);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	unlink(path);
	discipline_destroy(d.discipline);
	return 0;
}

static struct discipline_config next_life(void)
{
	struct discipline_config config = {.max_rate_change_ppb = 1000};

	d.utc.announced = (struct leap_entry){0, 0};
	daemon_read_state(&d, &config);
	return config;
}

static void a_rate_of_this_boot_is_a_fact(void **state)
{
	struct discipline_config config;

	(void)state;
	daemon_write_state(&d);
	config = next_life();
	assert_true(fabs(config.rate_lo_ppb - 11999) < 0.1);
	assert_true(fabs(config.rate_hi_ppb - 12001) < 0.1);
	assert_true(d.utc.announced.tai_offset_s == 38);
}

/* The counter is another one: killed before anything new was learned, it knows nothing. */
static void a_rate_that_was_given_up_is_none(void **state)
{
	struct discipline_config config;

	(void)state;
	daemon_write_state(&d);
	discipline_disrupt(d.discipline, 1000000001, "moved");
	daemon_write_state(&d); /* nothing to write: the one before stays */
	daemon_forget_rate(&d);
	config = next_life();
	assert_true(config.rate_lo_ppb == 0 && config.rate_hi_ppb == 0);
	assert_true(config.prior.rate_ppb == 0 && config.prior.rate_sd_ppb == 0);
	assert_true(d.utc.announced.tai_offset_s == 38);
}

static void what_was_never_kept_needs_no_forgetting(void **state)
{
	(void)state;
	daemon_forget_rate(&d);
	assert_int_equal(access(path, F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_rate_of_this_boot_is_a_fact),
		CASE(a_rate_that_was_given_up_is_none),
		CASE(what_was_never_kept_needs_no_forgetting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
