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

#include "guest_page.h"

enum { GUESTS_MAX = 1024 };

struct guest_pages {
	struct guest_home home;
	struct guest_page *guests;
	unsigned int count;
};

struct guest_settings {
	const char *directory;
	const struct counter *counter;
	bool monotonic;
	bool continued; /* the line in force is that of the last life, and so are the guests' */
	const char *boot_id;	   /* "": not to be had */
	int64_t (*slept_ns)(void); /* slept.h; NULL: nobody knows */
};

/*
 * Finds the guests of the daemon's last life. A scale that is of another boot, or from before the
 * machine slept, or that was taken back while no daemon ran (NAME.disrupted), is not known any
 * more. What cannot be used of them is in their `error`. 0; -ENOMEM; -errno: the directory cannot
 * be read (that there is none yet is no error).
 */
int guest_pages_open(struct guest_pages *g, const struct guest_settings *settings);

/* How a guest begins. */
struct guest_start {
	const struct vmclock_scale *scale; /* NULL: not known yet */
	const uint64_t *generation;	   /* NULL: the page has none */
	const char *vm;			   /* guest_facts.vm; NULL: it is said by hand */
};

/*
 * -EINVAL: name or scale; -ERANGE: a scale that makes a counter below 1 MHz or above 1 THz;
 * -EEXIST; -ENOSPC: GUESTS_MAX; -errno.
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
/* The host's counter broke, and with it what the guests' counters were derived from. */
void guest_pages_disrupt_all(struct guest_pages *g, const char *why);
/* Who still maps the page reads UNRELIABLE. -ENOENT; -errno. */
int guest_pages_remove(struct guest_pages *g, const char *name);

const struct guest_page *guest_pages_find(const struct guest_pages *g, const char *name);

/* After each publication on the host's page; it is what is on that. */
void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar);

/* The pages say FREERUNNING instead of SYNCHRONIZED; UNRELIABLE, if the counter is followed. */
void guest_pages_close(struct guest_pages *g);

#endif
