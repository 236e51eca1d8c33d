// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a page, reading it, waiting for it. */
#include "test_lib_support.h"

#include <signal.h>
#include <sys/wait.h>

#include "lib/reader.h"

/* Called once by the next read of CLOCK_MONOTONIC_RAW: what happens in the middle of a reading. */
static void (*interruption)(void);

/* Not 0: CLOCK_MONOTONIC goes on by this with each look at it, and by nothing else. */
static int64_t step_ns, stepped_ns;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	void (*now)(void) = interruption;

	if (id == CLOCK_MONOTONIC_RAW && now) {
		interruption = NULL;
		now();
	}
	if (id == CLOCK_MONOTONIC && step_ns) {
		stepped_ns += step_ns;
		*ts = (struct timespec){stepped_ns / 1000000000, stepped_ns % 1000000000};
		return 0;
	}
	return __real_clock_gettime(id, ts);
}

static uint8_t cpu_counter_id(void)
{
#ifdef __x86_64__
	return VMCLOCK_COUNTER_X86_TSC;
#else
	return VMCLOCK_COUNTER_ARM_VCNT;
#endif
}

static struct vmclock_abi good_page(void)
{
	return (struct vmclock_abi){
		.magic = VMCLOCK_MAGIC,
		.size = 4096,
		.version = 1,
		.counter_id = cpu_counter_id(),
		.time_type = VMCLOCK_TIME_TAI,
		.clock_status = VMCLOCK_STATUS_FREERUNNING,
		.counter_period_shift = 29,
		.counter_period_frac_sec = TICK_NS,
		.time_sec = START_S,
	};
}

static void write_file(const struct place *place, const struct vmclock_abi *page, off_t size)
{
	int fd = open(place->page, O_RDWR | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, page, sizeof(*page), 0), (ssize_t)sizeof(*page));
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static int open_error(const struct place *place, unsigned int flags)
{
	struct vmclock *clock;
	int rc = vmclock_open(place->page, flags, &clock);

	assert_true((rc == 0) == (clock != NULL));
	vmclock_close(clock);
	return rc;
}

static void a_page_of_the_cpu_counter_is_read(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page();
	struct vmclock_reading first, second;
	uint64_t before, after;
	struct vmclock *clock;

	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, 0, &clock), 0);
	assert_int_equal(vmclock_read_counter(clock, &before), 0);
	assert_int_equal(vmclock_now(clock, &first), 0);
	assert_int_equal(vmclock_now(clock, &second), 0);
	assert_int_equal(vmclock_read_counter(clock, &after), 0);
	assert_true(before <= first.counter && first.counter <= second.counter &&
		    second.counter <= after);
	assert_true(first.tai.time_ns <= second.tai.time_ns);
	vmclock_close(clock);
}

static void what_is_no_page_is_refused(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page();

	assert_int_equal(open_error(place, 0), -ENOENT);
	write_file(place, &page, 0);
	assert_int_equal(open_error(place, 0), -EPROTO);
	write_file(place, &page, sizeof(page) - 1);
	assert_int_equal(open_error(place, 0), -EPROTO);
	write_file(place, &page, sizeof(page)); /* shorter than it says */
	assert_int_equal(open_error(place, 0), -EPROTO);
	page.size = sizeof(page);
	write_file(place, &page, sizeof(page));
	assert_int_equal(open_error(place, 0), 0);
	page.version = 2;
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EPROTO);
	page = good_page();
	page.magic = 0;
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EPROTO);
	assert_int_equal(open_error(place, 0x100), -EINVAL);
}

static void a_counter_or_time_that_cannot_be_converted_is_refused(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page();

	page.counter_id = VMCLOCK_COUNTER_INVALID;
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EOPNOTSUPP);
	assert_int_equal(open_error(place, VMCLOCK_OPEN_MONOTONIC_RAW), 0);
	page.counter_id = !cpu_counter_id();
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EOPNOTSUPP);
	assert_int_equal(open_error(place, VMCLOCK_OPEN_MONOTONIC_RAW), -EOPNOTSUPP);
	page = good_page();
	page.time_type = VMCLOCK_TIME_MONOTONIC;
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EOPNOTSUPP);
	page.time_type = 9;
	write_file(place, &page, 4096);
	assert_int_equal(open_error(place, 0), -EOPNOTSUPP);
}

static void inspection_opens_any_page_but_tells_no_time(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page(), copy;
	struct vmclock_reading r;
	struct vmclock *clock;
	uint64_t counter;

	page.counter_id = VMCLOCK_COUNTER_INVALID;
	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &copy), 0);
	assert_memory_equal(&copy, &page, sizeof(page));
	assert_int_equal(vmclock_now(clock, &r), -EOPNOTSUPP);
	assert_int_equal(r.flags, 0);
	assert_int_equal(vmclock_read_counter(clock, &counter), -EOPNOTSUPP);
	vmclock_close(clock);
}

