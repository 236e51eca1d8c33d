// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page as strangers take it: by ClockBound's rules, and by somebody who would write to it.
 *
 * ClockBound reads a page of exactly 4096 bytes, version 1, with a status of 0 to 4; it copies
 * between two equal and even sequence counts, and starts over when the disruption marker changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define DEVICE_OF_PAGE "/sys/bus/pci/devices/0000:00:10.0/"

enum { PAGE = 4096, TRIES = 1000000 };

/* One consistent copy. */
static bool copy_page(const struct vmclock_abi *page, struct vmclock_abi *out)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t seq = __atomic_load_n(&page->seq_count, __ATOMIC_ACQUIRE);

		memcpy(out, page, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&page->seq_count, __ATOMIC_RELAXED) == seq)
			return true;
	}
	return false;
}

static void accept_page(const struct vmclock_abi *page)
{
	struct vmclock_abi first, second;

	check(copy_page(page, &first), "one consistent copy can be had");
	check(first.magic == VMCLOCK_MAGIC && first.size == PAGE && first.version == 1,
	      "magic, size %u and version %u are as ClockBound wants them", first.size,
	      first.version);
	check(first.clock_status <= VMCLOCK_STATUS_UNRELIABLE, "the status %u is a defined one",
	      first.clock_status);
	check(first.counter_id == VMCLOCK_COUNTER_X86_TSC && first.time_type == VMCLOCK_TIME_TAI,
	      "counter and time scale are those of this machine, and TAI");
	sleep_ms(1500); /* an update or more */
	check(copy_page(page, &second) && second.disruption_marker == first.disruption_marker,
	      "without a disruption, the marker stays");
}

static void map_writable(void)
{
	int fd = open("/dev/vmclock0", O_RDWR | O_CLOEXEC);
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check(page == MAP_FAILED && errno == EROFS, "the device cannot be mapped writable");
	close(fd);
}

/* Past the driver, as the guest's root: through the PCI device itself. */
static void write_to_bar(const struct vmclock_abi *page)
{
	int fd = open(DEVICE_OF_PAGE "resource2", O_RDWR | O_CLOEXEC);
	volatile uint32_t *bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || bar == MAP_FAILED) {
		check(false, "the guest's root can map the device's memory");
		return;
	}
	for (size_t i = 0; i < PAGE / sizeof(*bar); i++)
		bar[i] = 0xffffffff;
	check(bar[0] == VMCLOCK_MAGIC && page->size == PAGE && page->version == 1 &&
		      bar[PAGE / sizeof(*bar) - 1] != 0xffffffff,
	      "what the guest's root writes there does not change the page");
	munmap((void *)bar, PAGE);
	close(fd);
}

int main(void)
{
	int fd = open("/dev/vmclock0", O_RDONLY | O_CLOEXEC);
	const struct vmclock_abi *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	check(fd >= 0 && page != MAP_FAILED, "/dev/vmclock0 can be mapped");
	if (fd < 0 || page == MAP_FAILED)
		return done();
	accept_page(page);
	map_writable();
	put_text(DEVICE_OF_PAGE "enable", "1");
	write_to_bar(page);
	accept_page(page);
	return done();
}
