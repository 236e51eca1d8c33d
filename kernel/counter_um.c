// SPDX-License-Identifier: GPL-2.0-only
/* User Mode Linux, for tests: the machine's own TSC, which is not its clocksource. */
#include <linux/moduleparam.h>
#include <linux/vmclock-abi.h>
#include <asm/barrier.h>

#include "counter.h"

static ulong counter_hz;
module_param(counter_hz, ulong, 0444);
MODULE_PARM_DESC(counter_hz, "Rate of the machine's TSC in Hz");

static bool unstable;
module_param(unstable, bool, 0600);
MODULE_PARM_DESC(unstable, "Say that the counter cannot be relied on");

u8 vmclock_counter_id(void)
{
	return VMCLOCK_COUNTER_X86_TSC;
}

u64 vmclock_counter_hz(void)
{
	return counter_hz;
}

/* A full barrier orders more than rdtsc_ordered() would, which this architecture lacks. */
u64 vmclock_counter_read(void)
{
	u32 low, high;

	mb(); /* Nothing before the reading passes it. */
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	mb(); /* Nothing after it does. */
	return (u64)high << 32 | low;
}

void vmclock_counter_follow_stores(void)
{
	smp_mb(); /* Ends when the store buffer is empty; and the reading waits for its end. */
}

bool vmclock_counter_stable(void)
{
	return !READ_ONCE(unstable);
}

/* It has one of its own. */
bool vmclock_counter_is(const struct clocksource *clock)
{
	return false;
}
