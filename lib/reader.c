// SPDX-License-Identifier: MIT
/* An open page: consistent copies of it, and the time now. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "evaluate.h"
#include "reader.h"

#define RETRY_NS 100000000 /* Linux guests give up after as long */
#define RETRY_PAUSE_NS 20000

static const char *const default_paths[] = {"/dev/vmclock_host", "/run/vmclock/page",
					    "/dev/vmclock0"};

static inline uint64_t read_counter(enum vmclock_counter counter)
{
	if (__builtin_expect(counter == VMCLOCK_READ_CPU, 1))
		return vmclock_read_cpu();
	return counter == VMCLOCK_READ_MONOTONIC_RAW ? vmclock_read_monotonic_raw() : 0;
}

/*
 * One attempt at a copy with the counter of the same moment; false while the page changes. The
 * acquire load pairs with the writer's release store of the even value: who sees it sees the fields
 * that belong to it. The fence pairs with the writer's fence after the odd one: who saw a field of
 * the next update will see that seq_count has moved on. The second look comes after the counter
 * read, so that a counter value is never later than the update that made its line obsolete.
 */
static inline bool copy_once(struct vmclock *clock, union vmclock_page_copy *copy,
			     uint64_t *counter)
{
	const uint64_t *words = (const uint64_t *)(const void *)clock->page;
	uint32_t seq = vmclock_load_seq(clock, __ATOMIC_ACQUIRE);
	const __le32 *again;
	unsigned int i;

	for (i = 0; i < VMCLOCK_PAGE_WORDS; i++)
		copy->words[i] = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
	*counter = read_counter(clock->counter);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	again = &clock->page->seq_count + vmclock_depend(*counter);
	if ((seq & 1) || le32toh(__atomic_load_n(again, __ATOMIC_RELAXED)) != seq)
		return false;
	clock->last_seq = seq;
	return true;
}

