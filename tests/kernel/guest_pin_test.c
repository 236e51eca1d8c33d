// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests' pages in the creator's own memory: what is pinned, for how long, and what is refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device_line.h"
#include "guest_make.h"

#define PAGE 4096

static const struct vmclock_guest_config unscaled;

static int pin(int device, const volatile void *address)
{
	struct vmclock_guest_config config = {.flags = VMCLOCK_GUEST_PINNED_PAGE,
					      .address = (uintptr_t)address};

	return create_guest(device, &config);
}

static void *memory(int flags, int fd)
{
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static int new_memfd(unsigned int flags, long size)
{
	int fd = memfd_create("guest", flags);

	return fd >= 0 && ftruncate(fd, size) ? -1 : fd;
}

/* Of this process, in pages. */
static long locked_pages(void)
{
	char line[100];
	FILE *file = fopen("/proc/self/status", "r");
	long kib = -1;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmLck: %ld", &kib);
	if (file)
		fclose(file);
	return kib < 0 ? -1 : kib * 1024 / PAGE;
}

static int guests(int device)
{
	struct vmclock_host_info info = {.size = sizeof(info)};

	return ioctl(device, VMCLOCK_HOST_GET_INFO, &info) ? -1 : (int)info.guests;
}

/* Its content, and that it follows: the same for every kind of memory. */
static void follows(int writer, volatile struct vmclock_abi *page, const char *what)
{
	struct vmclock_host_reference ref = next_reference(writer);
	struct guest_view view;

	check(!ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), "%s: a reference", what);
	view = view_of(page);
	check(view.abi.magic == VMCLOCK_MAGIC && view.abi.size == PAGE && view.abi.version == 1 &&
		      view.abi.clock_status == VMCLOCK_STATUS_SYNCHRONIZED &&
		      shows_line(&view.abi, &ref.line, &unscaled, 1000),
	      "%s: the page follows", what);
}

static void test_memory(int writer, void *map, const char *what)
{
	volatile struct vmclock_abi *page = map;
	long before = locked_pages();
	int guest;

	memset(map, 0x5a, PAGE);
	guest = pin(writer, map);
	check(guest >= 0, "%s is pinned (%s)", what, guest < 0 ? strerrorname_np(errno) : "success");
	if (guest < 0)
		return;
	check(locked_pages() == before + 1, "%s: and counts as locked", what);
	check(((unsigned char *)map)[112] == 0 && ((unsigned char *)map)[PAGE - 1] == 0,
	      "%s: overwritten whole", what);
	follows(writer, page, what);
	close(guest);
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && !(page->seq_count & 1),
	      "%s: left UNRELIABLE", what);
	check(locked_pages() == before, "%s: and no longer locked", what);
}

static void test_kinds(int writer)
{
	int fd = new_memfd(0, PAGE);
	int file = open("/tmp/guest", O_RDWR | O_CREAT, 0600);

	check(file >= 0 && !ftruncate(file, PAGE), "a file of tmpfs");
	test_memory(writer, memory(MAP_SHARED, fd), "a memfd");
	test_memory(writer, memory(MAP_SHARED, file), "the file");
	test_memory(writer, memory(MAP_SHARED | MAP_ANONYMOUS, -1), "shared anonymous memory");
	test_memory(writer, memory(MAP_PRIVATE | MAP_ANONYMOUS, -1), "private memory");
	test_memory(writer, memory(MAP_PRIVATE, fd), "a private copy of a file's page");
	close(fd);
	close(file);
}

static void test_huge(int writer)
{
	int fd;

	if (!put_text("/proc/sys/vm/nr_hugepages", "1") ||
	    (fd = new_memfd(MFD_HUGETLB, 2 << 20)) < 0) {
		skip("a page of a huge page", "this kernel has none");
		return;
	}
	char *map = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		test_memory(writer, map + 5 * PAGE, "a page of a huge page");
	else
		skip("a page of a huge page", "there is no memory for one");
	close(fd);
}

#define HUGE (2L << 20)

/* Of all mappings of this process, KiB in transparent huge pages of private memory. */
static long huge_kib(void)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[256];
	long sum = 0;
	long kib;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "AnonHugePages: %ld", &kib) == 1)
			sum += kib;
	if (file)
		fclose(file);
	return sum;
}

