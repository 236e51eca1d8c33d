/* SPDX-License-Identifier: GPL-2.0-only */
/* The reference as a PTP clock, where the kernel has such. */
#ifndef VMCLOCK_HOST_PTP_H
#define VMCLOCK_HOST_PTP_H

#include <linux/ptp_clock_kernel.h>

struct vmclock_host;

struct vmclock_ptp {
	struct ptp_clock_info info;
	struct ptp_clock *clock; /* NULL: not asked for */
};

#if IS_REACHABLE(CONFIG_PTP_1588_CLOCK)
int vmclock_ptp_init(struct vmclock_host *host);
void vmclock_ptp_exit(struct vmclock_host *host);
u64 vmclock_ptp_features(const struct vmclock_host *host);
#else
static inline int vmclock_ptp_init(struct vmclock_host *host)
{
	return 0;
}

static inline void vmclock_ptp_exit(struct vmclock_host *host)
{
}

static inline u64 vmclock_ptp_features(const struct vmclock_host *host)
{
	return 0;
}
#endif

#endif
