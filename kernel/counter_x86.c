// SPDX-License-Identifier: GPL-2.0-only
/* The TSC. */
#include <linux/timex.h>
#include <linux/vmclock-abi.h>
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

bool vmclock_counter_stable(void)
{
	return !check_tsc_unstable();
}

enum clocksource_ids vmclock_counter_clocksource(void)
{
	return CSID_X86_TSC;
}
