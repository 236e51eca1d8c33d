/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of a card's DPLLs, asked by the kernel's generic netlink family "dpll" (Linux 6.7). */
#ifndef VMCLOCK_DPLL_H
#define VMCLOCK_DPLL_H

#include <stddef.h>

/* From the worst to the best. */
enum dpll_lock { DPLL_UNLOCKED, DPLL_HOLDOVER, DPLL_LOCKED };

enum { DPLL_MODULE_SIZE = 32 };

struct dpll_device {
	char module[DPLL_MODULE_SIZE]; /* the kernel module that drives it */
	int is_pps;		       /* disciplines a clock's phase, not only a frequency */
	enum dpll_lock lock;
};

/*
 * The worst lock of the PPS DPLLs that this kernel module drives. -ENODEV: it drives none; -ENOENT:
 * the kernel has no DPLLs; other -errno: nobody could be asked. Does not wait.
 */
int dpll_lock_of_module(const char *module);

/* One answer alone (a whole netlink message), for tests and the fuzzer. 0 or -EBADMSG. */
int dpll_parse(const void *message, size_t size, struct dpll_device *out);

#endif
