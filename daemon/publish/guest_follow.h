/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests whose counter is read from KVM: found, watched, and given up as soon as it is in doubt.
 *
 * guest_facts.vm says whose counter it is: "pid:PID:START" for one process, "name:NAME" for
 * whichever process has a VM of that name, "name:NAME,after=START" for one that was started later
 * than START, in the ticks of /proc/PID/stat since this boot.
 */
#ifndef VMCLOCK_GUEST_FOLLOW_H
#define VMCLOCK_GUEST_FOLLOW_H

#include "guest_pages.h"
#include "kvm_names.h"

/* A VMM sets the counter when it starts a guest: what is new has to last for this long. */
#define GUEST_FOLLOW_SETTLE_NS INT64_C(900000000)

struct guest_follow {
	struct guest_pages *guests;
	const char *kvm_directory;  /* KVM's in debugfs; "": none */
	const char *proc_directory; /* /proc */
	unsigned int next;	    /* the guest whose turn it is */
	struct kvm_names names;	    /* of all machines, while a guest is followed by name */
};

/*
 * From "pid:PID" or "name:NAME" to what is kept. `is_new`: the machine of the name is still to be
 * started, and is none of those that have the name now. 0; -EINVAL: neither; -ENOENT: no such
 * process; -EOPNOTSUPP: KVM's directory is not to be had; -errno.
 */
int guest_follow_resolve(const struct guest_follow *f, const char *text, bool is_new,
			 char vm[GUEST_VM_MAX]);

/* At the daemon's start, before the first line: no scale of before is taken that KVM does not
 * confirm. */
void guest_follow_confirm(struct guest_follow *f, int64_t now_ns);

/*
 * Looks at the next guests, at most `count` of them; *known: one's counter has become known, its
 * page can be written. When to come back: nanoseconds, or 0 while there is no guest to follow.
 */
int64_t guest_follow_round(struct guest_follow *f, int64_t now_ns, bool *known);

/* Releases what was read. */
void guest_follow_close(struct guest_follow *f);

#endif
