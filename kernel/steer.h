/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's own clock: steer.c where timekeeping can follow a reference, else steer_none.c.
 * All with the lock of the device held, except to describe it.
 */
#ifndef VMCLOCK_HOST_STEER_H
#define VMCLOCK_HOST_STEER_H

#include <linux/types.h>

#include <linux/vmclock_host.h>

/* What GET_INFO adds. */
u64 vmclock_steer_features(void);

/* Whether what is asked can be done now; nothing changes. */
int vmclock_steer_check(const struct vmclock_host_reference *ref);

/*
 * Does it, with the line as it was published. NONE lets go of the clock; after it has been lost,
 * only NONE allows to begin again.
 */
void vmclock_steer_set(const struct vmclock_host_reference *ref);

/* The line holds no longer: keep the rate, correct no phase. It does not begin again by itself. */
void vmclock_steer_stop(void);

/* The writer is gone: the next one begins anew. */
void vmclock_steer_release(void);

/* What is known here more precisely than outside of timekeeping. Without waiting. */
void vmclock_steer_describe(struct vmclock_host_state *state);

#endif
