// SPDX-License-Identifier: GPL-2.0-or-later
/* The reference as a PTP clock: what it says, and what it refuses. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptp_clock.h>

#include "harness.h"
#include "timekeeper.h"

#define READINGS 200
#define TAI_S 37
#define GOAL_PS 2000 /* both sides are rounded to ns */

static const volatile struct vmclock_abi *page;

static bool offered(int device)
{
	struct vmclock_host_info info = {.size = sizeof(info)};

	return !ioctl(device, VMCLOCK_HOST_GET_INFO, &info) &&
	       info.features & VMCLOCK_HOST_FEATURE_PTP;
}

/* Opens the PTP clock of this name. */
static int open_clock(const char *wanted)
{
	char path[64];
	char name[64];

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/sys/class/ptp/ptp%d/clock_name", i);
		if (get_text(path, name, sizeof(name)) && !strcmp(name, wanted)) {
			snprintf(path, sizeof(path), "/dev/ptp%d", i);
			return open(path, O_RDWR);
		}
	}
	return -1;
}

static clockid_t clock_of(int fd)
{
	return (clockid_t)((~(unsigned int)fd << 3) | 3);
}

static int read_extended(int fd, struct ptp_sys_offset_extended *x)
{
	*x = (struct ptp_sys_offset_extended){.n_samples = 1};
	return ioctl(fd, PTP_SYS_OFFSET_EXTENDED, x);
}

static int read_precise(int fd, struct ptp_sys_offset_precise *p)
{
	*p = (struct ptp_sys_offset_precise){.device = {0}};
	return ioctl(fd, PTP_SYS_OFFSET_PRECISE, p);
}

static void test_no_time(int fd)
{
	struct ptp_sys_offset_extended x;
	struct ptp_sys_offset_precise p;
	struct timespec ts;

	check_errno(read_extended(fd, &x), ENODATA, "no time while the page is UNRELIABLE");
	check_errno(read_precise(fd, &p), ENODATA, "nor a cross-timestamp");
	check_errno(clock_gettime(clock_of(fd), &ts), ENODATA, "nor by clock_gettime");
}

static void test_read_only(int fd)
{
	struct timespec ts = {1, 0};
	struct timex step = {.modes = ADJ_SETOFFSET, .time = {.tv_sec = 1}};
	struct timex rate = {.modes = ADJ_FREQUENCY, .freq = 0};
	struct ptp_clock_caps caps;

	check(!ioctl(fd, PTP_CLOCK_GETCAPS, &caps) && caps.max_adj == 0 && caps.pps == 0 &&
		      caps.cross_timestamping == 1,
	      "it can be read together with the system's clock, and not adjusted");
	check_errno(clock_settime(clock_of(fd), &ts), EOPNOTSUPP, "nobody sets it");
	check_errno(clock_adjtime(clock_of(fd), &step), EOPNOTSUPP, "nor steps it");
	check_errno(clock_adjtime(clock_of(fd), &rate), EOPNOTSUPP, "nor steers it");
}

static instant instant_of(const struct ptp_clock_time *t)
{
	return ((instant)t->sec << 64) + ((instant)t->nsec << 64) / 1000000000;
}

/* What it says lies between what the page says before and after. */
static void test_readings(int fd)
{
	struct ptp_sys_offset_extended x;
	struct vmclock_abi copy;
	uint64_t before;
	uint64_t after;
	instant says;
	int64_t width[READINGS];
	bool between = true;

	for (int i = 0; i < READINGS; i++) {
		copy = page_copy(page, &before);
		between = between && !read_extended(fd, &x);
		after = read_counter();
		says = instant_of(&x.ts[0][1]);
		between = between && page_at(&copy, before) - says < (instant)1 << 35 &&
			  says <= page_at(&copy, after);
		width[i] = instant_ps(instant_of(&x.ts[0][2]) - instant_of(&x.ts[0][0])) / 1000;
	}
	check(between, "what it says is what the page says between before and after");
	distribution("the system's clock before and after a reading", "ns", width, READINGS);
}

/* page - CLOCK_TAI at the counter of a snapshot. */
static int64_t difference_ps(int device)
{
	struct vmclock_host_snapshot s = {.size = sizeof(s)};
	struct vmclock_abi copy;
	uint64_t counter;
	struct ptp_clock_time host;

	ioctl(device, VMCLOCK_HOST_GET_SNAPSHOT, &s);
	copy = page_copy(page, &counter);
	host.sec = s.realtime_ns / 1000000000 + TAI_S;
	host.nsec = (uint32_t)(s.realtime_ns % 1000000000);
	return instant_ps(page_at(&copy, s.counter_value) - instant_of(&host));
}

/* The same difference by a cross-timestamp, between one snapshot and the next. */
static void test_precise(int device, int fd)
{
	struct ptp_sys_offset_precise p;
	int64_t off[READINGS];
	int64_t before;
	int64_t after;
	int64_t cross;
	bool good = true;

	for (int i = 0; i < READINGS; i++) {
		before = difference_ps(device);
		good = good && !read_precise(fd, &p);
		after = difference_ps(device);
		p.sys_realtime.sec += TAI_S;
		cross = instant_ps(instant_of(&p.device) - instant_of(&p.sys_realtime));
		off[i] = cross - (before + after) / 2;
		good = good && llabs(off[i]) <= GOAL_PS + llabs(after - before);
	}
	check(good, "a cross-timestamp is exact");
	distribution("cross-timestamp - snapshots", "ps", off, READINGS);
}

static bool has_time(void)
{
	for (int i = 0; i < 3000 && page->clock_status == VMCLOCK_STATUS_UNRELIABLE; i++)
		sleep_ms(10);
	return page->clock_status != VMCLOCK_STATUS_UNRELIABLE;
}

int main(void)
{
	struct timex tai = {.modes = ADJ_TAI, .constant = 0};
	struct ptp_sys_offset_extended x;
	int device;
	int fd;

	timekeeper_counts();
	check_errno(load_driver(), 0, "the module loads");
	device = open(DEVICE, O_RDONLY);
	check(!offered(device) && open_clock("vmclock_host") < 0, "no PTP clock unless asked for");
	close(device);
	check_errno(unload_driver(), 0, "and unloads");

	adjtimex(&tai);
	check_errno(load_module("/vmclock_host.ko", "ptp_clock=1"), 0, "ptp_clock=1");
	device = open(DEVICE, O_RDONLY);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0);
	fd = open_clock("vmclock_host");
	check(offered(device) && fd >= 0, "there is a PTP clock, and GET_INFO says so");
	test_no_time(fd);
	tai.constant = TAI_S;
	adjtimex(&tai);
	check(has_time(), "the page follows the host's clock");
	test_read_only(fd);
	test_readings(fd);
	test_precise(device, fd);
	munmap((void *)page, 4096);
	close(device);
	check_errno(unload_driver(), 0, "the module unloads while the clock is open");
	check_errno(read_extended(fd, &x), ENODEV, "which then is no more");
	close(fd);
	return done();
}
