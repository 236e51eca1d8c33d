/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is believed: bound and estimate of all sources together, or the last ones held over. */
#ifndef VMCLOCK_CLOCK_CONSENSUS_H
#define VMCLOCK_CLOCK_CONSENSUS_H

#include <stdbool.h>
#include <stdint.h>

struct discipline;

/*
 * Judges every source at `now`, and sets d->totals.interval and .estimate from those that a
 * majority confirms. False without a majority: both are then the last ones, carried to `now`.
 */
bool consensus_reach(struct discipline *d, uint64_t now);

#endif
