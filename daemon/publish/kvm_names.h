/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of KVM's virtual machines was given which name: one table for all who ask.
 *
 * It is read anew in steps, while the one before is in use, so that thousands of machines stop
 * nobody. The name is that of "-name NAME" or "-name guest=NAME,...", as libvirt gives it to QEMU.
 */
#ifndef VMCLOCK_KVM_NAMES_H
#define VMCLOCK_KVM_NAMES_H

#include "kvm_counter.h"

struct kvm_named;

struct kvm_list {
	struct kvm_named *machines;
	unsigned int count, capacity;
	int64_t begun_ns; /* CLOCK_MONOTONIC, of reading it; 0: never */
	int error;	  /* -errno: the machines cannot be told; 0 */
};

/* All zeros at first. */
struct kvm_names {
	struct kvm_list now, next;
	void *directory; /* NULL: nothing is being read */
};

/* Goes on with the table, or begins another once the last is a second old. True: there is more to
 * be read. */
bool kvm_names_step(struct kvm_names *t, const char *kvm_directory, const char *proc_directory,
		    int64_t now_ns);

/*
 * The one VM of the one process that has the name, of those that were started later than `after`
 * (as kvm_process_start() has it; 0: any). 0; -ENOENT; -ENOTSUP: there are several, or the table is
 * too old; -errno: the directory could not be read.
 */
int kvm_names_find(const struct kvm_names *t, const char *proc_directory, const char *name,
		   uint64_t after, int64_t now_ns, int *pid, char entry[KVM_ENTRY_MAX],
		   char why[KVM_WHY_MAX]);

void kvm_names_close(struct kvm_names *t);

#endif
