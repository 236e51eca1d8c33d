// SPDX-License-Identifier: GPL-2.0-only
/* The host's line: what is accepted, and how a new one follows the old without stepping back. */
#include <linux/math64.h>
#include <linux/overflow.h>

#include "counter.h"
#include "vmclock_host.h"

#define PAGE_FLAGS                                                                           \
	(VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_DISRUPTION_SOON |                      \
	 VMCLOCK_FLAG_DISRUPTION_IMMINENT | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |             \
	 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |             \
	 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC)

static struct vmclock_line line_of(const struct vmclock_host_line *line)
{
	struct vmclock_line exact = {
		.counter = line->counter_value,
		.period = line->counter_period_frac_sec,
		.shift = line->counter_period_shift,
		.origin = vmclock_instant_from(line->time_sec, line->time_frac_sec),
	};

	return exact;
}

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
	if (!well_formed(ref))
		return -EINVAL;
	if (!within_limits(ref))
		return -ERANGE;
	if (ref->host_clock != VMCLOCK_HOST_CLOCK_NONE)
		return -EOPNOTSUPP;
	return check_age(&ref->line);
}

/* Raises the line to where the old one is now, and its maximum error by as much. */
static int splice(const struct vmclock_host_line *old_line, struct vmclock_host_reference *ref)
{
	struct vmclock_host_line *line = &ref->line;
	struct vmclock_line before = line_of(old_line);
	struct vmclock_line after = line_of(line);
	u64 now = vmclock_counter_read();
	vmclock_instant gap = vmclock_line_at(&before, now) - vmclock_line_at(&after, now);
	u64 gap_ns;

	if (gap <= 0)
		return 0;
	gap_ns = vmclock_span_ns_up(gap);
	/* Rounded up, a gap is more than it is: one of exactly the limit is allowed. */
	if (gap_ns > ref->splice_max_ns + 1)
		return -ESTALE;
	after.origin += gap;
	line->time_sec = vmclock_instant_sec(after.origin);
	line->time_frac_sec = vmclock_instant_frac(after.origin);
	if (check_add_overflow(line->time_maxerror_nanosec, gap_ns, &line->time_maxerror_nanosec))
		line->time_maxerror_nanosec = U64_MAX;
	ref->raised_frac_sec = vmclock_instant_frac(gap);
	return 0;
}

/* Between odd and even count: a reader sees the old line, or the new one from here on. */
int vmclock_reference_set(struct vmclock_host *host, struct vmclock_host_reference *ref)
{
	bool disrupt = ref->flags & VMCLOCK_HOST_REF_DISRUPT;
	struct vmclock_host_line shown;
	int rc = 0;
	u32 seq;

	ref->raised_frac_sec = 0;
	seq = vmclock_page_begin(&host->page);
	if (host->line_valid && !disrupt)
		rc = splice(&host->line, ref);
	if (rc) {
		vmclock_page_cancel(&host->page, seq);
		return rc;
	}
	if (disrupt) {
		host->marker++;
		host->reason = VMCLOCK_HOST_REASON_WRITER;
	}
	shown = ref->line;
	if (disrupt)
		shown.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	vmclock_page_fill(host->page.abi, &shown, host->marker);
	vmclock_page_end(&host->page, seq);

	host->line = shown;
	host->line_valid = true;
	ref->disruption_marker = host->marker;
	vmclock_page_announce(&host->page);
	return 0;
}

/* The line in force, about which something else has changed. */
static void publish(struct vmclock_host *host)
{
	u32 seq = vmclock_page_begin(&host->page);

	vmclock_page_fill(host->page.abi, &host->line, host->marker);
	vmclock_page_end(&host->page, seq);
	vmclock_page_announce(&host->page);
}

void vmclock_reference_downgrade(struct vmclock_host *host, u8 clock_status)
{
	host->line.clock_status = clock_status;
	publish(host);
}

void vmclock_reference_disrupt(struct vmclock_host *host, u32 reason)
{
	host->marker++;
	host->reason = reason;
	publish(host);
}

/* The counter is not what it was: nothing may be concluded from the line, or continue from it. */
void vmclock_reference_forget(struct vmclock_host *host, u32 reason)
{
	host->line_valid = false;
	host->line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	host->line.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	vmclock_reference_disrupt(host, reason);
}

/* The bound that the page gives now; a page without one has no limit to its error. */
u64 vmclock_reference_bound_ns(const struct vmclock_host_line *line)
{
	u64 valid = VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID;
	u64 bound_ns;
	u64 growth_ns;

	if ((line->flags & valid) != valid)
		return U64_MAX;
	growth_ns = vmclock_line_growth_ns(line->period_maxerror, line->counter_period_shift,
					   vmclock_counter_read() - line->counter_value);
	if (check_add_overflow(line->time_maxerror_nanosec, growth_ns, &bound_ns))
		return U64_MAX;
	return bound_ns;
}
