// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests' pages: what creates them, what they say, what changes them, what is refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device_line.h"
#include "guest_make.h"

#define PARAMETERS "/sys/module/vmclock_host/parameters/"
#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

typedef const volatile struct vmclock_abi *page_t;

/* Half the host's rate and a bit, as AMD would say it; and a counter that is about to wrap. */
static const struct vmclock_guest_config scaled = {
	.flags = VMCLOCK_GUEST_SCALE, .ratio = 0x80000123, .frac_bits = 32, .offset = 0 - 5000ULL};
static const struct vmclock_guest_config unscaled;

static struct vmclock_host_info info_of(int device)
{
	struct vmclock_host_info info = {.size = sizeof(info)};

	check_errno(ioctl(device, VMCLOCK_HOST_GET_INFO, &info), 0, "GET_INFO");
	return info;
}

static int create(int device, struct vmclock_guest_config config)
{
	return create_guest(device, &config);
}

static bool announced(int eventfd)
{
	uint64_t count = 0;

	return read(eventfd, &count, sizeof(count)) == sizeof(count) && count;
}

static void test_before_any_line(int reader)
{
	uint64_t features = VMCLOCK_HOST_FEATURE_GUESTS | VMCLOCK_HOST_FEATURE_PINNED_GUESTS;
	struct vmclock_host_info info = info_of(reader);
	int guest = create_plain_guest(reader);
	page_t host_page = map_page(reader);
	page_t page = map_page(guest);

	check((info.features & features) == features && info.guests == 0 && info.guests_max > 10000,
	      "guests are offered, and there are none");
	check_errno(guest, 0, "whoever may read creates a guest");
	check(fcntl(guest, F_GETFD) == FD_CLOEXEC, "whose descriptor is closed on exec");
	check(info_of(reader).guests == 1, "it is counted");
	check(page->magic == VMCLOCK_MAGIC && page->size == 4096 && page->version == 1 &&
		      page->time_type == VMCLOCK_TIME_TAI && page->counter_id == 1,
	      "its page has the constant fields");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && !(page->seq_count & 1) &&
		      page->flags == 0 && page->counter_period_frac_sec == 0,
	      "before a line: UNRELIABLE");
	check(page->disruption_marker != host_page->disruption_marker, "it has its own marker");
	unmap_page(page);
	unmap_page(host_page);
	check_errno(close(guest), 0, "closing");
	check(info_of(reader).guests == 0, "is the end of it");
}

static void test_mapping(int reader)
{
	int guest = create_plain_guest(reader);
	void *map = (void *)map_page(guest);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", guest);
	check_errno(mprotect(map, 4096, PROT_READ | PROT_WRITE), EACCES, "never writable later");
	check_errno(mprotect(map, 4096, PROT_READ | PROT_EXEC), EACCES, "never executable later");
	check(mmap(NULL, 8192, PROT_READ, MAP_SHARED, guest, 0) == MAP_FAILED && errno == EINVAL,
	      "two pages cannot be mapped");
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, guest, 4096) == MAP_FAILED && errno == EINVAL,
	      "nor the second page");
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, guest, 0) == MAP_FAILED &&
		      errno == EACCES,
	      "nor any writable");
	check_errno(write(guest, map, 8), EBADF, "nor is it written to");
	check_errno(open(path, O_RDONLY), ENXIO, "nor opened once more");
	close(guest);
	check(info_of(reader).guests == 1, "a mapping keeps a guest whose descriptor is closed");
	check(((struct vmclock_abi *)map)->magic == VMCLOCK_MAGIC, "and its page");
	munmap(map, 4096);
	check(info_of(reader).guests == 0, "until it goes too");
}

static void test_line(int writer, const struct vmclock_guest_config *scale, const char *which)
{
	struct vmclock_host_reference ref = good_reference(1000);
	int before = create(writer, *scale);
	page_t page = map_page(before);
	page_t late_page;
	int late;

	ref.flags = VMCLOCK_HOST_REF_DISRUPT; /* whatever the line before */
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), 0, "a reference");
	check(shows_line((void *)page, &ref.line, scale, 0), "%s: the host's line is the guest's",
	      which);
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "%s: and its status", which);
	late = create(writer, *scale);
	late_page = map_page(late);
	check(shows_line((void *)late_page, &ref.line, scale, 0), "%s: of a new one from the start",
	      which);
	check(!(late_page->seq_count & 1), "%s: with an even count", which);
	unmap_page(page);
	unmap_page(late_page);
	close(before);
	close(late);
}

