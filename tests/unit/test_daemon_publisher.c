// SPDX-License-Identifier: GPL-2.0-or-later
/* Two pages for one line: the driver's when it is there, the file always, neither ever wrong. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/publish/publisher.h"
#include "fake_driver.h"
#include "lib/vmclock.h"
#include "test_clock_world.h"

#define TAI_NS INT64_C(1764547237000000000)
#define START INT64_C(5000000000)
#define LEASE_NS INT64_C(10000000000)

static char directory[] = "/tmp/vmclock-publisher-XXXXXX";
static char path[64];
static struct publisher publisher;
static struct page_resume resume;
static char message[400];
static const struct page_calendar calendar = {.tai_offset_s = 37};

static uint64_t read_fake(void)
{
	return fake_driver.counter;
}

static const struct counter counter = {.name = "tsc",
				       .page_id = VMCLOCK_COUNTER_X86_TSC,
				       .nominal_hz = 1e9,
				       .ns_per_tick = 1,
				       .read = read_fake};

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/page", directory);
	return 0;
}

static void remove_files(void)
{
	static const char *const names[] = {"page", "page.journal", "page.new"};
	char name[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
		unlink(name);
	}
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int start(void **state)
{
	(void)state;
	remove_files();
	fake_driver_reset();
	fake_driver.counter = START;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	publisher_close(&publisher);
	remove_files();
	return 0;
}

/* The machine's clocks; true time is TAI_NS + what the counter counted since START. */
static void pass(double seconds)
{
	fake_driver.counter += (uint64_t)llround(seconds * 1e9);
	fake_driver.now_ns += llround(seconds * 1e9);
}

static int64_t true_ns(void)
{
	return TAI_NS + (int64_t)(fake_driver.counter - START);
}

static int open_with(const struct page_kernel_settings *settings)
{
	publisher_init(&publisher, &counter, settings, &fake_driver_ops);
	return publisher_open(&publisher, path, true, fake_driver.now_ns, &resume, message,
			      sizeof(message));
}

static const struct page_kernel_settings automatic = {.path = PAGE_KERNEL_DEVICE,
						      .optional = true,
						      .lease_ns = LEASE_NS,
						      .unreliable_above_ns = 1e9};
static const struct page_kernel_settings by_name = {
	.path = PAGE_KERNEL_DEVICE, .lease_ns = LEASE_NS, .unreliable_above_ns = 1e9};

static const struct page_kernel_settings off = {.path = "", .lease_ns = LEASE_NS};

static void begin(void)
{
	assert_int_equal(open_with(&automatic), 0);
}

static struct publication publication_now(double error_ns)
{
	struct publication p = {.line = {.counter = fake_driver.counter, .time_ns = true_ns()},
				.est_error_ns = 10,
				.est_rate_error_ppb = 5,
				.max_error_ns = fabs(error_ns) + 1000,
				.max_rate_error_ppb = 1000,
				.status = DISCIPLINE_SYNCHRONIZED};

	p.line.time_ns += (int64_t)floor(error_ns);
	p.line.frac_ns = error_ns - floor(error_ns);
	return p;
}

static int try_publish(const struct publication *p, double *raised_ns)
{
	return publisher_publish(&publisher, p, &calendar, fake_driver.now_ns, raised_ns);
}

static double publish(const struct publication *p)
{
	double raised_ns;

	assert_int_equal(try_publish(p, &raised_ns), 0);
	return raised_ns;
}

static void publish_now(void)
{
	struct publication p = publication_now(0);

	publish(&p);
}

static void file_page(struct vmclock_abi *copy)
{
	struct vmclock *clock;

	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, copy), 0);
	vmclock_close(clock);
}

/* Page minus truth, ns, now; the page has to have a time. */
static double page_error_ns(const struct vmclock_abi *page)
{
	struct vmclock_time time;

	assert_int_equal(vmclock_time_at(page, fake_driver.counter, &time), 0);
	return (double)(time.sec - true_ns() / 1000000000) * 1e9 -
	       (double)(true_ns() % 1000000000) + ldexp((double)time.frac, -64) * 1e9;
}

