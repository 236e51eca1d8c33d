// SPDX-License-Identifier: MIT
/* Waiting until a page changes. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "page.h"
#include "reader.h"

#define PAUSE_NS 1000000 /* where nothing announces updates */

static bool updated(struct vmclock *clock)
{
	uint32_t seq = vmclock_load_seq(clock, __ATOMIC_ACQUIRE);

	if ((seq & 1) || seq == clock->last_seq)
		return false;
	clock->last_seq = seq;
	return true;
}

static int sleep_a_little(int64_t left_ns)
{
	struct timespec pause = {.tv_nsec = left_ns < PAUSE_NS ? (long)left_ns : PAUSE_NS};

	return nanosleep(&pause, NULL) ? -errno : 0;
}

/*
 * Waits for a device to report an update, which it does until the page has been read from it.
 * 1: it did; 0: it did not, or never will.
 */
static int wait_for_announcement(struct vmclock *clock, int64_t left_ns)
{
	struct pollfd pfd = {.fd = clock->fd, .events = POLLIN};
	int64_t left_ms = left_ns / 1000000 + 1;
	struct vmclock_abi page;
	int n = poll(&pfd, 1, left_ms < 1000 ? (int)left_ms : 1000);

	if (n <= 0)
		return n < 0 ? -errno : 0;
	clock->announced = (pfd.revents & POLLIN) &&
			   pread(clock->fd, &page, sizeof(page), 0) == (ssize_t)sizeof(page);
	return clock->announced;
}

/* Nothing new yet. What a device reports without an update must not keep a CPU busy. */
static int wait_a_while(struct vmclock *clock, int64_t left_ns)
{
	int rc = 1;

	if (clock->announced)
		rc = wait_for_announcement(clock, left_ns);
	if (rc > 0 && vmclock_load_seq(clock, __ATOMIC_RELAXED) == clock->last_seq)
		rc = sleep_a_little(left_ns);
	return rc < 0 ? rc : 0;
}

int vmclock_wait(struct vmclock *clock, int timeout_ms)
{
	int64_t now_ns = vmclock_monotonic_ns();
	int64_t deadline_ns = timeout_ms < 0 ? INT64_MAX : now_ns + timeout_ms * 1000000LL;
	int rc;

	while (!updated(clock)) {
		now_ns = vmclock_monotonic_ns();
		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		rc = wait_a_while(clock, deadline_ns - now_ns);
		if (rc)
			return rc;
	}
	return 0;
}
