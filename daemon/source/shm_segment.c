// SPDX-License-Identifier: GPL-2.0-or-later
/* The shared memory by which gpsd and others hand time to ntpd, modes 0 and 1. */
#include "shm_segment.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static_assert(sizeof(struct shm_segment) == 96, "as the writers' compilers lay it out");
static_assert(offsetof(struct shm_segment, receive_sec) == 24, "time_t is aligned to 8");
static_assert(offsetof(struct shm_segment, valid) == 48, "as above");

/* 1970 to 2255. */
#define SECOND_MAX INT64_C(9000000000)

/* Microseconds, and nanoseconds that belong to them or were never written. */
static bool read_time(int64_t sec, int32_t usec, uint32_t nsec, int64_t *out, bool *fine)
{
	if (sec < 0 || sec > SECOND_MAX || usec < 0 || usec > 999999)
		return false;
	*fine = nsec / 1000 == (uint32_t)usec;
	*out = sec * 1000000000 + (*fine ? (int64_t)nsec : (int64_t)usec * 1000);
	return true;
}

/* One read of each field: the writer is another process, and need not be a friend. */
static bool read_sample(const volatile struct shm_segment *s, struct shm_sample *out)
{
	int64_t clock_sec = s->clock_sec, receive_sec = s->receive_sec;
	int32_t clock_usec = s->clock_usec, receive_usec = s->receive_usec;
	uint32_t clock_nsec = s->clock_nsec, receive_nsec = s->receive_nsec;
	int32_t leap = s->leap;
	bool fine, receive_fine;

	if (!read_time(clock_sec, clock_usec, clock_nsec, &out->t_ns, &fine) ||
	    !read_time(receive_sec, receive_usec, receive_nsec, &out->realtime_ns, &receive_fine))
		return false;
	out->resolution_ns = fine && receive_fine ? 1 : 1000;
	out->leap = leap >= 0 && leap <= 2 ? (unsigned int)leap : 3;
	return true;
}

int shm_segment_take(volatile struct shm_segment *s, struct shm_sample *out)
{
	int32_t mode, count;
	bool good;

	if (!s->valid)
		return -EAGAIN;
	mode = s->mode;
	count = s->count;
	/* Pairs with the writer's barriers: it takes valid back and raises count, writes, and
	 * raises count again. One that stands still in between shows one count and half a sample.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	good = read_sample(s, out) && (mode == 0 || mode == 1);
	atomic_thread_fence(memory_order_seq_cst);
	if ((mode == 1 && s->count != count) || !s->valid)
		return -EBUSY;
	s->valid = 0;
	return good ? 0 : -EBADMSG;
}
