/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the counter still is what it was: it runs forward, and at its rate.
 *
 * Suspend, firmware and migration of the host move it; CLOCK_MONOTONIC_RAW, which the kernel keeps
 * from its own clocksource across these, is what it is held against.
 */
#ifndef VMCLOCK_COUNTER_WATCH_H
#define VMCLOCK_COUNTER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "counter.h"

struct counter_watch {
	const struct counter *counter;
	uint64_t highest;      /* of all values read */
	uint64_t pair_counter; /* at about the same moment as pair_raw_ns */
	int64_t pair_raw_ns;
	int64_t pair_width_ns;
	double ratio; /* counter / RAW over the last good span; 0: none yet */
	int64_t started_ns;
};

void counter_watch_start(struct counter_watch *watch, const struct counter *counter);

/* Reads the counter. NULL, or why it must no longer be trusted; then the watch has begun anew. */
const char *counter_watch_read(struct counter_watch *watch, uint64_t *value);

/* Compares the rate since the last such call, which should be some seconds ago, with the one
 * before. NULL, or why not. A jump of more than 20 us per second between the calls is noticed. */
const char *counter_watch_rate(struct counter_watch *watch);

#endif
