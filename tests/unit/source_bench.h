/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One source on a loop of its own, whose timers the test fires; events are counted and kept. */
#ifndef VMCLOCK_TESTS_SOURCE_BENCH_H
#define VMCLOCK_TESTS_SOURCE_BENCH_H

#include <time.h>

#include "daemon/log.h"
#include "daemon/source/source.h"

struct bench {
	struct loop loop;
	struct counter counter;
	struct source_env env;
	struct config_source config;
	struct source source;
	unsigned int events, offline;
	struct event last;
	int verdict; /* of the discipline */
};

static struct bench bench;

static int bench_on_event(void *context, struct source *source, const struct event *event)
{
	(void)context;
	(void)source;
	bench.events++;
	bench.last = *event;
	return bench.verdict;
}

static void bench_on_offline(void *context, struct source *source)
{
	(void)context;
	(void)source;
	bench.offline++;
}

static inline int bench_start(void)
{
	char message[256];

	log_open(false, LOG_LEVEL_ERROR);
	bench = (struct bench){
		.config = {
			.name = "gnss", .min_poll_s = 1, .max_poll_s = 1, .uncertainty_ticks = 2}};
	bench.env = (struct source_env){.loop = &bench.loop,
					.counter = &bench.counter,
					.event = bench_on_event,
					.offline = bench_on_offline};
	return counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &bench.counter, message,
			    sizeof(message));
}

/* The timer's turn, whenever it was meant to be. */
static inline void bench_look(void)
{
	struct loop_timer *timer = bench.loop.timers;
	int64_t now_ns = loop_now_ns();

	assert_non_null(timer);
	loop_disarm(&bench.loop, timer);
	timer->fire(timer, now_ns);
}

/* The descriptor's turn. */
static inline void bench_ready(void)
{
	assert_int_equal(bench.loop.watch_count, 1);
	bench.loop.watches[0]->ready(bench.loop.watches[0], 1);
}

static inline int64_t bench_realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
