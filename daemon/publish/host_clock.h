/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own CLOCK_REALTIME follows the reference, by adjtimex(2).
 *
 * Rates only, but for a step at the start where that is configured; no PLL of the kernel's is left
 * on. Whoever else changes the clock or its rate ends this: two who steer one clock make it wrong.
 */
#ifndef VMCLOCK_HOST_CLOCK_H
#define VMCLOCK_HOST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

#include "host_rate.h"

enum host_clock_state {
	HOST_CLOCK_OFF,	    /* not configured */
	HOST_CLOCK_WAITING, /* for a reference that may be relied on */
	HOST_CLOCK_SLEWING, /* too far off for the rate that is possible: on its way */
	HOST_CLOCK_FOLLOWING,
	HOST_CLOCK_STOPPED, /* for good: see why */
};

/* The reference at the counter value of a moment. */
struct host_reference {
	bool usable; /* the page may be relied on: SYNCHRONIZED or FREERUNNING */
	int64_t utc_ns;
	double ns_per_tick;
	double est_error_ns;
	double max_error_ns;
	int tai_offset_s; /* TAI - UTC */
	int leap_today;	  /* +1, -1: at the end of this UTC day a second is inserted, deleted */
	bool leap_near;	  /* within seconds of one: UTC is not looked at */
};

/* adjtimex(2), or a test's. Returns as that does; -1 with errno. */
typedef int host_adjust(void *context, struct timex *t);

struct host_clock {
	host_adjust *adjust;
	void *context;
	double step_above_ns;
	unsigned int step_limit; /* steps are possible in this many first updates */
	/* All below for reports. */
	enum host_clock_state state;
	char why[120];	 /* STOPPED, WAITING: the reason, for people */
	double ahead_ns; /* CLOCK_REALTIME - reference at the last update */
	unsigned int updates;
	unsigned int steps;
	/* What was in force when this was left: whatever else is found was somebody else's. */
	long units_seen;
	long tick_seen;
	struct host_rate rate;
};

void host_clock_init(struct host_clock *h, host_adjust *adjust, void *context, double step_above_ns,
		     unsigned int step_limit);

/*
 * One look and, in most cases, one correction; the next is expected in interval_s. `counter` and
 * `realtime_ns` were read together. True: state or steps have changed, which is worth a message.
 */
bool host_clock_update(struct host_clock *h, uint64_t counter, int64_t realtime_ns,
		       const struct host_reference *reference, double interval_s);

/* Lets go of the clock for a while: the next update takes it over again. It goes on at the
 * reference's rate, if it was followed. */
void host_clock_pause(struct host_clock *h, const char *why);

/* Ends it, for that reason; the clock goes on at the reference's rate, if it was followed. */
void host_clock_stop(struct host_clock *h, const char *why);

const char *host_clock_state_name(enum host_clock_state state);

/* Rate of CLOCK_REALTIME against its nominal rate that was set, ppb. */
double host_clock_rate_ppb(const struct host_clock *h);

#endif
