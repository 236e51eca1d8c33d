// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a page file: read, evaluated, converted, and then taken over by a writer. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmclock.h>
#include <vmclock_writer.h>

enum { MAX_BYTES = 8192 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

static char page_path[64], journal_path[64], dir[] = "/dev/shm/fuzz-page-XXXXXX";

static void remove_all(void)
{
	unlink(page_path);
	unlink(journal_path);
	rmdir(dir);
}

/* Deadlines pass at once: an odd seq_count must not cost 100 ms. */
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	static time_t jump_s;
	int rc = __real_clock_gettime(id, ts);

	if (id == CLOCK_MONOTONIC)
		ts->tv_sec += ++jump_s;
	return rc;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!mkdtemp(dir))
		abort();
	snprintf(page_path, sizeof(page_path), "%s/page", dir);
	snprintf(journal_path, sizeof(journal_path), "%s/page.journal", dir);
	atexit(remove_all);
	return 0;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void check_interval(const struct vmclock_interval *i, bool valid, bool bounded)
{
	if (i->earliest_ns > i->time_ns || i->time_ns > i->latest_ns)
		abort();
	if ((!valid || !bounded) && (i->earliest_ns != INT64_MIN || i->latest_ns != INT64_MAX))
		abort();
	if (!valid && i->time_ns != 0)
		abort();
}

/* An error tells no time; a time comes with what is known about it. */
static void check_reading(int rc, const struct vmclock_reading *r)
{
	uint32_t scales = r->flags & (VMCLOCK_READING_TAI | VMCLOCK_READING_UTC);
	bool bounded = r->flags & VMCLOCK_READING_MAX_ERROR;

	if ((rc == 0) != (scales != 0))
		abort();
	if (rc == 0 && r->clock_status != VMCLOCK_STATUS_SYNCHRONIZED &&
	    r->clock_status != VMCLOCK_STATUS_FREERUNNING)
		abort();
	if (bounded != (r->max_error_ns != UINT64_MAX))
		abort();
	check_interval(&r->tai, r->flags & VMCLOCK_READING_TAI, bounded);
	check_interval(&r->utc, r->flags & VMCLOCK_READING_UTC, bounded);
}

static void evaluate(const struct vmclock_abi *page)
{
	const uint64_t near = page->counter_value;
	const uint64_t counters[] = {0, near, near + 1, near - 1, near + (1ULL << 63), UINT64_MAX};
	struct vmclock_scale scale = {page->disruption_marker, page->vm_generation_counter,
				      page->pad[0]};
	struct vmclock_reading reading;
	struct vmclock_abi guest;
	struct vmclock_time time;

	for (unsigned int i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		check_reading(vmclock_reading_at(page, counters[i], &reading), &reading);
		vmclock_time_at(page, counters[i], &time);
	}
	if (vmclock_convert(page, &scale, &guest) == 0)
		check_reading(vmclock_reading_at(&guest, guest.counter_value, &reading), &reading);
}

static void read_as(unsigned int flags)
{
	struct vmclock_reading reading;
	struct vmclock_abi page;
	struct vmclock *clock;
	int rc;

	if (vmclock_open(page_path, flags, &clock) != 0)
		return;
	rc = vmclock_now(clock, &reading);
	check_reading(rc, &reading);
	if (vmclock_read_page(clock, &page) == 0)
		evaluate(&page);
	vmclock_wait(clock, 0);
	vmclock_close(clock);
}

static uint64_t counter(void)
{
	return 1ULL << 40;
}

/* What a writer leaves is a page in order, whatever it found. */
static void take_over(uint8_t counter_id)
{
	struct vmclock_reference reference = {
		.counter_value = counter(),
		.counter_period_frac_sec = 1ULL << 63,
		.counter_period_shift = 30,
		.time_sec = 1700000000,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
	};
	struct vmclock_writer *writer;

	vmclock_page_downgrade(page_path, VMCLOCK_STATUS_FREERUNNING);
	if (vmclock_writer_open(page_path, counter_id, counter, &writer) != 0)
		return;
	vmclock_writer_publish(writer, &reference, 1000, NULL);
	reference.disrupt = true;
	if (vmclock_writer_publish(writer, &reference, 0, NULL) != 0)
		abort();
	vmclock_writer_close(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t page_size = size < MAX_BYTES ? size : MAX_BYTES;

	write_file(page_path, data, page_size);
	write_file(journal_path, data + page_size, size - page_size);
	read_as(0);
	read_as(VMCLOCK_OPEN_MONOTONIC_RAW);
	read_as(VMCLOCK_OPEN_INSPECT);
	take_over(page_size > 10 ? data[10] : VMCLOCK_COUNTER_INVALID);
	return 0;
}
