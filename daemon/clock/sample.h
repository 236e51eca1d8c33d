/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one type every source speaks: two one-sided facts about true time.
 *
 *     time(c_before) <= t_before_ns + upper_error_ns
 *     time(c_after)  >= t_after_ns  - lower_error_ns
 *
 * Both hold whatever the path did; how likely time is to sit near either side is the filter's
 * business and depends on the kind. Times are nanoseconds since 1970 in the scale of the line
 * (TAI when live, whatever the file says in replay). Counter values are raw ticks.
 */
#ifndef VMCLOCK_CLOCK_SAMPLE_H
#define VMCLOCK_CLOCK_SAMPLE_H

#include <math.h>
#include <stdint.h>

enum sample_kind {
	/* NTP: request left at c_before, server stamped t_before (T2) and t_after (T3), reply
	 * came at c_after. Each direction is a measurement of its own, late by its queueing. */
	SAMPLE_EXCHANGE,
	/* A device read between two counter reads: t_before == t_after, between c_before and c_after. */
	SAMPLE_BRACKET,
	/* A pulse stamped by software: c_before == c_after, the stamp is late and never early. */
	SAMPLE_EDGE,
	/* Counter and time belong together (latched pulse, SOCK, SHM, system clock, upstream page). */
	SAMPLE_POINT,
};

struct sample {
	enum sample_kind kind;
	uint64_t c_before;
	uint64_t c_after;
	int64_t t_before_ns;
	int64_t t_after_ns;
	/* >= 0; what the source itself may be wrong by, stamp_error_ns not included.
	 * INFINITY: the source vouches for nothing on this side; it feeds the estimate only. */
	double upper_error_ns;
	double lower_error_ns;
	/* >= 0; half width of the uncertainty of c_before and c_after as counter values (conversion
	 * of a kernel stamp, latch resolution); widens both facts and joins the noise. */
	double stamp_error_ns;
	/* >= 0; EXCHANGE: what the request's delay is lengthened by for the estimate, to be like the
	 * reply's: a server writes T3 into the packet before it sends it. No fact. */
	double lead_ns;
};

/* Signed distance in ticks from `from` to `to`; right across the wrap for |distance| < 2^63. */
static inline int64_t counter_diff(uint64_t to, uint64_t from)
{
	return (int64_t)(to - from);
}

#endif
