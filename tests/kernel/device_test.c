// SPDX-License-Identifier: GPL-2.0-or-later
/* Every call of the driver, alone on a machine of its own: loads it, tests it, unloads it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device_line.h"
#include "harness.h"

static unsigned long long hz;
static volatile struct vmclock_abi *page;

static struct vmclock_host_state state_of(int fd)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	check_errno(ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state), 0, "GET_REFERENCE");
	/* What depends on the machine's clocksource. */
	state.valid &= ~(VMCLOCK_HOST_STATE_HOST_CLOCK | VMCLOCK_HOST_STATE_DIFFERENCE);
	return state;
}

static void drain(int fd)
{
	char buf[64];

	check(pread(fd, buf, sizeof(buf), 0) == sizeof(buf), "read gives what was asked for");
}

static void test_before_any_line(int reader)
{
	struct vmclock_host_info info = {.size = sizeof(info)};
	struct vmclock_host_state state = state_of(reader);

	check(page->magic == VMCLOCK_MAGIC && page->size == 4096 && page->version == 1 &&
		      page->time_type == VMCLOCK_TIME_TAI && page->counter_id == 1,
	      "the constant fields are there from the start");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE, "before a line: UNRELIABLE");
	check(!(page->seq_count & 1), "before a line: an even count");
	check(state.valid == 0 && state.disruption_marker == page->disruption_marker,
	      "GET_REFERENCE says that there is none");
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_INFO, &info), 0, "GET_INFO");
	check(info.abi_version == 1 && info.counter_nominal_hz == hz && info.page_size == 4096 &&
		      (info.features & VMCLOCK_HOST_FEATURE_LEASE) && info.counter_id == 1 &&
		      info.period_max_ppm == 1000,
	      "GET_INFO says what this kernel can do");
}

static void test_snapshot(int reader)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};
	int rc = ioctl(reader, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot);

	if (rc)
		check_errno(rc, ENODEV, "GET_SNAPSHOT where the counter is not the clocksource");
	else
		skip("GET_SNAPSHOT without its clocksource", "the counter is the clocksource");
}

static void test_mapping(int reader)
{
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);

	page = map;
	check(map != MAP_FAILED, "one page can be mapped");
	if (map == MAP_FAILED)
		exit(1);
	check_errno(mprotect(map, 4096, PROT_READ | PROT_WRITE), EACCES, "never writable later");
	check_errno(mprotect(map, 4096, PROT_READ | PROT_EXEC), EACCES, "never executable later");
	check(mmap(NULL, 8192, PROT_READ, MAP_SHARED, reader, 0) == MAP_FAILED && errno == EINVAL,
	      "two pages cannot be mapped");
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 4096) == MAP_FAILED &&
		      errno == EINVAL,
	      "nor the second page");
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED &&
		      errno == EACCES,
	      "a reader cannot map it writable");
	check(mremap(map, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	      "the mapping cannot grow");
}

/* As the kernel lists it: its protection, such as "r--s". */
static bool is_mapped_as(const void *map, const char *protection)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];
	char found[5];
	bool same = false;
	void *begin;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%p-%*p %4s", &begin, found) == 2 && begin == map)
			same = !strcmp(found, protection);
	if (maps)
		fclose(maps);
	return same;
}

static void test_executable_mapping(int reader)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, reader, 0);

	check(map != MAP_FAILED && is_mapped_as(map, "r--s"), "nor executable when it is mapped");
	check(((struct vmclock_abi *)map)->magic == VMCLOCK_MAGIC, "but readable");
	munmap(map, 4096);
}

static void test_writable_mapping(int writer)
{
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, writer, 0);
	void *private = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, writer, 0);

	check(map != MAP_FAILED && private != MAP_FAILED, "the writer maps the page too");
	check_errno(mprotect(map, 4096, PROT_READ | PROT_WRITE), EACCES,
		    "and cannot make it writable later");
	check_errno(mprotect(private, 4096, PROT_READ | PROT_WRITE), EACCES, "nor a private one");
	munmap(map, 4096);
	munmap(private, 4096);
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0) == MAP_FAILED &&
		      errno == EPERM,
	      "the writer cannot map it writable");
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, writer, 0) == MAP_FAILED &&
		      errno == EPERM,
	      "not even a private copy");
}

