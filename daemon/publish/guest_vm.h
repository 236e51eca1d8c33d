/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which virtual machine a guest is: as it is kept of the guest, and among those that run.
 *
 * guest_facts.vm says it: "pid:PID:START" for one process, "name:NAME" for whichever process has a
 * VM of that name, "name:NAME,after=START" for one that was started later than START, in the ticks
 * of /proc/PID/stat since this boot.
 */
#ifndef VMCLOCK_GUEST_VM_H
#define VMCLOCK_GUEST_VM_H

#include "guest_follow.h"

/*
 * From "pid:PID" or "name:NAME" to what is kept. `is_new`: the machine of the name is still to be
 * started, and is none of those that have the name now. 0; -EINVAL: neither; -ENOENT: no such
 * process; -EOPNOTSUPP: KVM's directory is not to be had; -errno.
 */
int guest_vm_resolve(const struct guest_follow *f, const char *text, bool is_new,
		     char vm[GUEST_VM_MAX]);

bool guest_vm_is_by_name(const struct guest_page *guest);

/*
 * Its process and its directory, in guest->watch; one that is there already is found again, or is
 * no longer the one that is meant. 0; -ENOENT; -ENOTSUP: the reason is in why; -errno.
 */
int guest_vm_find(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		  char why[KVM_WHY_MAX]);

/* What was started in another boot says nothing of what runs now. */
void guest_vm_forget_other_boots(const struct guest_home *home, struct guest_page *guest);

#endif
