// SPDX-License-Identifier: GPL-2.0-only
/* The TSC. */
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/vmclock-abi.h>
#include <asm/barrier.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "counter.h"

u8 vmclock_counter_id(void)
{
	return VMCLOCK_COUNTER_X86_TSC;
}

u64 vmclock_counter_hz(void)
{
	return boot_cpu_has(X86_FEATURE_TSC) ? tsc_khz * 1000ULL : 0;
}

u64 vmclock_counter_read(void)
{
	return rdtsc_ordered();
}

void vmclock_counter_follow_stores(void)
{
	smp_mb(); /* Ends when the store buffer is empty; and the reading waits for its end. */
}

bool vmclock_counter_stable(void)
{
	return !check_tsc_unstable();
}

/* The TSC of early boot is another clocksource. Before 6.9, it has only its name. */
bool vmclock_counter_is(const struct clocksource *clock)
{
#ifdef HAVE_CSID_X86_TSC
	return clock->id == CSID_X86_TSC;
#else
	return !strcmp(clock->name, "tsc");
#endif
}