/* 2^63 host ticks a guest tick, and a million guest ticks a host tick. */
static void test_inconvertible(int writer)
{
	int slow = create_scaled_guest(writer, 1, 63, 0);
	page_t page = map_page(slow);
	struct vmclock_guest_config config = scaled;
	uint64_t marker = page->disruption_marker;

	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && page->counter_value == 0,
	      "a line that the page cannot express: UNRELIABLE");
	check_errno(set_guest(slow, scaled), 0, "another scale");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "with which it can");
	config.ratio = 1;
	config.frac_bits = 63;
	marker = page->disruption_marker;
	check_errno(set_guest(slow, config), 0, "and back");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && page->disruption_marker != marker,
	      "UNRELIABLE again, with a new marker");
	unmap_page(page);
	close(slow);
}

static bool says_nothing(page_t page)
{
	return page->clock_status == VMCLOCK_STATUS_UNRELIABLE && page->counter_value == 0 &&
	       page->counter_period_frac_sec == 0 && page->time_sec == 0 &&
	       !(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC);
}

static bool listed_as_unknown(int writer)
{
	struct vmclock_host_guest entry = {.ratio = 1};
	struct vmclock_host_guests list = {
		.size = sizeof(list), .capacity = 1, .entries = (uintptr_t)&entry};

	return !ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count == 1 &&
	       entry.ratio == 0 && entry.offset == 0 && entry.frac_bits == 0;
}

/* From creation to the first scale, and from the stop of a migration to the next. */
static void test_unknown(int writer)
{
	struct vmclock_guest_config unknown = {.flags = VMCLOCK_GUEST_UNKNOWN};
	struct vmclock_host_disrupt disrupt = {.size = sizeof(disrupt), .reason = 1};
	int guest = create(writer, unknown);
	page_t page = map_page(guest);
	uint64_t marker = page->disruption_marker;

	check(says_nothing(page), "a new guest whose counter is not known: UNRELIABLE");
	check(listed_as_unknown(writer), "and listed without a counter");
	renew(writer);
	check(says_nothing(page), "also after the next reference");
	ioctl(writer, VMCLOCK_HOST_DISRUPT, &disrupt);
	check(says_nothing(page), "and a disruption of the host");
	check_errno(set_guest(guest, scaled), 0, "a scale");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED && page->disruption_marker != marker,
	      "with which it has the time, and a new marker");
	marker = page->disruption_marker;
	unknown.flags |= VMCLOCK_GUEST_GENERATION;
	unknown.vm_generation_counter = 5;
	check_errno(set_guest(guest, unknown), 0, "a counter that is not known any more");
	check(says_nothing(page) && page->disruption_marker != marker &&
		      page->vm_generation_counter == 5,
	      "is a disruption: UNRELIABLE, with a new marker");
	check(listed_as_unknown(writer), "and listed so");
	renew(writer);
	check(says_nothing(page), "whatever the host has");
	marker = page->disruption_marker;
	check_errno(set_guest(guest, scaled), 0, "the same scale as before");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED && page->disruption_marker != marker,
	      "is another counter all the same");
	unmap_page(page);
	close(guest);
}

