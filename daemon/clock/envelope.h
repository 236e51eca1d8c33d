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
};

enum { ENVELOPE_ANCHORS = 48 };

/* An earlier interval, kept to pair with later ones for the rate. */
struct envelope_anchor {
	uint64_t counter;
	int64_t base_ns;
	double lo_ns;
	double hi_ns;
};

struct envelope {
	double ns_per_tick;
	double promise_ppb;     /* max-rate-change */
	bool valid;             /* two-sided since the first pair of facts */
	struct interval now;    /* at the counter of the last fact */
	struct envelope_anchor anchors[ENVELOPE_ANCHORS];
	unsigned int anchor_count;
	uint64_t anchor_spacing_ticks;
	uint64_t conflicts;     /* facts that contradicted the envelope */
};

/* Rate starts anywhere in [rate_lo_ppb, rate_hi_ppb] (at most +-500 ppm from nominal). */
void envelope_init(struct envelope *e, double ns_per_tick, double promise_ppb, double rate_lo_ppb,
		   double rate_hi_ppb);

/*
 * Takes a sample's facts. 0: taken; -ERANGE: they contradict the envelope, which then stands
 * unchanged (somebody lies: the source, or the promise); -ENODATA: the sample has no facts.
 */
int envelope_add(struct envelope *e, const struct sample *s);

/* The interval carried to `counter`, which is not before the last fact; false while not valid. */
bool envelope_at(const struct envelope *e, uint64_t counter, struct interval *out);

/* A fact from elsewhere (the page of the daemon's last life): sets the whole envelope. */
void envelope_seed(struct envelope *e, const struct interval *in);

#endif
