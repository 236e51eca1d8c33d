// SPDX-License-Identifier: GPL-2.0-or-later
/* The libc's clocks, sleeping and random numbers, taken from the simulated world. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "interpose.h"
#include "world.h"

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static int64_t realtime_ns(void)
{
	struct world *w = world();

	world_pass(w, w->options.read_ns);
	return clocks_realtime_ns(&w->clocks);
}

EXPORT int clock_gettime(clockid_t id, struct timespec *out)
{
	struct world *w = world();

	world_pass(w, w->options.read_ns);
	if (id == CLOCK_REALTIME)
		*out = timespec_of(clocks_realtime_ns(&w->clocks));
	else if (id == CLOCK_MONOTONIC)
		*out = timespec_of(clocks_monotonic_ns(&w->clocks));
	else if (id == CLOCK_MONOTONIC_RAW)
		*out = timespec_of((int64_t)clocks_raw(&w->clocks));
	else
		return errno = EINVAL, -1;
	return 0;
}

EXPORT int clock_getres(clockid_t id, struct timespec *out)
{
	if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_RAW)
		return errno = EINVAL, -1;
	if (out)
		*out = timespec_of(1);
	return 0;
}

EXPORT int gettimeofday(struct timeval *out, void *zone)
{
	int64_t ns = realtime_ns();

	(void)zone;
	*out = (struct timeval){.tv_sec = ns / 1000000000, .tv_usec = ns % 1000000000 / 1000};
	return 0;
}

EXPORT time_t time(time_t *out)
{
	time_t now = realtime_ns() / 1000000000;

	if (out)
		*out = now;
	return now;
}

EXPORT int clock_settime(clockid_t id, const struct timespec *to)
{
	struct world *w = world();
	int64_t ns = (int64_t)to->tv_sec * 1000000000 + to->tv_nsec;

	if (id != CLOCK_REALTIME)
		return errno = EINVAL, -1;
	clocks_set_realtime(&w->clocks, ns - clocks_realtime_ns(&w->clocks));
	return 0;
}

static void sleep_ns(int64_t ns)
{
	struct world *w = world();

	if (ns > 0)
		world_advance(w, clocks_after(&w->clocks, ns));
}

EXPORT int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	if (wanted->tv_nsec < 0 || wanted->tv_nsec >= 1000000000 || wanted->tv_sec < 0)
		return errno = EINVAL, -1;
	sleep_ns((int64_t)wanted->tv_sec * 1000000000 + wanted->tv_nsec);
	if (left)
		*left = timespec_of(0);
	return 0;
}

EXPORT int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted,
			   struct timespec *left)
{
	struct world *w = world();
	int64_t ns = (int64_t)wanted->tv_sec * 1000000000 + wanted->tv_nsec;

	if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC)
		return EINVAL;
	if (flags & TIMER_ABSTIME)
		ns -= id == CLOCK_REALTIME ? clocks_realtime_ns(&w->clocks)
					   : clocks_monotonic_ns(&w->clocks);
	sleep_ns(ns);
	if (left)
		*left = timespec_of(0);
	return 0;
}

EXPORT int adjtimex(struct timex *t)
{
	return clocks_adjtimex(&world()->clocks, t);
}

EXPORT int ntp_adjtime(struct timex *t)
{
	return adjtimex(t);
}

EXPORT int clock_adjtime(clockid_t id, struct timex *t)
{
	if (id != CLOCK_REALTIME)
		return errno = EINVAL, -1;
	return adjtimex(t);
}

EXPORT ssize_t getrandom(void *out, size_t size, unsigned int flags)
{
	struct world *w = world();
	uint8_t *at = out;

	(void)flags;
	for (size_t done = 0; done < size;) {
		uint64_t value = rng_next(&w->entropy);
		size_t part = size - done < sizeof(value) ? size - done : sizeof(value);

		memcpy(at + done, &value, part);
		done += part;
	}
	return (ssize_t)size;
}