static void test_markers(int writer)
{
	struct vmclock_host_disrupt disrupt = {.size = sizeof(disrupt), .reason = 1};
	struct vmclock_guest_config request = {.flags = VMCLOCK_GUEST_DISRUPT};
	int guest = create(writer, scaled);
	int other = create(writer, scaled);
	page_t page = map_page(guest);
	page_t other_page = map_page(other);
	uint64_t marker = page->disruption_marker;
	uint64_t other_marker = other_page->disruption_marker;

	renew(writer);
	check(marker != other_marker, "guests have their own markers");
	ioctl(writer, VMCLOCK_HOST_DISRUPT, &disrupt);
	check(page->disruption_marker == marker + 1 &&
		      other_page->disruption_marker == other_marker + 1,
	      "a disruption of the host is one of every guest");
	check(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC, "its line stays as it was");
	check_errno(set_guest(guest, request), 0, "a disruption of a guest");
	check(page->disruption_marker == marker + 2 &&
		      other_page->disruption_marker == other_marker + 1,
	      "is its own");
	check_errno(set_guest(guest, scaled), 0, "the same scale");
	check(page->disruption_marker == marker + 2, "is no disruption");
	check_errno(set_guest(guest, (struct vmclock_guest_config){
					     .flags = VMCLOCK_GUEST_SCALE, .ratio = 1}),
		    0, "another one");
	check(page->disruption_marker == marker + 3, "is");
	check(!(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC), "and need not be monotonic");
	renew(writer);
	check(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC, "until the next reference");
	unmap_page(page);
	unmap_page(other_page);
	close(guest);
	close(other);
}

static void test_generation_and_warning(int writer)
{
	struct vmclock_guest_config config = {
		.flags = VMCLOCK_GUEST_GENERATION | VMCLOCK_GUEST_WARNING,
		.vm_generation_counter = 77,
		.warning = VMCLOCK_FLAG_DISRUPTION_SOON};
	struct vmclock_host_reference ref;
	int guest = create(writer, config);
	page_t page = map_page(guest);
	uint64_t marker = page->disruption_marker;

	check(page->vm_generation_counter == 77 && page->flags & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT,
	      "a generation counter from the start");
	check((page->flags & WARNINGS) == VMCLOCK_FLAG_DISRUPTION_SOON, "and a warning");
	config.flags = VMCLOCK_GUEST_GENERATION;
	config.warning = 0;
	config.vm_generation_counter = 78;
	check_errno(set_guest(guest, config), 0, "another generation");
	check(page->vm_generation_counter == 78 && page->disruption_marker == marker &&
		      (page->flags & WARNINGS) == VMCLOCK_FLAG_DISRUPTION_SOON,
	      "changes nothing else");
	ref = next_reference(writer);
	ref.line.flags |= VMCLOCK_FLAG_DISRUPTION_IMMINENT;
	set(writer, ref);
	check((page->flags & WARNINGS) == WARNINGS, "the host's warning stands beside the guest's");
	check(page->vm_generation_counter == 78, "a reference leaves the generation");
	config = (struct vmclock_guest_config){.flags = VMCLOCK_GUEST_WARNING};
	check_errno(set_guest(guest, config), 0, "no warning of the guest's own");
	check((page->flags & WARNINGS) == VMCLOCK_FLAG_DISRUPTION_IMMINENT, "leaves the host's");
	unmap_page(page);
	close(guest);
}

static void test_eventfd(int writer)
{
	int first = eventfd(0, EFD_NONBLOCK);
	int second = eventfd(0, EFD_NONBLOCK);
	struct vmclock_guest_config config = {.flags = VMCLOCK_GUEST_EVENTFD, .eventfd = first};
	int guest = create(writer, config);
	page_t page = map_page(guest);

	check(page->flags & VMCLOCK_FLAG_NOTIFICATION_PRESENT && announced(first),
	      "an eventfd: the page promises notification");
	check(!announced(first), "one for each update");
	renew(writer);
	check(announced(first), "a reference is one");
	check_errno(set_guest(guest, (struct vmclock_guest_config){0}), 0, "nothing changed");
	check(announced(first), "is one too");
	config.eventfd = second;
	check_errno(set_guest(guest, config), 0, "another eventfd");
	check(announced(first) && announced(second), "both are told");
	renew(writer);
	check(!announced(first) && announced(second), "from then on one");
	config.eventfd = -1;
	check_errno(set_guest(guest, config), 0, "none");
	check(announced(second) && !(page->flags & VMCLOCK_FLAG_NOTIFICATION_PRESENT),
	      "and the promise is taken back, audibly");
	renew(writer);
	check(!announced(second), "silence");
	unmap_page(page);
	close(first);
	close(second);
	close(guest);
}