static void assert_statuses(uint8_t driver, uint8_t file)
{
	struct vmclock_abi page;

	fake_driver_page(&page);
	assert_int_equal(page.clock_status, driver);
	file_page(&page);
	assert_int_equal(page.clock_status, file);
}

static uint64_t marker_of_file(void)
{
	struct vmclock_abi page;

	file_page(&page);
	return page.disruption_marker;
}

enum {
	SYNCHRONIZED = VMCLOCK_STATUS_SYNCHRONIZED,
	FREERUNNING = VMCLOCK_STATUS_FREERUNNING,
	UNRELIABLE = VMCLOCK_STATUS_UNRELIABLE
};

static void both_pages_say_the_same(void **state)
{
	struct publication p = publication_now(0.25);
	struct vmclock_abi driver, file;

	(void)state;
	begin();
	p.line.rate_ppb = 12345.678;
	publish(&p);
	fake_driver_page(&driver);
	file_page(&file);
	assert_true(driver.counter_value == file.counter_value);
	assert_true(driver.counter_period_frac_sec == file.counter_period_frac_sec);
	assert_true(driver.time_sec == file.time_sec);
	assert_true(driver.time_frac_sec == file.time_frac_sec);
	assert_true(driver.time_maxerror_nanosec == file.time_maxerror_nanosec);
	assert_true(driver.counter_period_maxerror_rate_frac_sec ==
		    file.counter_period_maxerror_rate_frac_sec);
	assert_true(driver.tai_offset_sec == file.tai_offset_sec);
	assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
	assert_true(fake_driver.last_set.lease_ns == LEASE_NS);
	assert_true(fake_driver.last_set.unreliable_above_ns == 1000000000);
}

static void what_the_driver_raised_goes_into_the_copy(void **state)
{
	struct publication p = publication_now(500);
	struct vmclock_abi driver, file;
	double raised_ns;

	(void)state;
	begin();
	publish(&p);
	p = publication_now(0);
	raised_ns = publish(&p);
	assert_true(fabs(raised_ns - 500) < 0.1);
	assert_true(fabs(publisher.last.max_error_ns - p.max_error_ns - 500) < 0.1);
	fake_driver_page(&driver);
	file_page(&file);
	assert_true(fabs(page_error_ns(&driver) - 500) < 0.1);
	assert_true(fabs(page_error_ns(&file) - 500) < 0.1);
	/* Once it is known, it is not added again. */
	assert_true(publish(&publisher.last) < 1e-3);
}

static void a_disruption_is_told_on_both_pages(void **state)
{
	struct publication p = publication_now(0);
	uint64_t driver, file;

	(void)state;
	begin();
	publish(&p);
	driver = fake_driver.marker;
	file = marker_of_file();
	p.line.time_ns += 500; /* ahead, where no splice would be needed */
	p.disrupted = true;
	publish(&p);
	assert_true(fake_driver.marker != driver);
	assert_true(marker_of_file() != file);
}

static void a_lease_is_renewed_without_a_new_line(void **state)
{
	double raised_ns;

	(void)state;
	begin();
	publish_now();
	for (int i = 0; i < 10; i++) {
		int64_t wait_ns = publisher.kernel.renew_at_ns - fake_driver.now_ns;

		assert_true(wait_ns > 0 && wait_ns <= LEASE_NS / 2);
		pass((double)wait_ns * 1e-9);
		assert_int_equal(publisher_renew(&publisher, fake_driver.now_ns, &raised_ns), 0);
		assert_true(raised_ns < 1e-3);
		assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
	}
	/* Nobody renews it: the driver knows. */
	pass(10.1);
	assert_statuses(FREERUNNING, SYNCHRONIZED);
}

