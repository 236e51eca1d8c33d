// SPDX-License-Identifier: GPL-2.0-or-later
/* From one life of the daemon to the next: what is left on the pages, and what is continued. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "publisher_world.h"

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

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_clean_exit_leaves_both_pages_freerunning),
		CASE(what_is_unreliable_stays_so_at_exit),
		CASE(a_next_life_continues_what_the_driver_kept),
		CASE(of_two_lines_the_tighter_is_continued),
		CASE(a_line_made_with_another_tai_offset_is_not_continued),
		CASE(a_driver_that_said_something_else_begins_anew),
		CASE(a_file_that_said_something_else_begins_anew),
		CASE(the_line_of_somebody_else_is_not_continued),
		CASE(a_line_of_another_counter_is_not_resumed),
	};

	return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