static void a_reader_gives_up_on_a_stuck_update_and_goes_on_after_it(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page(), copy;
	struct vmclock_reading r;
	struct vmclock *clock;

	page.seq_count = 7;
	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, 0, &clock), 0);
	assert_int_equal(vmclock_now(clock, &r), -ETIMEDOUT);
	assert_int_equal(r.flags, 0);
	assert_true(r.tai.earliest_ns == INT64_MIN && r.tai.latest_ns == INT64_MAX);
	assert_int_equal(vmclock_read_page(clock, &copy), -ETIMEDOUT);
	assert_int_equal(vmclock_wait(clock, 3), -ETIMEDOUT);
	poke32(place->page, offsetof(struct vmclock_abi, seq_count), 8);
	assert_int_equal(vmclock_wait(clock, 1000), 0);
	assert_int_equal(vmclock_now(clock, &r), 0);
	vmclock_close(clock);
}

static void a_reader_waits_100_ms_for_an_update_to_end(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page();
	struct vmclock_reading r;
	struct vmclock *clock;
	int rc;

	page.seq_count = 7;
	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, 0, &clock), 0);
	step_ns = 1000000;
	stepped_ns = 0;
	rc = vmclock_now(clock, &r);
	step_ns = 0;
	assert_int_equal(rc, -ETIMEDOUT);
	assert_in_range(stepped_ns, 100000000, 102000000);
	vmclock_close(clock);
}

/* Pretends that a descriptor is that of a device which the page was mapped from. */
static struct vmclock *device_reader(const struct place *place, int fd)
{
	struct vmclock_abi page = good_page();
	struct vmclock *clock;

	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, 0, &clock), 0);
	assert_false(clock->announced);
	close(clock->fd);
	clock->fd = fd;
	clock->announced = true;
	return clock;
}

static void a_device_that_announces_nothing_is_looked_at(void **state)
{
	struct place *place = *state;
	struct vmclock *clock;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]); /* POLLHUP */
	clock = device_reader(place, ends[0]);
	assert_int_equal(vmclock_wait(clock, 5), -ETIMEDOUT);
	assert_false(clock->announced);
	poke32(place->page, offsetof(struct vmclock_abi, seq_count), 2);
	assert_int_equal(vmclock_wait(clock, 1000), 0);
	vmclock_close(clock);
}

static void a_device_that_always_announces_is_not_believed(void **state)
{
	struct place *place = *state;
	int fd = open(place->page, O_RDWR | O_CREAT, 0600);
	struct vmclock *clock = device_reader(place, fd);

	assert_int_equal(vmclock_wait(clock, 5), -ETIMEDOUT);
	assert_true(clock->announced);
	poke32(place->page, offsetof(struct vmclock_abi, seq_count), 2);
	assert_int_equal(vmclock_wait(clock, 1000), 0);
	assert_int_equal(vmclock_wait(clock, 5), -ETIMEDOUT);
	vmclock_close(clock);
}

static struct vmclock_writer *interrupting_writer;

static void publish_a_step(void)
{
	struct vmclock_reference reference = true_reference(raw_ns());

	shift_reference(&reference, -1000000000);
	reference.disrupt = true;
	assert_int_equal(vmclock_writer_publish(interrupting_writer, &reference, 0, NULL), 0);
}

static void an_update_within_a_reading_makes_it_start_again(void **state)
{
	struct place *place = *state;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock *clock = open_reader(place);
	struct vmclock_reading r;
	int64_t true_ns;

	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	interrupting_writer = writer;
	interruption = publish_a_step;
	assert_int_equal(vmclock_now(clock, &r), 0);
	true_ns = START_S * 1000000000LL + (int64_t)r.counter;
	assert_in_range((uint64_t)(true_ns - 1000000000 - r.tai.time_ns), 0, 2);
	assert_true(r.flags & VMCLOCK_READING_DISRUPTED);
	vmclock_close(clock);
	vmclock_writer_close(writer);
}

static void a_new_marker_is_told_once_and_only_with_a_time(void **state)
{
	struct place *place = *state;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock_reading r;
	struct vmclock *clock;

	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	clock = open_reader(place);
	assert_int_equal(vmclock_now(clock, &r), 0);
	assert_false(r.flags & VMCLOCK_READING_DISRUPTED);
	reference.disrupt = true;
	reference.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(vmclock_now(clock, &r), -ENODATA);
	assert_int_equal(r.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	reference.disrupt = false;
	reference.clock_status = VMCLOCK_STATUS_SYNCHRONIZED;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 1000000, NULL), 0);
	assert_int_equal(vmclock_now(clock, &r), 0);
	assert_true(r.flags & VMCLOCK_READING_DISRUPTED);
	assert_int_equal(vmclock_now(clock, &r), 0);
	assert_false(r.flags & VMCLOCK_READING_DISRUPTED);
	vmclock_close(clock);
	vmclock_writer_close(writer);
}