static void test_reading(int reader)
{
	unsigned char buf[8192];
	struct vmclock_abi copy;
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(buf, 0x55, sizeof(buf));
	check(pread(reader, buf, sizeof(buf), 0) == 4096, "read ends with the page");
	memcpy(&copy, buf, sizeof(copy));
	check(copy.magic == VMCLOCK_MAGIC && copy.seq_count == page->seq_count &&
		      copy.time_sec == page->time_sec,
	      "read gives the page");
	check(buf[112] == 0 && buf[4095] == 0 && buf[4096] == 0x55, "and zeros after its fields");
	check(pread(reader, buf, 8, 4092) == 4, "read honours the offset");
	check(pread(reader, buf, 2, 8) == 2 && buf[0] == 1 && buf[1] == 0, "in the fields too");
	check(pread(reader, buf, 8, 4096) == 0, "read gives 0 at the end");
	check(pread(reader, buf, 8, 1LL << 40) == 0, "and far behind it");
	check(pread(reader, buf, 0, 0) == 0, "read of nothing gives 0");
	check_errno(pread(reader, nowhere, 64, 0), EFAULT, "read into nowhere");
	check(pwrite(reader, buf, 8, 0) < 0, "nobody writes");
}

static void test_who_may_write(int reader, int writer)
{
	struct vmclock_host_disrupt request = {.size = sizeof(request), .reason = 1};
	int status = 0;
	pid_t child;

	check_errno(open(DEVICE, O_RDWR), EBUSY, "a second writer");
	check_errno(set(reader, good_reference(1000)), EBADF, "SET_REFERENCE by a reader");
	check_errno(ioctl(reader, VMCLOCK_HOST_DISRUPT, &request), EBADF, "DISRUPT by a reader");
	chmod(DEVICE, 0666);
	child = fork();
	if (!child) {
		bool good = !setuid(1000) && open(DEVICE, O_RDWR) < 0 && errno == EPERM &&
			    open(DEVICE, O_RDONLY) >= 0;
		_exit(!good);
	}
	waitpid(child, &status, 0);
	check(child > 0 && status == 0, "without CAP_SYS_TIME nobody writes, but everybody reads");
	check(state_of(writer).valid == VMCLOCK_HOST_STATE_WRITER, "GET_REFERENCE: a writer");
}

static void test_requests(int reader, int writer)
{
	struct {
		struct vmclock_host_reference ref;
		unsigned char tail[4096];
	} big = {.ref = good_reference(1000)};
	struct vmclock_host_info info = {.size = sizeof(info) - 1};
	unsigned long smaller = VMCLOCK_HOST_GET_INFO & ~(unsigned long)IOCSIZE_MASK;

	check_errno(ioctl(reader, _IO(VMCLOCK_HOST_IOC, 0), 0), ENOTTY, "another direction");
	check_errno(ioctl(reader, _IOWR(VMCLOCK_HOST_IOC, 0x7f, int), &info), ENOTTY,
		    "an unknown number");
	check_errno(ioctl(reader, _IOWR(0x12, 0, int), &info), ENOTTY, "another type");
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_INFO, &info), EINVAL, "too small a structure");
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_INFO, 8), EFAULT, "a structure nowhere");
	info.size = sizeof(info);
	check_errno(ioctl(reader, smaller, &info), 0, "the size in the request does not count");
	big.ref.size = 4097;
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &big), E2BIG, "above 4096 bytes");
	big.ref.size = 4096;
	big.tail[100] = 1;
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &big), E2BIG,
		    "a field that this kernel does not know");
	check(page->seq_count == 0, "none of these changed the page");
}

