// SPDX-License-Identifier: GPL-2.0-or-later
/* A 32-bit caller gets the same answers: every call by the entry that 32-bit programs use. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define I386_OPEN 5
#define I386_CLOSE 6
#define I386_IOCTL 54

/* Below 4 GiB, where a 32-bit pointer reaches. */
static union {
	char path[sizeof(DEVICE)];
	struct vmclock_host_info info;
	struct vmclock_host_reference ref;
	struct vmclock_host_state state;
	struct vmclock_host_snapshot snapshot;
	struct vmclock_host_disrupt disrupt;
	struct vmclock_host_guests guests;
} * low;

/* Returns what the call does, or -1 with errno. */
static int call32(int number, unsigned long a, unsigned long b, unsigned long c)
{
	int rc;

	__asm__ volatile("int $0x80"
			 : "=a"(rc)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

static int ioctl32(int fd, unsigned long request)
{
	return call32(I386_IOCTL, (unsigned long)fd, request, (unsigned long)low);
}

static int open32(int flags)
{
	strcpy(low->path, DEVICE);
	return call32(I386_OPEN, (unsigned long)low, (unsigned long)flags, 0);
}

static void test_info(int fd)
{
	struct vmclock_host_info info = {.size = sizeof(info)};

	ioctl(fd, VMCLOCK_HOST_GET_INFO, &info);
	low->info = (struct vmclock_host_info){.size = sizeof(info)};
	check_errno(ioctl32(fd, VMCLOCK_HOST_GET_INFO), 0, "GET_INFO");
	check(info.counter_nominal_hz && !memcmp(&info, &low->info, sizeof(info)),
	      "is the same for both");
}

static void test_reference(int fd)
{
	struct vmclock_host_state state = {.size = sizeof(state)};
	struct vmclock_host_reference ref = good_reference(1000);

	low->ref = ref;
	check_errno(ioctl32(fd, VMCLOCK_HOST_SET_REFERENCE), 0, "SET_REFERENCE");
	ref.disruption_marker = low->ref.disruption_marker;
	check(ref.disruption_marker && !memcmp(&ref, &low->ref, sizeof(ref)),
	      "returns what it should");
	ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state);
	check(!memcmp(&state.line, &ref.line, sizeof(ref.line)), "the line is the one given");
	low->state = (struct vmclock_host_state){.size = sizeof(state)};
	check_errno(ioctl32(fd, VMCLOCK_HOST_GET_REFERENCE), 0, "GET_REFERENCE");
	check(state.lease_left_ns >= low->state.lease_left_ns, "the lease goes on");
	state.lease_left_ns = low->state.lease_left_ns;
	state.host_minus_reference_ns = low->state.host_minus_reference_ns;
	check(!memcmp(&state, &low->state, sizeof(state)), "all else is the same for both");
}

static void test_snapshot(int fd)
{
	struct vmclock_host_snapshot s = {.size = sizeof(s)};
	int rc = ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &s);
	int wanted = rc ? errno : 0;

	low->snapshot = (struct vmclock_host_snapshot){.size = sizeof(s)};
	check_errno(ioctl32(fd, VMCLOCK_HOST_GET_SNAPSHOT), wanted, "GET_SNAPSHOT, as for 64 bits");
	if (!wanted)
		check(low->snapshot.counter_value > s.counter_value &&
			      low->snapshot.realtime_ns >= s.realtime_ns &&
			      low->snapshot.clock_was_set_seq == s.clock_was_set_seq,
		      "follows the one before");
}

static void test_disrupt(int fd)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	low->disrupt = (struct vmclock_host_disrupt){.size = sizeof(low->disrupt), .reason = 2};
	check_errno(ioctl32(fd, VMCLOCK_HOST_DISRUPT), 0, "DISRUPT");
	ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state);
	check(state.disruption_marker == low->disrupt.disruption_marker, "returns the new marker");
}

static void test_errors(int fd)
{
	int reader = open32(O_RDONLY);

	low->ref = good_reference(1000);
	check_errno(ioctl32(reader, VMCLOCK_HOST_SET_REFERENCE), EBADF, "by a reader");
	low->ref.flags = 0x80;
	check_errno(ioctl32(fd, VMCLOCK_HOST_SET_REFERENCE), EINVAL, "an unknown flag");
	low->ref.size = 8;
	check_errno(ioctl32(fd, VMCLOCK_HOST_SET_REFERENCE), EINVAL, "too small");
	low->ref.size = 4097;
	check_errno(ioctl32(fd, VMCLOCK_HOST_SET_REFERENCE), E2BIG, "too large");
	check_errno(ioctl32(fd, _IO(VMCLOCK_HOST_IOC, 0x7f)), ENOTTY, "an unknown number");
	check_errno(open32(O_RDWR), EBUSY, "a second writer");
	call32(I386_CLOSE, (unsigned long)reader, 0, 0);
}

int main(void)
{
	int fd;

	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		   0);
	check_errno(load_driver(), 0, "the module loads");
	fd = open32(O_RDWR);
	check(fd >= 0, "32 bits: the device opens");
	test_info(fd);
	test_reference(fd);
	test_snapshot(fd);
	test_disrupt(fd);
	test_errors(fd);
	call32(I386_CLOSE, (unsigned long)fd, 0, 0);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
