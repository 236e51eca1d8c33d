// SPDX-License-Identifier: MIT
/* Updates of a page file: consistent for readers, monotonic, and repairable after any death. */
#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store.h"

#define FUTURE_S_FRAC (UINT64_MAX / 1000) /* 1 ms: more than the counters of CPUs differ */
#define TIME_MAX_S (1ULL << 33)		  /* 2242, where ns in 64 bits end */
#define TAI_OFFSET_MAX_S 1000
#define FILE_FLAGS                                                               \
	(VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_DISRUPTION_SOON |          \
	 VMCLOCK_FLAG_DISRUPTION_IMMINENT | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | \
	 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID | \
	 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC)

/* Words 0 and 1 hold the constant fields and seq_count. */
enum { FIRST_VARIABLE_WORD = 2 };

/*
 * From here on readers wait. The fence makes the odd value visible before the counter is read and
 * before any field changes; it pairs with the fence before the second look at seq_count in
 * copy_once(). So who still reads the old line does so at an earlier counter value than ours.
 */
static void begin_update(struct vmclock_writer *writer)
{
	writer->seq |= 1;
	vmclock_store_seq(&writer->page->seq_count, writer->seq, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The release store pairs with the acquire load at the start of copy_once(). */
static void end_update(struct vmclock_writer *writer)
{
	writer->seq++;
	vmclock_store_seq(&writer->page->seq_count, writer->seq, __ATOMIC_RELEASE);
	if (writer->announce)
		writer->announce(writer->announce_context);
}

static void store_fields(struct vmclock_writer *writer, const union vmclock_page_copy *copy)
{
	uint64_t *words = (uint64_t *)(void *)writer->page;
	unsigned int i;

	for (i = FIRST_VARIABLE_WORD; i < VMCLOCK_PAGE_WORDS; i++)
		vmclock_store_word(&words[i], copy->words[i]);
	writer->now = *copy;
}

/* Nobody can have used what such a page says before: no comparison with the past. */
void vmclock_writer_invalidate(struct vmclock_writer *writer)
{
	union vmclock_page_copy copy = writer->now;
	uint64_t marker = le64toh(copy.page.disruption_marker) + 1;
	uint64_t generation = le64toh(copy.page.vm_generation_counter);
	unsigned int i;

	for (i = FIRST_VARIABLE_WORD; i < VMCLOCK_PAGE_WORDS; i++)
		copy.words[i] = 0;
	copy.page.disruption_marker = htole64(marker);
	copy.page.vm_generation_counter = htole64(generation);
	copy.page.flags = htole64(writer->own_flags);
	copy.page.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	begin_update(writer);
	store_fields(writer, &copy);
	end_update(writer);
}

/* A line by the counter that is `now`. */
static bool in_the_future(const struct vmclock_line *line, uint64_t now)
{
	int64_t ticks = (int64_t)(line->counter - now);

	return ticks > 0 && vmclock_line_span(line, ticks) > (vmclock_instant)FUTURE_S_FRAC;
}

/* Ends the update in which the last writer died, as what it has kept for that says. */
static bool roll_back(struct vmclock_writer *writer)
{
	union vmclock_page_copy before;
	uint32_t seq = writer->seq;

	if (!(seq & 1))
		return true;
	if (!vmclock_journal_restore(&writer->journal, seq, &before) ||
	    memcmp(&before, &writer->now, offsetof(struct vmclock_abi, seq_count)) != 0)
		return false;
	store_fields(writer, &before);
	end_update(writer);
	return true;
}

void vmclock_writer_adopt(struct vmclock_writer *writer)
{
	memcpy(&writer->now, writer->page, sizeof(writer->now));
	writer->seq = le32toh(writer->now.page.seq_count);
}

/* The page was mapped as somebody left it. */
void vmclock_writer_recover(struct vmclock_writer *writer)
{
	bool same_boot = vmclock_journal_is_current(&writer->journal);
	struct vmclock_line line;
	bool usable;

	vmclock_writer_adopt(writer);
	writer->own_flags = le64toh(writer->now.page.flags) & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT;
	usable = same_boot && roll_back(writer);
	line = vmclock_page_line(&writer->now.page);
	if (usable && line.period && writer->read_counter &&
	    in_the_future(&line, vmclock_writer_counter(writer)))
		usable = false; /* the counter started again */
	if (!usable)
		vmclock_writer_invalidate(writer);
	if (!same_boot)
		vmclock_journal_start(&writer->journal);
}

static int check_reference(const struct vmclock_writer *writer,
			   const struct vmclock_reference *reference)
{
	struct vmclock_line line = {
		.counter = reference->counter_value,
		.period = reference->counter_period_frac_sec,
		.shift = reference->counter_period_shift,
	};
	uint64_t now = writer->read_counter();

	if ((reference->flags & ~FILE_FLAGS) ||
	    reference->clock_status > VMCLOCK_STATUS_UNRELIABLE ||
	    reference->leap_indicator > VMCLOCK_LEAP_POST_NEG ||
	    reference->smearing_hint > VMCLOCK_SMEARING_UTC_SLS)
		return -EINVAL;
	if (!line.period || line.shift > 127 || reference->time_sec >= TIME_MAX_S ||
	    reference->tai_offset_sec > TAI_OFFSET_MAX_S ||
	    reference->tai_offset_sec < -TAI_OFFSET_MAX_S || in_the_future(&line, now))
		return -ERANGE;
	if ((int64_t)(line.counter - now) < -(1LL << 62))
		return -ESTALE;
	return 0;
}

static void encode(const struct vmclock_reference *reference, bool disrupt, uint64_t own_flags,
		   struct vmclock_abi *page)
{
	uint64_t flags = reference->flags | own_flags;

	if (disrupt) {
		page->disruption_marker = htole64(le64toh(page->disruption_marker) + 1);
		flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	}
	page->flags = htole64(flags);
	page->clock_status = reference->clock_status;
	page->leap_second_smearing_hint = reference->smearing_hint;
	page->tai_offset_sec = htole16((uint16_t)reference->tai_offset_sec);
	page->leap_indicator = reference->leap_indicator;
	page->counter_period_shift = reference->counter_period_shift;
	page->counter_value = htole64(reference->counter_value);
	page->counter_period_frac_sec = htole64(reference->counter_period_frac_sec);
	page->counter_period_esterror_rate_frac_sec = htole64(reference->period_esterror);
	page->counter_period_maxerror_rate_frac_sec = htole64(reference->period_maxerror);
	page->time_sec = htole64(reference->time_sec);
	page->time_frac_sec = htole64(reference->time_frac_sec);
	page->time_esterror_nanosec = htole64(reference->time_esterror_nanosec);
	page->time_maxerror_nanosec = htole64(reference->time_maxerror_nanosec);
}

/* Most pages count as this machine does. */
static int to_page_counter(const struct vmclock_writer *writer, struct vmclock_abi *page)
{
	const struct vmclock_scale *s = &writer->scale;
	struct vmclock_abi host = *page;

	if (s->ratio == 1 && !s->frac_bits && !s->offset)
		return 0;
	return vmclock_convert(&host, s, page);
}

/* How far the new line is behind the one in force at this moment; 0 or less: it is not. */
static vmclock_instant step_back(const struct vmclock_writer *writer,
				 const struct vmclock_abi *next)
{
	struct vmclock_line old_line = vmclock_page_line(&writer->now.page);
	struct vmclock_line new_line = vmclock_page_line(next);
	uint64_t counter = vmclock_writer_counter(writer);

	if (!old_line.period)
		return 0;
	return (vmclock_instant)((vmclock_u128)vmclock_line_at(&old_line, counter) -
				 (vmclock_u128)vmclock_line_at(&new_line, counter));
}

static void raise_line(struct vmclock_abi *page, vmclock_instant by)
{
	vmclock_instant origin = vmclock_page_line(page).origin + by;
	uint64_t error_ns = le64toh(page->time_maxerror_nanosec);

	if (__builtin_add_overflow(error_ns, vmclock_span_ns_up((vmclock_u128)by), &error_ns))
		error_ns = UINT64_MAX;
	page->time_sec = htole64((uint64_t)vmclock_instant_sec(origin));
	page->time_frac_sec = htole64(vmclock_instant_frac(origin));
	page->time_maxerror_nanosec = htole64(error_ns);
}

/* What the old page said of this update, or the new one of what came before. */
static bool promises_monotonic(const struct vmclock_abi *old, const struct vmclock_abi *next)
{
	return (le64toh(old->flags) | le64toh(next->flags)) & VMCLOCK_FLAG_TIME_MONOTONIC;
}

int vmclock_writer_publish(struct vmclock_writer *writer, const struct vmclock_reference *reference,
			   uint64_t splice_max_ns, double *raised_ns)
{
	union vmclock_page_copy next = writer->now;
	bool disrupt = reference->disrupt || writer->rescaled;
	vmclock_instant behind = 0;
	int rc = check_reference(writer, reference);

	if (raised_ns)
		*raised_ns = 0;
	if (rc)
		return rc;
	encode(reference, disrupt, writer->own_flags, &next.page);
	rc = to_page_counter(writer, &next.page);
	if (rc)
		return rc;
	if (!writer->in_memory)
		vmclock_journal_save(&writer->journal, &writer->now, writer->seq);
	begin_update(writer);
	if (!disrupt && promises_monotonic(&writer->now.page, &next.page))
		behind = step_back(writer, &next.page);
	if (behind > 0 && vmclock_span_ns_up((vmclock_u128)behind) > splice_max_ns) {
		rc = -ESTALE;
	} else {
		if (behind > 0)
			raise_line(&next.page, behind);
		store_fields(writer, &next);
	}
	end_update(writer);
	writer->rescaled = writer->rescaled && rc;
	if (raised_ns && !rc && behind > 0)
		*raised_ns = (double)behind * (1e9 / 18446744073709551616.0);
	return rc;
}

void vmclock_decode_page(const struct vmclock_abi *page, struct vmclock_reference *out)
{
	*out = (struct vmclock_reference){
		.counter_value = le64toh(page->counter_value),
		.counter_period_frac_sec = le64toh(page->counter_period_frac_sec),
		.period_esterror = le64toh(page->counter_period_esterror_rate_frac_sec),
		.period_maxerror = le64toh(page->counter_period_maxerror_rate_frac_sec),
		.time_sec = le64toh(page->time_sec),
		.time_frac_sec = le64toh(page->time_frac_sec),
		.time_esterror_nanosec = le64toh(page->time_esterror_nanosec),
		.time_maxerror_nanosec = le64toh(page->time_maxerror_nanosec),
		.flags = le64toh(page->flags) & FILE_FLAGS,
		.tai_offset_sec = (int16_t)le16toh(page->tai_offset_sec),
		.counter_period_shift = page->counter_period_shift,
		.leap_indicator = page->leap_indicator,
		.smearing_hint = page->leap_second_smearing_hint,
		.clock_status = page->clock_status,
	};
}

int vmclock_writer_current(const struct vmclock_writer *writer, struct vmclock_reference *out)
{
	vmclock_decode_page(&writer->now.page, out);
	out->flags &= ~writer->own_flags;
	return out->counter_period_frac_sec ? 0 : -ENODATA;
}

/*
 * What is kept for the case of a death is the new page, not the one before: what is taken back here
 * must not come back. One that dies before the first store has said nothing yet.
 */
void vmclock_writer_replace(struct vmclock_writer *writer, const union vmclock_page_copy *next)
{
	if (!writer->in_memory)
		vmclock_journal_save(&writer->journal, next, writer->seq);
	begin_update(writer);
	store_fields(writer, next);
	end_update(writer);
}

/* The line and its errors stay. */
void vmclock_writer_set_status(struct vmclock_writer *writer, uint8_t clock_status)
{
	union vmclock_page_copy next = writer->now;

	next.page.clock_status = clock_status;
	vmclock_writer_replace(writer, &next);
}

/* Whoever looks while this is written sees no page yet, or an update in progress. */
void vmclock_writer_begin(struct vmclock_writer *writer, const union vmclock_page_copy *first)
{
	uint64_t *words = (uint64_t *)(void *)writer->page;
	uint32_t constants;

	begin_update(writer);
	memcpy(&constants, &first->page.version, sizeof(constants));
	__atomic_store_n((uint32_t *)(void *)&writer->page->version, constants, __ATOMIC_RELAXED);
	store_fields(writer, first);
	vmclock_store_word(&words[0], first->words[0]);
	end_update(writer);
}
