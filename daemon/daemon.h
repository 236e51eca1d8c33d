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

/* One [source NAME], and the sources that it makes. */
struct section {
	struct config_source config; /* what its sources point to */
	unsigned int count;
	struct source sources[];
};

struct daemon {
	const char *config_path;
	struct config config;  /* in force */
	struct config *wanted; /* as it was read last, of which something waits for a restart; NULL:
				  nothing does */
	struct counter counter;
	struct loop loop;
	struct discipline *discipline;
	struct utc_scale utc;
	struct source_env env;
	struct section *sections[CONFIG_SOURCES_MAX]; /* as in config.sources, place by place */
	struct source *sources[DISCIPLINE_SOURCES_MAX]; /* theirs, in that order */
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

/* Runs until *stop; *reload asks for daemon_reload(). Both are set by signal handlers. */
int daemon_run(struct daemon *daemon, const volatile sig_atomic_t *stop,
	       volatile sig_atomic_t *reload);

/* What a change of the configuration came to, a line each, for people. */
struct change_report {
	size_t used;
	char text[16384];
};

/*
 * Reads the configuration again and applies what differs, without disturbing what does not. 0, and
 * what was done; -EINVAL, -errno: it is wrong or cannot be read, nothing is changed, and the text
 * says why. Either way it is in the log.
 */
int daemon_reload(struct daemon *daemon, struct change_report *report);

/*
 * A source by hand: until it is removed, or the daemon restarts; a file that is read again and has
 * one of that name replaces it. `settings` are "KEY = VALUE". 0; -EEXIST; -ENOENT: there is none of
 * that name; -EINVAL with a message; -ENOMEM.
 */
int daemon_add_source(struct daemon *daemon, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t message_size);
int daemon_set_source(struct daemon *daemon, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t message_size);
int daemon_remove_source(struct daemon *daemon, const char *name, char *message,
			 size_t message_size);

/* Leaves the page FREERUNNING and the state on disk. */
void daemon_stop(struct daemon *daemon);

#endif