/* None of it can be freed while one of its pages is pinned: so all of it counts. */
static void test_transparent_huge(int writer)
{
	char *map = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *huge = map + (HUGE - (long)((uintptr_t)map % HUGE)) % HUGE;
	long before = locked_pages();
	int guest;

	/* A kernel with little memory begins without. */
	put_text("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	madvise(map, 2 * HUGE, MADV_HUGEPAGE);
	*huge = 1;
	if (huge_kib() < HUGE / 1024) {
		skip("a page of a transparent huge page", "this kernel gave none");
		munmap(map, 2 * HUGE);
		return;
	}
	guest = pin(writer, huge + 5 * PAGE);
	check(guest >= 0 && locked_pages() == before + HUGE / PAGE,
	      "a page of a transparent huge page counts as all of it");
	munmap(map, 2 * HUGE);
	close(guest);
	check(locked_pages() == before, "and no longer locked");
}

/* What others write to the page is not believed, by anybody. */
static void test_hostile(int writer)
{
	volatile struct vmclock_abi *page = memory(MAP_SHARED, new_memfd(0, PAGE));
	struct vmclock_host_guest entry;
	struct vmclock_host_guests list = {
		.size = sizeof(list), .capacity = 1, .entries = (uintptr_t)&entry};
	int guest = pin(writer, page);
	uint64_t marker = page->disruption_marker;
	struct vmclock_abi copy;
	bool even = true;

	for (unsigned int i = 0; i < 300; i++) {
		memset((void *)page, (int)i, sizeof(*page));
		renew(writer);
		even = even && !(page->seq_count & 1) && page->disruption_marker == marker;
	}
	check(even, "whatever is written to it, the next update is right");
	memset((void *)page, 0xff, PAGE);
	check(pread(guest, &copy, sizeof(copy), 0) == sizeof(copy) && copy.magic == VMCLOCK_MAGIC &&
		      copy.disruption_marker == marker && !(copy.seq_count & 1),
	      "read gives what the driver wrote");
	check(!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count == 1 &&
		      entry.disruption_marker == marker &&
		      entry.clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	      "and so does the list");
	close(guest);
	munmap((void *)page, PAGE);
}

static void test_refused(int writer)
{
	char *map = memory(MAP_SHARED | MAP_ANONYMOUS, -1);
	char *read_only = memory(MAP_SHARED, new_memfd(0, PAGE));
	char *beyond = memory(MAP_SHARED, new_memfd(0, 0));
	const volatile struct vmclock_abi *own = map_page(writer);
	long before = locked_pages();

	mprotect(read_only, PAGE, PROT_READ);
	check_errno(pin(writer, map + 8), EINVAL, "an address within a page");
	check_errno(pin(writer, NULL), EFAULT, "no memory");
	check_errno(pin(writer, (void *)(1ULL << 63)), EFAULT, "memory of the kernel");
	check_errno(pin(writer, read_only), EFAULT, "memory that cannot be written to");
	check_errno(pin(writer, beyond), EFAULT, "memory behind the end of its file");
	check_errno(pin(writer, own), EFAULT, "the host's own page");
	unmap_page(own);
	munmap(map, PAGE);
	check_errno(pin(writer, map), EFAULT, "memory that is gone");
	check(locked_pages() == before && guests(writer) == 0, "nothing of that remains");
}

/* The only file system on a device that every kernel has. */
static void test_written_back(int writer)
{
	int fd = open("/dev/ram0", O_RDWR);
	char *map = fd < 0 ? NULL : memory(MAP_SHARED, fd);

	if (!map) {
		skip("memory that is written back", "this machine has no disk");
		return;
	}
	check_errno(pin(writer, map), EFAULT, "memory that is written back to a disk");
	munmap(map, PAGE);
	close(fd);
}

static void test_descriptor(int writer)
{
	void *map = memory(MAP_SHARED | MAP_ANONYMOUS, -1);
	int guest = pin(writer, map);

	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, guest, 0) == MAP_FAILED && errno == ENODEV,
	      "its descriptor does not map it");
	check(readable(guest, 0) == 1, "but can be polled and read");
	close(guest);
	munmap(map, PAGE);
}

