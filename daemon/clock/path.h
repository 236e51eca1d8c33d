/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the path, told from changes of the clock.
 *
 * A shift of one direction's delay with the other unchanged is the path's doing: that direction's
 * base delay moves, by an offset over the best path known, and the clock stays where it is (LATE).
 * What comes earlier than was thought possible ends such an offset, or else the clock itself has
 * moved and is anchored anew (EARLY). A path as short as the shortest ever is taken as symmetric
 * (FOLD).
 */
#ifndef VMCLOCK_CLOCK_PATH_H
#define VMCLOCK_CLOCK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "bank.h"
#include "oneway.h"
#include "queueing.h"

enum { PATH_WINDOW = 256, PATH_ANCHORS = 4 };

struct path {
	bool one_way;		      /* only replies (a pulse): no round trip to compare with */
	double offset_ns[DIRECTIONS]; /* >= 0, extra delay over the best path known */
	double least_round_trip_ns;
	uint64_t samples;
	uint64_t changes;
	unsigned int recent; /* samples in the rings since the last change */
	double late_ns[DIRECTIONS][PATH_WINDOW];
	double round_trip_ns[PATH_WINDOW];
	unsigned int early[DIRECTIONS];	    /* impossibly early samples since an ordinary one */
	unsigned int early_run[DIRECTIONS]; /* samples in a row before nearly all of the density */
	unsigned int shorter;		    /* bit per sample: round trip shorter than the base */
	uint64_t anchors[PATH_ANCHORS];	    /* sample numbers of the latest ones, newest first */
};

/* What the bank made of an exchange, after its update. */
struct path_sample {
	double late_ns[DIRECTIONS];    /* over the direction's base delay */
	double late_sd_ns[DIRECTIONS]; /* of the state's share in it */
	double round_trip_ns;
	double delay_ns; /* base, one-way, mean of both */
	double delay_sd_ns;
	const struct oneway *density[DIRECTIONS];
	double pooled_median_ns;
	double exponent; /* tempering: windows are longer by 1/exponent */
};

void path_reset(struct path *path, bool one_way);

/* Moves the bank as the sample asks. True: all that was learned of the queueing is worth nothing.
 */
bool path_judge(struct path *path, struct bank *bank, const struct oneway_dictionary *dict,
		const struct path_sample *sample);

#endif
