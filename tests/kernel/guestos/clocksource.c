// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of the page and of snapshots when the clocksource changes, and comes back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static bool switch_to(const char *wanted)
{
	char is[64];

	return put_text(CLOCKSOURCE, wanted) && get_text(CLOCKSOURCE, is, sizeof(is)) &&
	       !strcmp(is, wanted);
}

static int take_snapshot(int fd, struct vmclock_host_snapshot *s)
{
	*s = (struct vmclock_host_snapshot){.size = sizeof(*s)};
	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, s);
}

static void test_switch(int fd, const char *other)
{
	struct vmclock_host_snapshot before;
	struct vmclock_host_snapshot now;
	struct vmclock_abi is;
	struct vmclock_abi was;

	check_errno(take_snapshot(fd, &before), 0, "GET_SNAPSHOT with tsc");
	pread(fd, &was, sizeof(was), 0);
	check(switch_to(other), "the clocksource becomes %s", other);
	check_errno(take_snapshot(fd, &now), ENODEV, "GET_SNAPSHOT then");
	sleep_ms(1500); /* the driver looks after its page once a second */
	pread(fd, &is, sizeof(is), 0);
	check(!memcmp(&is, &was, sizeof(is)) && is.clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	      "a page with a writer stays as it was");
	check(switch_to("tsc"), "the clocksource becomes tsc again");
	check_errno(take_snapshot(fd, &now), 0, "GET_SNAPSHOT then");
	check(now.clocksource_seq != before.clocksource_seq, "says that the clocksource changed");
	check(now.raw_ns > before.raw_ns && now.counter_value > before.counter_value,
	      "and goes on");
	pread(fd, &is, sizeof(is), 0);
	check(!memcmp(&is, &was, sizeof(is)), "the page is still the writer's");
}

int main(void)
{
	struct vmclock_host_snapshot s;
	struct vmclock_host_reference ref;
	int fd;

	check_errno(load_driver(), 0, "the module loads");
	fd = open(DEVICE, O_RDWR);
	ref = good_reference(1000);
	check_errno(ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref), 0, "a reference");
	if (take_snapshot(fd, &s) && errno == ENODEV)
		skip("GET_SNAPSHOT", "this kernel cannot say that a snapshot is of the counter");
	else
		test_switch(fd, "hpet");
	close(fd);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
