/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maximum error: an interval that holds true time, from one-sided facts alone.
 *
 * The envelope is carried forward by a hard rate interval, intersected with each sample's facts,
 * and uses no probability. The only promise it rests on is the operator's `max-rate-change`: the
 * true rate never differs by more than that between two moments that the envelope spans.
 */
#ifndef VMCLOCK_CLOCK_ENVELOPE_H
#define VMCLOCK_CLOCK_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

/* True time at `counter` lies in [base_ns + lo_ns, base_ns + hi_ns]; the rate, now and as long as
 * the promise holds, in [rate_lo_ppb, rate_hi_ppb]. */
struct interval {
	uint64_t counter;
	int64_t base_ns;
	double lo_ns;
	double hi_ns;
	double rate_lo_ppb;
	double rate_hi_ppb;
	uint64_t rate_since; /* counter of the oldest fact that the rate rests on */
};

/* A hard rate interval known from elsewhere. */
struct rate_prior {
	double lo_ppb;
	double hi_ppb;
	bool dated;	/* `since` is known; else it counts from the first fact */
	uint64_t since; /* counter of the oldest fact that it rests on */
};

enum { ENVELOPE_ANCHORS = 48 };

/* An earlier interval, kept to pair with later ones for the rate. */
struct envelope_anchor {
	uint64_t counter;
	int64_t base_ns;
	double lo_ns;
	double hi_ns;
	double promise_ppb; /* its pairs are held to no less than this */
	struct sample fact; /* the last that the interval was made of, as it came */
};

struct envelope {
	double ns_per_tick;
	double promise_ppb;  /* max-rate-change, or more when the wander was seen to exceed it */
	double window_s;     /* pairs of facts further apart than this say nothing of the rate */
	bool any;	     /* took a fact */
	struct interval now; /* at the counter of the last fact; ends may be infinite */
	struct sample last;  /* the fact at now.counter, as it came */
	struct rate_prior prior;			  /* good for one window */
	struct envelope_anchor anchors[ENVELOPE_ANCHORS]; /* oldest first */
	unsigned int anchor_count;
	double anchor_spacing_s;
};

/* No crystal that a computer is built with is further off; also the reach of the kernel's adjtimex.
 */
#define ENVELOPE_RATE_MAX_PPB 500e3

/*
 * The rate starts anywhere in the prior, which is cut to +-500 ppm; NULL: +-500 ppm. The promise is
 * taken to hold over window_s.
 */
void envelope_init(struct envelope *e, double ns_per_tick, double promise_ppb, double window_s,
		   const struct rate_prior *prior);

/* From now on. A wider promise widens the rate at once, a narrower one as new facts come. */
void envelope_set_promise(struct envelope *e, double promise_ppb, double window_s);

/*
 * The operator promises another rate change from now on than before. What rests on the past is not
 * held to a narrower one: it counts for pairs of later facts. A wider one unmakes what was deduced
 * so far: the facts that are still kept are taken again, as if they had come under it.
 */
void envelope_narrow_promise(struct envelope *e, double before_ppb, double promise_ppb);
void envelope_widen_promise(struct envelope *e, double promise_ppb);

/*
 * Takes a sample's facts. 0: taken; -ERANGE: they contradict the envelope, which then stands
 * unchanged (somebody lies: the source, or the promise); -ENODATA: the sample has no facts.
 */
int envelope_add(struct envelope *e, const struct sample *s);

/* The interval carried to `counter`; false while it has no two finite ends, or for a counter before
 * the last fact. */
bool envelope_at(const struct envelope *e, uint64_t counter, struct interval *out);

/* Carries an interval forward by its own rate interval; counter >= in->counter. */
void interval_carry(struct interval *interval, uint64_t counter, double ns_per_tick);

#endif