/* What is said of a leap second is said of the reference time, which has to be in that second. */
static void another_calendar_comes_with_a_reference_of_its_own_time(void **state)
{
	const struct page_calendar inserted = {.tai_offset_s = 37, .leap = VMCLOCK_LEAP_POS};
	struct vmclock_abi before, after;
	struct vmclock_reading reading;
	double raised_ns;

	(void)state;
	begin();
	publish_now();
	file_page(&before);
	pass(4.5);
	assert_int_equal(publisher_again(&publisher, &inserted, fake_driver.counter,
					 fake_driver.now_ns, &raised_ns),
			 0);
	assert_true(raised_ns < 1e-3);
	file_page(&after);
	assert_int_equal(after.leap_indicator, VMCLOCK_LEAP_POS);
	assert_int_equal(after.counter_value, fake_driver.counter);
	assert_int_equal(after.time_sec, true_ns() / 1000000000);
	assert_true(fabs(page_error_ns(&after)) < 1e-3);
	assert_int_equal(after.disruption_marker, before.disruption_marker);
	/* The bound is that of the line: 1 us and 1 ppm of 4.5 s. */
	assert_int_equal(vmclock_reading_at(&after, fake_driver.counter, &reading), 0);
	assert_in_range(reading.max_error_ns, 5500, 5510);
}

static void a_renewal_says_no_more_than_the_line_in_force(void **state)
{
	struct publication p = publication_now(0);
	double raised_ns;

	(void)state;
	begin();
	p.disrupted = true;
	publish(&p);
	p.status = DISCIPLINE_FREERUNNING;
	p.disrupted = false;
	publish(&p);
	pass(4);
	assert_int_equal(publisher_renew(&publisher, fake_driver.now_ns, &raised_ns), 0);
	assert_int_equal(fake_driver.last_set.flags, 0);
	assert_statuses(FREERUNNING, FREERUNNING);
}

static void a_step_back_is_left_to_the_discipline(void **state)
{
	struct publication p = publication_now(0);
	struct vmclock_abi before, after;
	double raised_ns;

	(void)state;
	begin();
	publish(&p);
	fake_driver_page(&before);
	p.line.time_ns -= 2000000;
	assert_int_equal(try_publish(&p, &raised_ns), -ESTALE);
	fake_driver_page(&after);
	assert_memory_equal(&before, &after, sizeof(before));
	file_page(&after);
	assert_true(fabs(page_error_ns(&after)) < 1);
	p.disrupted = true;
	publish(&p);
	fake_driver_page(&after);
	assert_true(after.disruption_marker != before.disruption_marker);
	assert_true(fabs(page_error_ns(&after) + 2e6) < 1);
}

static void a_module_that_appears_takes_over_at_once(void **state)
{
	uint64_t marker;
	double raised_ns;

	(void)state;
	fake_driver.loaded = false;
	begin();
	assert_string_equal(publisher.kernel.problem, "");
	assert_int_equal(publisher.kernel.fd, -1);
	publish_now();
	assert_statuses(UNRELIABLE, SYNCHRONIZED);
	marker = marker_of_file();
	fake_driver.loaded = true;
	pass(1);
	assert_true(publisher.kernel.retry_at_ns <= fake_driver.now_ns);
	assert_true(publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns));
	assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
	assert_true(marker_of_file() == marker);
	publish_now();
	assert_true(marker_of_file() == marker);
}

static void a_driver_that_fails_leaves_the_file_in_force(void **state)
{
	uint64_t marker;
	double raised_ns;

	(void)state;
	begin();
	publish_now();
	marker = marker_of_file();
	fake_driver.unstable = true;
	pass(1);
	publish_now();
	assert_int_equal(publisher.kernel.fd, -1);
	assert_non_null(strstr(publisher.kernel.problem, "unstable"));
	assert_statuses(UNRELIABLE, SYNCHRONIZED);
	assert_true(marker_of_file() == marker);
	assert_true(publisher.kernel.retry_at_ns > fake_driver.now_ns);
	/* And back. */
	fake_driver.unstable = false;
	fake_driver.now_ns = publisher.kernel.retry_at_ns;
	assert_true(publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns));
	assert_string_equal(publisher.kernel.problem, "");
	publish_now();
	assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
	assert_true(marker_of_file() == marker);
}

static void every_refusal_is_explained_and_tried_again(void **state)
{
	static const int errors[] = {EINVAL, ERANGE, E2BIG, EOPNOTSUPP, ENOTTY, EBADF, EFAULT};
	double raised_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		begin();
		fake_driver.fail_request = VMCLOCK_HOST_SET_REFERENCE;
		fake_driver.fail_errno = errors[i];
		fake_driver.fail_count = 1;
		publish_now();
		assert_int_equal(publisher.kernel.fd, -1);
		assert_int_equal(fake_driver.writer, 0);
		assert_int_equal(publisher.kernel.failures, 1);
		assert_non_null(strstr(publisher.kernel.problem, strerror(errors[i])));
		assert_true(publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns));
		assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
		publisher_close(&publisher);
	}
}

