// SPDX-License-Identifier: GPL-2.0-or-later
/* The guests that VMMs have the kernel driver keep pages for, to be shown. */
#include "kernel_guests.h"

#include <errno.h>

int kernel_guests_list(const struct page_kernel *page, struct vmclock_host_guest *entries,
		       unsigned int capacity, unsigned int *count)
{
	struct vmclock_host_guests list = {
		.size = sizeof(list), .capacity = capacity, .entries = (uintptr_t)entries};

	*count = 0;
	if (!page->ops || page->fd < 0)
		return -EBADF;
	if (page->ops->ioctl(page->fd, VMCLOCK_HOST_LIST_GUESTS, &list))
		return -errno;
	*count = list.count <= capacity ? list.count : capacity;
	return 0;
}
