// SPDX-License-Identifier: GPL-2.0-or-later
/* References that follow one another, and the time that a page says. */
#include <poll.h>
#include <sys/ioctl.h>

#include "device_line.h"

static __int128 line_at(const struct vmclock_host_line *line, unsigned long long counter)
{
	__int128 ticks = (__int128)(long long)(counter - line->counter_value);

	return (((__int128)line->time_sec << 64) | line->time_frac_sec) +
	       ((ticks * (__int128)line->counter_period_frac_sec) >> line->counter_period_shift);
}

struct vmclock_host_reference next_reference(int fd)
{
	static struct vmclock_host_reference first;
	struct vmclock_host_reference ref;
	struct vmclock_host_state state = {.size = sizeof(state)};
	__int128 now;

	if (!first.size)
		first = good_reference(1000);
	ref = first;
	ref.line.counter_value = read_counter();

	if (ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state) ||
	    !(state.valid & VMCLOCK_HOST_STATE_REFERENCE))
		return ref;
	now = line_at(&state.line, ref.line.counter_value);
	ref.line.time_sec = (unsigned long long)(now >> 64);
	ref.line.time_frac_sec = (unsigned long long)now;
	return ref;
}

int set(int fd, struct vmclock_host_reference ref)
{
	return ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref);
}

void renew(int writer)
{
	if (set(writer, next_reference(writer)))
		check_errno(-1, 0, "a reference that continues the last");
}

__int128 time_at(const volatile struct vmclock_abi *page, unsigned long long counter)
{
	__int128 ticks = (__int128)(long long)(counter - page->counter_value);

	return (((__int128)page->time_sec << 64) | page->time_frac_sec) +
	       ((ticks * (__int128)page->counter_period_frac_sec) >> page->counter_period_shift);
}

int readable(int fd, int timeout_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, timeout_ms);
}