/* Every flag, field and range of what is given. */
#define REFUSED(wanted, assignment)                                           \
	do {                                                                  \
		struct vmclock_guest_config c = {.size = sizeof(c)};          \
		assignment;                                                   \
		check_errno(ioctl(fd, request, &c), wanted, "refused: " #assignment); \
	} while (0)

static void test_refused_by_both(int fd, unsigned long request)
{
	REFUSED(EINVAL, c.flags = 0x80);
	REFUSED(EINVAL, c.flags = 0x80000000);
	REFUSED(EINVAL, c.offset = 1);
	REFUSED(EINVAL, c.ratio = 1);
	REFUSED(EINVAL, c.frac_bits = 1);
	REFUSED(EINVAL, c.vm_generation_counter = 1);
	REFUSED(EINVAL, c.warning = VMCLOCK_FLAG_DISRUPTION_SOON);
	REFUSED(EINVAL, c.address = 4096);
	REFUSED(EINVAL, c.eventfd = -1);
	REFUSED(EINVAL, c.pad[0] = 1);
	REFUSED(EINVAL, c.pad[2] = 1);
	REFUSED(EINVAL, c.pad2 = 1);
	REFUSED(EINVAL, c.flags = VMCLOCK_GUEST_SCALE);
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_SCALE, c.ratio = 1, c.frac_bits = 64));
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_SCALE | VMCLOCK_GUEST_UNKNOWN, c.ratio = 1));
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_UNKNOWN, c.offset = 1));
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_WARNING, c.warning = 1));
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_WARNING, c.warning = 1ULL << 63));
	REFUSED(EBADF, (c.flags = VMCLOCK_GUEST_EVENTFD, c.eventfd = 999));
	REFUSED(EBADF, (c.flags = VMCLOCK_GUEST_EVENTFD, c.eventfd = -2));
	REFUSED(EINVAL, (c.flags = VMCLOCK_GUEST_EVENTFD, c.eventfd = 0));
	REFUSED(EINVAL, c.size = sizeof(c) - 1);
	REFUSED(E2BIG, c.size = 4097);
	check_errno(ioctl(fd, request, 8), EFAULT, "a structure nowhere");
}

static void test_refused(int reader)
{
	unsigned long request = VMCLOCK_HOST_CREATE_GUEST;
	int guest = create_plain_guest(reader);
	page_t page = map_page(guest);
	unsigned int seq = page->seq_count;
	int fd = reader;

	test_refused_by_both(reader, request);
	REFUSED(EINVAL, c.flags = VMCLOCK_GUEST_DISRUPT);
	check(info_of(reader).guests == 1, "what is refused leaves no guest");

	fd = guest;
	request = VMCLOCK_GUEST_SET;
	test_refused_by_both(guest, request);
	REFUSED(EINVAL, c.flags = VMCLOCK_GUEST_PINNED_PAGE);
	check(page->seq_count == seq, "what is refused changes no page");
	check_errno(ioctl(reader, VMCLOCK_GUEST_SET, &fd), ENOTTY, "GUEST_SET on the device");
	check_errno(ioctl(guest, VMCLOCK_HOST_GET_INFO, &fd), ENOTTY, "GET_INFO on a guest");
	check_errno(ioctl(guest, VMCLOCK_HOST_CREATE_GUEST, &fd), ENOTTY, "a guest's guest");
	unmap_page(page);
	close(guest);
}

static void test_result_nowhere(int reader)
{
	struct vmclock_guest_config *config = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	config->size = sizeof(*config);
	mprotect(config, 4096, PROT_READ);
	check_errno(ioctl(reader, VMCLOCK_HOST_CREATE_GUEST, config), EFAULT,
		    "where the id cannot be written");
	check(info_of(reader).guests == 0, "there is no guest");
	munmap(config, 4096);
}

static void test_limit(int reader)
{
	int guests[3] = {-1, -1, -1};

	check(put_text(PARAMETERS "guests_max", "2"), "no more than two guests");
	guests[0] = create_plain_guest(reader);
	guests[1] = create_plain_guest(reader);
	check_errno(create_plain_guest(reader), ENOSPC, "a third one");
	check(info_of(reader).guests == 2 && info_of(reader).guests_max == 2, "GET_INFO says so");
	close(guests[0]);
	guests[2] = create_plain_guest(reader);
	check(guests[2] >= 0, "there is room when one goes");
	close(guests[1]);
	close(guests[2]);
	put_text(PARAMETERS "guests_max", "16384");
}