/* Readers of the driver's page must not go on by a line that is void. */
static void a_disruption_that_is_refused_leaves_no_line(void **state)
{
	struct publication p = publication_now(0);
	struct vmclock_abi before, after;

	(void)state;
	begin();
	publish(&p);
	fake_driver_page(&before);
	fake_driver.fail_request = VMCLOCK_HOST_SET_REFERENCE;
	fake_driver.fail_errno = EFAULT;
	fake_driver.fail_count = 1;
	p.disrupted = true;
	publish(&p);
	fake_driver_page(&after);
	assert_true(after.disruption_marker != before.disruption_marker);
	assert_statuses(UNRELIABLE, SYNCHRONIZED);
}

static void a_signal_is_no_failure(void **state)
{
	(void)state;
	begin();
	fake_driver.fail_request = VMCLOCK_HOST_SET_REFERENCE;
	fake_driver.fail_errno = EINTR;
	fake_driver.fail_count = 3;
	publish_now();
	assert_true(publisher.kernel.fd >= 0);
	assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
}

static void attempts_become_rarer(void **state)
{
	int64_t before_ns = 0, wait_ns = 0;
	double raised_ns;

	(void)state;
	fake_driver.writer = 7;
	begin();
	for (int i = 0; i < 10; i++) {
		wait_ns = publisher.kernel.retry_at_ns - fake_driver.now_ns;
		assert_true(wait_ns >= before_ns);
		before_ns = wait_ns;
		fake_driver.now_ns = publisher.kernel.retry_at_ns;
		assert_false(publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns));
	}
	assert_int_equal(wait_ns, INT64_C(64000000000));
}

static void assert_refused(const char *words)
{
	assert_int_equal(open_with(&by_name), 0);
	assert_int_equal(publisher.kernel.fd, -1);
	if (!strstr(publisher.kernel.problem, words) ||
	    !strstr(publisher.kernel.problem, PAGE_KERNEL_DEVICE))
		fail_msg("'%s' is not in '%s'", words, publisher.kernel.problem);
	publish_now();
	publisher_close(&publisher);
}

static void what_is_wrong_with_a_device_is_said(void **state)
{
	(void)state;
	fake_driver.loaded = false;
	assert_refused("not loaded");
	fake_driver.loaded = true;
	fake_driver.capable = false;
	assert_refused("CAP_SYS_TIME");
	fake_driver.writable = false;
	assert_refused("udev rule");
	fake_driver.capable = fake_driver.writable = true;
	fake_driver.writer = 7;
	assert_refused("somebody else has it open for writing");
	fake_driver.writer = 0;
	fake_driver.info.abi_version = 2;
	assert_refused("version 2, this vmclockd knows 1");
	fake_driver.info.abi_version = 1;
	fake_driver.info.features = 0;
	assert_refused("no leases");
	fake_driver.info.features = VMCLOCK_HOST_FEATURE_LEASE;
	fake_driver.info.counter_id = VMCLOCK_COUNTER_ARM_VCNT;
	assert_refused("counter = tsc");
	fake_driver.info.counter_id = VMCLOCK_COUNTER_X86_TSC;
	fake_driver.info.counter_nominal_hz = 1001000000;
	assert_refused("1001000000 Hz");
	fake_driver.info.counter_nominal_hz = 1000000000;
	fake_driver.fail_request = VMCLOCK_HOST_GET_INFO;
	fake_driver.fail_errno = EINVAL;
	fake_driver.fail_count = 1;
	assert_refused("another generation");
	assert_int_equal(fake_driver.writer, 0);
}

static void who_else_set_the_page_is_said(void **state)
{
	struct vmclock_host_reference theirs;

	(void)state;
	begin();
	publish_now();
	theirs = fake_driver.last_set;
	publisher_close(&publisher);
	fake_driver_reset();
	fake_driver.counter = START;
	assert_int_equal(fake_driver_set(&theirs), 0);
	fake_driver.writer = 7;
	assert_refused("process 42");
}

