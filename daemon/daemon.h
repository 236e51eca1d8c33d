/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of a running vmclockd in one place: what the parts share, and what the reports read. */
#ifndef VMCLOCK_DAEMON_H
#define VMCLOCK_DAEMON_H

#include <signal.h>

#include "clock/discipline.h"
#include "config.h"
#include "counter.h"
#include "counter_watch.h"
#include "loop.h"
#include "publish/guest_follow.h"
#include "publish/guest_pages.h"
#include "publish/host_clock.h"
#include "publish/host_kernel.h"
#include "publish/host_status.h"
#include "publish/publisher.h"
#include "source/source.h"
#include "utc_scale.h"

struct event_log;
struct statistics;
struct control;

struct daemon {
	struct config config;
	struct counter counter;
	struct loop loop;
	struct discipline *discipline;
	struct utc_scale utc;
	struct source_env env;
	struct source sources[DISCIPLINE_SOURCES_MAX];
	unsigned int source_count;
	struct publisher page;
	struct guest_pages guests;
	struct guest_follow follow;
	struct host_clock host;		/* by adjtimex(2) */
	struct host_kernel host_kernel; /* by the kernel */
	struct event_log *event_log;	/* NULL: not configured */
	struct statistics *statistics;	/* NULL: not configured */
	double largest_error_ns; /* bound since its last row; NAN: none seen, INFINITY: there was none */
	struct control *control;	/* NULL: not configured or not possible */
	int64_t started_ns;		/* CLOCK_MONOTONIC */
	uint64_t page_failures;		/* publications that could not be written */
	struct counter_watch watch;
	struct loop_timer deadline_timer; /* discipline_deadline() */
	struct loop_timer lease_timer;	  /* of the driver's page */
	struct loop_timer host_timer;	  /* once a second while the host's clock is followed */
	struct loop_timer follow_timer;   /* while there are guests to be followed */
	struct loop_timer statistics_timer;
	struct loop_timer housekeeping_timer;
	int64_t next_housekeeping_ns; /* the regular one; the timer may be set for less */
	int64_t next_state_write_ns;
	int64_t leap_file_mtime_s;
	bool leap_expiry_said;
	char boot_id[40];
	bool rate_given_up; /* and the state file does not know yet */
	bool ready;	       /* systemd was told */
	bool page_error_said;  /* once until it works again */
	bool driver_open_said; /* what was logged of the driver last */
	char driver_problem_said[300];
	enum host_clock_state host_state_said; /* what was logged of the host's clock last */
	const char *host_by_said;
	char host_why_said[120];
	unsigned int host_steps_said;
	unsigned int host_kernel_steps_said;
	bool status_was_said;
	enum discipline_status status_said; /* the last one that was logged */
};

/* Message for the operator in *message, exit status returned: 0, 1, or 78 (configuration). All
 * memory of the daemon is taken here. */
int daemon_start(struct daemon *daemon, char *message, size_t message_size);

/* Runs until *stop; *reopen asks for new log files. Both are set by signal handlers. */
int daemon_run(struct daemon *daemon, const volatile sig_atomic_t *stop,
	       volatile sig_atomic_t *reopen);

/* Leaves the page FREERUNNING and the state on disk. */
void daemon_stop(struct daemon *daemon);

#endif
