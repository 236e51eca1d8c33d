// SPDX-License-Identifier: GPL-2.0-only
/* What a guest's page says: the host's line for another counter, never stepping back. */
#include <linux/cache.h>
#include <linux/irqflags.h>
#include <linux/prefetch.h>
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

/* False: the page cannot express this line for the guest's counter, or nobody knows that. */
static bool convert(const struct vmclock_line_scale *scale, struct vmclock_host_line *line)
{
	struct vmclock_line host = vmclock_reference_line(line);
	struct vmclock_line own;

	if (!scale->ratio)
		return false;
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
static void splice(const struct vmclock_guest *guest, struct vmclock_host_line *line, u64 counter)
{
	struct vmclock_line before = shown(&guest->page);
	struct vmclock_line after = vmclock_reference_line(line);
	u64 now = vmclock_line_scale_counter(&guest->scale, counter);
	vmclock_instant gap = vmclock_line_at(&before, now) - vmclock_line_at(&after, now);

	if (gap > 0)
		vmclock_reference_raise(line, gap);
}

/* Between odd and even count; `counter` was read after the odd one was visible. */
static void show(struct vmclock_guest *guest, struct vmclock_host_line *line, bool converted,
		 bool continues, u64 counter)
{
	if (!converted)
		clear(line);
	else if (guest->line_valid && continues)
		splice(guest, line, counter);
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
	show(guest, &line, converted, continues, vmclock_counter_read());
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
	show(guest, &line, converted, false, 0);
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
 * So many guests are updated together: one barrier and one reading of the counter do for all of
 * them, and what has to come from memory for one is waited for while others are served.
 */
#define BATCH 4

struct batch {
	struct vmclock_guest *guests[BATCH];
	unsigned int count;
};

/* The guests that come next. They stay, for the lock is held; the nodes on the way may not. */
static void take(struct batch *batch, struct xa_state *xas)
{
	struct vmclock_guest *guest;
	unsigned int at;

	batch->count = 0;
	rcu_read_lock();
	xas_for_each(xas, guest, ULONG_MAX) {
		if (xas_retry(xas, guest))
			continue;
		for (at = 0; at < offsetofend(struct vmclock_guest, eventfd); at += L1_CACHE_BYTES)
			prefetchw((char *)guest + at);
		batch->guests[batch->count++] = guest;
		if (batch->count == BATCH)
			break;
	}
	xas_pause(xas);
	rcu_read_unlock();
}

/* What will be written to. */
static void expect(const struct batch *batch)
{
	unsigned int i, at;

	for (i = 0; i < batch->count; i++)
		for (at = 0; at < sizeof(struct vmclock_abi); at += L1_CACHE_BYTES)
			prefetchw((char *)batch->guests[i]->page.abi + at);
}

/* Readers spin for as long as it takes to show the lines; they are converted before. */
static void update_all(const struct batch *batch, bool continues)
{
	struct vmclock_host_line lines[BATCH];
	bool converted[BATCH];
	unsigned int i;
	u64 counter;

	for (i = 0; i < batch->count; i++) {
		lines[i] = batch->guests[i]->host->line;
		converted[i] = convert(&batch->guests[i]->scale, &lines[i]);
	}
	local_irq_disable();
	for (i = 0; i < batch->count; i++)
		vmclock_page_mark(&batch->guests[i]->page);
	vmclock_page_marked();
	counter = vmclock_counter_read();
	for (i = 0; i < batch->count; i++) {
		show(batch->guests[i], &lines[i], converted[i], continues, counter);
		vmclock_page_store(&batch->guests[i]->page);
	}
	vmclock_page_stored();
	for (i = 0; i < batch->count; i++)
		vmclock_page_mark(&batch->guests[i]->page);
	local_irq_enable();
}

/* Appends those of whom somebody wants to know. Returns the new end of the list. */
static struct vmclock_guest **collect(const struct batch *batch, struct vmclock_guest **end)
{
	unsigned int i;

	/* The new count before the look for waiters: pairs with vmclock_page_poll(). */
	smp_mb();
	for (i = 0; i < batch->count; i++) {
		struct vmclock_guest *guest = batch->guests[i];

		/* After that barrier. */
		if (!guest->eventfd && !waitqueue_active(&guest->page.waiters))
			continue;
		*end = guest;
		end = &guest->to_tell;
	}
	*end = NULL;
	return end;
}

/*
 * After the host's own page. Nobody is told before all pages are up to date, for what those who are
 * told do then may take any time. While one batch is served, the pages of the next are on their way
 * and what is known about the guests of the one after that.
 */
void vmclock_guests_update(struct vmclock_host *host, bool continues)
{
	XA_STATE(xas, &host->guests.all, 0);
	struct vmclock_guest *told = NULL;
	struct vmclock_guest **end = &told;
	struct batch batches[3];
	unsigned int i;

	take(&batches[0], &xas);
	take(&batches[1], &xas);
	expect(&batches[0]);
	for (i = 0; batches[i % 3].count; i++) {
		take(&batches[(i + 2) % 3], &xas);
		expect(&batches[(i + 1) % 3]);
		update_all(&batches[i % 3], continues);
		end = collect(&batches[i % 3], end);
		cond_resched();
	}
	vmclock_page_announce(&host->page);
	for (; told; told = told->to_tell) {
		announce(told);
		cond_resched();
	}
}
