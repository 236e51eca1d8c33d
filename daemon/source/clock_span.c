// SPDX-License-Identifier: GPL-2.0-or-later
/* A system clock and the counter over some microseconds, so that stamps become counter values. */
#include "clock_span.h"

#include <linux/vmclock-abi.h>
#include <math.h>

#include "../clock/sample.h"
#include "stamp.h"

enum { SIDE_READS = 5 };

/* The two sides of a span may leave this much between them, for a clock that is being steered. */
#define STEERED_NS 1000.0
/* So far away a stamp is not converted at all. */
#define FARTHEST_NS 1e9
/* Stamps may lie outside of the reads by little: simulators make up how long a reading took. */
#define OUTSIDE_NS 1e6

/* What the clock's steps are: 1 ns, or a whole tick where there is no proper clocksource. */
static double step_of(clockid_t id)
{
	struct timespec t;

	if (clock_getres(id, &t))
		return 1;
	return fmax((double)t.tv_sec * 1e9 + (double)t.tv_nsec, 1);
}

static double counted_ns(const struct clock_span *span, uint64_t c)
{
	return (double)counter_diff(c, span->c_origin) * span->counter->ns_per_tick;
}

/* The clock showed its value at a moment between the reads, and was up to a step past it. */
static void one_read(struct clock_span *span, struct clock_offset *offset)
{
	uint64_t start = span->counter->read();
	int64_t shown_ns = span->clock_ns(span->id);
	uint64_t end = span->counter->read();
	double shown = (double)(shown_ns - span->t_origin_ns);

	span->c_last = end;
	if (counter_diff(end, start) < 0)
		return;
	offset->lo_ns = fmax(offset->lo_ns, counted_ns(span, start) - shown - span->step_ns);
	offset->hi_ns =
		fmin(offset->hi_ns, counted_ns(span, end) + span->counter->ns_per_tick - shown);
}

static struct clock_offset one_side(struct clock_span *span)
{
	struct clock_offset offset = {-INFINITY, INFINITY};

	for (int i = 0; i < SIDE_READS; i++)
		one_read(span, &offset);
	return offset;
}

static bool is_empty(const struct clock_offset *offset)
{
	return !(offset->lo_ns <= offset->hi_ns) || isinf(offset->lo_ns) || isinf(offset->hi_ns);
}

void clock_span_begin(struct clock_span *span, const struct counter *counter, clockid_t id,
		      int64_t (*clock_ns)(clockid_t id))
{
	*span = (struct clock_span){
		.counter = counter,
		.clock_ns = clock_ns,
		.id = id,
		.same = id == CLOCK_MONOTONIC_RAW && counter->page_id == VMCLOCK_COUNTER_INVALID,
	};
	span->c_origin = counter->read();
	if (span->same)
		return;
	span->step_ns = step_of(id);
	span->t_origin_ns = clock_ns(id);
	span->offset = one_side(span);
}

static struct clock_offset both(const struct clock_offset *a, const struct clock_offset *b)
{
	return (struct clock_offset){fmax(a->lo_ns, b->lo_ns), fmin(a->hi_ns, b->hi_ns)};
}

static struct clock_offset either(const struct clock_offset *a, const struct clock_offset *b)
{
	return (struct clock_offset){fmin(a->lo_ns, b->lo_ns), fmax(a->hi_ns, b->hi_ns)};
}

static struct clock_offset wider(const struct clock_offset *offset, double by_ns)
{
	return (struct clock_offset){offset->lo_ns - by_ns, offset->hi_ns + by_ns};
}

/*
 * A clock that is left alone lies between its two sides, whatever its rate; and both sides are true
 * of it, but for what it drifts in the span, which is the tighter statement for a short one.
 */
static struct clock_offset join(const struct clock_span *span, const struct clock_offset *after,
				double drift_ns)
{
	struct clock_offset between = either(&span->offset, after);
	struct clock_offset before_late = wider(&span->offset, drift_ns);
	struct clock_offset after_early = wider(after, drift_ns);
	struct clock_offset common = both(&before_late, &after_early);

	if (span->id == CLOCK_MONOTONIC_RAW)
		return both(&between, &common);
	return wider(&between, drift_ns);
}

bool clock_span_end(struct clock_span *span)
{
	struct clock_offset after;
	double drift_ns;

	if (span->same) {
		span->c_last = span->counter->read();
		return true;
	}
	after = one_side(span);
	/* The counter's nominal rate is not the clock's, and the clock's is not constant. */
	drift_ns = fabs(counted_ns(span, span->c_last)) * STAMP_RATE_TOLERANCE;
	if (is_empty(&span->offset) || is_empty(&after) ||
	    span->offset.lo_ns - after.hi_ns > STEERED_NS + drift_ns ||
	    after.lo_ns - span->offset.hi_ns > STEERED_NS + drift_ns)
		return false;
	span->offset = join(span, &after, drift_ns);
	return !is_empty(&span->offset);
}

/* A driver that fills in no stamp, or one of another clock, is found out here. */
static bool is_inside(const struct clock_span *span, uint64_t c)
{
	double slack_ns = OUTSIDE_NS + span->step_ns + span->offset.hi_ns - span->offset.lo_ns;

	return counted_ns(span, c) >= -slack_ns &&
	       counted_ns(span, span->c_last) - counted_ns(span, c) >= -slack_ns;
}

static bool convert(const struct clock_span *span, int64_t stamp_ns, double offset_ns, bool up,
		    uint64_t *out)
{
	int64_t since_ns;
	double ticks;

	if (span->same) {
		*out = (uint64_t)stamp_ns;
		return is_inside(span, *out);
	}
	if (__builtin_sub_overflow(stamp_ns, span->t_origin_ns, &since_ns) ||
	    fabs((double)since_ns) > FARTHEST_NS)
		return false;
	ticks = ((double)since_ns + offset_ns) / span->counter->ns_per_tick;
	*out = span->c_origin + (uint64_t)(int64_t)(up ? ceil(ticks) : floor(ticks));
	return is_inside(span, *out);
}

bool clock_span_earliest(const struct clock_span *span, int64_t stamp_ns, uint64_t *out)
{
	return convert(span, stamp_ns, span->offset.lo_ns, false, out);
}

bool clock_span_latest(const struct clock_span *span, int64_t stamp_ns, uint64_t *out)
{
	return convert(span, stamp_ns, span->offset.hi_ns + span->step_ns, true, out);
}
