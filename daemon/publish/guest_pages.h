/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line for guests: a page file each, by the guest's own counter.
 *
 * A guest's counter is the host's, scaled and shifted by the VMM or the processor. Until somebody
 * has said how, its page says UNRELIABLE. What is known of the guests is kept beside their pages
 * (NAME.guest), so that the daemon's next life goes on with them.
 */
#ifndef VMCLOCK_GUEST_PAGES_H
#define VMCLOCK_GUEST_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "reference.h"

enum { GUEST_NAME_MAX = 64, GUESTS_MAX = 1024 };

struct guest_page {
	char name[GUEST_NAME_MAX];
	bool known; /* the scale */
	struct vmclock_scale scale;
	struct vmclock_writer *writer; /* NULL: could not be opened */
	bool disrupt;		       /* the next line changes the marker */
	int error;		       /* of opening it, or of the last update; 0: none */
	uint64_t writes;
};

struct guest_pages {
	char directory[264];
	const struct counter *counter;
	bool monotonic;
	struct guest_page *guests;
	unsigned int count;
};

/* Letters, digits, '.', '_' and '-'; no '.' at its start, and no ending that is ours. */
bool guest_name_is_good(const char *name);

/*
 * Finds the guests of the daemon's last life. continued: the line in force is that of before, and
 * so are the guests'. What cannot be used of them is in their `error`. 0; -ENOMEM; -errno: the
 * directory cannot be read (that there is none yet is no error).
 */
int guest_pages_open(struct guest_pages *g, const char *directory, const struct counter *counter,
		     bool monotonic, bool continued);

/* scale NULL: not known yet. -EINVAL: name or scale; -EEXIST; -ENOSPC: GUESTS_MAX; -errno. */
int guest_pages_add(struct guest_pages *g, const char *name, const struct vmclock_scale *scale);
/* A new disruption marker for the guest, with the next line. -ENOENT; -EINVAL; -errno. */
int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale);
/* Who still maps the page reads UNRELIABLE. -ENOENT; -errno. */
int guest_pages_remove(struct guest_pages *g, const char *name);

const struct guest_page *guest_pages_find(const struct guest_pages *g, const char *name);

/* After each publication on the host's page; it is what is on that. */
void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar);

/* The pages say FREERUNNING instead of SYNCHRONIZED. */
void guest_pages_close(struct guest_pages *g);

/* The text of NAME.guest: 0, or -EINVAL. */
int guest_parse(const char *text, struct guest_page *out);

#endif