/* What is returned may be anything before; but what may get a meaning is zero. */
static void test_questions(int reader)
{
	static const unsigned long all[] = {VMCLOCK_HOST_GET_INFO, VMCLOCK_HOST_GET_REFERENCE,
					    VMCLOCK_HOST_GET_SNAPSHOT};
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot), .flags = 1};
	struct vmclock_host_info info;
	struct vmclock_host_state state;
	unsigned int tail[1024];

	memset(&info, 0x55, sizeof(info));
	info.size = sizeof(info);
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_INFO, &info), EINVAL, "padding of GET_INFO");
	memset(info.pad, 0, sizeof(info.pad));
	check(!ioctl(reader, VMCLOCK_HOST_GET_INFO, &info) && info.abi_version == 1,
	      "its other fields are not looked at");
	memset(&state, 0x55, sizeof(state));
	state.size = sizeof(state);
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_REFERENCE, &state), EINVAL,
		    "padding of GET_REFERENCE");
	state.pad = 0;
	check(!ioctl(reader, VMCLOCK_HOST_GET_REFERENCE, &state) && state.set_at_ns == 0,
	      "its other fields are not looked at");
	check_errno(ioctl(reader, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot), EINVAL,
		    "a flag of GET_SNAPSHOT");
	for (unsigned int i = 0; i < 3; i++) {
		memset(tail, 0, sizeof(tail));
		tail[0] = sizeof(tail);
		tail[1023] = 1;
		check(ioctl(reader, all[i], tail) < 0 && errno == E2BIG,
		      "question %u: an unknown field", i);
		tail[1023] = 0;
		check(!ioctl(reader, all[i], tail) || errno == ENODEV,
		      "question %u: a longer structure", i);
	}
}

#define REFUSED(wanted, assignment)                                           \
	do {                                                                  \
		struct vmclock_host_reference r = good_reference(1000);       \
		assignment;                                                   \
		check_errno(set(writer, r), wanted, "refused: " #assignment); \
	} while (0)

static void test_malformed(int writer)
{
	REFUSED(EINVAL, r.flags = 2);
	REFUSED(EINVAL, r.pad = 1);
	REFUSED(EINVAL, r.host_clock = 3);
	REFUSED(EINVAL, r.step_threshold_ns = 1);
	REFUSED(EINVAL, r.line.flags |= VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
	REFUSED(EINVAL, r.line.flags |= VMCLOCK_FLAG_NOTIFICATION_PRESENT);
	REFUSED(EINVAL, r.line.flags |= 1ULL << 63);
	REFUSED(EINVAL, r.line.time_type = VMCLOCK_TIME_UTC);
	REFUSED(EINVAL, r.line.counter_id = VMCLOCK_COUNTER_ARM_VCNT);
	REFUSED(EINVAL, r.line.clock_status = VMCLOCK_STATUS_UNKNOWN);
	REFUSED(EINVAL, r.line.clock_status = 5);
	REFUSED(EINVAL, r.line.leap_indicator = 6);
	REFUSED(EINVAL, r.line.smearing_hint = 3);
	REFUSED(EOPNOTSUPP, r.host_clock = VMCLOCK_HOST_CLOCK_STEER);
	REFUSED(EOPNOTSUPP, r.host_clock = VMCLOCK_HOST_CLOCK_STEER_STEP);
}

static void test_out_of_range(int writer)
{
	unsigned __int128 nominal = ((unsigned __int128)1 << 93) / hz;
	unsigned long long slow = (unsigned long long)(nominal * 1001 / 1000 + 2);
	unsigned long long fast = (unsigned long long)(nominal * 999 / 1000 - 2);

	REFUSED(ERANGE, r.line.counter_period_frac_sec = 0);
	REFUSED(ERANGE, r.line.counter_period_frac_sec = ~0ULL);
	REFUSED(ERANGE, r.line.counter_period_frac_sec = slow);
	REFUSED(ERANGE, r.line.counter_period_frac_sec = fast);
	REFUSED(ERANGE, r.line.counter_period_shift = 128);
	REFUSED(ERANGE, r.line.counter_period_shift = 255);
	REFUSED(ERANGE, r.line.counter_period_shift = 0);
	REFUSED(ERANGE, r.line.time_sec = 1ULL << 33);
	REFUSED(ERANGE, r.line.time_sec = ~0ULL);
	REFUSED(ERANGE, r.line.tai_offset_sec = 1001);
	REFUSED(ERANGE, r.line.tai_offset_sec = -32768);
	REFUSED(ERANGE, r.splice_max_ns = 1000 * MS);
	REFUSED(ERANGE, r.lease_ns = MS - 1);
	REFUSED(ERANGE, r.lease_ns = 86400ULL * 1000 * MS + 1);
	REFUSED(ERANGE, r.line.counter_value += hz);
	REFUSED(ESTALE, r.line.counter_value -= (1ULL << 62) + hz);
	check(page->seq_count == 0, "no refused line changed the page");
}

static void test_first_line(int writer)
{
	struct vmclock_host_reference ref = good_reference(1000);
	struct vmclock_host_state state;

	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), 0, "the first line");
	check(ref.raised_frac_sec == 0 && ref.disruption_marker == page->disruption_marker &&
		      ref.size == sizeof(ref),
	      "what SET_REFERENCE returns");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED && page->time_sec == 1000 &&
		      page->counter_value == ref.line.counter_value &&
		      page->counter_period_frac_sec == ref.line.counter_period_frac_sec &&
		      page->counter_period_shift == ref.line.counter_period_shift &&
		      page->flags == ref.line.flags && (short)page->tai_offset_sec == -37 &&
		      page->time_maxerror_nanosec == 100 && page->time_esterror_nanosec == 10 &&
		      page->counter_period_maxerror_rate_frac_sec == 100 && page->seq_count == 2,
	      "the page is the line");
	state = state_of(writer);
	check(state.valid == (VMCLOCK_HOST_STATE_REFERENCE | VMCLOCK_HOST_STATE_WRITER) &&
		      !memcmp(&state.line, &ref.line, sizeof(ref.line)) &&
		      state.set_by_pid == (unsigned int)getpid() && state.set_by_uid == 0 &&
		      state.lease_left_ns > 0 && state.lease_left_ns <= ref.lease_ns,
	      "GET_REFERENCE says what, who and until when");
}

