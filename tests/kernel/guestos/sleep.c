// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of the page when the machine sleeps. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "idle.h"

#define WAKE "/sys/class/rtc/rtc0/wakealarm"

static struct vmclock_abi page_of(int fd)
{
	struct vmclock_abi page;

	pread(fd, &page, sizeof(page), 0);
	return page;
}

static bool set_reference(int fd, uint64_t sec)
{
	struct vmclock_host_reference ref = good_reference(sec);

	return !ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref);
}

static uint32_t reason(int fd)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state);
	return state.disruption_reason;
}

static int64_t slept_ns(int fd)
{
	struct vmclock_host_snapshot s = {.size = sizeof(s)};

	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &s) ? -1 : s.boottime_ns - s.monotonic_ns;
}

static void test_sleep(int fd, const char *how, bool (*sleep_and_wake)(void))
{
	struct vmclock_abi before;
	struct vmclock_abi after;

	check(set_reference(fd, 1000), "%s: a reference", how);
	before = page_of(fd);
	check(before.clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "SYNCHRONIZED before");
	check(sleep_and_wake(), "%s: the machine sleeps and wakes", how);
	after = page_of(fd);
	check(after.clock_status == VMCLOCK_STATUS_UNRELIABLE && !(after.seq_count & 1),
	      "UNRELIABLE afterwards");
	check(after.disruption_marker != before.disruption_marker &&
		      reason(fd) == VMCLOCK_HOST_REASON_SUSPEND,
	      "with a new marker, and the reason");
	check(set_reference(fd, 7), "a line need not continue from before");
	after = page_of(fd);
	check(after.time_sec == 7 && after.clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	      "and makes it SYNCHRONIZED");
}

/* All but the last step: drivers stop and start again. */
static bool rehearse(void)
{
	bool good =
		put_text("/sys/power/pm_test", "devices") && put_text("/sys/power/state", "freeze");

	return put_text("/sys/power/pm_test", "none") && good;
}

/* Until the alarm clock rings. A busy machine takes its time to fall asleep. */
static bool to_memory(void)
{
	return put_text("/sys/power/mem_sleep", "deep") && put_text(WAKE, "+5") &&
	       put_text("/sys/power/state", "mem");
}

/* Only then do clocks stop. */
static void test_suspend(int fd)
{
	int64_t before = slept_ns(fd);

	test_sleep(fd, "S3", to_memory);
	check(before >= 0 && slept_ns(fd) > before,
	      "a snapshot's BOOTTIME counts the sleep (%" PRId64 " ns)", slept_ns(fd) - before);
}

int main(void)
{
	char states[64];
	int fd;

	check_errno(load_driver(), 0, "the module loads");
	fd = open(DEVICE, O_RDWR);
	check(get_text("/sys/power/state", states, sizeof(states)) && strstr(states, "freeze"),
	      "this machine can sleep: %s", states);
	test_sleep(fd, "rehearsed", rehearse);
	test_sleep(fd, "s2idle", idle);
	if (strstr(states, "mem"))
		test_suspend(fd);
	close(fd);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