static void a_lease_is_brought_within_the_drivers_limits(void **state)
{
	(void)state;
	fake_driver.info.lease_max_ns = 2000000000;
	begin();
	publish_now();
	assert_true(fake_driver.last_set.lease_ns == 2000000000);
}

static void without_a_device_in_the_configuration_none_is_looked_for(void **state)
{
	(void)state;
	assert_int_equal(open_with(&off), 0);
	publish_now();
	assert_int_equal(fake_driver.open_count, 0);
	assert_true(publisher.kernel.retry_at_ns == INT64_MAX);
	assert_statuses(UNRELIABLE, SYNCHRONIZED);
}

static void a_clean_exit_leaves_both_pages_freerunning(void **state)
{
	struct vmclock_abi before, after;

	(void)state;
	begin();
	publish_now();
	file_page(&before);
	pass(1);
	assert_int_equal(publisher_close(&publisher), 0);
	assert_statuses(FREERUNNING, FREERUNNING);
	file_page(&after);
	assert_true(after.disruption_marker == before.disruption_marker);
	assert_true(fabs(page_error_ns(&after)) < 1);
}

static void what_is_unreliable_stays_so_at_exit(void **state)
{
	struct publication p = publication_now(0);

	(void)state;
	begin();
	assert_int_equal(publisher_close(&publisher), 0);
	assert_statuses(UNRELIABLE, UNRELIABLE);
	begin();
	p.status = DISCIPLINE_UNRELIABLE;
	publish(&p);
	assert_int_equal(publisher_close(&publisher), 0);
	assert_statuses(UNRELIABLE, UNRELIABLE);
}

static void a_next_life_continues_what_the_driver_kept(void **state)
{
	struct vmclock_abi before, after;

	(void)state;
	begin();
	publish_now();
	publish_now();
	fake_driver_page(&before);
	fake_driver_writer_died();
	page_file_close(&publisher.file);
	remove_files();
	pass(5);
	begin();
	assert_true(resume.valid);
	assert_true(resume.line.counter == START);
	publish_now();
	fake_driver_page(&after);
	assert_true(after.disruption_marker == before.disruption_marker);
	assert_true(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
}

static void of_two_lines_the_tighter_is_continued(void **state)
{
	uint64_t counter_of_file;

	(void)state;
	begin();
	publish_now();
	publisher_close(&publisher);
	pass(1000);
	assert_int_equal(open_with(&off), 0);
	counter_of_file = fake_driver.counter;
	publish_now();
	publisher_close(&publisher);
	pass(1);
	begin();
	assert_true(resume.valid && resume.line.counter == counter_of_file);
	/* Within what the driver's page said, so both go on without a marker. */
	assert_false(publisher.file.disrupt);
	assert_false(publisher.kernel.disrupt);
}

static void a_line_made_with_another_tai_offset_is_not_continued(void **state)
{
	(void)state;
	for (int with_driver = 0; with_driver < 2; with_driver++) {
		assert_int_equal(open_with(with_driver ? &automatic : &off), 0);
		publish_now();
		publisher_close(&publisher);
		pass(1);
		assert_int_equal(open_with(with_driver ? &automatic : &off), 0);
		assert_true(resume.valid);
		publisher_check_utc(&publisher, &resume, 37);
		assert_true(resume.valid && !publisher.file.disrupt);
		publisher_check_utc(&publisher, &resume, 38);
		assert_false(resume.valid);
		assert_true(publisher.file.disrupt && publisher.kernel.disrupt);
		publisher_close(&publisher);
		pass(1);
	}
}

static void say_and_end(const struct page_kernel_settings *settings, double error_ns,
			double bound_ns)
{
	struct publication p = publication_now(error_ns);

	assert_int_equal(open_with(settings), 0);
	p.max_error_ns = bound_ns;
	p.disrupted = true;
	publish(&p);
	publisher_close(&publisher);
}

static void a_driver_that_said_something_else_begins_anew(void **state)
{
	(void)state;
	say_and_end(&automatic, 50000, 1000); /* a lie, as a server's may be */
	say_and_end(&off, 0, 100);
	begin();
	assert_true(resume.valid);
	assert_false(publisher.file.disrupt);
	assert_true(publisher.kernel.disrupt);
}

static void a_file_that_said_something_else_begins_anew(void **state)
{
	(void)state;
	say_and_end(&automatic, 0, 100);
	say_and_end(&off, 50000, 1000);
	begin();
	assert_true(resume.valid);
	assert_true(publisher.file.disrupt);
	assert_false(publisher.kernel.disrupt);
}

/* Another daemon's line, half a ms ahead, which a splice could have kept. */
static void the_line_of_somebody_else_is_not_continued(void **state)
{
	struct vmclock_host_reference theirs;
	struct vmclock_abi page;
	double raised_ns;
	uint64_t marker;

	(void)state;
	begin();
	publish_now();
	theirs = fake_driver.last_set;
	theirs.line.time_frac_sec += UINT64_MAX / 2000;
	theirs.flags = VMCLOCK_HOST_REF_DISRUPT;
	fake_driver.fail_request = VMCLOCK_HOST_SET_REFERENCE;
	fake_driver.fail_errno = EFAULT;
	fake_driver.fail_count = 1;
	publish_now();
	assert_int_equal(fake_driver_set(&theirs), 0);
	marker = fake_driver.marker;
	assert_true(publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns));
	fake_driver_page(&page);
	assert_true(page.disruption_marker != marker);
	assert_true(fabs(page_error_ns(&page)) < 1);
}

