/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared memory by which gpsd and others hand time to ntpd, modes 0 and 1. */
#ifndef VMCLOCK_SHM_SEGMENT_H
#define VMCLOCK_SHM_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

/* The layout that all of them share on 64-bit machines; unit N has the key SHM_KEY + N. */
struct shm_segment {
	int32_t mode;
	int32_t count;
	int64_t clock_sec;
	int32_t clock_usec;
	int64_t receive_sec;
	int32_t receive_usec;
	int32_t leap;
	int32_t precision; /* log2 s */
	int32_t samples;
	int32_t valid;
	uint32_t clock_nsec; /* 0 or made up where the writer is old */
	uint32_t receive_nsec;
	int32_t reserved[8];
};

#define SHM_KEY 0x4e545030

struct shm_sample {
	int64_t t_ns;	      /* true time, UTC */
	int64_t realtime_ns;  /* CLOCK_REALTIME then */
	double resolution_ns; /* 1, or 1000 where only microseconds are there */
	unsigned int leap;    /* 0..2; 3: not known */
};

/*
 * Takes the sample that waits, so that the writer may leave the next. 0; -EAGAIN: none is there;
 * -EBUSY: it is just being written; -EBADMSG: what is there is no time, and is taken away.
 */
int shm_segment_take(volatile struct shm_segment *segment, struct shm_sample *out);

#endif