static void test_splice(int writer)
{
	struct vmclock_host_reference ref = good_reference(1000);
	unsigned int seq = page->seq_count;
	unsigned long long counter;
	__int128 before;
	bool steady = true;

	ref.line.time_sec -= 10;
	check_errno(set(writer, ref), ESTALE, "a line that would step back by more than allowed");
	check(page->seq_count == seq, "it changed nothing");

	for (int i = 0; i < 2000; i++) {
		ref = good_reference(page->time_sec);
		ref.line.time_frac_sec = (unsigned long long)random() << 33;
		ref.line.time_sec += i & 1;
		counter = read_counter();
		before = time_at(page, counter);
		if (set(writer, ref) && errno != ESTALE)
			steady = false;
		if (time_at(page, counter) < before - 1)
			steady = false;
	}
	check(steady, "whatever is set, the time does not step back");
}

static void test_raise(int writer)
{
	struct vmclock_host_reference ref = good_reference(0);
	__int128 old_time;
	__int128 new_time;

	old_time = time_at(page, ref.line.counter_value) - ((__int128)1 << 54); /* 1 ms behind */
	ref.line.time_sec = (unsigned long long)(old_time >> 64);
	ref.line.time_frac_sec = (unsigned long long)old_time;
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), 0, "a line 1 ms behind");
	new_time = time_at(page, ref.line.counter_value);
	check(new_time - old_time == (__int128)ref.raised_frac_sec &&
		      ref.raised_frac_sec >> 50 == 16,
	      "is raised by that, and the amount returned");
	check(page->time_maxerror_nanosec > 100 + 900000 &&
		      page->time_maxerror_nanosec < 100 + 1100000,
	      "and added to the maximum error");
	check(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC, "the promise stays");
}

static void test_disruption(int writer)
{
	struct vmclock_host_disrupt request = {.size = sizeof(request), .reason = 1};
	struct vmclock_host_reference ref = good_reference(500);
	unsigned long long marker = page->disruption_marker;

	ref.flags = VMCLOCK_HOST_REF_DISRUPT;
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), 0,
		    "a line far behind, DISRUPT");
	check(page->disruption_marker != marker && ref.disruption_marker == page->disruption_marker,
	      "has a new marker");
	check(page->time_sec == 500 && ref.raised_frac_sec == 0, "and is not raised");
	check(!(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC), "and does not promise to be monotonic");
	ref = good_reference(501);
	check_errno(set(writer, ref), 0, "the next one");
	check(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC, "promises it again");

	marker = page->disruption_marker;
	check_errno(ioctl(writer, VMCLOCK_HOST_DISRUPT, &request), 0, "DISRUPT");
	check(page->disruption_marker != marker &&
		      request.disruption_marker == page->disruption_marker,
	      "changes the marker");
	check(page->time_sec == 501 && page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED &&
		      state_of(writer).disruption_reason == 1,
	      "the line stays, the reason is told");
	request.reason = 0;
	check_errno(ioctl(writer, VMCLOCK_HOST_DISRUPT, &request), EINVAL, "DISRUPT for no reason");
	request.reason = 5;
	check_errno(ioctl(writer, VMCLOCK_HOST_DISRUPT, &request), EINVAL, "for an unknown one");
	request.size = 8;
	check_errno(ioctl(writer, VMCLOCK_HOST_DISRUPT, &request), EINVAL, "of too small a size");
}

