/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own clock follows the page by the kernel's hand: what the driver is asked for, and
 * what became of it. No I/O: page_kernel.c asks.
 *
 * A kernel that offers it takes each line for its own clock too, at the exact rate and without a
 * loop. What ends that without anybody's will (a driver that was gone, another clocksource, a lease
 * that lapsed, sleep) is begun again; another program that changes the clock ends it for good.
 */
#ifndef VMCLOCK_HOST_KERNEL_H
#define VMCLOCK_HOST_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmclock_host.h>

#include "host_clock.h"

struct host_kernel_settings {
	bool wanted; /* else the driver is never asked */
	double step_above_ns;
	unsigned int step_limit; /* steps are possible with this many first lines */
	/* Called before the kernel begins: whoever steers the clock now has to let go of it. */
	void (*take_over)(void *context);
	void *context;
};

struct host_kernel {
	struct host_kernel_settings settings;
	bool offered;	/* by a driver that is open */
	bool counts;	/* the counter was the clocksource at the last look */
	bool following; /* the driver took the last line for the clock too */
	bool lost;	/* NONE has to be said before it may begin again */
	uint32_t clocksource_seq;
	int64_t retry_at_ns; /* after a refusal */
	/* All below for reports. */
	enum host_clock_state state;
	char why[120];	   /* STOPPED, WAITING: the reason, for people */
	bool known;	   /* the three below, of the last look: */
	double ahead_ns;   /* CLOCK_REALTIME - reference */
	double pending_ns; /* what the kernel has still to add to the clock */
	double rate_ppb;   /* of the clock against its nominal rate */
	unsigned int updates;
	unsigned int steps;
	double stepped_ns; /* the last one */
};

void host_kernel_init(struct host_kernel *h, const struct host_kernel_settings *settings);

/* The driver was opened, and offers it or not; it was closed, which ends what it did. */
void host_kernel_opened(struct host_kernel *h, bool offered);
void host_kernel_closed(struct host_kernel *h);

/* What GET_REFERENCE says: how it goes, or that it has ended. */
void host_kernel_seen(struct host_kernel *h, const struct vmclock_host_state *state);

/*
 * After a look: completes a reference that is to be set with what becomes of the host's clock.
 * True: it has to be set once more right away, for NONE had to be said first.
 */
bool host_kernel_ask(struct host_kernel *h, struct vmclock_host_reference *set, int64_t now_ns);

/* The driver took it; or did, after it had refused it (-errno) because of the host's clock. */
void host_kernel_taken(struct host_kernel *h, const struct vmclock_host_reference *set);
void host_kernel_refused(struct host_kernel *h, int err, int64_t now_ns);

/* The clock was set meanwhile, by so much. */
void host_kernel_stepped(struct host_kernel *h, double by_ns);

/* Ends it for good; the line that is set next lets go of the clock. */
void host_kernel_stop(struct host_kernel *h, const char *why);

/* Whether the clock is the kernel's to steer, now or as soon as there is a usable line. */
bool host_kernel_able(const struct host_kernel *h, int64_t now_ns);

#endif
