/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests whose counter is read from KVM: found, watched, and given up as soon as it is in doubt.
 *
 * All that has to be known of one is looked at once a second, if there are not too many. In between
 * one number of each is looked at, the offset of a virtual CPU: whatever resets a machine, loads it
 * from a snapshot, or writes to its TSC moves that.
 */
#ifndef VMCLOCK_GUEST_FOLLOW_H
#define VMCLOCK_GUEST_FOLLOW_H

#include "guest_pages.h"
#include "kvm_names.h"

/* A VMM sets the counter when it starts a guest: what is new has to last for this long. */
#define GUEST_FOLLOW_SETTLE_NS INT64_C(900000000)

/* How old what was seen of a counter is at most when a line is published by it. */
#define GUEST_FOLLOW_GLANCE_NS INT64_C(100000000)

/*
 * How often the counter of one process's machine may move, and when one of that is forgiven: nobody
 * resets machines as often. KVM does it to the counter of a guest that shall be faster than a
 * processor that cannot scale it: such a counter has no line.
 */
enum { GUEST_FOLLOW_MOVES_MAX = 10 };
#define GUEST_FOLLOW_FORGIVE_NS INT64_C(360000000000)

struct guest_follow {
	struct guest_pages *guests;
	const char *kvm_directory;  /* KVM's in debugfs; "": none */
	const char *proc_directory; /* /proc */
	unsigned int next;	    /* the guest whose turn it is */
	int64_t next_look_ns;	    /* CLOCK_MONOTONIC of that; 0: now */
	int64_t glanced_ns;	    /* CLOCK_MONOTONIC of the last glance; 0: never */
	struct kvm_names names;	    /* of all machines, while a guest is followed by name */
};

/* Somebody waits for a counter: the next round looks. */
void guest_follow_hurry(struct guest_follow *f);

/* At the daemon's start, before the first line: no scale of before is taken that KVM does not
 * confirm. */
void guest_follow_confirm(struct guest_follow *f, int64_t now_ns);

/*
 * guest_pages_update(), for those guests whose counter is still what it was GUEST_FOLLOW_GLANCE_NS
 * before: the others lose the line that they had.
 */
void guest_follow_publish(struct guest_follow *f, const struct publication *publication,
			  const struct page_calendar *calendar, int64_t now_ns);

/*
 * Glances at all, and looks at those whose turn it is; *known: one's counter has become known, its
 * page can be written. When to come back: nanoseconds, or 0 while there is no guest to follow.
 */
int64_t guest_follow_round(struct guest_follow *f, int64_t now_ns, bool *known);

/* Releases what was read. */
void guest_follow_close(struct guest_follow *f);

#endif
