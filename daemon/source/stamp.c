// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel's packet stamps, which are CLOCK_REALTIME, to counter values. */
#include "stamp.h"

#include <math.h>
#include <time.h>

#include "../clock/sample.h"

enum { PAIR_READS = 5 };

/* A stamp and a pair further apart than this do not belong to one exchange. */
#define FARTHEST_NS 1e12
/* Pairs closer together than a few of their brackets say nothing about the rate. */
#define RATE_LIMIT_MAX 0.5
/* Both clock reads are cut off to whole ns. */
#define READ_ROUNDING_NS 1.0

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* 1 ns where the kernel has a proper clocksource, a whole tick (ms) where it has none. */
static double resolution_ns(void)
{
	struct timespec t;

	if (clock_getres(CLOCK_REALTIME, &t))
		return 1;
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void pair_read_once(const struct counter *counter, struct stamp_pair *out)
{
	uint64_t start = counter->read();
	int64_t realtime_ns = clock_ns(CLOCK_REALTIME);
	uint64_t middle = counter->read();
	int64_t monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t end = counter->read();
	int64_t width = counter_diff(middle, start);

	/* Half a tick is lost to the middle of an odd width. */
	out->counter = start + (uint64_t)(width > 0 ? width / 2 : 0);
	out->half_ns = fabs((double)width / 2) * counter->ns_per_tick + 0.5 * counter->ns_per_tick +
		       READ_ROUNDING_NS;
	out->realtime_ns = realtime_ns;
	out->set_offset_ns = realtime_ns - monotonic_ns;
	out->set_slack_ns = fabs((double)counter_diff(end, start)) * counter->ns_per_tick;
}

/* Taken by the kernel at one counter value: no bracket, and no set of the clock in between. */
static bool pair_from_snapshot(const struct counter *counter, struct stamp_pair *out)
{
	struct counter_snapshot snapshot;

	if (!counter->snapshot || counter->snapshot(counter->snapshot_context, &snapshot))
		return false;
	*out = (struct stamp_pair){.counter = snapshot.counter,
				   .half_ns = READ_ROUNDING_NS,
				   .realtime_ns = snapshot.realtime_ns,
				   .set_offset_ns = snapshot.realtime_ns - snapshot.monotonic_ns};
	return true;
}

void stamp_pair_read(const struct counter *counter, struct stamp_pair *out)
{
	double coarse_ns = resolution_ns();

	if (pair_from_snapshot(counter, out))
		return;
	pair_read_once(counter, out);
	for (int i = 1; i < PAIR_READS; i++) {
		struct stamp_pair next;

		pair_read_once(counter, &next);
		/* The sum: a read that was interrupted between the clocks sees no set of the clock.
		 */
		if (next.half_ns + next.set_slack_ns < out->half_ns + out->set_slack_ns)
			*out = next;
	}
	if (coarse_ns > 1)
		out->half_ns += coarse_ns;
}

/* An offset that is too small by up to its slack may seem to grow or shrink by that much. */
bool stamp_clock_was_set(const struct stamp_pair *before, const struct stamp_pair *after)
{
	double moved_ns = (double)(after->set_offset_ns - before->set_offset_ns);

	return moved_ns > before->set_slack_ns + 2 * READ_ROUNDING_NS ||
	       -moved_ns > after->set_slack_ns + 2 * READ_ROUNDING_NS;
}

bool stamp_pairs_agree(const struct stamp_pair *before, const struct stamp_pair *after,
		       double ns_per_tick, double *rate_limit)
{
	double counted_ns = (double)counter_diff(after->counter, before->counter) * ns_per_tick;
	double shown_ns = (double)(after->realtime_ns - before->realtime_ns);
	double brackets_ns = before->half_ns + after->half_ns;
	double apart_ns = fabs(shown_ns - counted_ns);

	*rate_limit = STAMP_RATE_TOLERANCE;
	if (counted_ns < 0 || stamp_clock_was_set(before, after) ||
	    apart_ns > counted_ns * STAMP_RATE_TOLERANCE + brackets_ns)
		return false;
	if (counted_ns > 0)
		*rate_limit = fmax(*rate_limit, (apart_ns + brackets_ns) / counted_ns);
	return *rate_limit <= RATE_LIMIT_MAX;
}

/* Into [earliest, latest], or false when it lies further outside than its error can explain. */
static bool clamp(struct stamp *stamp, double ns_per_tick, uint64_t earliest, uint64_t latest)
{
	double early_ns = (double)counter_diff(earliest, stamp->counter) * ns_per_tick;
	double late_ns = (double)counter_diff(stamp->counter, latest) * ns_per_tick;

	if (early_ns > stamp->error_ns || late_ns > stamp->error_ns ||
	    counter_diff(latest, earliest) < 0)
		return false;
	if (early_ns > 0)
		stamp->counter = earliest;
	else if (late_ns > 0)
		stamp->counter = latest;
	return true;
}

bool stamp_convert(const struct stamp_pair *pair, int64_t realtime_ns, double ns_per_tick,
		   double rate_limit, uint64_t earliest, uint64_t latest, struct stamp *out)
{
	int64_t away_ns;
	double ticks;

	if (__builtin_sub_overflow(realtime_ns, pair->realtime_ns, &away_ns) ||
	    away_ns > (int64_t)FARTHEST_NS || away_ns < -(int64_t)FARTHEST_NS)
		return false;
	ticks = (double)away_ns / ns_per_tick;
	out->counter = pair->counter + (uint64_t)llround(ticks);
	/* away_ns is as REALTIME counts: running slow, it counts less than passed. The stamp's own
	 * rounding to ns and to ticks joins the pair's. */
	out->error_ns = pair->half_ns + fabs((double)away_ns) * rate_limit / (1 - rate_limit) +
			0.5 * ns_per_tick + READ_ROUNDING_NS;
	return clamp(out, ns_per_tick, earliest, latest);
}
