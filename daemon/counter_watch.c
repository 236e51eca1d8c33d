// SPDX-License-Identifier: GPL-2.0-or-later
/* Holds the counter against its own past and against CLOCK_MONOTONIC_RAW. */
#include "counter_watch.h"

#include <time.h>

/* Beyond what an oscillator can be off, the counter itself has changed. */
#define RATE_LIMIT 500e-6
/* The kernel keeps CLOCK_MONOTONIC_RAW by the counter itself, or by another clock on the board:
 * their ratio changes by some ppm at most. */
#define RATIO_LIMIT 20e-6
/* Shorter spans say nothing of a ratio. */
#define RATIO_SPAN_NS 1e9
/* Simulators step their clock back by some 100 ns once when they start. */
#define START_TOLERANCE_NS 1000
#define START_SPAN_NS 1000000000LL

static int64_t raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The narrowest of a few brackets: one that was interrupted says little. */
static void take_pair(struct counter_watch *watch)
{
	watch->pair_width_ns = INT64_MAX;
	for (int i = 0; i < 4; i++) {
		int64_t before = raw_ns();
		uint64_t value = watch->counter->read();
		int64_t width = raw_ns() - before;

		if (width >= watch->pair_width_ns)
			continue;
		watch->pair_counter = value;
		watch->pair_raw_ns = before + width / 2;
		watch->pair_width_ns = width;
	}
}

void counter_watch_start(struct counter_watch *watch, const struct counter *counter)
{
	watch->counter = counter;
	watch->highest = counter->read();
	watch->started_ns = raw_ns();
	watch->ratio = 0;
	take_pair(watch);
}

static bool tolerated(const struct counter_watch *watch, uint64_t value)
{
	double back_ns = (double)(watch->highest - value) * watch->counter->ns_per_tick;

	return back_ns < START_TOLERANCE_NS && raw_ns() - watch->started_ns < START_SPAN_NS;
}

const char *counter_watch_read(struct counter_watch *watch, uint64_t *value)
{
	*value = watch->counter->read();
	if ((int64_t)(*value - watch->highest) >= 0) {
		watch->highest = *value;
		return NULL;
	}
	if (tolerated(watch, *value)) {
		*value = watch->highest;
		return NULL;
	}
	counter_watch_start(watch, watch->counter);
	return "the counter went backwards";
}

const char *counter_watch_rate(struct counter_watch *watch)
{
	struct counter_watch last = *watch;
	double expected = last.ratio > 0 ? last.ratio : 1;
	double limit = last.ratio > 0 ? RATIO_LIMIT : RATE_LIMIT;
	double counter_ns, elapsed_ns, ahead_ns, slack_ns;

	take_pair(watch);
	counter_ns = (double)(int64_t)(watch->pair_counter - last.pair_counter) *
		     watch->counter->ns_per_tick;
	elapsed_ns = (double)(watch->pair_raw_ns - last.pair_raw_ns);
	ahead_ns = counter_ns - elapsed_ns * expected;
	slack_ns = (double)(watch->pair_width_ns + last.pair_width_ns) + elapsed_ns * limit;
	if (ahead_ns <= slack_ns && ahead_ns >= -slack_ns) {
		if (elapsed_ns >= RATIO_SPAN_NS)
			watch->ratio = counter_ns / elapsed_ns;
		return NULL;
	}
	counter_watch_start(watch, watch->counter);
	return ahead_ns > 0 ? "the counter jumped or runs faster than it did"
			    : "the counter stood still or runs slower than it did";
}
