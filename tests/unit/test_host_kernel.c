// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own clock follows the page: when it is asked to, and never at the page's expense. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/publish/host_status.h"
#include "daemon/publish/page_kernel.h"
#include "fake_driver.h"

#define TAI_NS INT64_C(1764547237000000000)
#define START UINT64_C(5000000000)
#define LEASE_NS INT64_C(10000000000)

static struct host_kernel host;
static struct page_kernel page;
static unsigned int take_overs;
static unsigned int sets_at_take_over;

static void take_over(void *context)
{
	assert_ptr_equal(context, &page);
	assert_int_equal(fake_driver.host_clock, VMCLOCK_HOST_CLOCK_NONE);
	take_overs++;
	sets_at_take_over = fake_driver.sets;
}

static void pass(double seconds)
{
	fake_driver.counter += (uint64_t)llround(seconds * 1e9);
	fake_driver.now_ns += llround(seconds * 1e9);
}

static int try_publish_as(enum discipline_status status)
{
	static const struct page_calendar calendar = {.tai_offset_s = 37};
	struct publication p = {
		.line = {.counter = fake_driver.counter,
			 .time_ns = TAI_NS + (int64_t)(fake_driver.counter - START)},
		.max_error_ns = 1000,
		.max_rate_error_ppb = 1000,
		.status = status};
	double raised_ns;

	return page_kernel_publish(&page, &p, &calendar, fake_driver.now_ns, &raised_ns);
}

static void publish_as(enum discipline_status status)
{
	assert_int_equal(try_publish_as(status), 0);
}

