/* SPDX-License-Identifier: GPL-2.0-only */
/* The counter that pages count by: one file for each architecture. */
#ifndef VMCLOCK_HOST_COUNTER_H
#define VMCLOCK_HOST_COUNTER_H

#include <linux/clocksource.h>
#include <linux/types.h>

/* VMCLOCK_COUNTER_* */
u8 vmclock_counter_id(void);

/* Nominal rate; 0: not known, the module then refuses to load. */
u64 vmclock_counter_hz(void);

/*
 * Now; ordered after every earlier load, and before every later access as a load would be: where
 * that matters a barrier follows.
 */
u64 vmclock_counter_read(void);

/* Every earlier store is visible to all processors before the counter is read. */
void vmclock_counter_follow_stores(void);

/* False: its values cannot be relied on, from now on. In any context. */
bool vmclock_counter_stable(void);

/* Whether this clocksource is the counter itself, value for value. In any context. */
bool vmclock_counter_is(const struct clocksource *clock);

#endif
