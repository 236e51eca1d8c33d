// SPDX-License-Identifier: GPL-2.0-only
/* How many guests each user has: one alone must not use up those that there may be. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/xarray.h>

#include "vmclock_host.h"

static unsigned int guests_per_user_max = 4096;
module_param(guests_per_user_max, uint, 0644);
MODULE_PARM_DESC(guests_per_user_max, "How many guests each user may have who is not privileged");

static DEFINE_XARRAY(users); /* how many each has, by uid; without those who have none */

/*
 * Unless it has changed meanwhile. Memory is waited for without a lock: else one who is at the
 * limit of his own would keep all others from creating guests, and from ending them. An error, or
 * 0.
 */
static int change(kuid_t uid, void *from, unsigned long to, bool *changed)
{
	void *is = xa_cmpxchg(&users, __kuid_val(uid), from, to ? xa_mk_value(to) : NULL,
			      GFP_KERNEL_ACCOUNT);

	*changed = is == from;
	return xa_err(is);
}

/*
 * One more. Who may set the clock, or take any resource, is counted but not limited: a service that
 * creates the guests of all machines is one user too.
 */
int vmclock_guest_user_add(kuid_t uid, bool unlimited)
{
	unsigned long count;
	bool changed;
	void *is;
	int rc;

	do {
		is = xa_load(&users, __kuid_val(uid));
		count = xa_to_value(is);
		if (!unlimited && count >= READ_ONCE(guests_per_user_max) &&
		    !capable(CAP_SYS_RESOURCE))
			return -EDQUOT;
		rc = change(uid, is, count + 1, &changed);
	} while (!rc && !changed);
	return rc;
}

/* One less. What is there already is overwritten without needing memory. */
void vmclock_guest_user_remove(kuid_t uid)
{
	bool changed;
	void *is;

	do {
		is = xa_load(&users, __kuid_val(uid));
		change(uid, is, xa_to_value(is) - 1, &changed);
	} while (!changed);
}
