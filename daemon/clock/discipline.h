/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one line in force: sources in, publications out.
 *
 * Holds a filter and an envelope per source, votes, combines, and moves the published line by
 * bounded slews so that it is monotonic, and nested in what was published within the horizon.
 * Pure: no system call, no clock read; memory is taken by discipline_create() and
 * discipline_add_source() alone, and kept to the end.
 */
#ifndef VMCLOCK_CLOCK_DISCIPLINE_H
#define VMCLOCK_CLOCK_DISCIPLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"
#include "event.h"
#include "filter.h"
#include "line.h"
#include "pulse.h"
#include "sample.h"

enum { DISCIPLINE_SOURCES_MAX = 64 };

struct discipline_config {
	double nominal_hz;
	double max_rate_change_ppb; /* promise: true rates within a bound's span differ by less */
	double max_slew_ppb;
	double nesting_horizon_s;
	double unreliable_above_ns;
	bool monotonic;
	struct filter_prior prior; /* of the rate, from the state file; sd 0: none */
	double rate_lo_ppb;	   /* hard rate interval known from before; both 0: +-500 ppm */
	double rate_hi_ppb;
	unsigned int sources_max; /* slots at the same time, 1..DISCIPLINE_SOURCES_MAX */
};

/* What may be another one from now on; as in struct discipline_config. */
struct discipline_limits {
	double max_rate_change_ppb;
	double max_slew_ppb;
	double nesting_horizon_s;
	double unreliable_above_ns;
};

struct discipline_source_config {
	bool prefer;
	bool trust;
	bool noselect;
	unsigned int min_samples; /* before it may vote; 0 and 1: at once */
	bool pulse;	      /* marks seconds, and says more than others where in them we are */
	double max_jitter_ns; /* of a pulse; 0: PULSE_MAX_JITTER_NS */
};

enum discipline_status {
	DISCIPLINE_UNRELIABLE, /* no bound, a bound above the limit, or a counter not to be trusted
				*/
	DISCIPLINE_SYNCHRONIZED,
	DISCIPLINE_FREERUNNING, /* a bound that grows: no source accepted for 8 polls */
};

/* What readers are told until the next one. All errors >= 0. */
struct publication {
	struct line line;
	double est_error_ns; /* one sigma at line.counter */
	double est_rate_error_ppb;
	double max_error_ns;
	double max_rate_error_ppb;
	enum discipline_status status;
	double kept_s;	 /* later lines stay inside this interval for so long; see nesting.h */
	double gap_ns;	 /* estimate - line at line.counter: what the slew is closing */
	double slew_ppb; /* rate of the line - estimated rate */
	bool disrupted;	 /* marker must change; the line may step, in either direction */
};

/* The same line and bound, told from another counter value. */
void publication_move(struct publication *publication, double ns_per_tick, uint64_t counter);

enum source_state {
	SOURCE_UNUSED,	    /* slot is free */
	SOURCE_UNREACHABLE, /* nothing accepted for 8 polls, or never */
	SOURCE_WAITING,	    /* fewer than min_samples, or no bound yet */
	SOURCE_FALSETICKER,
	SOURCE_CONFLICT,   /* contradicts its own past; held until it is clear who is right */
	SOURCE_NOSELECT,   /* measured only, as configured */
	SOURCE_SELECTABLE, /* truechimer, not used (a preferred one is) */
	SOURCE_SELECTED,   /* truechimer, part of the combination */
};

struct discipline_source_status {
	enum source_state state;
	const char *why; /* not used because ... ; "" when selected */
	uint64_t samples;
	uint64_t refused;      /* samples the filter or envelope would not take */
	uint64_t restarts;     /* times its history was given up */
	uint64_t last_counter; /* of the last sample taken */
	double poll_s;
	bool has_estimate;
	struct estimate estimate; /* at the last run */
	double offset_ns;	  /* its estimate - line in force; positive: the line is behind */
	bool has_interval;
	struct interval interval; /* at the last run */
	double weight;		  /* share of the combination, 0..1 */
	struct filter_report filter;
	struct pulse_counts pulses;
	int64_t second; /* that the last pulse marked, in the scale of the line */
};

struct discipline_totals {
	enum discipline_status status;
	const char *why; /* one sentence for people: who confirms the time, or why not */
	bool has_line;
	struct publication last; /* line in force */
	uint64_t publications;
	uint64_t disruptions;
	uint64_t nesting_violations; /* the estimate left an interval published before */
	double slew_ppb;	     /* line rate - estimated rate, now */
	double remaining_ns; /* estimate - line at the last run: what the slew still has to close */
	bool has_estimate;
	struct estimate estimate; /* combined */
	struct interval interval; /* combined */
	bool promise_widened;	  /* the wander learned exceeds max-rate-change */
	unsigned int truechimers;
	unsigned int falsetickers;
	unsigned int selectable; /* sources with a vote */
};

