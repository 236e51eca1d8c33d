// SPDX-License-Identifier: GPL-2.0-only
/* Makes the host's own clock follow the reference, where timekeeping can do that. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/time64.h>
#include <linux/timekeeping_reference.h>

#include "counter.h"
#include "steer.h"
#include "vmclock_host.h"

static void ended(struct timekeeping_reference_owner *owner, enum timekeeping_reference_end end);

static struct timekeeping_reference_owner owner = {
	.ended = ended,
};

static u32 mode; /* VMCLOCK_HOST_CLOCK_*: what was asked for last and done */
static bool lost; /* it was, and is not done any more */

/* Without the lock, which is held while this is waited for. */
static void ended(struct timekeeping_reference_owner *unused, enum timekeeping_reference_end end)
{
	static const char * const why[] = {
		[TIMEKEEPING_REFERENCE_ADJTIMEX] = "adjtimex() changed its rate or phase",
		[TIMEKEEPING_REFERENCE_SET] = "it was set",
		[TIMEKEEPING_REFERENCE_CLOCKSOURCE] = "the clocksource changed",
		[TIMEKEEPING_REFERENCE_SUSPEND] = "the system was suspended",
	};

	WRITE_ONCE(lost, true);
	pr_notice("the host's clock does not follow the reference any more: %s\n", why[end]);
}

static enum clocksource_ids clocksource_of_counter(void)
{
	return vmclock_counter_id() == VMCLOCK_COUNTER_X86_TSC ? CSID_X86_TSC :
								 CSID_ARM_ARCH_COUNTER;
}

/* The page announces leap seconds for the end of the month, the kernel wants to know on the day. */
static s32 leap_today(const struct vmclock_host_line *line)
{
	time64_t utc = line->time_sec + line->tai_offset_sec;
	struct tm today, tomorrow;

	if (line->leap_indicator != VMCLOCK_LEAP_PRE_POS &&
	    line->leap_indicator != VMCLOCK_LEAP_PRE_NEG)
		return 0;
	time64_to_tm(utc, 0, &today);
	time64_to_tm(utc + 86400, 0, &tomorrow);
	if (today.tm_mon == tomorrow.tm_mon)
		return 0;
	return line->leap_indicator == VMCLOCK_LEAP_PRE_POS ? 1 : -1;
}

static struct timekeeping_reference reference_of(const struct vmclock_host_reference *ref)
{
	const struct vmclock_host_line *line = &ref->line;
	struct timekeeping_reference out = {
		.cycles = line->counter_value,
		.period = line->counter_period_frac_sec,
		.period_shift = line->counter_period_shift,
		.sec = line->time_sec,
		.frac = line->time_frac_sec,
		.step_above_ns = U64_MAX,
		.maxerror_ns = vmclock_reference_bound_ns(line),
		.esterror_ns = U64_MAX,
		.cs_id = clocksource_of_counter(),
		.synchronized = line->clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	};

	if (line->flags & VMCLOCK_FLAG_TIME_ESTERROR_VALID)
		out.esterror_ns = line->time_esterror_nanosec;
	if (line->flags & VMCLOCK_FLAG_TAI_OFFSET_VALID) {
		out.tai_offset = -line->tai_offset_sec;
		out.leap = leap_today(line);
	}
	if (ref->host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP)
		out.step_above_ns = ref->step_threshold_ns;
	return out;
}

u64 vmclock_steer_features(void)
{
	return VMCLOCK_HOST_FEATURE_STEER_HOST;
}

static bool usable(const struct vmclock_host_line *line)
{
	return line->clock_status == VMCLOCK_STATUS_SYNCHRONIZED ||
	       line->clock_status == VMCLOCK_STATUS_FREERUNNING;
}

int vmclock_steer_check(const struct vmclock_host_reference *ref)
{
	struct timekeeping_reference line;
	int rc;

	if (ref->host_clock == VMCLOCK_HOST_CLOCK_NONE || READ_ONCE(lost))
		return 0;
	if (!usable(&ref->line))
		return -EINVAL;
	line = reference_of(ref);
	rc = timekeeping_check_reference(&owner, &line);
	if (rc == -ECANCELED)
		return 0; /* about to be told */
	return rc == -EAGAIN ? -ENODEV : rc;
}

void vmclock_steer_set(const struct vmclock_host_reference *ref)
{
	struct timekeeping_reference line;
	int rc;

	if (ref->host_clock == VMCLOCK_HOST_CLOCK_NONE) {
		vmclock_steer_release();
		return;
	}
	if (READ_ONCE(lost) || !usable(&ref->line))
		return;
	line = reference_of(ref);
	rc = timekeeping_set_reference(&owner, &line);
	if (!rc) {
		WRITE_ONCE(mode, ref->host_clock);
	} else if (rc != -ECANCELED) {
		pr_notice("the host's clock cannot follow the reference: error %d\n", rc);
		vmclock_steer_stop();
	}
}

void vmclock_steer_stop(void)
{
	if (mode == VMCLOCK_HOST_CLOCK_NONE)
		return;
	timekeeping_clear_reference(&owner);
	WRITE_ONCE(lost, true);
}

void vmclock_steer_release(void)
{
	if (mode == VMCLOCK_HOST_CLOCK_NONE)
		return;
	timekeeping_clear_reference(&owner);
	WRITE_ONCE(mode, VMCLOCK_HOST_CLOCK_NONE);
	WRITE_ONCE(lost, false);
}

void vmclock_steer_describe(struct vmclock_host_state *state)
{
	struct timekeeping_reference_state now;
	s64 pending;

	if (!(state->valid & VMCLOCK_HOST_STATE_HOST_CLOCK))
		return;
	timekeeping_get_reference_state(&owner, &now);
	state->valid |= VMCLOCK_HOST_STATE_PENDING_PHASE;
	state->host_clock = now.owned ? READ_ONCE(mode) : VMCLOCK_HOST_CLOCK_NONE;
	/* The sum does not depend on when in a tick it is looked at; @ntp_error_frac_ns is there */
	pending = now.pending + now.ntp_error - state->ntp_error_frac_ns;
	state->pending_phase_ns = (pending + (1LL << 31)) >> 32;
}
