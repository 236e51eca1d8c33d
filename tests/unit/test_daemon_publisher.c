// SPDX-License-Identifier: GPL-2.0-or-later
/* Two pages for one line: what the driver's says, the file says, and neither is ever wrong. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/vmclock.h"
#include "publisher_world.h"

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

static void a_file_that_cannot_be_written_leaves_the_driver(void **state)
{
	double raised_ns;
	struct publication p = publication_now(0);

	(void)state;
	publisher_init(&publisher, &fake_driver_counter, &automatic, &fake_driver_ops);
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
		CASE(a_file_that_cannot_be_written_leaves_the_driver),
		CASE(without_any_page_publishing_is_an_error),
		CASE(snapshots_are_taken_while_the_device_is_open),
	};

	return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
