// SPDX-License-Identifier: GPL-2.0-or-later
/* The driver that is not there, refuses or fails: why is said, and the file goes on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "publisher_world.h"

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

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
