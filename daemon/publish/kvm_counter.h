/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KVM makes of the host's TSC for a virtual machine, as its debugfs says it.
 *
 * All functions only look: a few small files are read, none of which waits for a virtual CPU.
 * `why` is a whole sentence's predicate for people, "" where there is nothing to say.
 */
#ifndef VMCLOCK_KVM_COUNTER_H
#define VMCLOCK_KVM_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../lib/vmclock.h"

enum {
	KVM_WHY_MAX = 120,
	KVM_ENTRY_MAX = 32,
	KVM_NAME_MAX = 92,
	KVM_VCPUS_MAX = 1024,
	KVM_PATH_MAX = 400
};

/*
 * The counter of the VM whose directory this is (KVM's .../PID-FD): all its vCPUs agree, and it
 * runs no guests of its own, whose counters cannot be told from its own there.
 * 0; -ENOENT: there is no such VM, or no vCPU yet; -ENOTSUP: the reason is in why; -EBADMSG: a file
 * does not say what KVM writes there; -errno.
 */
int kvm_counter_read(const char *vm_directory, struct vmclock_scale *out, char why[KVM_WHY_MAX]);

/*
 * The offset alone, of one vCPU of the VM whose directory this is: the descriptor of its file,
 * which keeps nothing of the VM alive. -ENOENT: there is none yet; -errno.
 */
int kvm_offset_open(const char *vm_directory);

/* What the file says now. 0; -EIO: the VM is gone; -EBADMSG; -errno. */
int kvm_offset_read(int fd, uint64_t *out);

/* What one of the files says: a decimal number, maybe negative, and a newline. 0; -EBADMSG. */
int kvm_counter_parse(const char *text, size_t length, uint64_t *out);

/*
 * The one VM of process `pid` among KVM's directories, as its entry's name there.
 * 0; -ENOENT: none; -ENOTSUP: it has several; -errno.
 */
int kvm_find_by_pid(const char *kvm_directory, int pid, char entry[KVM_ENTRY_MAX],
		    char why[KVM_WHY_MAX]);

/* The process of an entry "PID-FD"; 0: it is none. */
int kvm_entry_pid(const char *entry);

/*
 * The name in these arguments (each ends with a NUL): "-name NAME" or "-name guest=NAME,...".
 * 0; -ENOENT: none, or none that fits.
 */
int kvm_arguments_name(const char *arguments, size_t length, char name[KVM_NAME_MAX]);

/* Likewise, of a process. 0; -ENOENT; -errno. */
int kvm_process_name(const char *proc_directory, int pid, char name[KVM_NAME_MAX]);

/*
 * When the last of the processes that have a VM and this name was started, as kvm_process_start()
 * has it; 0: there is none. 0; -errno.
 */
int kvm_last_of_name(const char *kvm_directory, const char *proc_directory, const char *name,
		     uint64_t *start);

/* When a process was started, since boot, in ticks: no two of one number agree. -ENOENT; -errno. */
int kvm_process_start(const char *proc_directory, int pid, uint64_t *out);

/* Out of the text of /proc/PID/stat. 0; -EBADMSG. */
int kvm_parse_start(const char *text, uint64_t *out);

#endif
