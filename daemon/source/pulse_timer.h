/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to look for the next pulse: just after it is due, again soon while it is late, and now and
 * then while there is none. */
#ifndef VMCLOCK_PULSE_TIMER_H
#define VMCLOCK_PULSE_TIMER_H

#include <stdint.h>

struct pulse_timer {
	int64_t due_ns; /* CLOCK_MONOTONIC, of the next pulse; 0: not known */
	int64_t retry_ns;
	unsigned int silent;   /* seconds in a row without one */
	unsigned int searches; /* looks while it is not known when the next one is due */
};

/* A pulse was seen at now_ns, age_ns after it came. When to look again. */
int64_t pulse_timer_seen(struct pulse_timer *t, int64_t now_ns, int64_t age_ns);

/* None was there. When to look again; *missed: so many more seconds are over without. */
int64_t pulse_timer_none(struct pulse_timer *t, int64_t now_ns, unsigned int *missed);

#endif
