// SPDX-License-Identifier: GPL-2.0-only
/* The ways to look at a vmclock page through a file: to map it, to read it, to wait for it. */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "vmclock_host.h"

/* On first access, so that a mapping that is moved or inherited finds its page too. */
static vm_fault_t page_fault(struct vm_fault *vmf)
{
	struct vmclock_reader *reader = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	get_page(reader->page->page);
	vmf->page = reader->page->page;
	return 0;
}

static const struct vm_operations_struct page_vm_ops = {
	.fault = page_fault,
};

int vmclock_page_mmap(struct vmclock_page *page, struct vm_area_struct *vma)
{
	const unsigned long never = VM_MAYWRITE | VM_MAYEXEC | VM_EXEC;
	unsigned long flags = VM_DONTEXPAND;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	/* A child that outlives the writer would keep its file open, and the writer in office. */
	if (vma->vm_file->f_mode & FMODE_WRITE)
		flags |= VM_DONTCOPY;
	vma->vm_ops = &page_vm_ops;
	/*
	 * Without VM_MAYWRITE, mprotect() cannot make it writable later. VM_EXEC may be there by
	 * the personality, although nobody asked for it: it is taken away, not refused.
	 */
#ifdef HAVE_VM_FLAGS_MOD
	vm_flags_mod(vma, flags, never);
#else
	vma->vm_flags = (vma->vm_flags | flags) & ~never;
#endif
	return 0;
}

/*
 * As every reader of the page does; but here nobody has to give up, for who writes is never
 * interrupted for long. An odd count cannot be what is found afterwards, unless nothing changed.
 */
static void take_copy(const struct vmclock_page *page, struct vmclock_abi *copy)
{
	u32 seq;

	for (;;) {
		seq = le32_to_cpu(READ_ONCE(page->copy.seq_count)) & ~1;
		smp_rmb(); /* The count before the fields: pairs with vmclock_page_end(). */
		data_race(memcpy(copy, &page->copy, sizeof(*copy)));
		smp_rmb(); /* The fields before the count: pairs with vmclock_page_begin(). */
		if (le32_to_cpu(READ_ONCE(page->copy.seq_count)) == seq)
			break;
		cpu_relax();
	}
	copy->seq_count = cpu_to_le32(seq);
}

/* Before anything goes to user space, where a fault may take for ever, there is a copy. */
ssize_t vmclock_page_read(struct vmclock_reader *reader, char __user *buf, size_t count,
			  loff_t *pos)
{
	struct vmclock_abi copy;
	size_t head = 0;

	if (*pos < 0)
		return -EINVAL;
	if (*pos >= PAGE_SIZE || !count)
		return 0;
	count = min_t(size_t, count, PAGE_SIZE - *pos);
	take_copy(reader->page, &copy);
	if (*pos < sizeof(copy))
		head = min_t(size_t, count, sizeof(copy) - *pos);
	if (head && copy_to_user(buf, (char *)&copy + *pos, head))
		return -EFAULT;
	if (clear_user(buf + head, count - head))
		return -EFAULT;
	WRITE_ONCE(reader->seen_seq, le32_to_cpu(copy.seq_count));
	*pos += count;
	return count;
}

/* Readable from an update until the page is read. */
__poll_t vmclock_page_poll(struct vmclock_reader *reader, struct file *file, poll_table *wait)
{
	u32 seq;

	poll_wait(file, &reader->page->waiters, wait);
	/* Among the waiters before the look at the count: pairs with who looks for waiters. */
	smp_mb();
	seq = le32_to_cpu(READ_ONCE(reader->page->copy.seq_count));
	return seq != READ_ONCE(reader->seen_seq) ? EPOLLIN | EPOLLRDNORM : 0;
}