/* What is known of the counter is void: so is the line. */
static void test_void_line(int writer, unsigned int reason)
{
	struct vmclock_host_disrupt request = {.size = sizeof(request), .reason = reason};
	unsigned long long marker = page->disruption_marker;
	struct vmclock_host_state state;

	check_errno(set(writer, good_reference(page->time_sec + 1)), 0, "a line");
	check(!ioctl(writer, VMCLOCK_HOST_DISRUPT, &request), "DISRUPT, reason %u", reason);
	state = state_of(writer);
	check(page->disruption_marker != marker && state.disruption_reason == reason,
	      "a new marker, and the reason");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE &&
		      !(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC),
	      "the page is UNRELIABLE, and promises nothing");
	check(state.valid == VMCLOCK_HOST_STATE_WRITER, "no line is in force");
	check_errno(set(writer, good_reference(7)), 0, "a line need not continue from before");
	check(page->time_sec == 7 && page->time_frac_sec == 0 &&
		      page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	      "and is not raised");
}

static void test_lease(int writer, int reader)
{
	struct vmclock_host_reference ref = good_reference(page->time_sec + 1);
	unsigned long long marker = page->disruption_marker;

	ref.lease_ns = 200 * MS;
	check_errno(set(writer, ref), 0, "a lease of 200 ms");
	drain(reader);
	check(readable(reader, 0) == 0, "nothing new after a read");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "SYNCHRONIZED while it holds");
	check(readable(reader, 5000) == 1, "whoever waits is woken when it lapses");
	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING, "the page is then FREERUNNING");
	check(page->counter_value == ref.line.counter_value && page->disruption_marker == marker &&
		      !(page->seq_count & 1),
	      "the line stays");
	check(state_of(reader).lease_left_ns == 0, "GET_REFERENCE says so");
	check_errno(set(writer, good_reference(page->time_sec + 1)), 0, "a new reference");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "makes it SYNCHRONIZED again");
}

static void test_bound(int writer, int reader)
{
	struct vmclock_host_reference ref = good_reference(page->time_sec + 1);
	unsigned int seq;

	ref.unreliable_above_ns = 100000;
	ref.line.period_maxerror = ref.line.counter_period_frac_sec / 5000; /* 200 us a second */
	check_errno(set(writer, ref), 0, "a bound that reaches its limit in 0.5 s");
	drain(reader);
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "SYNCHRONIZED below it");
	check(readable(reader, 5000) == 1 && page->clock_status == VMCLOCK_STATUS_UNRELIABLE,
	      "UNRELIABLE above it, and waiters woken");
	ref = good_reference(page->time_sec + 1);
	ref.unreliable_above_ns = 99;
	seq = page->seq_count;
	check_errno(set(writer, ref), 0, "a line whose bound is above its limit from the start");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && page->seq_count == seq + 2,
	      "UNRELIABLE, without having been anything else");
	check_errno(set(writer, good_reference(page->time_sec + 2)), 0, "a better reference");
	check(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "makes it SYNCHRONIZED again");
}

static void test_death_of_the_writer(int writer, int reader)
{
	unsigned long long counter = page->counter_value;
	struct vmclock_host_reference ref = good_reference(page->time_sec + 1);
	int status;
	pid_t child;

	drain(reader);
	close(writer);
	check(readable(reader, 0) == 1, "closing the writer wakes who waits");
	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING && page->counter_value == counter,
	      "the page is FREERUNNING, the line stays");

	drain(reader);
	child = fork();
	if (!child) {
		writer = open(DEVICE, O_RDWR);
		_exit(writer < 0 || set(writer, ref) || raise(SIGKILL));
	}
	waitpid(child, &status, 0);
	check(child > 0 && WIFSIGNALED(status), "a writer killed");
	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING && !(page->seq_count & 1) &&
		      page->time_sec == ref.line.time_sec && readable(reader, 0) == 1,
	      "leaves its line, FREERUNNING, an even count, and waiters woken");
	writer = open(DEVICE, O_RDWR);
	check(writer >= 0, "the next writer may come");
	close(writer);
}

