// SPDX-License-Identifier: GPL-2.0-only
/* The virtual counter of the generic timer. */
#include <linux/vmclock-abi.h>
#include <asm/arch_timer.h>
#include <asm/barrier.h>

#include "counter.h"

u8 vmclock_counter_id(void)
{
	return VMCLOCK_COUNTER_ARM_VCNT;
}

u64 vmclock_counter_hz(void)
{
	return arch_timer_get_cntfrq();
}

u64 vmclock_counter_read(void)
{
	return __arch_counter_get_cntvct();
}

/*
 * A dmb, which is what smp_mb() is, orders memory accesses among each other, but a system register
 * is none. A dsb ends when the stores are visible, and the isb of the reading, or a CNTVCTSS that
 * needs none, comes after it.
 */
void vmclock_counter_follow_stores(void)
{
	dsb(ish);
}

bool vmclock_counter_stable(void)
{
	return true;
}

bool vmclock_counter_is(const struct clocksource *clock)
{
	return clock->id == CSID_ARM_ARCH_COUNTER;
}
