/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source that contradicted itself: it was wrong then or is wrong now, and cannot tell which.
 *
 * In the vote only what it says now counts, or a liar would agree with everybody; and where it gave
 * up its history it confirms nobody, until its new word agrees with what a majority said before.
 * In the bound its earlier word counts beside the new one, for as long as the earlier one had
 * lasted (no fact is a better one for being new), and no longer than the promise bears on the past.
 */
#ifndef VMCLOCK_CLOCK_DOUBT_H
#define VMCLOCK_CLOCK_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"

struct doubt {
	bool confirms_nobody; /* not before the past has agreed with it */
	bool other_word;      /* of these two: */
	struct interval word; /* all that may be true as well; carried on by its own rates */
	uint64_t until;	      /* counter */
};

/* It is as good as any source: a new one, or all that was known of it is forgotten. */
static inline void doubt_clear(struct doubt *doubt)
{
	*doubt = (struct doubt){0};
}

/* Another word of the source may be true, and had been said for `ticks`. */
void doubt_raise(struct doubt *doubt, const struct interval *word, uint64_t ticks,
		 double ns_per_tick);

/* At this counter value: a word that has had its time is forgotten. */
void doubt_expire(struct doubt *doubt, uint64_t counter);

#endif