static void a_line_of_another_counter_is_not_resumed(void **state)
{
	(void)state;
	begin();
	publish_now();
	fake_driver_writer_died();
	page_file_close(&publisher.file);
	remove_files();
	fake_driver.line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	begin();
	assert_false(resume.valid);
	assert_true(publisher.kernel.disrupt);
	publisher_close(&publisher);
	remove_files();
	fake_driver.line.clock_status = VMCLOCK_STATUS_FREERUNNING;
	fake_driver.counter -= 1000000000; /* the counter began again */
	begin();
	assert_false(resume.valid);
}

static void a_file_that_cannot_be_written_leaves_the_driver(void **state)
{
	double raised_ns;
	struct publication p = publication_now(0);

	(void)state;
	publisher_init(&publisher, &counter, &automatic, &fake_driver_ops);
	assert_int_equal(publisher_open(&publisher, "/tmp/vmclock-no-such-directory/page", true,
					fake_driver.now_ns, &resume, message, sizeof(message)),
			 -ENOENT);
	assert_true(publisher_is_open(&publisher));
	assert_int_equal(try_publish(&p, &raised_ns), 0);
	assert_int_equal(publisher_reopen_file(&publisher, path, true, message, sizeof(message)),
			 0);
	publish_now();
	assert_statuses(SYNCHRONIZED, SYNCHRONIZED);
}

static void without_any_page_publishing_is_an_error(void **state)
{
	double raised_ns;
	struct publication p = publication_now(0);

	(void)state;
	fake_driver.loaded = false;
	begin();
	page_file_close(&publisher.file);
	assert_false(publisher_is_open(&publisher));
	assert_int_equal(try_publish(&p, &raised_ns), -EBADF);
}

static void snapshots_are_taken_while_the_device_is_open(void **state)
{
	struct counter_snapshot snapshot;

	(void)state;
	begin();
	assert_int_equal(page_kernel_snapshot(&publisher.kernel, &snapshot), 0);
	assert_true(snapshot.counter == fake_driver.counter);
	assert_true(snapshot.realtime_ns == fake_driver.now_ns + 5000);
	assert_true(snapshot.monotonic_ns == fake_driver.now_ns);
	fake_driver.unstable = true;
	assert_int_equal(page_kernel_snapshot(&publisher.kernel, &snapshot), -ENODEV);
	assert_true(publisher.kernel.fd >= 0);
}

/* What a reader of one page saw last. */
struct reader {
	bool any;
	uint64_t marker;
	struct vmclock_time time;
};

static bool is_before(const struct vmclock_time *a, const struct vmclock_time *b)
{
	return a->sec != b->sec ? a->sec < b->sec : a->frac < b->frac;
}

