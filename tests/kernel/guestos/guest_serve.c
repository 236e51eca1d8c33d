// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads this guest's clocks whenever the machine below asks; guest_peer.c judges the answers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <vmclock.h>

#include "guest_talk.h"
#include "harness.h"

#define SHARED "/sys/bus/pci/devices/0000:00:11.0/"

static struct guest_talk *map_talk(void)
{
	struct guest_talk *talk;
	int fd;

	put_text(SHARED "enable", "1");
	fd = open(SHARED "resource2", O_RDWR | O_CLOEXEC);
	talk = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return fd < 0 || talk == MAP_FAILED ? NULL : talk;
}

static void read_phc(struct guest_talk *talk, int phc)
{
	clockid_t id = (clockid_t)((~(unsigned int)phc << 3) | 3);
	struct timespec now = {0};

	talk->tsc_before = guest_talk_counter();
	talk->phc_error = clock_gettime(id, &now) ? errno : 0;
	talk->tsc_after = guest_talk_counter();
	talk->phc_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void read_clock(struct guest_talk *talk)
{
	struct timespec now;

	talk->clock_before = guest_talk_counter();
	clock_gettime(CLOCK_TAI, &now);
	talk->clock_after = guest_talk_counter();
	talk->clock_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void read_page(struct guest_talk *talk, struct vmclock *clock)
{
	struct vmclock_reading now;

	talk->page_error = vmclock_now(clock, &now);
	talk->tai_ns = now.tai.time_ns;
	talk->utc_earliest_ns = now.utc.earliest_ns;
	talk->utc_latest_ns = now.utc.latest_ns;
	talk->max_error_ns = now.max_error_ns;
	talk->marker = now.disruption_marker;
	talk->status = now.clock_status;
}

/* Until it is told to end. Waiting by looking: an answer is to come within some hundred ns. */
static void serve(struct guest_talk *talk, int phc, struct vmclock *clock)
{
	uint32_t seen = __atomic_load_n(&talk->request, __ATOMIC_ACQUIRE), request;
	bool go_on = true;

	__atomic_store_n(&talk->serving, 1, __ATOMIC_RELEASE);
	while (go_on) {
		while ((request = __atomic_load_n(&talk->request, __ATOMIC_ACQUIRE)) == seen)
			;
		seen = request;
		talk->tsc_before = guest_talk_counter();
		if (talk->command == GUEST_READ) {
			read_phc(talk, phc);
			read_clock(talk);
			read_page(talk, clock);
		}
		go_on = talk->command != GUEST_QUIT;
		__atomic_store_n(&talk->reply, request, __ATOMIC_RELEASE);
	}
}

int main(void)
{
	struct guest_talk *talk = map_talk();
	int phc = open("/dev/ptp0", O_RDONLY | O_CLOEXEC);
	struct vmclock *clock = NULL;
	char name[32];
	int err = vmclock_open("/dev/vmclock0", 0, &clock);

	check(get_text("/sys/class/ptp/ptp0/clock_name", name, sizeof(name)) &&
		      !strcmp(name, "vmclock0"),
	      "the kernel's driver finds the clock by our ACPI table");
	check(phc >= 0 && !err, "/dev/ptp0 and /dev/vmclock0 can be opened");
	check(talk != NULL, "the memory for talking is there");
	if (talk && phc >= 0 && !err)
		serve(talk, phc, clock);
	return done();
}
