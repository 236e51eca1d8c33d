// SPDX-License-Identifier: GPL-2.0-only
/* The system's clocks at one value of the counter. */
#include <linux/ktime.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>

#include "counter.h"
#include "vmclock_host.h"

#ifndef HAVE_KTIME_GET_SNAPSHOT_ID
/* Before 7.3 it is named differently, and always of CLOCK_REALTIME. */
static void take(struct system_time_snapshot *snap)
{
	ktime_get_snapshot(snap);
}

static ktime_t realtime_of(const struct system_time_snapshot *snap)
{
	return snap->real;
}

static ktime_t raw_of(const struct system_time_snapshot *snap)
{
	return snap->raw;
}
#else
static void take(struct system_time_snapshot *snap)
{
	ktime_get_snapshot_id(CLOCK_REALTIME, snap);
}

static ktime_t realtime_of(const struct system_time_snapshot *snap)
{
	return snap->systime;
}

static ktime_t raw_of(const struct system_time_snapshot *snap)
{
	return snap->monoraw;
}
#endif

/* As clock_gettime() would tell the caller, in the time namespace that he is in. */
static s64 monotonic_here(s64 ns)
{
	struct timespec64 ts = ns_to_timespec64(ns);

	timens_add_monotonic(&ts);
	return timespec64_to_ns(&ts);
}

/*
 * The offsets between the clocks change only when a clock is set, which the sequence number tells:
 * if it is the same before and after, they belong to the snapshot.
 */
int vmclock_snapshot(struct vmclock_host *host, struct vmclock_host_snapshot *out)
{
	struct system_time_snapshot snap;
	struct system_time_snapshot again;
	ktime_t real_offset;
	ktime_t boot_offset;
	s64 monotonic_ns;

	do {
		take(&snap);
		if (!vmclock_host_clock_counts(&host->clock, snap.cs_was_changed_seq))
			return -ENODEV;
		real_offset = ktime_mono_to_any(0, TK_OFFS_REAL);
		boot_offset = ktime_mono_to_any(0, TK_OFFS_BOOT);
		take(&again);
	} while (snap.clock_was_set_seq != again.clock_was_set_seq);

	out->counter_value = snap.cycles;
	out->realtime_ns = ktime_to_ns(realtime_of(&snap));
	out->raw_ns = ktime_to_ns(raw_of(&snap));
	monotonic_ns = out->realtime_ns - ktime_to_ns(real_offset);
	out->monotonic_ns = monotonic_here(monotonic_ns);
	out->boottime_ns = timens_add_boottime_ns(monotonic_ns + ktime_to_ns(boot_offset));
	out->clock_was_set_seq = snap.clock_was_set_seq;
	out->clocksource_seq = snap.cs_was_changed_seq;
	return 0;
}
