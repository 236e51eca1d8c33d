/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a discipline is made of; for discipline.c and its two halves, consensus.c and steer.c. */
#ifndef VMCLOCK_CLOCK_DISCIPLINE_STATE_H
#define VMCLOCK_CLOCK_DISCIPLINE_STATE_H

#include "combine.h"
#include "discipline.h"
#include "doubt.h"
#include "envelope.h"
#include "filter.h"
#include "nesting.h"
#include "pulse.h"
#include "select.h"

/* A source unheard for this many of its polls is unreachable (discipline rule of the page status).
 */
#define REACH_POLLS 8

struct slot {
	bool used;
	bool offline;
	struct discipline_source_config config;
	struct filter *filter; /* NULL: never used so far */
	struct envelope envelope;
	struct discipline_source_status status;
	unsigned int conflicts; /* in a row */
	struct doubt doubt;	/* it contradicted itself */
	uint64_t since;		/* counter of the first sample of this history */
	struct pulse pulse;	/* of sources that mark seconds */
	uint64_t lock;		/* slots that may name its seconds, a bit each; 0: any other */
	bool names_itself;	/* its pulses say which second they mark */
	bool pulse_seen;
	uint64_t pulse_last;   /* counter at the latest edge, taken or not */
	const char *pulse_why; /* the last one that was not taken */
	bool voting;
	bool truechimer;
};

struct discipline {
	struct discipline_config config;
	double ns_per_tick;
	struct filter_tables *tables;
	struct slot *slots;
	struct nesting nesting;
	double promise_ppb;
	double window_s;
	bool has_past;
	uint64_t confirmed_at; /* counter, when the past was the present */
	struct interval past;  /* what a majority of several, or a trusted source, said last */
	bool past_repeats;     /* but one of them alone named the second */
	bool has_interval;     /* totals.interval is a bound, perhaps of the past */
	struct interval said;  /* totals.interval, doubts left aside */
	double doubt_ns;       /* what they add to the maximum error of the line in force */
	bool step;    /* the next line begins at the estimate: first one, or after a break */
	bool resumed; /* the line is of the daemon's last life, and nobody confirmed it yet */
	bool marker;  /* the next publication changes the disruption marker */
	bool warned;  /* readers were told UNRELIABLE since the disruption */
	bool refused; /* the page could not continue the last line */
	bool dirty;   /* something came since the last run */
	uint64_t deadline;
	uint64_t quiet_until; /* samples that began before are of the counter's last life */
	bool quiet;
	uint64_t first_sample; /* counter of the first one ever; 0: none yet */
	struct discipline_totals totals;
	/* scratch of a run, here to keep it off the stack */
	struct vote votes[DISCIPLINE_SOURCES_MAX + 1]; /* the past votes too */
	unsigned int vote_count;		       /* voters, and the past where it was asked */
	struct vote
		wide_votes[DISCIPLINE_SOURCES_MAX + 1]; /* the same, with what else may be true */
	struct vote rate_votes[DISCIPLINE_SOURCES_MAX];
	struct candidate candidates[DISCIPLINE_SOURCES_MAX];
	struct slot *voters[DISCIPLINE_SOURCES_MAX];
	unsigned int voter_count;
	unsigned int member_count; /* voters, and after them those who give no bound but agree */
};

bool discipline_config_is_sane(const struct discipline_config *config);

/* NULL: no such slot, or a free one. */
struct slot *discipline_slot(const struct discipline *d, int slot);

static inline uint64_t ticks_of(const struct discipline *d, double seconds)
{
	return (uint64_t)(seconds * d->config.nominal_hz);
}

/* Nominal seconds from `then` to `now`, either sign. */
static inline double elapsed_s(const struct discipline *d, uint64_t now, uint64_t then)
{
	return (double)counter_diff(now, then) / d->config.nominal_hz;
}

#endif
