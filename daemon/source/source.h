/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every source is to the rest of the daemon: something that emits events.
 *
 * Sources never touch the clock. They hand raw events to the environment's sink, which logs them,
 * turns them into samples and feeds the discipline.
 */
#ifndef VMCLOCK_SOURCE_H
#define VMCLOCK_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../clock/event.h"
#include "../config.h"
#include "../counter.h"
#include "../loop.h"

struct source;
struct resolver;
struct links;
struct hotplug;
struct tls_library;

/* What the daemon lends to all sources. */
struct source_env {
	struct loop *loop;
	const struct counter *counter;
	/* The kernel follows our line and may change CLOCK_REALTIME's rate without adjtimex() telling. */
	bool realtime_steered;
	struct resolver *resolver; /* made on first use by resolver_get() */
	struct tls_library *tls;   /* made on first use by tls_get() */
	bool hotplug;		   /* devices and links are watched */
	struct links *links;	   /* made by links_listen(); NULL: not watched */
	bool links_refused;
	struct hotplug *devices; /* made by hotplug_listen(); NULL: not watched */
	/* A raw observation. Returns 0, or the refusal of the discipline (-EINVAL, -ERANGE). */
	int (*event)(void *context, struct source *source, const struct event *event);
	/* The source knows that nobody can be heard (true), or starts over with another peer (reset). */
	void (*offline)(void *context, struct source *source);
	void (*reset)(void *context, struct source *source);
	/* What the source knows says that the counter is not what it was, for anybody. */
	void (*disrupted)(void *context, struct source *source, const char *why);
	/* The interval that the source polls at has changed. */
	void (*poll_changed)(void *context, struct source *source, double poll_s);
	/* discipline_poll_hint() for this source. */
	double (*poll_hint)(void *context, struct source *source);
	/* The vote calls it a falseticker now: a pool then looks for another server. NULL: never. */
	bool (*is_false)(void *context, struct source *source);
	/* The best UTC there is, s since 1970. NULL: that of CLOCK_REALTIME. */
	int64_t (*utc_s)(void *context);
	/* TAI - UTC at this TAI second. */
	int (*tai_offset_s)(void *context, int64_t tai_s);
	void *context;
};

/* Counters only grow; times are CLOCK_MONOTONIC ns, 0: never. */
struct source_stats {
	uint64_t sent;
	uint64_t received;      /* usable replies */
	uint64_t bogus;         /* wrong origin, malformed, truncated, oversized, wrong sender */
	uint64_t duplicates;
	uint64_t unauthenticated; /* replies that should have been authenticated and are not */
	uint64_t rejected;      /* well-formed but not usable: unsynchronised, stratum, root distance */
	uint64_t kiss_of_death; /* RATE, DENY, RSTR */
	uint64_t lost;          /* no reply in time */
	uint64_t stamps_kernel; /* stamps taken from the kernel and converted */
	uint64_t stamps_daemon; /* stamps that fell back to the counter read in user space */
	uint64_t interleaved;   /* replies in interleaved mode */
	uint64_t stamps_dropped; /* kernel stamps not converted: clock set, implausible */
	int64_t last_reply_ns;
	uint8_t reach;          /* last 8 polls, newest in bit 0 */
};

/* What the peer says of itself, for reports; fields unknown to a type stay as initialised. */
struct source_claims {
	char address[64];   /* "192.0.2.1:123", "[2001:db8::1]:123", "CLOCK_REALTIME"; "": none yet */
	char reference[20]; /* refid as text */
	unsigned int stratum; /* 0: unknown */
	unsigned int leap;    /* 3: unsynchronised or unknown */
	double root_delay_ns;
	double root_dispersion_ns;
	char problem[96];   /* last reason why nothing useful came; "": none */
};

/* How far NTS has come, for reports. */
struct source_nts {
	bool used;
	unsigned int cookies;   /* requests that can be sent without a key establishment */
	uint64_t established;   /* key establishments that gave keys */
	uint64_t failed;        /* and those that did not */
	uint64_t naks;          /* times when the server did not know a cookie */
	int64_t established_ns; /* the last good one, CLOCK_MONOTONIC; 0: never */
	char error[160];        /* why the last one failed; "": it did not */
};

struct source_ops {
	const char *type; /* as in the configuration */
	void (*stop)(struct source *source);
	/* Keys of the configuration have changed that may while the source runs: its limits of the
	 * poll interval. NULL: they mean nothing to it. */
	void (*retune)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	const struct config_source *config;
	struct source_env *env;
	char name[CONFIG_NAME_MAX + 8]; /* pool members: NAME.1, NAME.2, ... */
	int slot;                       /* in the discipline */
	double poll_s;
	struct source_stats stats;
	struct source_claims claims;
	struct source_nts nts;
	void *impl;
};

/* How many struct source a section makes: pool_sources for a pool, else 1. */
unsigned int source_count(const struct config_source *config);

/*
 * Starts the sources of one section: fills `sources[0..source_count)`, whose `slot` fields are set.
 * All memory is taken here. 0 or -errno; what cannot be reached now is retried for ever, so that
 * only lack of memory or descriptors fails.
 */
int source_start(struct source *sources, const struct config_source *config, struct source_env *env);
void source_stop(struct source *source);
/* Its configuration has other values for keys that are `online` (config_key.h). */
void source_retune(struct source *source);

#endif
