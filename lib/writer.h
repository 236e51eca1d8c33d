/* SPDX-License-Identifier: MIT */
/* Inside the library: a writer, between opening the files and updating the page. */
#ifndef VMCLOCK_LIB_WRITER_H
#define VMCLOCK_LIB_WRITER_H

#include "journal.h"
#include "page.h"
#include "vmclock_writer.h"

struct vmclock_writer {
	struct vmclock_abi *page;
	union vmclock_page_copy now; /* what the page says; the constant words and line count */
	struct vmclock_journal journal;
	uint64_t (*read_counter)(void); /* of this machine; NULL: only the status will be written */
	struct vmclock_scale scale;	/* from there to the page's counter */
	bool rescaled;			/* since the last publication */
	uint64_t own_flags;		/* of the page, beside those of its references */
};

static inline bool vmclock_scale_is_sane(const struct vmclock_scale *scale)
{
	return scale->ratio && scale->frac_bits <= 63;
}

/* The page's counter now. */
static inline uint64_t vmclock_writer_counter(const struct vmclock_writer *writer)
{
	const struct vmclock_scale *s = &writer->scale;

	return (uint64_t)(((vmclock_u128)writer->read_counter() * s->ratio) >> s->frac_bits) +
	       s->offset;
}

/* Makes a page that was just mapped say something true. */
void vmclock_writer_recover(struct vmclock_writer *writer);
/* UNRELIABLE, with a new marker and no line. */
void vmclock_writer_invalidate(struct vmclock_writer *writer);
void vmclock_writer_set_status(struct vmclock_writer *writer, uint8_t clock_status);
/* Another page in the place of the one in force: one update, repairable after any death. */
void vmclock_writer_replace(struct vmclock_writer *writer, const union vmclock_page_copy *next);

#endif
