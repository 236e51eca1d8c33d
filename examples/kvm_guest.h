/* SPDX-License-Identifier: MIT */
/* A machine of KVM, and what its counter is. */
#ifndef EXAMPLE_KVM_GUEST_H
#define EXAMPLE_KVM_GUEST_H

#include <vmclock.h>

struct kvm_guest {
	int vm, vcpu; /* of KVM; -1: there is none */
};

/* With one processor; without KVM the examples go on with a counter like the host's. */
void kvm_guest_make(struct kvm_guest *guest);

/*
 * What KVM makes of the host's counter. To be asked again whenever the VMM has set it. 0;
 * -EOPNOTSUPP: this kernel does not say it; -errno.
 */
int kvm_guest_counter(const struct kvm_guest *guest, struct vmclock_scale *scale);

#endif
