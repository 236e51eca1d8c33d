/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From publications to what a page says, and back: units, rounding, and what flags may promise. */
#ifndef VMCLOCK_PUBLISH_REFERENCE_H
#define VMCLOCK_PUBLISH_REFERENCE_H

#include <stdbool.h>

#include "../../lib/vmclock_writer.h"
#include "../clock/discipline.h"
#include "../counter.h"

/* The discipline's lines join without a gap; only the time it takes to write one adds some ns. */
#define SPLICE_MAX_NS 1000000

/* What the page says besides the line. */
struct page_calendar {
	int tai_offset_s; /* TAI - UTC; the page carries its negative (TAI -> UTC) */
	int leap;	  /* leap_indicator of the page, VMCLOCK_LEAP_* */
};

/* What a page of an earlier life of the daemon said: its line, and its bound at line.counter. */
struct page_resume {
	bool valid;
	int tai_offset_s; /* TAI - UTC that it was told with */
	struct line line;
	struct interval bound;
};

/* Errors are rounded up. */
struct vmclock_reference reference_of(const struct publication *publication,
				      const struct page_calendar *calendar,
				      const struct counter *counter, bool monotonic);

/* The inverse, as far as a next life needs it; not valid: readers may not rely on the page. */
struct page_resume reference_resume(const struct vmclock_reference *reference,
				    const struct counter *counter);

/* Half of what the page allows true time to be off at counter value `now`, ns. */
double page_resume_half_ns(const struct page_resume *page, const struct counter *counter,
			   uint64_t now);

/* May the page that said `page` go on with `line` at `now`, as one that was never interrupted? */
bool page_resume_continues(const struct page_resume *page, const struct line *line,
			   const struct counter *counter, uint64_t now);

#endif
