// SPDX-License-Identifier: GPL-2.0-only
/* The list of guests, for the writer. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmclock_host.h"

static void describe(const struct vmclock_guest *guest, struct vmclock_host_guest *entry)
{
	const struct vmclock_abi *copy = &guest->page.copy;

	entry->id = guest->id;
	entry->creator_pid = pid_vnr(guest->creator);
	entry->offset = guest->scale.offset;
	entry->ratio = guest->scale.ratio;
	entry->vm_generation_counter = guest->generation;
	entry->disruption_marker = le64_to_cpu(copy->disruption_marker);
	entry->frac_bits = guest->scale.frac_bits;
	entry->clock_status = copy->clock_status;
}

/* With the lock held. */
static u32 describe_all(struct vmclock_host *host, const struct vmclock_host_guests *list,
			struct vmclock_host_guest *entries)
{
	struct vmclock_guest *guest;
	unsigned long id;
	u32 count = 0;

	xa_for_each_range(&host->guests.all, id, guest, list->after_id + 1UL, ULONG_MAX) {
		if (count == list->capacity)
			break;
		describe(guest, &entries[count++]);
	}
	return count;
}

static long fill_list(struct vmclock_host *host, struct vmclock_host_guests *list)
{
	struct vmclock_host_guest *entries;
	long rc = 0;

	if (list->capacity > VMCLOCK_HOST_LIST_MAX)
		return -ERANGE;
	entries = kvcalloc(list->capacity, sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;
	if (mutex_lock_interruptible(&host->lock)) {
		rc = -ERESTARTSYS;
		goto out;
	}
	list->count = describe_all(host, list, entries);
	mutex_unlock(&host->lock);
	if (copy_to_user(u64_to_user_ptr(list->entries), entries, list->count * sizeof(*entries)))
		rc = -EFAULT;
out:
	kvfree(entries);
	return rc;
}

long vmclock_guests_list(struct vmclock_host *host, void __user *arg)
{
	struct vmclock_host_guests list;
	u32 size;
	long rc = vmclock_user_get(&list, &size, sizeof(list), arg);

	if (!rc)
		rc = fill_list(host, &list);
	return rc ? rc : vmclock_user_put(arg, size, &list, sizeof(list));
}
