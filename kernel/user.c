// SPDX-License-Identifier: GPL-2.0-only
/* Structures that come from user space, and go back, in the size that the caller knows. */
#include <linux/uaccess.h>

#include "vmclock_host.h"

#define SIZE_MAX_BYTES 4096

/* The caller's size, of a structure of which the first version had all the `known` bytes. */
static int get_size(u32 *size, size_t known, const void __user *arg)
{
	if (get_user(*size, (const u32 __user *)arg))
		return -EFAULT;
	if (*size < known)
		return -EINVAL;
	return *size > SIZE_MAX_BYTES ? -E2BIG : 0;
}

/* What the kernel does not know must be zero. */
int vmclock_user_get(void *to, u32 *size, size_t known, const void __user *arg)
{
	int rc = get_size(size, known, arg);

	return rc ? rc : copy_struct_from_user(to, known, arg, *size);
}

/* The size stays the caller's; what the kernel does not know is cleared. */
int vmclock_user_put(void __user *arg, u32 size, const void *from, size_t known)
{
	size_t start = sizeof(size);

	if (copy_to_user(arg + start, from + start, min_t(size_t, size, known) - start))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}
