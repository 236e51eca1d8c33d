// SPDX-License-Identifier: MIT
/* A page in the memory of a guest, kept by its VMM, and as good as the host's page is. */
#include <errno.h>
#include <string.h>

#include "reader.h"
#include "writer.h"

#define SPLICE_MAX_NS \
	1000000 /* what two good lines differ by at most, and the guest need not see */

int vmclock_writer_open_memory(void *memory, size_t size, uint8_t counter_id,
			       uint64_t (*read_counter)(void), const struct vmclock_scale *scale,
			       struct vmclock_writer **out)
{
	union vmclock_page_copy first;
	struct vmclock_writer *writer;

	*out = NULL;
	if (!vmclock_scale_is_sane(scale) || size < VMCLOCK_PAGE_BYTES ||
	    (uintptr_t)memory % VMCLOCK_PAGE_BYTES)
		return -EINVAL;
	writer = vmclock_writer_allocate(read_counter, scale);
	if (!writer)
		return -ENOMEM;
	writer->in_memory = true;
	writer->page = memory;
	/* A guest that was loaded from a snapshot has the page that it had. */
	writer->seq = le32toh(__atomic_load_n(&writer->page->seq_count, __ATOMIC_RELAXED));
	memset(&first, 0, sizeof(first));
	vmclock_fill_new_page(&first.page, counter_id);
	vmclock_writer_begin(writer, &first);
	*out = writer;
	return 0;
}

/* The guest's line ends with the host's. Returns `rc`. */
static int relay_nothing(struct vmclock_writer *writer, int rc)
{
	if (writer->now.page.clock_status != VMCLOCK_STATUS_UNRELIABLE)
		vmclock_writer_disrupt(writer);
	writer->relayed = false;
	return rc;
}

int vmclock_writer_relay(struct vmclock_writer *writer, struct vmclock *host)
{
	struct vmclock_reference reference;
	struct vmclock_abi page;
	uint64_t marker;
	int rc = vmclock_read_page(host, &page);

	if (rc)
		return rc;
	if (page.counter_id != writer->now.page.counter_id || page.time_type != VMCLOCK_TIME_TAI)
		return relay_nothing(writer, -EXDEV);
	vmclock_decode_page(&page, &reference);
	if (!reference.counter_period_frac_sec)
		return relay_nothing(writer, -ENODATA);
	marker = le64toh(page.disruption_marker);
	reference.disrupt = !writer->relayed || marker != writer->relayed_marker;
	rc = vmclock_writer_publish(writer, &reference, SPLICE_MAX_NS, NULL);
	if (rc == -ESTALE && !reference.disrupt) {
		reference.disrupt = true;
		rc = vmclock_writer_publish(writer, &reference, SPLICE_MAX_NS, NULL);
	}
	if (rc)
		return relay_nothing(writer, rc);
	writer->relayed = true;
	writer->relayed_marker = marker;
	return 0;
}