/* Has no descriptor, tells its number, and lives on. */
static void child_of_the_writer(int fd, int pipe_end)
{
	pid_t self = getpid();

	close(fd);
	if (write(pipe_end, &self, sizeof(self)) != sizeof(self))
		_exit(1);
	for (;;)
		pause();
}

/* Maps the page, has a child, and dies. */
static void writer_with_child(int pipe_end)
{
	int fd = open(DEVICE, O_RDWR);
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (fd < 0 || map == MAP_FAILED || set(fd, good_reference(page->time_sec + 1)))
		_exit(1);
	if (!fork())
		child_of_the_writer(fd, pipe_end);
	raise(SIGKILL);
}

static void test_child_of_the_writer(void)
{
	int ends[2];
	int status;
	int fd;
	pid_t writer;
	pid_t child = -1;

	check(!pipe(ends) && !prctl(PR_SET_CHILD_SUBREAPER, 1), "a pipe, and orphans come to us");
	writer = fork();
	if (!writer)
		writer_with_child(ends[1]);
	waitpid(writer, &status, 0);
	close(ends[1]);
	check(WIFSIGNALED(status) && read(ends[0], &child, sizeof(child)) == sizeof(child),
	      "a writer that had mapped the page is killed, its child is not");
	fd = open(DEVICE, O_RDWR);
	check(fd >= 0 && page->clock_status == VMCLOCK_STATUS_FREERUNNING,
	      "the child's memory does not keep it in office");
	close(fd);
	if (child > 0)
		kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child, "the child has let go of everything");
	close(ends[0]);
}

static void test_unstable_counter(int reader)
{
	int writer = open(DEVICE, O_RDWR);
	int knob = open("/sys/module/vmclock_host/parameters/unstable", O_WRONLY);
	unsigned long long marker = page->disruption_marker;

	if (knob < 0) {
		skip("an unstable counter", "only the driver for UML can be told so");
		close(writer);
		return;
	}
	set(writer, good_reference(page->time_sec + 1));
	drain(reader);
	check(write(knob, "1", 1) == 1, "the counter becomes unstable");
	check(readable(reader, 5000) == 1 && page->clock_status == VMCLOCK_STATUS_UNRELIABLE &&
		      page->disruption_marker != marker,
	      "the page is UNRELIABLE with a new marker");
	check(state_of(reader).valid == VMCLOCK_HOST_STATE_WRITER &&
		      state_of(reader).lease_left_ns == 0,
	      "GET_REFERENCE says that no line is in force");
	check_errno(set(writer, good_reference(page->time_sec + 1)), ENODEV,
		    "no line from then on");
	check(write(knob, "0", 1) == 1, "the counter is stable again");
	check_errno(set(writer, good_reference(7)), 0, "a line need not continue from before that");
	check(page->time_sec == 7, "and is not raised");
	close(knob);
	close(writer);
}

static void test_unloading(int reader)
{
	close(reader);
	check_errno(unload_driver(), EWOULDBLOCK, "no unloading while the page is mapped");
	munmap((void *)page, 4096);
	check_errno(unload_driver(), 0, "unloading when nobody holds it");
}

static void test_device(void)
{
	int reader = open(DEVICE, O_RDONLY);
	int writer;

	test_mapping(reader);
	test_executable_mapping(reader);
	test_before_any_line(reader);
	test_snapshot(reader);
	test_reading(reader);
	writer = open(DEVICE, O_RDWR);
	check(writer >= 0, "one writer");
	test_writable_mapping(writer);
	test_who_may_write(reader, writer);
	test_requests(reader, writer);
	test_questions(reader);
	test_malformed(writer);
	test_out_of_range(writer);
	test_first_line(writer);
	test_splice(writer);
	test_raise(writer);
	test_disruption(writer);
	test_void_line(writer, VMCLOCK_HOST_REASON_MIGRATION);
	test_void_line(writer, VMCLOCK_HOST_REASON_COUNTER);
	test_void_line(writer, VMCLOCK_HOST_REASON_SUSPEND);
	test_lease(writer, reader);
	test_bound(writer, reader);
	test_reading(reader);
	test_death_of_the_writer(writer, reader);
	test_child_of_the_writer();
	test_unstable_counter(reader);
	test_unloading(reader);
}

int main(void)
{
	check_errno(load_driver(), 0, "the module loads");
	hz = counter_hz();
	test_device();
	check_errno(load_driver(), 0, "and loads again");
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
