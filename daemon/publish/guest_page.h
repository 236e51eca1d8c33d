/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of one guest, by the guest's own counter, and what is known of that. */
#ifndef VMCLOCK_GUEST_PAGE_H
#define VMCLOCK_GUEST_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_store.h"
#include "reference.h"

/* Where the pages of guests are, and what all of them are made from. */
struct guest_home {
	char directory[264];
	const struct counter *counter;
	bool monotonic;
	char boot_id[40];
	int64_t (*slept_ns)(void); /* of the machine since its boot: slept.h; NULL: nobody knows */
};

/* What is seen of a guest that is followed (guest_follow.h). */
struct guest_watch {
	int pid;
	uint64_t start; /* of the process */
	char entry[32]; /* in KVM's directory; "": to be looked for */
	int offset_fd;	/* of one of its virtual CPUs; -1: none yet */
	bool seen;	/* a scale that is not the one in force yet: */
	struct vmclock_scale scale;
	int64_t since_ns;   /* CLOCK_MONOTONIC */
	unsigned int moves; /* of its counter, in the life of this process, that are not forgiven */
	int64_t moved_ns;   /* CLOCK_MONOTONIC of the last */
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

/* What happens, or will happen, to a guest's counter. */
struct guest_disruption {
	bool warn_only;	     /* nothing yet: the page goes on, with `warning` on it (0: none) */
	uint64_t warning;    /* VMCLOCK_FLAG_DISRUPTION_* */
	bool new_generation; /* the guest was loaded from a snapshot, or cloned: */
	uint64_t generation;
	const char *why; /* for the list; NULL: no reason given */
};

/* -EINVAL: no scale; -ERANGE: it makes a counter below 1 MHz, or above 1 THz. */
int guest_page_check_scale(const struct guest_home *home, const struct vmclock_scale *scale);

/* What is known now, for the daemon's next life. 0; -errno: what was kept before still is. */
int guest_page_keep(const struct guest_home *home, struct guest_page *guest);

/* From here on nobody else writes the page. 0; -errno, which `error` has too. */
int guest_page_open(const struct guest_home *home, struct guest_page *guest);

/* With the status that it is left with. */
void guest_page_close(const struct guest_home *home, struct guest_page *guest, uint8_t status);

/* The scale holds from now on, in this boot and until the machine sleeps. */
void guest_page_know_scale(const struct guest_home *home, struct guest_facts *facts,
			   const struct vmclock_scale *scale);
void guest_page_forget_scale(struct guest_page *guest, const char *why);

/* The page must not go on with the line that it has: it says UNRELIABLE. */
void guest_page_void(struct guest_page *guest);

/* As guest_pages_disrupt() has it, whoever says so. 0; -errno: it could not be kept. */
int guest_page_disrupt(const struct guest_home *home, struct guest_page *guest,
		       const struct guest_disruption *how);

/* Its counter was found: the next line is by that, with a new marker. 0; -errno. */
int guest_page_found(const struct guest_home *home, struct guest_page *guest,
		     const struct vmclock_scale *scale);
/* It was lost, for this reason: the page says UNRELIABLE. */
void guest_page_lost(const struct guest_home *home, struct guest_page *guest, const char *why);

/* The host's line, by the guest's counter. */
void guest_page_update(struct guest_page *guest, const struct vmclock_reference *host,
		       int64_t now_ns);

/* What its page says at this moment: VMCLOCK_STATUS_*; UNKNOWN: it could not be opened. */
uint8_t guest_page_status(const struct guest_page *guest);

/* Nothing has been seen, and nothing is held open. */
void guest_watch_begin(struct guest_watch *watch); /* of memory that was no watch before */
void guest_watch_clear(struct guest_watch *watch);

#endif
