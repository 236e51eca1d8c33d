/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line for guests: a page file each, by the guest's own counter.
 *
 * A guest's counter is the host's, scaled and shifted by the VMM or the processor. Until somebody
 * has said how, and after it was disrupted, its page says UNRELIABLE. What is known of the guests
 * is kept beside their pages (NAME.guest), so that the daemon's next life goes on with them.
 */
#ifndef VMCLOCK_GUEST_PAGES_H
#define VMCLOCK_GUEST_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_store.h"
#include "reference.h"

enum { GUESTS_MAX = 1024 };

/* What is seen of a guest that is followed (guest_follow.h). */
struct guest_watch {
	int pid;
	uint64_t start; /* of the process */
	char entry[32]; /* in KVM's directory; "": to be looked for */
	bool seen;	/* a scale that is not the one in force yet: */
	struct vmclock_scale scale;
	int64_t since_ns; /* CLOCK_MONOTONIC */
};

struct guest_page {
	char name[GUEST_NAME_MAX];
	struct guest_facts facts;
	struct guest_watch watch;
	struct vmclock_writer *writer; /* NULL: could not be opened */
	bool disrupt;		       /* the next line changes the marker */
	int error;		       /* of opening it, or of the last update; 0: none */
	uint64_t writes;
	int64_t updated_ns; /* CLOCK_MONOTONIC of the last of them; 0: none in this life */
};

struct guest_pages {
	char directory[264];
	const struct counter *counter;
	bool monotonic;
	char boot_id[40];
	struct guest_page *guests;
	unsigned int count;
};

struct guest_settings {
	const char *directory;
	const struct counter *counter;
	bool monotonic;
	bool continued; /* the line in force is that of the last life, and so are the guests' */
	const char *boot_id; /* "": not to be had */
};

/* What happens, or will happen, to a guest's counter. */
struct guest_disruption {
	bool warn_only;	     /* nothing yet: the page goes on, with `warning` on it (0: none) */
	uint64_t warning;    /* VMCLOCK_FLAG_DISRUPTION_* */
	bool new_generation; /* the guest was loaded from a snapshot, or cloned: */
	uint64_t generation;
	const char *why; /* for the list; NULL: no reason given */
};

/*
 * Finds the guests of the daemon's last life. A scale that is of another boot, or that was taken
 * back while no daemon ran (NAME.disrupted), is not known any more. What cannot be used of them is
 * in their `error`. 0; -ENOMEM; -errno: the directory cannot be read (that there is none yet is no
 * error).
 */
int guest_pages_open(struct guest_pages *g, const struct guest_settings *settings);

/* How a guest begins. */
struct guest_start {
	const struct vmclock_scale *scale; /* NULL: not known yet */
	const uint64_t *generation;	   /* NULL: the page has none */
	const char *vm;			   /* guest_facts.vm; NULL: it is said by hand */
};

/*
 * -EINVAL: name or scale; -ERANGE: a scale that makes a counter below 1 MHz or above 1 THz; -EEXIST;
 * -ENOSPC: GUESTS_MAX; -errno.
 */
int guest_pages_add(struct guest_pages *g, const char *name, const struct guest_start *start);
/*
 * By hand: a new disruption marker for the guest, with the next line. It is not followed any more.
 * -ENOENT; -EINVAL; -ERANGE; -errno.
 */
int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale);
/* The guest is followed from now on; its page is UNRELIABLE until it is found. -ENOENT; -errno. */
int guest_pages_bind(struct guest_pages *g, const char *name, const char *vm);
/*
 * Unless it is a warning: the page says UNRELIABLE, with a new marker, until guest_pages_set() or
 * _bind(): the guest is not followed any more, for what is read now may be the old counter. The
 * page does so even if that cannot be kept for the daemon's next life. -ENOENT; -EINVAL; -errno.
 */
int guest_pages_disrupt(struct guest_pages *g, const char *name,
			const struct guest_disruption *disruption);
/* Of a guest that is followed: its counter was found, 0 or -errno; or lost, for this reason. */
int guest_pages_found(struct guest_pages *g, struct guest_page *guest,
		      const struct vmclock_scale *scale);
void guest_pages_lost(struct guest_pages *g, struct guest_page *guest, const char *why);
/* The host's counter broke, and with it what the guests' counters were derived from. */
void guest_pages_disrupt_all(struct guest_pages *g, const char *why);
/* Who still maps the page reads UNRELIABLE. -ENOENT; -errno. */
int guest_pages_remove(struct guest_pages *g, const char *name);

const struct guest_page *guest_pages_find(const struct guest_pages *g, const char *name);

/* What its page says at this moment: VMCLOCK_STATUS_*; UNKNOWN: it could not be opened. */
uint8_t guest_page_status(const struct guest_page *guest);

/* After each publication on the host's page; it is what is on that. */
void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar);

/* The pages say FREERUNNING instead of SYNCHRONIZED; UNRELIABLE, if the counter is followed. */
void guest_pages_close(struct guest_pages *g);

#endif
