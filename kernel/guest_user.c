// SPDX-License-Identifier: GPL-2.0-only
/* How many guests each user has: one alone must not use up those that there may be. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/xarray.h>

#include "vmclock_host.h"

static unsigned int guests_per_user_max = 4096;
module_param(guests_per_user_max, uint, 0644);
MODULE_PARM_DESC(guests_per_user_max, "How many guests each user may have who is not privileged");

static DEFINE_MUTEX(lock);
static DEFINE_XARRAY(users); /* how many each has, by uid; without those who have none */

/*
 * One more. Who may set the clock, or take any resource, is counted but not limited: a service that
 * creates the guests of all machines is one user too.
 */
int vmclock_guest_user_add(kuid_t uid, bool unlimited)
{
	unsigned long count;
	int rc = -EDQUOT;

	mutex_lock(&lock);
	count = xa_to_value(xa_load(&users, __kuid_val(uid)));
	if (unlimited || count < READ_ONCE(guests_per_user_max) || capable(CAP_SYS_RESOURCE))
		rc = xa_err(xa_store(&users, __kuid_val(uid), xa_mk_value(count + 1),
				     GFP_KERNEL_ACCOUNT));
	mutex_unlock(&lock);
	return rc;
}

/* One less. What is there already is overwritten without needing memory. */
void vmclock_guest_user_remove(kuid_t uid)
{
	unsigned long count;

	mutex_lock(&lock);
	count = xa_to_value(xa_load(&users, __kuid_val(uid)));
	if (count > 1)
		xa_store(&users, __kuid_val(uid), xa_mk_value(count - 1), GFP_KERNEL);
	else
		xa_erase(&users, __kuid_val(uid));
	mutex_unlock(&lock);
}