/* A page that may be relied on is right within its bound, and does not step back in silence. */
static void check_reader(struct reader *reader, const struct vmclock_abi *page)
{
	struct vmclock_reading reading;
	struct vmclock_time time;

	if (page->clock_status != SYNCHRONIZED && page->clock_status != FREERUNNING)
		return;
	assert_int_equal(vmclock_reading_at(page, fake_driver.counter, &reading), 0);
	assert_true(fabs(page_error_ns(page)) <= (double)reading.max_error_ns);
	assert_int_equal(vmclock_time_at(page, fake_driver.counter, &time), 0);
	if (reader->any && reader->marker == page->disruption_marker)
		assert_false(is_before(&time, &reader->time));
	*reader = (struct reader){true, page->disruption_marker, time};
}

struct life {
	struct dice dice;
	bool running;
	struct reader driver;
	struct reader file;
	unsigned int deaths;
	unsigned int takeovers;
	unsigned int refusals;
};

static jmp_buf death;

static void die(void)
{
	longjmp(death, 1);
}

static void check_pages(struct life *life)
{
	struct vmclock_abi page;

	fake_driver_page(&page);
	check_reader(&life->driver, &page);
	if (page.clock_status == SYNCHRONIZED)
		assert_true(fake_driver.now_ns < fake_driver.deadline_ns);
	/* While the daemon runs, what is in force says what the daemon says. */
	if (life->running && publisher.any && publisher.kernel.fd >= 0 &&
	    fake_driver.now_ns < fake_driver.deadline_ns && fake_driver.line_valid)
		assert_int_equal(page.clock_status, publisher.last.status == DISCIPLINE_FREERUNNING
							    ? FREERUNNING
							    : SYNCHRONIZED);
	if (access(path, F_OK))
		return;
	file_page(&page);
	check_reader(&life->file, &page);
}

/* The line in force, or that of the last life, is `ahead_ns` of true time. */
static struct publication continue_line(struct life *life, const struct line *from)
{
	double frac_ns;
	int64_t time_ns = line_time(from, 1, fake_driver.counter, &frac_ns);
	double ahead_ns = (double)(time_ns - true_ns()) + frac_ns;
	struct publication p = publication_now(ahead_ns);

	p.line = (struct line){fake_driver.counter, time_ns, frac_ns,
			       fmax(fmin(-ahead_ns / 2, 50e3), -50e3)};
	p.line.rate_ppb += dice_between(&life->dice, -20, 20);
	p.max_error_ns = fabs(ahead_ns) + dice_between(&life->dice, 50, 500);
	p.max_rate_error_ppb = fabs(p.line.rate_ppb) + 1000;
	if (dice_bits(&life->dice) % 4 == 0)
		p.status = DISCIPLINE_FREERUNNING;
	return p;
}

static void live_publish(struct life *life)
{
	struct publication p;
	double raised_ns;

	if (publisher.any) {
		p = continue_line(life, &publisher.last.line);
	} else if (resume.valid) {
		p = continue_line(life, &resume.line);
	} else {
		p = publication_now(dice_between(&life->dice, -1e5, 1e5));
		p.disrupted = true;
	}
	if (dice_bits(&life->dice) % 8 == 0) { /* a break, which it may forget to announce */
		p = publication_now(dice_between(&life->dice, -5e6, 5e6));
		p.disrupted = dice_bits(&life->dice) % 2;
	}
	if (try_publish(&p, &raised_ns) == -ESTALE) {
		life->refusals++;
		p.disrupted = true;
		assert_int_equal(try_publish(&p, &raised_ns), 0);
	}
}

/* What an administrator or the kernel may do to it at any time. */
static void disturb(struct life *life)
{
	static const int errors[] = {EINVAL, ERANGE, EBADF, ENODEV, EINTR, EFAULT};

	switch (dice_bits(&life->dice) % 8) {
	case 0:
		if (publisher.kernel.fd < 0)
			fake_driver_unload();
		break;
	case 1:
		fake_driver.unstable = dice_bits(&life->dice) % 8 == 0;
		break;
	case 2:
		fake_driver.capable = dice_bits(&life->dice) % 8 != 0;
		break;
	case 3:
		fake_driver.fail_request = dice_bits(&life->dice) % 2 ? VMCLOCK_HOST_SET_REFERENCE
								      : VMCLOCK_HOST_GET_INFO;
		fake_driver.fail_errno = errors[dice_bits(&life->dice) % 6];
		fake_driver.fail_count = 1;
		break;
	default:
		fake_driver.loaded = true;
	}
}

