// SPDX-License-Identifier: GPL-2.0-or-later
/* Unpredictable numbers, without ever waiting for them. */
#include "random.h"

#include <errno.h>
#include <sys/random.h>

#include "../loop.h"

int random_bytes(void *out, size_t size)
{
	return getrandom(out, size, GRND_NONBLOCK) == (ssize_t)size ? 0 : -EAGAIN;
}

int random_64(uint64_t *out)
{
	do {
		if (random_bytes(out, sizeof(*out)))
			return -EAGAIN;
	} while (!*out);
	return 0;
}

uint32_t random_spread(void)
{
	uint64_t value;

	if (!random_64(&value))
		return (uint32_t)value;
	return (uint32_t)((uint64_t)loop_now_ns() * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}