/* What the operator and the scale of the line do to the events of a source. */
struct event_terms {
	int64_t utc_to_line_s; /* TAI - UTC when live, 0 in replay */
	double offset_ns;      /* source - true time, taken off */
	double max_error_ns;   /* added; INFINITY: none is stated of a source that claims none */
	double max_latency_ns; /* of the stamp of a pulse; INFINITY: not stated */
};

struct discipline;

/* NULL with errno ENOMEM or EINVAL (a value out of range). */
struct discipline *discipline_create(const struct discipline_config *config);
void discipline_destroy(struct discipline *d);

/* A slot for a source, >= 0, or -ENOSPC, -ENOMEM. */
int discipline_add_source(struct discipline *d, const struct discipline_source_config *config);
void discipline_remove_source(struct discipline *d, int slot);
/* Another place among the others, with the history that it has: prefer, trust, noselect and
 * min_samples are taken, the rest of it is what it was when the source was added. */
void discipline_tune_source(struct discipline *d, int slot,
			    const struct discipline_source_config *config);

/*
 * Limits for what is published from now on; the next run publishes. A wider rate change is counted
 * at once and for all of the past, a narrower one for facts that are still to come; what was
 * promised of nesting is kept. 0; -EINVAL: a value out of range, nothing is changed.
 */
int discipline_set_limits(struct discipline *d, const struct discipline_limits *limits);
/* Its history ends (another server behind the same name, a device that came back). */
void discipline_reset_source(struct discipline *d, int slot);
/* The poll interval now used, for "8 polls without a sample". */
void discipline_set_poll(struct discipline *d, int slot, double poll_s);
/* The source knows that it cannot be heard (link down): unreachable at once. */
void discipline_offline(struct discipline *d, int slot);

/* 0: taken; -EINVAL: refused, nothing changed; -ERANGE: conflicts with the source's own past. */
int discipline_sample(struct discipline *d, int slot, const struct sample *s);

/*
 * Votes, combines and plans at counter value `now` (not before the last sample's). True: `out` has
 * to be published. Call it after samples, and when discipline_deadline() has passed.
 */
bool discipline_run(struct discipline *d, uint64_t now, struct publication *out);

/* The counter value at which the line should be renewed without any sample: end of a slew, status
 * change. UINT64_MAX: never. */
uint64_t discipline_deadline(const struct discipline *d);

/* The writer had to raise the published line by this much (>= 0) to keep it monotonic. */
void discipline_spliced(struct discipline *d, double raised_ns);

/* The counter cannot be trusted across now: everything learned is dropped, the marker changes. */
void discipline_disrupt(struct discipline *d, uint64_t now, const char *reason);

/* The page cannot continue the line that was published last: the next one begins at the estimate,
 * with a new marker. */
void discipline_refused(struct discipline *d);

/* As in the configuration; what keeps the page may ask for more than that. */
void discipline_set_monotonic(struct discipline *d, bool monotonic);

/* Continues the page of the daemon's last life; before any sample. */
void discipline_seed(struct discipline *d, const struct line *line, const struct interval *bound);

/*
 * What a source saw, turned into samples. Edges that mark seconds are judged first: is it a pulse,
 * and of which second? A label that the source gave itself is taken; else it comes from other
 * sources whose whole interval lies within 0.4 s of one and the same second, or by counting on
 * from there. 0; -EAGAIN: not known yet; -ERANGE: not a pulse, or contradicted; else as
 * event_to_sample() and discipline_sample().
 */
int discipline_event(struct discipline *d, int slot, const struct event *event,
		     const struct event_terms *terms);

/* Only these slots (a bit each) name the seconds of this one, be they selected or not; 0: any other
 * that is selected or selectable. */
void discipline_set_lock(struct discipline *d, int slot, uint64_t slots);

/* A poll interval (s, a power of two) beyond which this source's error would grow by more than half
 * of its noise; 1 until that is known. */
double discipline_poll_hint(const struct discipline *d, int slot);

void discipline_get_source(const struct discipline *d, int slot,
			   struct discipline_source_status *out);
void discipline_get_totals(const struct discipline *d, struct discipline_totals *out);

const char *source_state_name(enum source_state state);
const char *discipline_status_name(enum discipline_status status);

#endif
