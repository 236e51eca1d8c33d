// SPDX-License-Identifier: GPL-2.0-or-later
/* For how long the machine has slept since its boot: whether it has slept in between. */
#include "slept.h"

#include <stdlib.h>
#include <time.h>

/* Of a reading; no machine sleeps for as short a time as two of them. */
#define BRACKET_NS INT64_C(1000000)

enum { TRIES = 100 };

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* One clock goes on while the machine sleeps. Returns the width of the bracket. */
static int64_t read_once(int64_t *out_ns)
{
	struct timespec before, with_sleep, after;

	if (clock_gettime(CLOCK_MONOTONIC, &before) || clock_gettime(CLOCK_BOOTTIME, &with_sleep) ||
	    clock_gettime(CLOCK_MONOTONIC, &after))
		return INT64_MAX;
	*out_ns = nanoseconds(&with_sleep) - (nanoseconds(&before) + nanoseconds(&after)) / 2;
	return nanoseconds(&after) - nanoseconds(&before);
}

/* A simulator of libc has no CLOCK_BOOTTIME, and answers EINVAL: unknown, like a wide bracket. */
int64_t slept_ns(void)
{
	int64_t slept = 0;

	for (int i = 0; i < TRIES; i++)
		if (read_once(&slept) < BRACKET_NS)
			return slept > 0 ? slept : 0;
	return SLEPT_UNKNOWN_NS;
}

bool slept_since(int64_t then_ns, int64_t (*now_ns)(void))
{
	int64_t now = now_ns ? now_ns() : SLEPT_UNKNOWN_NS;

	if (then_ns == SLEPT_UNKNOWN_NS || now == SLEPT_UNKNOWN_NS)
		return then_ns != now;
	return llabs(now - then_ns) > 2 * BRACKET_NS;
}
