/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source saw, raw: the unit of the event log and of replay, turned into a sample here.
 *
 * Times are ns since 1970 UTC as the source stated them; counters are raw ticks.
 */
#ifndef VMCLOCK_CLOCK_EVENT_H
#define VMCLOCK_CLOCK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

enum event_kind {
	EVENT_NTP,
	EVENT_PHC,
	EVENT_PPS,
	EVENT_LATCH,
	EVENT_TIME,
};

struct event_ntp {
	uint64_t c1; /* request left, best knowledge (kernel stamp converted) */
	int64_t t2_ns;
	int64_t t3_ns;
	uint64_t c4;	      /* reply arrived, best knowledge */
	unsigned int leap;    /* 0..3 as in RFC 5905 */
	unsigned int stratum; /* 1..15 */
	double root_delay_ns;
	double root_dispersion_ns;
	int precision_log2;    /* seconds; INT8_MIN when the file did not say */
	uint64_t c1_user;      /* read before the send call; 0: not recorded */
	uint64_t c4_user;      /* read after the receive call; 0: not recorded */
	double stamp_error_ns; /* of c1 and c4, >= 0 */
	bool interleaved;      /* t3_ns is when the reply left, told afterwards; else it is earlier */
};

struct event_phc {
	uint64_t c_before;
	int64_t t_ns;
	uint64_t c_after;
	double max_error_ns; /* of the device itself; INFINITY: not known */
};

/* PPS and latch. */
struct event_edge {
	uint64_t c_edge;
	double uncertainty_ticks;
	bool labelled;
	int64_t label_s;	  /* the second that the pulse marks */
	double since_other_ticks; /* since the edge of the other direction; 0: not known */
};

struct event_time {
	uint64_t c;
	int64_t t_ns;
	double max_error_ns; /* INFINITY: not known */
};

struct event {
	enum event_kind kind;
	union {
		struct event_ntp ntp;
		struct event_phc phc;
		struct event_edge edge;
		struct event_time time;
	};
};

/* Counter values without the time, but for the second if they are labelled. */
static inline bool event_marks_second(const struct event *e)
{
	return e->kind == EVENT_PPS || e->kind == EVENT_LATCH;
}

/* The stamp of a pulse is late by at most this, says the operator; INFINITY: says nothing. */
void event_limit_latency(struct sample *sample, double max_latency_ns);

/*
 * Turns an event into facts. utc_to_line_ns is added to every time (TAI - UTC when live, 0 in
 * replay); extra_error_ns is the operator's max-error (INFINITY where none was stated of a source
 * that claims none itself), offset_ns the operator's offset (a positive offset says that the
 * source's time is that much ahead of true time, and is subtracted). 0, or -EINVAL for an event
 * whose numbers make no sense.
 */
int event_to_sample(const struct event *e, int64_t utc_to_line_ns, double offset_ns,
		    double extra_error_ns, double ns_per_tick, struct sample *out);

#endif