/* Without privileges; what goes wrong first. */
static int unprivileged_guests(int reader, int writer)
{
	int first;

	if (setgid(1000) || setuid(1000))
		return 1;
	first = create_plain_guest(reader);
	if (first < 0 || create_plain_guest(reader) < 0)
		return 2;
	if (create_plain_guest(reader) >= 0 || errno != EDQUOT)
		return 3;
	if (create_plain_guest(writer) < 0)
		return 4;
	close(first);
	if (create_plain_guest(reader) >= 0 || errno != EDQUOT)
		return 5;
	return 0;
}

static void test_limit_of_a_user(int writer, int reader)
{
	int guests[3];
	int status = 0;
	pid_t child;

	check(put_text(PARAMETERS "guests_per_user_max", "2"), "no more than two guests a user");
	child = fork();
	if (!child)
		_exit(unprivileged_guests(reader, writer));
	waitpid(child, &status, 0);
	check(child > 0 && status == 0,
	      "EDQUOT for the third one, unless by the writer's descriptor (%#x)",
	      (unsigned int)status);
	for (int i = 0; i < 3; i++)
		guests[i] = create_plain_guest(reader);
	check(guests[2] >= 0, "another user is not limited by that, nor root at all");
	for (int i = 0; i < 3; i++)
		close(guests[i]);
	child = fork();
	if (!child)
		_exit(unprivileged_guests(reader, writer));
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "guests that are gone do not count (%#x)",
	      (unsigned int)status);
	put_text(PARAMETERS "guests_per_user_max", "4096");
}

static void test_list(int writer, int reader)
{
	struct vmclock_host_guest entries[4];
	struct vmclock_host_guests list = {
		.size = sizeof(list), .capacity = 4, .entries = (uintptr_t)entries};
	struct vmclock_guest_config config = scaled;
	int first = create_guest(reader, &config);
	uint32_t id = config.id;
	int second = create_plain_guest(reader);
	page_t page = map_page(first);

	check_errno(ioctl(reader, VMCLOCK_HOST_LIST_GUESTS, &list), EBADF, "a reader's list");
	check_errno(ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list), 0, "the writer's");
	check(list.count == 2 && entries[0].id == id && entries[1].id > id, "has all, in order");
	check(entries[0].creator_pid == (uint32_t)getpid() && entries[0].offset == scaled.offset &&
		      entries[0].ratio == scaled.ratio && entries[0].frac_bits == 32 &&
		      entries[0].disruption_marker == page->disruption_marker &&
		      entries[0].clock_status == page->clock_status && entries[1].ratio == 1,
	      "and says what they are");
	list.after_id = id;
	check(!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count == 1 &&
		      entries[0].id > id,
	      "from where it is asked to begin");
	list.after_id = ~0U;
	check(!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count == 0, "or not at all");
	list.after_id = 0;
	list.capacity = 1;
	check(!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count == 1, "as many as fit");
	list.entries = 8;
	check_errno(ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list), EFAULT, "a list nowhere");
	list.capacity = 0;
	check_errno(ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list), 0, "of nothing");
	list.capacity = VMCLOCK_HOST_LIST_MAX + 1;
	check_errno(ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list), ERANGE, "too long a list");
	unmap_page(page);
	close(first);
	close(second);
	check(!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) || errno == ERANGE, "still");
}

