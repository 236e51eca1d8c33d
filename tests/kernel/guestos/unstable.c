// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of the page when the kernel finds the TSC unstable. The last test of a boot. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static struct vmclock_abi page_of(int fd)
{
	struct vmclock_abi page;

	pread(fd, &page, sizeof(page), 0);
	return page;
}

static int set_reference(int fd)
{
	struct vmclock_host_reference ref = good_reference(1000);

	return ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref);
}

/* The kernel does not change it at once. */
static bool clocksource_is_another(void)
{
	char name[64];

	for (int i = 0; i < 100; i++) {
		if (get_text(CLOCKSOURCE, name, sizeof(name)) && strcmp(name, "tsc"))
			return true;
		sleep_ms(100);
	}
	return false;
}

static void test_unstable(int fd)
{
	struct pollfd update = {.fd = fd, .events = POLLIN};
	struct vmclock_host_state state = {.size = sizeof(state)};
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};
	struct vmclock_abi before;
	struct vmclock_abi after;
	uint64_t began;

	check_errno(set_reference(fd), 0, "a reference");
	before = page_of(fd);
	began = read_counter();
	check_errno(load_module("/modules.test/unstable.ko", ""), 0, "the TSC becomes unstable");
	check(poll(&update, 1, 10000) == 1, "whoever waits is woken");
	note("%.1f ms after the module that says so began to load",
	     (double)(read_counter() - began) * 1e3 / (double)counter_hz());
	after = page_of(fd);
	check(after.clock_status == VMCLOCK_STATUS_UNRELIABLE &&
		      after.disruption_marker != before.disruption_marker && !(after.seq_count & 1),
	      "the page is UNRELIABLE with a new marker");
	ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state);
	check(state.disruption_reason == VMCLOCK_HOST_REASON_COUNTER, "and the reason is told");
	check_errno(set_reference(fd), ENODEV, "no line from then on");
	check(clocksource_is_another(), "the kernel chooses another clocksource");
	check_errno(ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot), ENODEV, "GET_SNAPSHOT then");
}

int main(void)
{
	int fd;

	check_errno(load_driver(), 0, "the module loads");
	fd = open(DEVICE, O_RDWR);
	test_unstable(fd);
	close(fd);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
