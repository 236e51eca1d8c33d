// SPDX-License-Identifier: GPL-2.0-only
/* One vmclock page: its memory, its sequence count, its content. */
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/mm.h>

#include "counter.h"
#include "vmclock_host.h"

/* Where the fields end that never change once the page is there. */
#define CONSTANT offsetof(struct vmclock_abi, seq_count)
/* Where those begin that do. */
#define VARIABLE offsetof(struct vmclock_abi, disruption_marker)

int vmclock_page_alloc(struct vmclock_page *page, gfp_t gfp)
{
	page->page = alloc_page(gfp | __GFP_ZERO);
	if (!page->page)
		return -ENOMEM;
	page->abi = page_address(page->page);
	return 0;
}

/* The memory lives on for as long as somebody has it mapped. */
void vmclock_page_release(struct vmclock_page *page)
{
	__free_page(page->page);
}

static void set_seq(struct vmclock_page *page, u32 seq)
{
	WRITE_ONCE(page->copy.seq_count, cpu_to_le32(seq));
	WRITE_ONCE(page->abi->seq_count, cpu_to_le32(seq));
}

void vmclock_page_mark(struct vmclock_page *page)
{
	set_seq(page, le32_to_cpu(page->copy.seq_count) + 1);
}

void vmclock_page_marked(void)
{
	lockdep_assert_irqs_disabled();
	/*
	 * The odd count is visible before any field changes: pairs with the read barrier between
	 * a reader's last field and its second look at the count. And it is visible before the
	 * counter is read for the splice: a reader who saw the old count both times has read a
	 * counter value before that, where the old line still held. For this second reason
	 * smp_wmb() is not enough.
	 */
	vmclock_counter_follow_stores();
}

/*
 * Makes the count odd. Interrupts stay off until the end, for readers spin while the count is odd:
 * in all guests, and for as long as a busy network card or somebody's thousand timers would take.
 */
void vmclock_page_begin(struct vmclock_page *page)
{
	local_irq_disable();
	vmclock_page_mark(page);
	vmclock_page_marked();
}

/*
 * As vmclock_page_begin(), for the first time: `seq` is the count after vmclock_page_end(). Readers
 * may be looking already, for the memory may be that of a guest which runs.
 */
void vmclock_page_start(struct vmclock_page *page, u32 seq)
{
	struct vmclock_abi *copy = &page->copy;

	init_waitqueue_head(&page->waiters);
	copy->magic = cpu_to_le32(VMCLOCK_MAGIC);
	copy->size = cpu_to_le32(PAGE_SIZE);
	copy->version = cpu_to_le16(1);
	copy->counter_id = vmclock_counter_id();
	copy->time_type = VMCLOCK_TIME_TAI;
	copy->seq_count = cpu_to_le32(seq - 2);
	vmclock_page_begin(page);
	memcpy(page->abi, copy, CONSTANT);
	memset((void *)page->abi + sizeof(*copy), 0, PAGE_SIZE - sizeof(*copy));
}

void vmclock_page_store(struct vmclock_page *page)
{
	memcpy((void *)page->abi + VARIABLE, (void *)&page->copy + VARIABLE,
	       sizeof(page->copy) - VARIABLE);
}

void vmclock_page_stored(void)
{
	/*
	 * All fields are visible before the even count: pairs with the read barrier between a
	 * reader's first look at the count and the first field.
	 */
	smp_wmb();
}

/* Shows what vmclock_page_fill() has prepared. */
void vmclock_page_end(struct vmclock_page *page)
{
	vmclock_page_store(page);
	vmclock_page_stored();
	vmclock_page_mark(page);
	local_irq_enable();
}

/* Nothing was changed, nor prepared. */
void vmclock_page_cancel(struct vmclock_page *page)
{
	smp_wmb(); /* As in vmclock_page_end(). */
	set_seq(page, le32_to_cpu(page->copy.seq_count) - 1);
	local_irq_enable();
}

/* The fields that may change, except the generation of a guest. */
void vmclock_page_fill(struct vmclock_page *page, const struct vmclock_host_line *line, u64 marker)
{
	struct vmclock_abi *abi = &page->copy;

	abi->disruption_marker = cpu_to_le64(marker);
	abi->flags = cpu_to_le64(line->flags);
	abi->clock_status = line->clock_status;
	abi->leap_second_smearing_hint = line->smearing_hint;
	abi->tai_offset_sec = cpu_to_le16(line->tai_offset_sec);
	abi->leap_indicator = line->leap_indicator;
	abi->counter_period_shift = line->counter_period_shift;
	abi->counter_value = cpu_to_le64(line->counter_value);
	abi->counter_period_frac_sec = cpu_to_le64(line->counter_period_frac_sec);
	abi->counter_period_esterror_rate_frac_sec = cpu_to_le64(line->period_esterror);
	abi->counter_period_maxerror_rate_frac_sec = cpu_to_le64(line->period_maxerror);
	abi->time_sec = cpu_to_le64(line->time_sec);
	abi->time_frac_sec = cpu_to_le64(line->time_frac_sec);
	abi->time_esterror_nanosec = cpu_to_le64(line->time_esterror_nanosec);
	abi->time_maxerror_nanosec = cpu_to_le64(line->time_maxerror_nanosec);
}

void vmclock_page_announce(struct vmclock_page *page)
{
	wake_up_interruptible_all(&page->waiters);
}
