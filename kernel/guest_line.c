// SPDX-License-Identifier: GPL-2.0-only
/* What a guest's page says: the host's line for another counter, never stepping back. */
#include <linux/sched.h>

#include "counter.h"
#include "vmclock_host.h"

#define RATE_FLAGS (VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID)
#define ERROR_FLAGS \
	(RATE_FLAGS | VMCLOCK_FLAG_TIME_ESTERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID)

#ifdef HAVE_EVENTFD_SIGNAL_ONE
void vmclock_guest_signal(struct eventfd_ctx *eventfd)
{
	eventfd_signal(eventfd);
}
#else
/* Before 6.8 it is told by how much to count. */
void vmclock_guest_signal(struct eventfd_ctx *eventfd)
{
	eventfd_signal(eventfd, 1);
}
#endif

/* False: the page cannot express this line for the guest's counter. */
static bool convert(const struct vmclock_line_scale *scale, struct vmclock_host_line *line)
{
	struct vmclock_line host = vmclock_reference_line(line);
	struct vmclock_line own;

	/* What is not valid may be anything, and must not keep the rest from being converted. */
	if (!(line->flags & VMCLOCK_FLAG_PERIOD_ESTERROR_VALID))
		line->period_esterror = 0;
	if (!(line->flags & VMCLOCK_FLAG_PERIOD_MAXERROR_VALID))
		line->period_maxerror = 0;
	if (vmclock_line_convert(&host, line->period_esterror, line->period_maxerror, scale, &own,
				 &line->period_esterror, &line->period_maxerror) ||
	    own.origin < 0)
		return false;
	line->counter_value = own.counter;
	line->counter_period_frac_sec = own.period;
	line->counter_period_shift = own.shift;
	line->time_sec = vmclock_instant_sec(own.origin);
	line->time_frac_sec = vmclock_instant_frac(own.origin);
	/*
	 * The reference time has moved to a tick of the guest, by less than one of them: the error
	 * that grows from there has to begin higher to be as large as the host's later.
	 */
	if (own.origin != host.origin)
		vmclock_reference_widen(line, 1);
	return true;
}

/* Nothing may be concluded from a page without a line. */
static void clear(struct vmclock_host_line *line)
{
	line->counter_value = 0;
	line->counter_period_frac_sec = 0;
	line->counter_period_shift = 0;
	line->period_esterror = 0;
	line->period_maxerror = 0;
	line->time_sec = 0;
	line->time_frac_sec = 0;
	line->time_esterror_nanosec = 0;
	line->time_maxerror_nanosec = 0;
	line->flags &= ~(ERROR_FLAGS | VMCLOCK_FLAG_TIME_MONOTONIC);
	line->clock_status = VMCLOCK_STATUS_UNRELIABLE;
}

static struct vmclock_line shown(const struct vmclock_page *page)
{
	const struct vmclock_abi *abi = &page->copy;
	struct vmclock_line line = {
		.counter = le64_to_cpu(abi->counter_value),
		.period = le64_to_cpu(abi->counter_period_frac_sec),
		.shift = abi->counter_period_shift,
		.origin = vmclock_instant_from(le64_to_cpu(abi->time_sec),
					       le64_to_cpu(abi->time_frac_sec)),
	};

	return line;
}

/*
 * Between odd and even count. The host's new line began no lower than its old one was, but that was
 * some time ago: if it is the slower of the two, readers of this page may meanwhile have read from
 * the old one what the new one has not reached yet. Compared in the guest's own terms, by the
 * arithmetic that the reader uses, so that no rounding can make a step of its own.
 */
static void splice(const struct vmclock_guest *guest, struct vmclock_host_line *line)
{
	struct vmclock_line before = shown(&guest->page);
	struct vmclock_line after = vmclock_reference_line(line);
	u64 now = vmclock_line_scale_counter(&guest->scale, vmclock_counter_read());
	vmclock_instant gap = vmclock_line_at(&before, now) - vmclock_line_at(&after, now);

	if (gap > 0)
		vmclock_reference_raise(line, gap);
}

/* Between odd and even count. */
static void show(struct vmclock_guest *guest, struct vmclock_host_line *line, bool converted,
		 bool continues)
{
	if (!converted)
		clear(line);
	else if (guest->line_valid && continues)
		splice(guest, line);
	else if (guest->line_valid)
		line->flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	/* A line that goes away takes with it what was concluded from it. */
	if (guest->line_valid && !converted)
		guest->marker++;
	guest->line_valid = converted && guest->host->line_valid;
	line->flags |= guest->flags;
	guest->page.copy.vm_generation_counter = cpu_to_le64(guest->generation);
	vmclock_page_fill(&guest->page, line, guest->host->marker + guest->marker);
}

static void update(struct vmclock_guest *guest, bool continues)
{
	struct vmclock_host_line line = guest->host->line;
	bool converted = convert(&guest->scale, &line);

	vmclock_page_begin(&guest->page);
	show(guest, &line, converted, continues);
	vmclock_page_end(&guest->page);
}

static void announce(struct vmclock_guest *guest)
{
	vmclock_page_announce(&guest->page);
	if (guest->eventfd)
		vmclock_guest_signal(guest->eventfd);
}

/* The first content of the page; `seq` is its count then. */
void vmclock_guest_show_first(struct vmclock_guest *guest, u32 seq)
{
	struct vmclock_host_line line = guest->host->line;
	bool converted = convert(&guest->scale, &line);

	vmclock_page_start(&guest->page, seq);
	show(guest, &line, converted, false);
	vmclock_page_end(&guest->page);
	announce(guest);
}

/* Whatever has changed; the time continues from what the page says now, or need not. */
void vmclock_guest_update(struct vmclock_guest *guest, bool continues)
{
	update(guest, continues);
	announce(guest);
}

/* Memory that others keep, but nobody keeps up to date any more. */
void vmclock_guest_abandon(struct vmclock_guest *guest)
{
	struct vmclock_abi *copy = &guest->page.copy;

	vmclock_page_begin(&guest->page);
	copy->clock_status = VMCLOCK_STATUS_UNRELIABLE;
	copy->flags &= ~cpu_to_le64(VMCLOCK_FLAG_NOTIFICATION_PRESENT);
	vmclock_page_end(&guest->page);
	announce(guest);
}

/*
 * After the host's own page. Nobody is told before all pages are up to date, for what those who are
 * told do then may take any time.
 */
void vmclock_guests_update(struct vmclock_host *host, bool continues)
{
	struct vmclock_guest *guest;
	unsigned long id;

	xa_for_each(&host->guests.all, id, guest) {
		update(guest, continues);
		cond_resched();
	}
	xa_for_each(&host->guests.all, id, guest) {
		announce(guest);
		cond_resched();
	}
}
