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

#include "guest_text.h"
#include "reference.h"

enum { GUEST_NAME_MAX = 64, GUESTS_MAX = 1024 };

struct guest_page {
	char name[GUEST_NAME_MAX];
	struct guest_facts facts;
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

/* Letters, digits, '.', '_' and '-'; no '.' at its start, and no ending that is ours. */
bool guest_name_is_good(const char *name);

/*
 * Finds the guests of the daemon's last life. A scale that is of another boot, or that was taken
 * back while no daemon ran (NAME.disrupted), is not known any more. What cannot be used of them is
 * in their `error`. 0; -ENOMEM; -errno: the directory cannot be read (that there is none yet is no
 * error).
 */
int guest_pages_open(struct guest_pages *g, const struct guest_settings *settings);

/*
 * scale NULL: not known yet. generation NULL: the page has none.
 * -EINVAL: name or scale; -EEXIST; -ENOSPC: GUESTS_MAX; -errno.
 */
int guest_pages_add(struct guest_pages *g, const char *name, const struct vmclock_scale *scale,
		    const uint64_t *generation);
/* A new disruption marker for the guest, with the next line. -ENOENT; -EINVAL; -errno. */
int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale);
/*
 * Unless it is a warning: the page says UNRELIABLE, with a new marker, until guest_pages_set(). It
 * does so even if that cannot be kept for the daemon's next life. -ENOENT; -EINVAL; -errno.
 */
int guest_pages_disrupt(struct guest_pages *g, const char *name,
			const struct guest_disruption *disruption);
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

/* The pages say FREERUNNING instead of SYNCHRONIZED. */
void guest_pages_close(struct guest_pages *g);

#endif
