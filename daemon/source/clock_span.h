/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A system clock and the counter over some microseconds: one read against the other before and
 * after something that the kernel stamped, so that its stamps become counter values.
 *
 * CLOCK_MONOTONIC_RAW is never steered: what all reads leave possible is true. CLOCK_REALTIME may
 * be steered or set in between: what either side leaves possible may be true, and where that is
 * too far apart the span is of no use.
 */
#ifndef VMCLOCK_CLOCK_SPAN_H
#define VMCLOCK_CLOCK_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../counter.h"

/* Counter time minus clock time, ns since the span's origin, lies in [lo_ns, hi_ns]. */
struct clock_offset {
	double lo_ns;
	double hi_ns;
};

struct clock_span {
	const struct counter *counter;
	int64_t (*clock_ns)(clockid_t id);
	clockid_t id;
	bool same;	/* the counter is this clock */
	double step_ns; /* the clock shows multiples of this */
	uint64_t c_origin;
	int64_t t_origin_ns;
	uint64_t c_last;
	struct clock_offset offset; /* begin: before; after end: of the whole span */
};

void clock_span_begin(struct clock_span *span, const struct counter *counter, clockid_t id,
		      int64_t (*clock_ns)(clockid_t id));

/* False: the clock was set, or does not keep within 500 ppm of the counter. */
bool clock_span_end(struct clock_span *span);

/* Counter values that a stamp taken in the span was surely not before, and not after. False: the
 * stamp is not of the span. */
bool clock_span_earliest(const struct clock_span *span, int64_t stamp_ns, uint64_t *out);
bool clock_span_latest(const struct clock_span *span, int64_t stamp_ns, uint64_t *out);

#endif
