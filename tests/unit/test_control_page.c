// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl's subcommands that need no daemon, on pages made by the library's writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#include "ctl.h"

static char directory[64];
static char path[128];
static struct options options;

static uint64_t read_raw(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A page of 2^-64 s units, 1 ns a tick, that is right by at most max_error_ns. */
static void publish(struct vmclock_writer *writer, uint8_t status, uint64_t max_error_ns)
{
	struct vmclock_reference reference = {
		.counter_value = read_raw(),
		.counter_period_frac_sec = 18446744074, /* 2^64 / 1e9 */
		.time_sec = 1800000037,
		.time_maxerror_nanosec = max_error_ns,
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID |
			 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID,
		.tai_offset_sec = -37,
		.clock_status = status,
		.disrupt = true,
	};

	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
}

static struct vmclock_writer *open_writer(void)
{
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open(path, VMCLOCK_COUNTER_INVALID, read_raw, &writer), 0);
	return writer;
}

static void make_page(uint8_t status, uint64_t max_error_ns)
{
	struct vmclock_writer *writer = open_writer();

	publish(writer, status, max_error_ns);
	vmclock_writer_close(writer);
}

static uint8_t status_of_page(void)
{
	struct vmclock_abi page;
	struct vmclock *clock;

	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	vmclock_close(clock);
	return page.clock_status;
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/vmclock-ctl-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/page", directory);
	options = (struct options){
		.argument = path,
		.monotonic_raw = true,
		.bound_ns = INFINITY,
		.timeout_ns = 0,
		.unreliable_above_ns = 1e9,
	};
	return 0;
}

static int teardown(void **state)
{
	char journal[160];

	(void)state;
	snprintf(journal, sizeof(journal), "%s.journal", path);
	unlink(journal);
	unlink(path);
	return rmdir(directory);
}

static void a_dead_writer_s_page_becomes_freerunning(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_SYNCHRONIZED, 1000);
	assert_int_equal(downgrade_run(&options), CTL_FINE);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_FREERUNNING);
	assert_int_equal(downgrade_run(&options), CTL_FINE);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_FREERUNNING);
}

static void one_with_too_wide_a_bound_becomes_unreliable(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_SYNCHRONIZED, 1000001);
	options.unreliable_above_ns = 1e6;
	assert_int_equal(downgrade_run(&options), CTL_FINE);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
}

/* NAME.guest beside the page, as the daemon keeps it; its first line's last word says. */
static void downgrade_with_note(const char *note)
{
	char note_path[160];
	FILE *file;

	make_page(VMCLOCK_STATUS_SYNCHRONIZED, 1000);
	snprintf(note_path, sizeof(note_path), "%s.guest", path);
	file = note ? fopen(note_path, "w") : NULL;
	if (file) {
		fputs(note, file);
		fclose(file);
	}
	options.argument = directory;
	assert_int_equal(downgrade_run(&options), CTL_FINE);
	unlink(note_path);
}

static void a_guest_that_was_followed_becomes_unreliable(void **state)
{
	(void)state;
	downgrade_with_note("2 a-boot known 5 1 0 0 - -\n\n");
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_FREERUNNING);
	downgrade_with_note("2 a-boot known 5 1 0 0 - name:web\nwhy -\n");
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
	downgrade_with_note("2 a-boot known 5 1 0 0 - pid:17:4711\n\n");
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
	downgrade_with_note("");
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
	downgrade_with_note(NULL);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
}

static void an_unreliable_page_is_never_made_better(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_UNRELIABLE, 1000);
	assert_int_equal(downgrade_run(&options), CTL_FINE);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_UNRELIABLE);
}

static void a_living_writer_s_page_is_left_alone(void **state)
{
	struct vmclock_writer *writer = open_writer();

	(void)state;
	publish(writer, VMCLOCK_STATUS_SYNCHRONIZED, 1000);
	assert_int_equal(downgrade_run(&options), CTL_ERROR);
	assert_int_equal(status_of_page(), VMCLOCK_STATUS_SYNCHRONIZED);
	vmclock_writer_close(writer);
}

static void no_page_is_nothing_to_downgrade(void **state)
{
	(void)state;
	assert_int_equal(downgrade_run(&options), CTL_FINE);
}

static void a_file_that_is_no_page_is_left_alone(void **state)
{
	char bytes[7] = "";
	int fd = open(path, O_CREAT | O_RDWR, 0600);

	(void)state;
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(downgrade_run(&options), CTL_ERROR);
	assert_int_equal(pread(fd, bytes, 6, 0), 6);
	assert_string_equal(bytes, "precio");
	close(fd);
	assert_int_equal(page_run(&options), CTL_ERROR);
	assert_int_equal(now_run(&options), CTL_ERROR);
}

static void waiting_ends_when_the_bound_is_small_enough(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_SYNCHRONIZED, 50000);
	assert_int_equal(waitsync_run(&options), CTL_FINE);
	options.bound_ns = 51e3;
	assert_int_equal(waitsync_run(&options), CTL_FINE);
	options.bound_ns = 49e3;
	assert_int_equal(waitsync_run(&options), CTL_NOT_SYNCHRONIZED);
}

static void only_a_synchronized_page_ends_the_waiting(void **state)
{
	(void)state;
	assert_int_equal(waitsync_run(&options), CTL_NOT_SYNCHRONIZED);
	make_page(VMCLOCK_STATUS_FREERUNNING, 50);
	assert_int_equal(waitsync_run(&options), CTL_NOT_SYNCHRONIZED);
	make_page(VMCLOCK_STATUS_UNRELIABLE, 50);
	assert_int_equal(waitsync_run(&options), CTL_NOT_SYNCHRONIZED);
}

static void a_counter_that_cannot_be_read_is_not_waited_for(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_SYNCHRONIZED, 50);
	options.monotonic_raw = false;
	options.timeout_ns = INFINITY;
	assert_int_equal(waitsync_run(&options), CTL_ERROR);
	assert_int_equal(now_run(&options), CTL_ERROR);
}

static void a_page_without_reliable_time_has_its_own_exit_status(void **state)
{
	(void)state;
	make_page(VMCLOCK_STATUS_UNRELIABLE, 50);
	assert_int_equal(now_run(&options), CTL_NOT_SYNCHRONIZED);
	make_page(VMCLOCK_STATUS_FREERUNNING, 50);
	assert_int_equal(now_run(&options), CTL_FINE);
}

#define page_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		page_test(a_dead_writer_s_page_becomes_freerunning),
		page_test(one_with_too_wide_a_bound_becomes_unreliable),
		page_test(a_guest_that_was_followed_becomes_unreliable),
		page_test(an_unreliable_page_is_never_made_better),
		page_test(a_living_writer_s_page_is_left_alone),
		page_test(no_page_is_nothing_to_downgrade),
		page_test(a_file_that_is_no_page_is_left_alone),
		page_test(waiting_ends_when_the_bound_is_small_enough),
		page_test(only_a_synchronized_page_ends_the_waiting),
		page_test(a_counter_that_cannot_be_read_is_not_waited_for),
		page_test(a_page_without_reliable_time_has_its_own_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
