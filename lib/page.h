/* SPDX-License-Identifier: MIT */
/* Inside the library: a copied page, evaluated. */
#ifndef VMCLOCK_LIB_PAGE_H
#define VMCLOCK_LIB_PAGE_H

#include <endian.h>

#include "vmclock.h"
#include "vmclock_line.h"

enum { VMCLOCK_PAGE_BYTES = 4096, VMCLOCK_PAGE_WORDS = sizeof(struct vmclock_abi) / 8 };

/* A copy is taken word by word, and read by field. */
union vmclock_page_copy {
	struct vmclock_abi page;
	uint64_t words[VMCLOCK_PAGE_WORDS];
};

static inline struct vmclock_line vmclock_page_line(const struct vmclock_abi *page)
{
	return (struct vmclock_line){
		.counter = le64toh(page->counter_value),
		.period = le64toh(page->counter_period_frac_sec),
		.shift = page->counter_period_shift,
		.origin =
			vmclock_instant_from(le64toh(page->time_sec), le64toh(page->time_frac_sec)),
	};
}

#endif
