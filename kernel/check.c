// SPDX-License-Identifier: GPL-2.0-only
/* What a reference must be like to be accepted, whatever the line in force is. */
#include <linux/math64.h>

#include "counter.h"
#include "steer.h"
#include "vmclock_host.h"

#define PAGE_FLAGS                                                                           \
	(VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_DISRUPTION_SOON |                      \
	 VMCLOCK_FLAG_DISRUPTION_IMMINENT | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |             \
	 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |             \
	 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC)

/* |period * Hz - 1| within the limit; without a division, and without overflow below 2^40 Hz. */
static bool period_near_nominal(const struct vmclock_host_line *line)
{
	vmclock_u128 product = (vmclock_u128)line->counter_period_frac_sec * vmclock_counter_hz();
	vmclock_u128 second;
	vmclock_u128 off;

	if (line->counter_period_shift > 40)
		return false; /* the product stays below 2^104, a second is more */
	second = (vmclock_u128)1 << (64 + line->counter_period_shift);
	off = product > second ? product - second : second - product;
	return off * 1000000 <= second * VMCLOCK_PERIOD_MAX_PPM;
}

static bool well_formed(const struct vmclock_host_reference *ref)
{
	const struct vmclock_host_line *line = &ref->line;

	if (ref->flags & ~VMCLOCK_HOST_REF_DISRUPT || ref->pad)
		return false;
	if (ref->host_clock > VMCLOCK_HOST_CLOCK_STEER_STEP ||
	    (ref->step_threshold_ns && ref->host_clock != VMCLOCK_HOST_CLOCK_STEER_STEP))
		return false;
	return !(line->flags & ~PAGE_FLAGS) && line->time_type == VMCLOCK_TIME_TAI &&
	       line->counter_id == vmclock_counter_id() &&
	       line->clock_status != VMCLOCK_STATUS_UNKNOWN &&
	       line->clock_status <= VMCLOCK_STATUS_UNRELIABLE &&
	       line->leap_indicator <= VMCLOCK_LEAP_POST_NEG &&
	       line->smearing_hint <= VMCLOCK_SMEARING_UTC_SLS;
}

static bool within_limits(const struct vmclock_host_reference *ref)
{
	const struct vmclock_host_line *line = &ref->line;

	return period_near_nominal(line) && line->time_sec >> 33 == 0 &&
	       line->tai_offset_sec >= -1000 && line->tai_offset_sec <= 1000 &&
	       ref->splice_max_ns < NSEC_PER_SEC && ref->lease_ns >= VMCLOCK_LEASE_MIN_NS &&
	       ref->lease_ns <= VMCLOCK_LEASE_MAX_NS;
}

/* Another CPU's counter may be a little ahead of ours. */
static int check_age(const struct vmclock_host_line *line)
{
	u64 ahead_max = mul_u64_u64_div_u64(vmclock_counter_hz(), VMCLOCK_FUTURE_MAX_NS,
					    NSEC_PER_SEC);
	s64 age = vmclock_counter_read() - line->counter_value;

	if (age > (s64)VMCLOCK_PAST_MAX_TICKS)
		return -ESTALE;
	return age < -(s64)ahead_max ? -ERANGE : 0;
}

/* Everything that does not depend on the line in force. */
int vmclock_reference_check(const struct vmclock_host_reference *ref)
{
	int rc;

	if (!well_formed(ref))
		return -EINVAL;
	if (!within_limits(ref))
		return -ERANGE;
	rc = vmclock_steer_check(ref);
	return rc ? rc : check_age(&ref->line);
}