static void waiting_ends_with_an_update(void **state)
{
	struct place *place = *state;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock *clock = open_reader(place);
	struct vmclock_reading r;
	pid_t child;

	assert_int_equal(vmclock_wait(clock, 0), -ETIMEDOUT);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(vmclock_wait(clock, 0), 0);
	assert_int_equal(vmclock_wait(clock, 2), -ETIMEDOUT);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(vmclock_now(clock, &r), 0); /* has seen it */
	assert_int_equal(vmclock_wait(clock, 0), -ETIMEDOUT);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		usleep(20000);
		_exit(vmclock_writer_publish(writer, &reference, 0, NULL) != 0);
	}
	assert_int_equal(vmclock_wait(clock, -1), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	vmclock_close(clock);
	vmclock_writer_close(writer);
}

static void ignore_signal(int number)
{
	(void)number;
}

static void a_signal_ends_waiting(void **state)
{
	struct place *place = *state;
	struct vmclock_abi page = good_page();
	struct sigaction action = {.sa_handler = ignore_signal};
	struct itimerspec soon = {.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000};
	struct vmclock *clock;
	timer_t timer;

	write_file(place, &page, 4096);
	assert_int_equal(vmclock_open(place->page, 0, &clock), 0);
	sigaction(SIGALRM, &action, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
	assert_int_equal(vmclock_wait(clock, -1), -EINTR);
	timer_delete(timer);
	vmclock_close(clock);
}

/* Which files the default paths stand for, or the errno of opening them. */
static struct {
	const char *path;
	const char *file;
	int error;
} defaults[] = {
	{.path = "/dev/vmclock_host"}, {.path = "/run/vmclock/page"}, {.path = "/dev/vmclock0"}};

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(path, defaults[i].path))
			continue;
		errno = defaults[i].error;
		return errno ? -1 : __real_open(defaults[i].file, flags);
	}
	return __real_open(path, flags, 0600);
}

/* Opens the default page where two exist with these statuses; which one it was. */
static const char *opened_of(struct place *place, uint8_t driver, uint8_t file)
{
	static char other[128];
	struct vmclock_abi page = good_page();
	struct vmclock_abi seen;
	struct vmclock *clock;

	snprintf(other, sizeof(other), "%s/other", place->dir);
	page.clock_status = file;
	page.disruption_marker = 2;
	write_file(place, &page, 4096);
	assert_int_equal(rename(place->page, other), 0);
	page.clock_status = driver;
	page.disruption_marker = 1;
	write_file(place, &page, 4096);
	defaults[0].file = place->page;
	defaults[1].file = other;
	defaults[2].error = ENOENT;
	assert_int_equal(vmclock_open(NULL, 0, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &seen), 0);
	vmclock_close(clock);
	return seen.disruption_marker == 1 ? "driver" : "file";
}

static void without_a_name_the_best_page_is_opened(void **state)
{
	enum {
		SYNC = VMCLOCK_STATUS_SYNCHRONIZED,
		FREE = VMCLOCK_STATUS_FREERUNNING,
		BAD = VMCLOCK_STATUS_UNRELIABLE
	};
	struct vmclock *clock;

	defaults[0].error = 0;
	assert_string_equal(opened_of(*state, SYNC, SYNC), "driver");
	assert_string_equal(opened_of(*state, FREE, SYNC), "file");
	assert_string_equal(opened_of(*state, BAD, FREE), "file");
	assert_string_equal(opened_of(*state, FREE, FREE), "driver");
	assert_string_equal(opened_of(*state, BAD, BAD), "driver");
	defaults[0].error = EACCES;
	assert_string_equal(opened_of(*state, SYNC, FREE), "file");
	defaults[1].error = ENOENT;
	assert_int_equal(vmclock_open(NULL, 0, &clock), -EACCES);
	defaults[0].error = ENOENT;
	assert_int_equal(vmclock_open(NULL, 0, &clock), -ENOENT);
	assert_null(clock);
}

#define page_test(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		page_test(a_page_of_the_cpu_counter_is_read),
		page_test(what_is_no_page_is_refused),
		page_test(a_counter_or_time_that_cannot_be_converted_is_refused),
		page_test(inspection_opens_any_page_but_tells_no_time),
		page_test(a_reader_gives_up_on_a_stuck_update_and_goes_on_after_it),
		page_test(a_reader_waits_100_ms_for_an_update_to_end),
		page_test(a_device_that_announces_nothing_is_looked_at),
		page_test(a_device_that_always_announces_is_not_believed),
		page_test(an_update_within_a_reading_makes_it_start_again),
		page_test(a_new_marker_is_told_once_and_only_with_a_time),
		page_test(waiting_ends_with_an_update),
		page_test(a_signal_ends_waiting),
		page_test(without_a_name_the_best_page_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
