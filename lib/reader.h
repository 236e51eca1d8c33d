/* SPDX-License-Identifier: MIT */
/* Inside the library: what an open page is. */
#ifndef VMCLOCK_LIB_READER_H
#define VMCLOCK_LIB_READER_H

#include <endian.h>
#include <time.h>

#include "counter.h"
#include "vmclock.h"

struct vmclock {
	const struct vmclock_abi *page;
	enum vmclock_counter counter;
	int fd;
	bool announced;	      /* poll() says when the page changes */
	uint64_t last_marker; /* of the last good reading */
	uint32_t last_seq;    /* of the last consistent copy */
};

static inline int64_t vmclock_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline uint32_t vmclock_load_seq(const struct vmclock *clock, int order)
{
	return le32toh(__atomic_load_n(&clock->page->seq_count, order));
}

#endif
