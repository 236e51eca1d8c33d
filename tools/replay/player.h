/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives a recording again: its events into the discipline, publications out. */
#ifndef VMCLOCK_REPLAY_PLAYER_H
#define VMCLOCK_REPLAY_PLAYER_H

#include "calendar.h"
#include "recording.h"

struct published {
	unsigned int epoch;
	uint64_t at;			/* counter when it was published */
	struct publication publication; /* in TAI, as on the page */
	struct page_calendar calendar;
};

/* A source is something else from this counter value on. */
struct verdict {
	unsigned int epoch;
	uint64_t at;
	unsigned int source;
	enum source_state state;
	const char *why; /* not used; "" when selected */
};

struct played {
	struct published *published;
	size_t count;
	struct verdict *verdicts;
	size_t verdict_count;
	uint64_t samples;	 /* taken */
	uint64_t refused;	 /* events that made no sense, samples that were not taken */
	double cpu_s;		 /* spent in the clock's code */
	struct leap_table leaps; /* as known at the end */
};

/* What of the configuration the operator may want to vary. */
struct player_options {
	double max_rate_change_ppb;
	double max_slew_ppb;
	double nesting_horizon_s;
	double unreliable_above_ns;
	bool monotonic;
	bool verdicts; /* are wanted */
};

/* The daemon's defaults. */
void player_defaults(struct player_options *options);

/* 0, -ENOMEM, or -EINVAL when the discipline refuses the options. */
int player_run(const struct recording *recording, const struct player_options *options,
	       struct played *out);
void player_free(struct played *played);

#endif
