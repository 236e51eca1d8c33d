/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CLOCK_REALTIME stamps that others took (a pulse's, a receiver's) to counter values.
 *
 * The clock is looked at before and after: a stamp is converted between the two looks next to it,
 * unless the clock was set in between. Where the kernel says that nothing changed the clock's rate
 * either, and it was the same between the looks before, they give the rate: a slew by adjtime()
 * comes and goes between two looks. Else it may have been anything that the kernel lets happen: the
 * rate that it was told, and a slew of +-500 ppm on top.
 */
#ifndef VMCLOCK_REALTIME_H
#define VMCLOCK_REALTIME_H

#include "stamp.h"

enum { REALTIME_LOOKS = 8 };

struct realtime_look {
	struct stamp_pair pair;
	bool steady;  /* nothing is slewing it */
	bool fast;    /* the kernel was told a rate beyond what stamps are converted by */
	double reach; /* how far the rate may be from nominal, a slew included; as a ratio */
	long freq;    /* as adjtimex() tells */
	long tick;
	double rate; /* shown over counted since the look before; 0: not known to be steady */
	double rate_error;
};

struct realtime_track {
	const struct counter *counter;
	bool steered; /* by somebody of whom adjtimex() knows nothing */
	struct realtime_look looks[REALTIME_LOOKS]; /* oldest first */
	unsigned int count;
};

/* Forgets all looks. */
void realtime_start(struct realtime_track *track, const struct counter *counter, bool steered);

/* Looks at the clock now. */
void realtime_look(struct realtime_track *track);

/* False: no look before it, none after it, or the clock was set in between. */
bool realtime_convert(const struct realtime_track *track, int64_t realtime_ns, struct stamp *out);

#endif
