/* SPDX-License-Identifier: MIT */
/* Inside the library: a writer, between opening the files and updating the page. */
#ifndef VMCLOCK_LIB_WRITER_H
#define VMCLOCK_LIB_WRITER_H

#include "journal.h"
#include "page.h"
#include "vmclock_writer.h"

struct vmclock_writer {
	struct vmclock_abi *page;    /* never read again: a guest may be able to write there */
	uint32_t seq;		     /* its seq_count */
	union vmclock_page_copy now; /* what the page says; the constant words and line count */
	struct vmclock_journal journal;
	uint64_t (*read_counter)(void); /* of this machine; NULL: only the status will be written */
	struct vmclock_scale scale;	/* from there to the page's counter */
	bool rescaled;			/* since the last publication */
	uint64_t own_flags;		/* of the page, beside those of its references */
	bool in_memory;			/* of the caller: not a file, and without a journal */
	void (*announce)(void *context); /* after each update; NULL: nobody is told */
	void *announce_context;
	uint64_t relayed_marker; /* of the page that vmclock_writer_relay() copied last */
	bool relayed;
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

struct vmclock_writer *vmclock_writer_allocate(uint64_t (*read_counter)(void),
					       const struct vmclock_scale *scale);
uint64_t vmclock_random_marker(void);
/* A page that is all zero becomes one that says UNRELIABLE. */
void vmclock_fill_new_page(struct vmclock_abi *page, uint8_t counter_id);
/* Takes the page as it is mapped for what this writer has said. */
void vmclock_writer_adopt(struct vmclock_writer *writer);
/* Makes a page that was just mapped say something true. */
void vmclock_writer_recover(struct vmclock_writer *writer);
/* UNRELIABLE, with a new marker and no line. */
void vmclock_writer_invalidate(struct vmclock_writer *writer);
void vmclock_writer_set_status(struct vmclock_writer *writer, uint8_t clock_status);
/* The first page in memory that may hold anything. */
void vmclock_writer_begin(struct vmclock_writer *writer, const union vmclock_page_copy *first);
/* What a writer of the page would have been given; flags that are none of a reference are left
 * out. */
void vmclock_decode_page(const struct vmclock_abi *page, struct vmclock_reference *out);
/* Another page in the place of the one in force: one update, repairable after any death. */
void vmclock_writer_replace(struct vmclock_writer *writer, const union vmclock_page_copy *next);

#endif