/* Sleeps between attempts: on a machine with one CPU the writer needs it to finish. */
static __attribute__((noinline)) int
copy_until_deadline(struct vmclock *clock, union vmclock_page_copy *copy, uint64_t *counter)
{
	int64_t deadline_ns = vmclock_monotonic_ns() + RETRY_NS;
	struct timespec pause = {.tv_nsec = RETRY_PAUSE_NS};
	unsigned int attempt;

	for (attempt = 0; !copy_once(clock, copy, counter); attempt++) {
		if (vmclock_monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		if (attempt > 20)
			nanosleep(&pause, NULL);
	}
	return 0;
}

static inline int copy_page(struct vmclock *clock, union vmclock_page_copy *copy, uint64_t *counter)
{
	if (__builtin_expect(copy_once(clock, copy, counter), 1))
		return 0;
	return copy_until_deadline(clock, copy, counter);
}

static int choose_counter(struct vmclock *clock, unsigned int flags)
{
	uint8_t id = clock->page->counter_id;
	uint8_t type = clock->page->time_type;

	if (id == VMCLOCK_COUNTER_INVALID && (flags & VMCLOCK_OPEN_MONOTONIC_RAW))
		clock->counter = VMCLOCK_READ_MONOTONIC_RAW;
	else if (id != VMCLOCK_COUNTER_INVALID && id == VMCLOCK_CPU_COUNTER)
		clock->counter = VMCLOCK_READ_CPU;
	if (flags & VMCLOCK_OPEN_INSPECT)
		return 0;
	if (clock->counter == VMCLOCK_READ_NOTHING ||
	    (type != VMCLOCK_TIME_UTC && type != VMCLOCK_TIME_TAI))
		return -EOPNOTSUPP;
	return 0;
}

/* A page always has 4096 bytes of address space, but a short file backs fewer of them. */
static int map_page(struct vmclock *clock)
{
	size_t available = VMCLOCK_PAGE_BYTES;
	struct stat st;
	void *map;

	if (fstat(clock->fd, &st) != 0)
		return -errno;
	if (S_ISREG(st.st_mode) && st.st_size < VMCLOCK_PAGE_BYTES)
		available = (size_t)st.st_size;
	clock->announced = !S_ISREG(st.st_mode); /* until poll() says otherwise */
	if (available < sizeof(struct vmclock_abi))
		return -EPROTO;
	map = mmap(NULL, VMCLOCK_PAGE_BYTES, PROT_READ, MAP_SHARED, clock->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	clock->page = map;
	return vmclock_check_page(clock->page, available);
}

static int open_path(const char *path, unsigned int flags, struct vmclock **out)
{
	struct vmclock *clock = calloc(1, sizeof(*clock));
	int rc;

	*out = NULL;
	if (!clock)
		return -ENOMEM;
	clock->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	rc = clock->fd < 0 ? -errno : map_page(clock);
	if (!rc)
		rc = choose_counter(clock, flags);
	if (rc) {
		vmclock_close(clock);
		return rc;
	}
	clock->last_marker = le64toh(clock->page->disruption_marker);
	clock->last_seq = vmclock_load_seq(clock, __ATOMIC_RELAXED);
	*out = clock;
	return 0;
}

/* How much a page has to say, at this moment. */
static int worth(const struct vmclock *clock)
{
	if (!clock)
		return -1;
	switch (clock->page->clock_status) {
	case VMCLOCK_STATUS_SYNCHRONIZED:
		return 2;
	case VMCLOCK_STATUS_FREERUNNING:
		return 1;
	default:
		return 0;
	}
}

/*
 * The driver may be loaded, and nobody sets its page; or its page is there, but not for us. Of the
 * errors the first counts that says more than that there is no such page.
 */
static int open_best(unsigned int flags, struct vmclock **out)
{
	struct vmclock *clock;
	int error = -ENOENT;
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(default_paths) / sizeof(default_paths[0]); i++) {
		rc = open_path(default_paths[i], flags, &clock);
		if (rc && error == -ENOENT)
			error = rc;
		if (worth(clock) > worth(*out)) {
			vmclock_close(*out);
			*out = clock;
		} else {
			vmclock_close(clock);
		}
	}
	return *out ? 0 : error;
}

int vmclock_open(const char *path, unsigned int flags, struct vmclock **out)
{
	*out = NULL;
	if (flags & ~(unsigned int)(VMCLOCK_OPEN_INSPECT | VMCLOCK_OPEN_MONOTONIC_RAW))
		return -EINVAL;
	return path ? open_path(path, flags, out) : open_best(flags, out);
}

void vmclock_close(struct vmclock *clock)
{
	if (!clock)
		return;
	if (clock->page)
		munmap((void *)(uintptr_t)clock->page, VMCLOCK_PAGE_BYTES);
	if (clock->fd >= 0)
		close(clock->fd);
	free(clock);
}

int vmclock_now(struct vmclock *clock, struct vmclock_reading *out)
{
	union vmclock_page_copy copy;
	uint64_t counter;
	int copied = copy_page(clock, &copy, &counter);
	int rc;

	if (__builtin_expect(copied, 0))
		memset(&copy, 0, sizeof(copy)); /* status UNKNOWN */
	else if (__builtin_expect(clock->counter == VMCLOCK_READ_NOTHING, 0))
		copy.page.time_type = VMCLOCK_TIME_MONOTONIC; /* which cannot be converted either */
	rc = vmclock_page_evaluate(&copy.page, counter, out);
	if (__builtin_expect(copied, 0))
		return copied;
	if (out->disruption_marker != clock->last_marker) {
		out->flags |= VMCLOCK_READING_DISRUPTED;
		if (!rc)
			clock->last_marker = out->disruption_marker;
	}
	return rc;
}

int vmclock_read_page(struct vmclock *clock, struct vmclock_abi *page)
{
	union vmclock_page_copy copy;
	uint64_t counter;
	int rc = copy_page(clock, &copy, &counter);

	*page = copy.page;
	return rc;
}

int vmclock_read_counter(const struct vmclock *clock, uint64_t *counter)
{
	*counter = read_counter(clock->counter);
	return clock->counter == VMCLOCK_READ_NOTHING ? -EOPNOTSUPP : 0;
}
