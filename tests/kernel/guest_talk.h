/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest under test and the machine below it say to each other, in memory that both map. */
#ifndef VMCLOCK_TEST_GUEST_TALK_H
#define VMCLOCK_TEST_GUEST_TALK_H

#include <stdint.h>

enum guest_command {
	GUEST_PING = 1, /* only tsc_before */
	GUEST_READ,	/* all of it */
	GUEST_QUIT,
};

/* The machine below writes `command`, then another `request`; the guest answers, then sets `reply`
 * to it. Times are ns since 1970. */
struct guest_talk {
	uint32_t request;
	uint32_t command;
	uint32_t reply;
	uint32_t serving; /* the guest looks at requests */

	/* The PTP clock, between two readings of the guest's counter. */
	uint64_t tsc_before;
	uint64_t tsc_after;
	int64_t phc_ns;	   /* TAI */
	int32_t phc_error; /* errno, 0: fine */

	/* The page, as libvmclock reads it. */
	int32_t page_error; /* -errno, 0: fine */
	int64_t tai_ns;
	int64_t utc_earliest_ns;
	int64_t utc_latest_ns;
	uint64_t max_error_ns;
	uint64_t marker;
	uint32_t status;
	uint32_t pad;

	/* CLOCK_TAI, between two more. */
	uint64_t clock_before;
	uint64_t clock_after;
	int64_t clock_ns;
};

/* Fenced: neither early nor late. */
static inline uint64_t guest_talk_counter(void)
{
	uint64_t now;

	__builtin_ia32_lfence();
	now = __builtin_ia32_rdtsc();
	__builtin_ia32_lfence();
	return now;
}

#endif
