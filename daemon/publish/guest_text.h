/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a guest beside its page, as text. */
#ifndef VMCLOCK_GUEST_TEXT_H
#define VMCLOCK_GUEST_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "../../lib/vmclock_writer.h"
#include "slept.h"

enum { GUEST_TEXT_SIZE = 512, GUEST_VM_MAX = 96, GUEST_WHY_MAX = 120 };

/* What the next life of the daemon has to know. */
struct guest_facts {
	char boot_id[40]; /* of the boot that the scale is of */
	int64_t slept_ns; /* the machine since its boot, when the scale was said; SLEPT_UNKNOWN_NS
			   */
	bool known;	  /* the scale */
	struct vmclock_scale scale;
	uint64_t warning; /* VMCLOCK_FLAG_DISRUPTION_* that the page gives */
	bool has_generation;
	uint64_t generation;
	char vm[GUEST_VM_MAX];	 /* where the scale is read: no blanks; "": it is said by hand */
	char why[GUEST_WHY_MAX]; /* why it is not known; printable ASCII */
};

void guest_text_print(const struct guest_facts *facts, char text[GUEST_TEXT_SIZE]);

/* Only what guest_text_print() writes, to the byte: 0, or -EINVAL. */
int guest_text_parse(const char *text, struct guest_facts *out);

/* From elsewhere: cut to length, and what is not printable ASCII replaced. */
void guest_text_set_why(struct guest_facts *facts, const char *why);

/* "none", "soon", "imminent": what the flags of a warning are called. */
const char *guest_text_warning(uint64_t flags);
/* 0; -EINVAL: another word. */
int guest_text_parse_warning(const char *word, uint64_t *flags);

#endif