static void test_given_up(int writer)
{
	volatile struct vmclock_abi *page = memory(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int guest = pin(writer, page);

	if (madvise((void *)page, PAGE, MADV_DONTNEED)) {
		skip("private memory given up under a guest", "this kernel has no madvise()");
	} else {
		renew(writer);
		check(page->magic == 0, "private memory that was given up has another page too");
	}
	munmap((void *)page, PAGE);
	renew(writer);
	close(guest);
}

/* The page that was pinned is still written to, wherever it is. */
static void test_left_behind(int writer)
{
	int fd = new_memfd(0, PAGE);
	volatile struct vmclock_abi *page = memory(MAP_SHARED, fd);
	int guest = pin(writer, page);

	check(!ftruncate(fd, 0) && !ftruncate(fd, PAGE), "a file cut off under a pinned page");
	renew(writer);
	check(page->magic == 0, "has another page afterwards");
	close(guest);
	munmap((void *)page, PAGE);
	close(fd);

	test_given_up(writer);
	check(guests(writer) == 0, "and their guests end as others do");
}

/* A child that writes to its copy of private memory leaves the page to the parent. */
static void test_fork(int writer)
{
	volatile struct vmclock_abi *page = memory(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int guest = pin(writer, page);
	int status = 0;
	pid_t child = fork();

	if (!child) {
		page->magic = 0;
		renew(writer);
		_exit(page->magic != 0 || page->clock_status == 0);
	}
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "a child has a copy of a private page");
	page->vm_generation_counter = 1; /* would be copied now if it were shared */
	follows(writer, page, "the parent's");
	close(guest);
	munmap((void *)page, PAGE);
}

static void test_limit(int writer)
{
	struct rlimit limit = {0, 0};
	int status = 0;
	pid_t child = fork();

	if (!child) {
		int device = open(DEVICE, O_RDONLY);
		void *map = memory(MAP_SHARED | MAP_ANONYMOUS, -1);

		setrlimit(RLIMIT_MEMLOCK, &limit);
		if (pin(device, map) < 0) /* root may */
			_exit(1);
		if (setuid(1000))
			_exit(2);
		_exit(pin(device, map) >= 0 ? 3 : errno == ENOMEM ? 0 : 4);
	}
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "RLIMIT_MEMLOCK holds for all but root (%#x)",
	      (unsigned int)status);
	check(guests(writer) == 0, "with the process its pinned page goes");
}

/* Whenever it dies. */
static void test_deaths(int writer)
{
	int fd = new_memfd(0, PAGE);
	volatile struct vmclock_abi *page = memory(MAP_SHARED, fd);
	bool gone = true;

	for (int i = 0; i < 20; i++) {
		int status;
		pid_t child = fork();

		if (!child)
			for (;;)
				close(pin(writer, page));
		sleep_ms(1 + i);
		renew(writer);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		gone = gone && guests(writer) == 0 && !(page->seq_count & 1);
	}
	check(gone, "processes killed while they pin leave nothing behind");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE, "and a page that says so");
	munmap((void *)page, PAGE);
	close(fd);
}

/* The memory of who pinned is accounted to him, whoever closes last. */
static void test_handed_on(int writer)
{
	volatile struct vmclock_abi *page = memory(MAP_SHARED, new_memfd(0, PAGE));
	int ends[2];
	int guest = pin(writer, page);
	pid_t child;
	char byte;

	check(!pipe(ends), "a pipe");
	child = fork();
	if (!child) {
		close(ends[1]);
		read(ends[0], &byte, 1); /* until the parent is without it */
		_exit(page->clock_status != VMCLOCK_STATUS_SYNCHRONIZED);
	}
	close(guest);
	check(guests(writer) == 1, "a guest outlives the descriptor of its creator");
	follows(writer, page, "in a child's hands");
	close(ends[0]);
	close(ends[1]);
	waitpid(child, NULL, 0);
	check(guests(writer) == 0 && locked_pages() == 0, "until the child's ends too");
	munmap((void *)page, PAGE);
}

int main(void)
{
	int writer;

	check_errno(load_driver(), 0, "the module loads");
	writer = open(DEVICE, O_RDWR);
	renew(writer);
	test_kinds(writer);
	test_huge(writer);
	test_transparent_huge(writer);
	test_hostile(writer);
	test_refused(writer);
	test_written_back(writer);
	test_descriptor(writer);
	test_left_behind(writer);
	test_fork(writer);
	test_limit(writer);
	test_deaths(writer);
	test_handed_on(writer);
	close(writer);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