/* And once more where that is due at once, as the daemon does. */
static void publish(void)
{
	publish_as(DISCIPLINE_SYNCHRONIZED);
	if (page.renew_at_ns <= fake_driver.now_ns)
		publish_as(DISCIPLINE_SYNCHRONIZED);
	assert_true(page.renew_at_ns > fake_driver.now_ns);
	assert_int_equal(fake_driver.line.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
}

static void open_page(void)
{
	struct page_resume resume;

	assert_int_equal(page_kernel_open(&page, fake_driver.now_ns, &resume), 0);
}

static void begin(bool wanted)
{
	struct page_kernel_settings settings = {.path = PAGE_KERNEL_DEVICE,
						.lease_ns = LEASE_NS,
						.unreliable_above_ns = 1e9,
						.host = &host};

	host_kernel_init(&host, &(struct host_kernel_settings){.wanted = wanted,
							       .step_above_ns = 100e6,
							       .step_limit = 3,
							       .take_over = take_over,
							       .context = &page});
	page_kernel_init(&page, &settings, &fake_driver_counter, &fake_driver_ops);
	open_page();
}

static int set_up(void **state)
{
	(void)state;
	take_overs = 0;
	fake_driver_reset();
	fake_driver.counter = START;
	fake_driver.info.features |= VMCLOCK_HOST_FEATURE_STEER_HOST;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	page_kernel_close(&page);
	return 0;
}

static void assert_follows(void)
{
	assert_int_equal(host.state, HOST_CLOCK_FOLLOWING);
	assert_true(fake_driver.host_clock != VMCLOCK_HOST_CLOCK_NONE && !fake_driver.clock_lost);
}

static void assert_waits(const char *why)
{
	assert_int_equal(host.state, HOST_CLOCK_WAITING);
	if (!strstr(host.why, why))
		fail_msg("'%s' is not about '%s'", host.why, why);
	assert_false(host.known);
	assert_int_equal(fake_driver.last_set.host_clock, VMCLOCK_HOST_CLOCK_NONE);
}

static void it_follows_each_line(void **state)
{
	(void)state;
	begin(true);
	for (int i = 0; i < 10; i++) {
		publish();
		assert_follows();
		pass(1);
	}
	assert_int_equal(take_overs, 1);
	assert_int_equal(sets_at_take_over, 0);
	assert_int_equal(fake_driver.sets, 10);
}

static void nobody_asked_for_it(void **state)
{
	(void)state;
	begin(false);
	publish();
	page_kernel_look(&page);
	assert_int_equal(host.state, HOST_CLOCK_OFF);
	assert_int_equal(fake_driver.host_clock, VMCLOCK_HOST_CLOCK_NONE);
	assert_int_equal(take_overs, 0);
}

static void without_the_feature_the_page_goes_on(void **state)
{
	(void)state;
	fake_driver.info.features = VMCLOCK_HOST_FEATURE_LEASE;
	begin(true);
	publish();
	assert_waits("does not offer STEER_HOST");
	assert_int_equal(fake_driver.sets, 1);
	assert_false(host_kernel_able(&host, fake_driver.now_ns));
}

static void it_steps_with_the_first_lines_only(void **state)
{
	(void)state;
	begin(true);
	for (int i = 0; i < 3; i++) {
		fake_driver.clock_ahead_ns = 5000000000;
		publish();
		assert_follows();
		assert_int_equal(fake_driver.clock_ahead_ns, 0);
		assert_int_equal(host.steps, i + 1);
		assert_true(host.stepped_ns == -5e9);
		pass(1);
	}
	assert_true(fake_driver.last_set.step_threshold_ns == 100000000);
	publish();
	assert_int_equal(fake_driver.last_set.host_clock, VMCLOCK_HOST_CLOCK_STEER);
	assert_true(fake_driver.last_set.step_threshold_ns == 0);
	assert_int_equal(host.steps, 3);
}

static void what_the_clock_refuses_the_page_still_gets(void **state)
{
	static const struct {
		int err;
		const char *why;
	} cases[] = {{ENODEV, "clocksource"},
		     {ERANGE, "refuses"},
		     {EBUSY, "another driver"},
		     {EINVAL, "refuses"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(NULL);
		begin(true);
		fake_driver.steer_errno = cases[i].err;
		publish();
		assert_waits(cases[i].why);
		assert_false(host_kernel_able(&host, fake_driver.now_ns));
		assert_int_equal(fake_driver.last_set.step_threshold_ns, 0);
		fake_driver.steer_errno = 0;
		pass(1);
		publish();
		pass(61);
		publish();
		assert_follows();
		assert_true(host_kernel_able(&host, fake_driver.now_ns));
		page_kernel_close(&page);
	}
}

/* It is asked for rarely: whoever steers meanwhile has to let go each time. */
static void a_refusal_holds_for_a_minute(void **state)
{
	(void)state;
	begin(true);
	fake_driver.steer_errno = ERANGE;
	for (int i = 0; i < 59; i++) {
		publish();
		pass(1);
	}
	assert_int_equal(take_overs, 1);
	pass(2);
	publish();
	assert_int_equal(take_overs, 2);
}

static void too_far_away_after_the_first_lines(void **state)
{
	(void)state;
	begin(true);
	for (int i = 0; i < 3; i++)
		publish();
	fake_driver.clock_ahead_ns = 5000000000;
	publish();
	assert_waits("more than 1 s");
	assert_int_equal(fake_driver.clock_set_ns, 0);
}

static void a_line_that_is_refused_for_itself_closes_the_page(void **state)
{
	(void)state;
	begin(true);
	publish();
	fake_driver.unstable = true;
	assert_int_equal(try_publish_as(DISCIPLINE_SYNCHRONIZED), -ENODEV);
	assert_int_equal(page.fd, -1);
	assert_int_equal(host.state, HOST_CLOCK_WAITING);
	assert_non_null(strstr(host.why, "driver"));
	assert_false(host_kernel_able(&host, fake_driver.now_ns));
	fake_driver.unstable = false;
	open_page();
	publish();
	assert_follows();
}

static void without_a_usable_time_it_lets_go(void **state)
{
	(void)state;
	begin(true);
	publish();
	publish_as(DISCIPLINE_UNRELIABLE);
	assert_waits("usable time");
	assert_true(host_kernel_able(&host, fake_driver.now_ns)); /* with the next line */
	publish_as(DISCIPLINE_FREERUNNING);
	assert_follows();
	assert_int_equal(take_overs, 2);
}

static void another_program_ends_it_for_good(void **state)
{
	(void)state;
	begin(true);
	publish();
	fake_driver_interfere();
	page_kernel_look(&page);
	assert_int_equal(host.state, HOST_CLOCK_STOPPED);
	assert_non_null(strstr(host.why, "another program"));
	for (int i = 0; i < 100; i++) {
		pass(1);
		publish();
		assert_int_equal(fake_driver.host_clock, VMCLOCK_HOST_CLOCK_NONE);
	}
	page_kernel_close(&page);
	open_page();
	publish();
	assert_int_equal(host.state, HOST_CLOCK_STOPPED);
	assert_int_equal(fake_driver.host_clock, VMCLOCK_HOST_CLOCK_NONE);
}

static void another_clocksource_ends_it_for_a_while(void **state)
{
	(void)state;
	begin(true);
	publish();
	fake_driver_switch_clocksource(true);
	pass(1);
	publish();
	assert_waits("clocksource");
	assert_false(host_kernel_able(&host, fake_driver.now_ns));
	fake_driver_switch_clocksource(false);
	page_kernel_look(&page);
	assert_true(host_kernel_able(&host, fake_driver.now_ns));
	pass(1);
	publish();
	assert_follows();
	assert_int_equal(take_overs, 2);
	/* Away and back between two looks. */
	fake_driver_switch_clocksource(true);
	fake_driver_switch_clocksource(false);
	publish();
	assert_follows();
}

static void a_lapsed_lease_ends_it_for_a_while(void **state)
{
	(void)state;
	begin(true);
	publish();
	pass(11);
	publish();
	assert_follows();
	assert_int_equal(fake_driver.sets, 3); /* NONE between them */
}

static void a_line_that_became_void_ends_it_for_a_while(void **state)
{
	struct vmclock_host_disrupt sleep = {.size = sizeof(sleep),
					     .reason = VMCLOCK_HOST_REASON_SUSPEND};

	(void)state;
	begin(true);
	publish();
	fake_driver_ops.ioctl(page.fd, VMCLOCK_HOST_DISRUPT, &sleep);
	page_kernel_look(&page);
	assert_int_equal(host.state, HOST_CLOCK_WAITING);
	publish();
	assert_follows();
}

static void what_is_told(void **state)
{
	struct host_clock adjtimex = {.state = HOST_CLOCK_WAITING, .why = "no usable time yet"};
	struct host_status told;

	(void)state;
	begin(true);
	publish();
	fake_driver.clock_ahead_ns = -7;
	fake_driver.clock_pending_ns = 400000;
	page_kernel_look(&page);
	told = host_status(HOST_CLOCK_MODE_AUTO, &adjtimex, &host);
	assert_string_equal(told.mode, "auto");
	assert_string_equal(told.by, "kernel");
	assert_int_equal(told.state, HOST_CLOCK_SLEWING);
	assert_true(told.ahead_ns == -7 && told.pending_ns == 400000);
	assert_true(fabs(told.rate_ppb - 100e3) < 1);
	page_kernel_close(&page);
	told = host_status(HOST_CLOCK_MODE_AUTO, &adjtimex, &host);
	assert_null(told.by);
	assert_true(isnan(told.ahead_ns) && isnan(told.pending_ns) && isnan(told.rate_ppb));
	assert_non_null(strstr(told.why, "driver"));
	adjtimex.state = HOST_CLOCK_FOLLOWING;
	adjtimex.updates = 1;
	adjtimex.ahead_ns = 12;
	told = host_status(HOST_CLOCK_MODE_AUTO, &adjtimex, &host);
	assert_string_equal(told.by, "adjtimex");
	assert_true(told.ahead_ns == 12 && isnan(told.pending_ns));
	told = host_status(HOST_CLOCK_MODE_KERNEL, &adjtimex, &host);
	assert_null(told.by);
	told = host_status(HOST_CLOCK_MODE_OFF, &adjtimex, &host);
	assert_int_equal(told.state, HOST_CLOCK_OFF);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(it_follows_each_line),
		CASE(nobody_asked_for_it),
		CASE(without_the_feature_the_page_goes_on),
		CASE(it_steps_with_the_first_lines_only),
		CASE(what_the_clock_refuses_the_page_still_gets),
		CASE(a_refusal_holds_for_a_minute),
		CASE(too_far_away_after_the_first_lines),
		CASE(a_line_that_is_refused_for_itself_closes_the_page),
		CASE(without_a_usable_time_it_lets_go),
		CASE(another_program_ends_it_for_good),
		CASE(another_clocksource_ends_it_for_a_while),
		CASE(a_lapsed_lease_ends_it_for_a_while),
		CASE(a_line_that_became_void_ends_it_for_a_while),
		CASE(what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
