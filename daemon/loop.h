/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: one thread, poll(2), timers on CLOCK_MONOTONIC.
 *
 * Watches and timers are the caller's own structs, linked in: nothing is allocated. Signals only
 * set a flag, and poll waits at most 1 s, so no descriptor is needed to wake it (simulators that
 * interpose libc have none).
 */
#ifndef VMCLOCK_LOOP_H
#define VMCLOCK_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOP_WATCHES_MAX = 256 };

struct loop_watch {
	int fd;
	short events; /* POLLIN, POLLOUT, POLLPRI; may be changed at any time */
	void (*ready)(struct loop_watch *watch, short revents);
	void *context;
	bool linked; /* the loop's */
};

struct loop_timer {
	int64_t at_ns;	  /* CLOCK_MONOTONIC; INT64_MAX: not armed */
	int64_t slack_ns; /* >= 0; so much later will do: it waits for another to wake the loop */
	void (*fire)(struct loop_timer *timer, int64_t now_ns);
	void *context;
	struct loop_timer *next; /* the loop's */
	bool linked;		 /* the loop's */
};

struct loop {
	struct loop_watch *watches[LOOP_WATCHES_MAX];
	unsigned int watch_count;
	struct loop_timer *timers;
	uint64_t wakeups;	      /* returns from poll */
	void (*after)(void *context); /* runs once after each round of callbacks */
	void *after_context;
	int64_t round_ns; /* when the timers of this round were looked at; 0 between rounds */
	bool stop;
};

int64_t loop_now_ns(void); /* CLOCK_MONOTONIC */

/* -ENOSPC when LOOP_WATCHES_MAX descriptors are watched. */
int loop_add_watch(struct loop *loop, struct loop_watch *watch);
void loop_remove_watch(struct loop *loop, struct loop_watch *watch);

/* Arms (or re-arms) the timer; it fires once and is then unlinked before its callback runs. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t at_ns);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/* One poll and its callbacks; waits at most until `limit_ns` (CLOCK_MONOTONIC). -errno of poll. */
int loop_run_once(struct loop *loop, int64_t limit_ns);

#endif
