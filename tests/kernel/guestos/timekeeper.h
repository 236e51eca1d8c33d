/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page and the kernel's timekeeper, each as what it says at any counter value. */
#ifndef VMCLOCK_TEST_TIMEKEEPER_H
#define VMCLOCK_TEST_TIMEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmclock-abi.h>

typedef __int128 instant; /* s / 2^64 */

/* Picoseconds, which fit for half a year. */
int64_t instant_ps(instant span);

/* A consistent copy of the mapped page, and the counter while it was that. */
struct vmclock_abi page_copy(const volatile struct vmclock_abi *page, uint64_t *counter);
instant page_at(const struct vmclock_abi *page, uint64_t counter);

/* The timekeeper after its last update, from the test module that shows it. */
struct timekeeper {
	uint64_t updates;
	uint64_t counter;
	uint64_t sec;
	uint64_t nsec; /* << shift */
	uint32_t mult;
	uint32_t shift;
	int64_t ntp_error; /* ns / 2^32 */
	uint32_t ntp_error_shift;
	uint64_t ntp_tick;   /* ns / 2^32 */
	int64_t beyond_tick; /* ns / 2^32 */
	uint64_t cycles;
	int32_t tai_offset;
};

/* Whether the clocksource is the counter; during early boot, it becomes that within a few seconds. */
bool timekeeper_counts(void);

bool timekeeper_read(struct timekeeper *tk);

/* CLOCK_TAI as it is, and as NTP wants it to be. */
instant timekeeper_says(const struct timekeeper *tk, uint64_t counter);
instant timekeeper_wants(const struct timekeeper *tk, uint64_t counter);

#endif
