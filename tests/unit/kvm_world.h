/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual machines as KVM's debugfs and /proc show them, made up in a directory, and a daemon that
 * follows guests there. */
#ifndef VMCLOCK_TEST_KVM_WORLD_H
#define VMCLOCK_TEST_KVM_WORLD_H

#include "daemon/publish/guest_vm.h"

#define SECOND_NS INT64_C(1000000000)
/* Of a processor that can scale, and does not. */
#define UNSCALED "281474976710656\n"

struct kvm_world {
	char top[64], kvm[80], proc[80], pages[80];
	struct guest_pages guests;
	struct guest_follow follow;
	int64_t now_ns;
	int64_t slept_ns;
};

extern struct kvm_world world;

/* Of cmocka: a world with the process 41 called "web", which has no VM yet; and its end. */
int kvm_world_make(void **state);
int kvm_world_end(void **state);

/* A life of the daemon begins. */
void begin_life(void);

/* A file and the directories that it is in. */
void put(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void clear_path(const char *path);

/* A VM of two vCPUs. */
void make_vm(const char *entry, const char *offset, const char *ratio);
void end_vm(const char *entry);
void make_process(int pid, unsigned int start, const char *name);

void publish_line(void);
/* The daemon lives on: a round of looks, and a line. */
void pass(int64_t ns);
void second(void);

void add_guest_as(const char *name, const char *vm, bool is_new);
void add_guest(const char *name, const char *vm);
uint8_t status_of(const char *name);
void assert_followed(const char *name, int64_t offset, uint64_t ratio, int frac_bits);
void assert_in_doubt(const char *name, const char *why);

/* The process 41 gets a VM 41-9 with the offset -77, and a guest "web" that follows it. */
void follow_web(const char *vm);

#endif
