// SPDX-License-Identifier: GPL-2.0-or-later
/* The host clock is believed as far as the kernel vouches for it, and no further. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/source/system.h"

#define MIDNIGHT_NS (INT64_C(1782864000) * 1000000000) /* 2026-07-01 */

static const char *look(int64_t t_ns, int clock_state, int status, long maxerror_us,
			struct event *out)
{
	struct stamp_pair pair = {.counter = 99, .half_ns = 40, .realtime_ns = t_ns};
	struct timex kernel = {.status = status, .maxerror = maxerror_us};

	return system_event(&pair, clock_state, &kernel, out);
}

static void the_kernels_maximum_error_and_the_bracket_are_the_bound(void **state)
{
	struct event e;

	(void)state;
	assert_null(look(MIDNIGHT_NS, TIME_OK, 0, 1500, &e));
	assert_int_equal(e.kind, EVENT_TIME);
	assert_int_equal(e.time.c, 99);
	assert_int_equal(e.time.t_ns, MIDNIGHT_NS);
	assert_true(fabs(e.time.max_error_ns - 1500040) < 1e-6);
}

static void an_unsynchronised_clock_gives_nothing(void **state)
{
	struct event e;

	(void)state;
	assert_non_null(strstr(look(MIDNIGHT_NS, TIME_ERROR, STA_UNSYNC, 16000000, &e),
			       "not synchronised"));
	assert_non_null(look(MIDNIGHT_NS, TIME_OK, STA_UNSYNC, 1, &e));
	assert_non_null(look(MIDNIGHT_NS, -1, 0, 1, &e));
	assert_non_null(look(MIDNIGHT_NS, TIME_OK, 0, -1, &e));
}

static void nothing_is_read_off_around_a_leap_second(void **state)
{
	static const int with_leap[] = {TIME_INS, TIME_DEL, TIME_WAIT};
	struct event e;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(look(MIDNIGHT_NS + 1000000, with_leap[i], 0, 1, &e));
		assert_non_null(look(MIDNIGHT_NS - 1000000, with_leap[i], 0, 1, &e));
		assert_null(look(MIDNIGHT_NS - INT64_C(10000000000), with_leap[i], 0, 1, &e));
	}
	assert_non_null(look(MIDNIGHT_NS - INT64_C(10000000000), TIME_OOP, 0, 1, &e));
	assert_null(look(MIDNIGHT_NS, TIME_OK, 0, 1, &e));
}

struct heard {
	unsigned int events;
	struct event last;
};

static int on_event(void *context, struct source *source, const struct event *event)
{
	struct heard *heard = context;

	(void)source;
	heard->events++;
	heard->last = *event;
	return 0;
}

/* Whatever this machine's kernel says of its clock, the source says the same. */
static void the_source_agrees_with_the_kernel(void **state)
{
	struct heard heard = {0};
	struct loop loop = {0};
	struct counter counter;
	struct source_env env = {
		.loop = &loop, .counter = &counter, .event = on_event, .context = &heard};
	struct config_source config = {.name = "host",
				       .type = SOURCE_TYPE_SYSTEM,
				       .min_poll_s = 0.001,
				       .max_poll_s = 0.001};
	struct source source = {.slot = 3};
	struct timex kernel = {.modes = 0};
	char message[256];

	(void)state;
	log_open(false, LOG_LEVEL_ERROR);
	assert_int_equal(counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &counter,
				      message, sizeof(message)),
			 0);
	assert_int_equal(source_count(&config), 1);
	assert_int_equal(source_start(&source, &config, &env), 0);
	assert_int_equal(source.slot, 3);
	while (source.stats.sent < 5)
		assert_int_equal(loop_run_once(&loop, INT64_MAX), 0);
	assert_int_equal(heard.events, source.stats.received);
	assert_int_equal(source.stats.received + source.stats.rejected, source.stats.sent);
	if (adjtimex(&kernel) >= 0 && kernel.status & STA_UNSYNC) {
		assert_int_equal(heard.events, 0);
		assert_non_null(strstr(source.claims.problem, "not synchronised"));
		assert_int_equal(source.claims.leap, 3);
	}
	source_stop(&source);
	assert_null(loop.timers);
	source_stop(&source); /* twice does no harm */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_maximum_error_and_the_bracket_are_the_bound),
		cmocka_unit_test(an_unsynchronised_clock_gives_nothing),
		cmocka_unit_test(nothing_is_read_off_around_a_leap_second),
		cmocka_unit_test(the_source_agrees_with_the_kernel),
	};

	return cmocka_run_group_tests_name("system source", tests, NULL, NULL);
}
