// SPDX-License-Identifier: MIT
/* What a guest's page says besides the line: disruptions, warnings of them, and the generation. */
#include <errno.h>
#include <string.h>

#include "writer.h"

#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

int vmclock_writer_rescale(struct vmclock_writer *writer, const struct vmclock_scale *scale)
{
	if (!vmclock_scale_is_sane(scale))
		return -EINVAL;
	writer->scale = *scale;
	writer->rescaled = true;
	return 0;
}

/* A warning that the reference in force gives, too, is back with the next one. */
static void set_own_flags(struct vmclock_writer *writer, uint64_t which, uint64_t flags,
			  union vmclock_page_copy *next)
{
	uint64_t page_flags = le64toh(next->page.flags) & ~which;

	writer->own_flags = (writer->own_flags & ~which) | flags;
	next->page.flags = htole64(page_flags | flags);
}

int vmclock_writer_warn(struct vmclock_writer *writer, uint64_t warning)
{
	union vmclock_page_copy next = writer->now;

	if (warning & ~WARNINGS)
		return -EINVAL;
	set_own_flags(writer, WARNINGS, warning, &next);
	vmclock_writer_replace(writer, &next);
	return 0;
}

void vmclock_writer_set_generation(struct vmclock_writer *writer, uint64_t generation)
{
	union vmclock_page_copy next = writer->now;

	set_own_flags(writer, VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT,
		      VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT, &next);
	next.page.vm_generation_counter = htole64(generation);
	vmclock_writer_replace(writer, &next);
}

int vmclock_writer_announce(struct vmclock_writer *writer, void (*announce)(void *context),
			    void *context)
{
	union vmclock_page_copy next = writer->now;
	uint64_t flag = announce ? VMCLOCK_FLAG_NOTIFICATION_PRESENT : 0;

	if (!writer->in_memory)
		return -EINVAL;
	if (announce) {
		writer->announce = announce;
		writer->announce_context = context;
	}
	set_own_flags(writer, VMCLOCK_FLAG_NOTIFICATION_PRESENT, flag, &next);
	/* Whoever relied on it is told, too, that it has ended. */
	vmclock_writer_replace(writer, &next);
	writer->announce = announce;
	return 0;
}

/* All that was said of the counter is void, and what had been warned of is here. */
void vmclock_writer_disrupt(struct vmclock_writer *writer)
{
	union vmclock_page_copy next;

	writer->own_flags &= ~WARNINGS;
	memset(&next, 0, sizeof(next));
	memcpy(&next, &writer->now, offsetof(struct vmclock_abi, flags));
	next.page.disruption_marker = htole64(le64toh(writer->now.page.disruption_marker) + 1);
	next.page.flags = htole64(writer->own_flags);
	next.page.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	next.page.vm_generation_counter = writer->now.page.vm_generation_counter;
	vmclock_writer_replace(writer, &next);
}
