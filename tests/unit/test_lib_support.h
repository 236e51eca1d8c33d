/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the library: a directory of one's own, and lines over CLOCK_MONOTONIC_RAW. */
#ifndef TEST_LIB_SUPPORT_H
#define TEST_LIB_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#define TICK_NS 0x89705f4136b4a597ULL /* 1 ns in 2^-(64 + 29) s */
#define TICK_PPM (TICK_NS / 1000000)

enum { START_S = 1700000000 };

struct place {
	char dir[64];
	char page[96];
	char journal[96];
};

static inline int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->dir, "/tmp/vmclock-test-XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	snprintf(place->page, sizeof(place->page), "%s/page", place->dir);
	snprintf(place->journal, sizeof(place->journal), "%s/page.journal", place->dir);
	*state = place;
	return 0;
}

static inline int place_teardown(void **state)
{
	static const char *const left[] = {"page", "page.journal", "page.new", "other"};
	struct place *place = *state;
	char name[128];

	for (unsigned int i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", place->dir, left[i]);
		unlink(name);
	}
	rmdir(place->dir);
	free(place);
	return 0;
}

static inline uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* True time in these tests: START_S seconds at counter 0, one ns a tick; known to 1 us + 1 ppm. */
static inline struct vmclock_reference true_reference(uint64_t counter)
{
	struct vmclock_abi line = {
		.counter_period_frac_sec = TICK_NS,
		.counter_period_shift = 29,
		.time_sec = START_S,
	};
	struct vmclock_time time;

	vmclock_time_at(&line, counter, &time);
	return (struct vmclock_reference){
		.counter_value = counter,
		.counter_period_frac_sec = TICK_NS,
		.counter_period_shift = 29,
		.period_maxerror = TICK_PPM,
		.time_sec = (uint64_t)time.sec,
		.time_frac_sec = time.frac,
		.time_maxerror_nanosec = 1000,
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC,
		.tai_offset_sec = -37,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
	};
}

/* Moves the line, by ns of either sign. */
static inline void shift_reference(struct vmclock_reference *reference, int64_t ns)
{
	struct vmclock_abi line = {
		.counter_period_frac_sec = TICK_NS,
		.counter_period_shift = 29,
		.time_sec = reference->time_sec,
		.time_frac_sec = reference->time_frac_sec,
	};
	struct vmclock_time time;

	vmclock_time_at(&line, (uint64_t)ns, &time);
	reference->time_sec = (uint64_t)time.sec;
	reference->time_frac_sec = time.frac;
}

static inline struct vmclock_writer *open_writer(const struct place *place)
{
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open(place->page, VMCLOCK_COUNTER_INVALID, raw_ns, &writer),
			 0);
	return writer;
}

static inline struct vmclock *open_reader(const struct place *place)
{
	struct vmclock *clock;

	assert_int_equal(vmclock_open(place->page, VMCLOCK_OPEN_MONOTONIC_RAW, &clock), 0);
	return clock;
}

/* Changes bytes of a file behind everybody's back. */
static inline void poke(const char *path, off_t offset, const void *bytes, size_t size)
{
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}

static inline void poke32(const char *path, off_t offset, uint32_t value)
{
	poke(path, offset, &value, sizeof(value));
}

#endif
