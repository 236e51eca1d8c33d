// SPDX-License-Identifier: GPL-2.0-only
/* The host's line: how a new one follows the old without stepping back. */
#include <linux/overflow.h>

#include "counter.h"
#include "steer.h"
#include "vmclock_host.h"

struct vmclock_line vmclock_reference_line(const struct vmclock_host_line *line)
{
	struct vmclock_line exact = {
		.counter = line->counter_value,
		.period = line->counter_period_frac_sec,
		.shift = line->counter_period_shift,
		.origin = vmclock_instant_from(line->time_sec, line->time_frac_sec),
	};

	return exact;
}

/* Adds to the maximum error. */
void vmclock_reference_widen(struct vmclock_host_line *line, u64 error_ns)
{
	if (check_add_overflow(line->time_maxerror_nanosec, error_ns, &line->time_maxerror_nanosec))
		line->time_maxerror_nanosec = U64_MAX;
}

/* By `gap` > 0, in s / 2^64; and the maximum error by as much. */
void vmclock_reference_raise(struct vmclock_host_line *line, vmclock_instant gap)
{
	vmclock_instant origin = vmclock_reference_line(line).origin + gap;

	line->time_sec = vmclock_instant_sec(origin);
	line->time_frac_sec = vmclock_instant_frac(origin);
	vmclock_reference_widen(line, vmclock_span_ns_up(gap));
}

/* Raises the line to where the old one is now. */
static int splice(const struct vmclock_host_line *old_line, struct vmclock_host_reference *ref)
{
	struct vmclock_line before = vmclock_reference_line(old_line);
	struct vmclock_line after = vmclock_reference_line(&ref->line);
	u64 now = vmclock_counter_read();
	vmclock_instant gap = vmclock_line_at(&before, now) - vmclock_line_at(&after, now);

	if (gap <= 0)
		return 0;
	/* Rounded up, a gap is more than it is: one of exactly the limit is allowed. */
	if (vmclock_span_ns_up(gap) > ref->splice_max_ns + 1)
		return -ESTALE;
	vmclock_reference_raise(&ref->line, gap);
	ref->raised_frac_sec = vmclock_instant_frac(gap);
	return 0;
}

/* With `told`. */
static void new_marker(struct vmclock_host *host, u32 reason)
{
	host->marker++;
	host->reason = reason;
}

/*
 * Between odd and even count: a reader sees the old line, or the new one from here on. It is never
 * seen to be better than the limit on its bound allows.
 */
static int replace(struct vmclock_host *host, struct vmclock_host_reference *ref, bool *disrupt,
		   u32 reason)
{
	int rc = 0;

	ref->raised_frac_sec = 0;
	if (host->line_valid && !*disrupt)
		rc = splice(&host->line, ref);
	/* The host's clock is nobody's promise: the first writer need not continue it. */
	if (rc && !host->from_host)
		return rc;
	*disrupt = *disrupt || rc;
	if (*disrupt)
		new_marker(host, reason);
	if (vmclock_reference_exceeds(&ref->line, ref->unreliable_above_ns))
		ref->line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	host->line = ref->line;
	if (*disrupt)
		host->line.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	host->line_valid = true;
	ref->disruption_marker = host->marker;
	vmclock_page_fill(&host->page, &host->line, host->marker);
	return 0;
}

/* The holder becomes the one whose line it was before; NULL: the host's clock sets it. */
int vmclock_reference_set(struct vmclock_host *host, struct vmclock_host_reference *ref,
			  struct vmclock_holder *holder)
{
	u32 reason = holder ? VMCLOCK_HOST_REASON_WRITER : VMCLOCK_HOST_REASON_HOST_CLOCK;
	bool disrupt = ref->flags & VMCLOCK_HOST_REF_DISRUPT;
	bool continued = host->line_valid;
	int rc;

	raw_spin_lock(&host->told);
	vmclock_page_begin(&host->page);
	rc = replace(host, ref, &disrupt, reason);
	if (rc) {
		vmclock_page_cancel(&host->page);
		raw_spin_unlock(&host->told);
		return rc;
	}
	vmclock_page_end(&host->page);
	if (holder) {
		swap(host->lease.holder, *holder);
		WRITE_ONCE(host->from_host, false);
	}
	raw_spin_unlock(&host->told);

	vmclock_guests_update(host, continued && !disrupt);
	return 0;
}

/* The line in force, about which something else has changed. */
static void publish(struct vmclock_host *host)
{
	vmclock_page_begin(&host->page);
	vmclock_page_fill(&host->page, &host->line, host->marker);
	vmclock_page_end(&host->page);
	vmclock_guests_update(host, true);
}

void vmclock_reference_downgrade(struct vmclock_host *host, u8 clock_status)
{
	raw_spin_lock(&host->told);
	host->line.clock_status = clock_status;
	raw_spin_unlock(&host->told);
	publish(host);
}

void vmclock_reference_disrupt(struct vmclock_host *host, u32 reason)
{
	raw_spin_lock(&host->told);
	new_marker(host, reason);
	raw_spin_unlock(&host->told);
	publish(host);
}

/*
 * The counter is not what it was: nothing may be concluded from the line, or continue from it, nor
 * the host's clock follow it, for no lease will end that.
 */
void vmclock_reference_forget(struct vmclock_host *host, u32 reason)
{
	vmclock_steer_stop();
	raw_spin_lock(&host->told);
	host->line_valid = false;
	host->line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	host->line.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	new_marker(host, reason);
	raw_spin_unlock(&host->told);
	publish(host);
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

/* Whether that bound is above a limit, ns; 0: there is none. */
bool vmclock_reference_exceeds(const struct vmclock_host_line *line, u64 limit_ns)
{
	return limit_ns && vmclock_reference_bound_ns(line) > limit_ns;
}