static void test_reading(int writer)
{
	int guest = create(writer, scaled);
	page_t page = map_page(guest);
	unsigned char buf[8192];
	struct vmclock_abi copy;

	check(readable(guest, 0) == 1, "a new guest is readable");
	memset(buf, 0x55, sizeof(buf));
	check(read(guest, buf, sizeof(buf)) == 4096 && read(guest, buf, 1) == 0,
	      "read gives its page, and then its end");
	memcpy(&copy, buf, sizeof(copy));
	check(copy.magic == VMCLOCK_MAGIC && copy.seq_count == page->seq_count &&
		      copy.counter_value == page->counter_value && buf[112] == 0 && buf[4095] == 0,
	      "the same as the mapping has");
	check(readable(guest, 0) == 0, "nothing new after that");
	renew(writer);
	check(readable(guest, 1000) == 1, "a reference is news");
	check(pread(guest, buf, 8, 4092) == 4 && lseek(guest, 8, SEEK_SET) == 8 &&
		      read(guest, buf, 2) == 2 && buf[0] == 1,
	      "read honours the offset");
	check_errno(set_guest(guest, (struct vmclock_guest_config){0}), 0, "GUEST_SET");
	check(readable(guest, 0) == 1, "is news too");
	unmap_page(page);
	close(guest);
}

static void test_host_events(int writer, int reader)
{
	struct vmclock_host_reference ref = next_reference(writer);
	int guest = create(reader, scaled);
	page_t page = map_page(guest);
	uint64_t marker;

	ref.lease_ns = 100 * MS;
	set(writer, ref);
	pread(guest, &marker, 8, 0);
	check(readable(guest, 5000) == 1 && page->clock_status == VMCLOCK_STATUS_FREERUNNING,
	      "a lease that lapses reaches guests");
	renew(writer);
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "so does a new one");
	close(writer);
	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING, "and the end of the writer");
	writer = open(DEVICE, O_RDWR);
	renew(writer);
	marker = page->disruption_marker;
	pread(guest, &ref, 8, 0);
	if (!put_text(PARAMETERS "unstable", "1")) {
		skip("a counter that becomes unstable", "this machine's counter cannot");
	} else {
		check(readable(guest, 5000) == 1 &&
			      page->clock_status == VMCLOCK_STATUS_UNRELIABLE &&
			      page->disruption_marker != marker &&
			      !(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC),
		      "a counter that becomes unstable");
		put_text(PARAMETERS "unstable", "0");
	}
	close(writer);
	unmap_page(page);
	close(guest);
}

static void test_unprivileged(int reader)
{
	int status = 0;
	pid_t child;

	chmod(DEVICE, 0644);
	child = fork();
	if (!child) {
		int fd = setuid(1000) ? -1 : open(DEVICE, O_RDONLY);

		_exit(fd < 0 || create_plain_guest(fd) < 0);
	}
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "no privilege is needed");
	check(info_of(reader).guests == 0, "the guest of a process that ends ends too");
}

/* What a process hands on lives on. */
static void test_inheritance(int writer)
{
	int guest = create(writer, scaled);
	page_t page = map_page(guest);
	int status = 0;
	pid_t child = fork();

	if (!child)
		_exit(set_guest(guest, (struct vmclock_guest_config){
					       .flags = VMCLOCK_GUEST_GENERATION,
					       .vm_generation_counter = 5}) ||
		      page->vm_generation_counter != 5);
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "a child has the guest too");
	check(page->vm_generation_counter == 5, "it is the same");
	renew(writer);
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "and survives the child");
	unmap_page(page);
	close(guest);
}

static void test_all(int reader)
{
	int writer;

	test_before_any_line(reader);
	test_mapping(reader);
	writer = open(DEVICE, O_RDWR);
	test_line(writer, &unscaled, "unscaled");
	test_line(writer, &scaled, "scaled");
	test_inconvertible(writer);
	test_unknown(writer);
	test_markers(writer);
	test_generation_and_warning(writer);
	test_eventfd(writer);
	test_refused(reader);
	test_result_nowhere(reader);
	test_limit(reader);
	test_limit_of_a_user(writer, reader);
	test_list(writer, reader);
	test_reading(writer);
	test_inheritance(writer);
	test_unprivileged(reader);
	test_host_events(writer, reader);
}

int main(void)
{
	int reader;
	int guest;

	check_errno(load_driver(), 0, "the module loads");
	reader = open(DEVICE, O_RDONLY);
	test_all(reader);
	guest = create_plain_guest(reader);
	close(reader);
	check_errno(unload_driver(), EWOULDBLOCK, "no unloading while there is a guest");
	close(guest);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
