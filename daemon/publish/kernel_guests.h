/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guests that VMMs have the kernel driver keep pages for, to be shown: each is its VMM's own,
 * which says by VMCLOCK_GUEST_SET what its counter is, and whether it is disrupted.
 */
#ifndef VMCLOCK_KERNEL_GUESTS_H
#define VMCLOCK_KERNEL_GUESTS_H

#include <linux/vmclock_host.h>

#include "page_kernel.h"

/* The first of them, at most `capacity` (VMCLOCK_HOST_LIST_MAX). 0; -EBADF: not open; -errno. */
int kernel_guests_list(const struct page_kernel *page, struct vmclock_host_guest *entries,
		       unsigned int capacity, unsigned int *count);

#endif
