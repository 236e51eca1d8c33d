// SPDX-License-Identifier: GPL-2.0-only
/* The host's clock where timekeeping cannot follow a reference: it is left alone. */
#include <linux/errno.h>

#include "steer.h"

u64 vmclock_steer_features(void)
{
	return 0;
}

int vmclock_steer_check(const struct vmclock_host_reference *ref)
{
	return ref->host_clock == VMCLOCK_HOST_CLOCK_NONE ? 0 : -EOPNOTSUPP;
}

void vmclock_steer_set(const struct vmclock_host_reference *ref)
{
}

void vmclock_steer_stop(void)
{
}

void vmclock_steer_release(void)
{
}

void vmclock_steer_describe(struct vmclock_host_state *state)
{
}