/* What the daemon does when it wakes up. */
static void live(struct life *life)
{
	double raised_ns;

	if (!life->running) {
		begin();
		life->running = true;
	}
	if (dice_bits(&life->dice) % 2)
		live_publish(life);
	if (fake_driver.now_ns >= publisher.kernel.renew_at_ns)
		publisher_renew(&publisher, fake_driver.now_ns, &raised_ns);
	if (fake_driver.now_ns >= publisher.kernel.retry_at_ns)
		life->takeovers += publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns);
	if (dice_bits(&life->dice) % 64 == 0) {
		publisher_close(&publisher);
		life->running = false;
	}
}

/* Killed after one of its next calls: descriptors are closed, memory is gone. */
static void live_until_death(struct life *life)
{
	unsigned int call = (unsigned int)(dice_bits(&life->dice) % 48);

	fake_driver.calls = 0;
	fake_driver.die_at = call <= 6 ? call : 0;
	fake_driver.on_death = die;
	if (!setjmp(death)) {
		live(life);
	} else {
		life->deaths++;
		life->running = false;
		page_file_close(&publisher.file);
		fake_driver_writer_died();
	}
	fake_driver.die_at = 0;
}

static void no_life_and_no_death_makes_a_page_wrong(void **state)
{
	static struct life life;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		life = (struct life){.dice = {seed},
				     .deaths = life.deaths,
				     .takeovers = life.takeovers,
				     .refusals = life.refusals};
		start(NULL);
		for (int i = 0; i < 400; i++) {
			pass(dice_log_between(&life.dice, 1e-6, i % 50 ? 3 : 60));
			check_pages(&life);
			if (dice_bits(&life.dice) % 4 == 0)
				disturb(&life);
			check_pages(&life);
			live_until_death(&life);
			check_pages(&life);
		}
		if (life.running)
			publisher_close(&publisher);
	}
	/* All of it was tried. */
	assert_true(life.deaths > 100 && life.takeovers > 100 && life.refusals > 20);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_pages_say_the_same),
		CASE(what_the_driver_raised_goes_into_the_copy),
		CASE(a_disruption_is_told_on_both_pages),
		CASE(a_lease_is_renewed_without_a_new_line),
		CASE(another_calendar_comes_with_a_reference_of_its_own_time),
		CASE(a_renewal_says_no_more_than_the_line_in_force),
		CASE(a_step_back_is_left_to_the_discipline),
		CASE(a_module_that_appears_takes_over_at_once),
		CASE(a_driver_that_fails_leaves_the_file_in_force),
		CASE(every_refusal_is_explained_and_tried_again),
		CASE(a_disruption_that_is_refused_leaves_no_line),
		CASE(a_signal_is_no_failure),
		CASE(attempts_become_rarer),
		CASE(what_is_wrong_with_a_device_is_said),
		CASE(who_else_set_the_page_is_said),
		CASE(a_lease_is_brought_within_the_drivers_limits),
		CASE(without_a_device_in_the_configuration_none_is_looked_for),
		CASE(a_clean_exit_leaves_both_pages_freerunning),
		CASE(what_is_unreliable_stays_so_at_exit),
		CASE(a_next_life_continues_what_the_driver_kept),
		CASE(of_two_lines_the_tighter_is_continued),
		CASE(a_line_made_with_another_tai_offset_is_not_continued),
		CASE(a_driver_that_said_something_else_begins_anew),
		CASE(a_file_that_said_something_else_begins_anew),
		CASE(the_line_of_somebody_else_is_not_continued),
		CASE(a_line_of_another_counter_is_not_resumed),
		CASE(a_file_that_cannot_be_written_leaves_the_driver),
		CASE(without_any_page_publishing_is_an_error),
		CASE(snapshots_are_taken_while_the_device_is_open),
		CASE(no_life_and_no_death_makes_a_page_wrong),
	};

	return cmocka_run_group_tests_name("publisher", tests, make_directory, remove_directory);
}
