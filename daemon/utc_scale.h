/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTC as it is known now, for the daemon and for replay alike: the list, what the sources announce
 * on top of it, and which of their stamps cannot be told apart.
 */
#ifndef VMCLOCK_UTC_SCALE_H
#define VMCLOCK_UTC_SCALE_H

#include "clock/discipline.h"
#include "leap_vote.h"

struct utc_scale {
	struct leap_table table;     /* the list, and *announced if it adds to that */
	struct leap_entry announced; /* by the sources; utc_s 0: none */
	unsigned int claims[DISCIPLINE_SOURCES_MAX]; /* leap bits by slot; 3: does not know */
};

/* No list yet, and no source that knows of any leap second. */
void utc_scale_start(struct utc_scale *scale);

/* Another list was read; what the sources have announced stands where it says nothing. */
void utc_scale_take_list(struct utc_scale *scale, const struct leap_table *list);

/* What the source in this slot says now, as in RFC 5905: 0 none, 1 inserted, 2 deleted; 3. */
void utc_scale_claim(struct utc_scale *scale, int slot, unsigned int leap);

/* TAI - UTC for the times of this event. 0; -EINVAL: so near to a leap second that it may mean
 * either of two seconds. */
int utc_scale_event(const struct utc_scale *scale, const struct event *event, int64_t *tai_utc_s);

/* Has the sources vote, by the line in force at this counter value. Every 10 s or so. */
enum leap_outcome utc_scale_vote(struct utc_scale *scale, const struct discipline *discipline,
				 uint64_t counter, double ns_per_tick);

#endif
