// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl guest disrupt where no daemon runs: the page first, and no file but the note. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#include "ctl.h"
#include "fake_counter.h"
#include "own_directory.h"

static struct options options;
static char page[64], note[80], nobody[64];

static int set_up(void **state)
{
	struct vmclock_reference reference = {.counter_period_frac_sec = 0x112e0be826d694b3,
					      .counter_period_shift = 26, /* 1 ns */
					      .time_sec = 1 << 20,
					      .clock_status = VMCLOCK_STATUS_SYNCHRONIZED};
	struct vmclock_writer *writer;

	if (make_directory(state))
		return -1;
	snprintf(page, sizeof(page), "%s/web", directory);
	snprintf(note, sizeof(note), "%s/web.disrupted", directory);
	snprintf(nobody, sizeof(nobody), "%s/nobody", directory);
	options = (struct options){
		.socket = nobody, .guests = directory, .argument = "web", .reason = "restored"};
	fake_counter_value = reference.counter_value = 1000;
	if (vmclock_writer_open(page, fake_counter.page_id, fake_counter.read, &writer) ||
	    vmclock_writer_publish(writer, &reference, 0, NULL))
		return -1;
	vmclock_writer_close(writer);
	return 0;
}

static uint8_t status_left(void)
{
	struct vmclock_abi copy;
	struct vmclock *clock;

	assert_int_equal(vmclock_open(page, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &copy), 0);
	vmclock_close(clock);
	return copy.clock_status;
}

static void read_text(const char *path, char text[40])
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	memset(text, 0, 40);
	assert_true(fread(text, 1, 39, file) > 0);
	fclose(file);
}

static void the_page_is_taken_and_a_note_is_left(void **state)
{
	char text[40];

	(void)state;
	assert_int_equal(status_left(), VMCLOCK_STATUS_SYNCHRONIZED);
	assert_int_equal(guest_disrupt_run(&options), CTL_FINE);
	assert_int_equal(status_left(), VMCLOCK_STATUS_UNRELIABLE);
	read_text(note, text);
	assert_string_equal(text, "restored\n");
}

/* Root writes the note into a directory of the daemon's user. */
static void a_link_in_its_place_is_not_followed(void **state)
{
	char victim[64], text[40];
	FILE *file;

	(void)state;
	snprintf(victim, sizeof(victim), "%s/victim", directory);
	file = fopen(victim, "w");
	assert_non_null(file);
	assert_true(fputs("precious\n", file) >= 0);
	fclose(file);
	assert_int_equal(symlink(victim, note), 0);
	assert_int_equal(guest_disrupt_run(&options), CTL_ERROR);
	read_text(victim, text);
	assert_string_equal(text, "precious\n");
	assert_int_equal(status_left(), VMCLOCK_STATUS_UNRELIABLE);
}

/* Not even root writes over a directory. */
static void a_note_that_cannot_be_left_does_not_save_the_page(void **state)
{
	(void)state;
	assert_int_equal(mkdir(note, 0755), 0);
	assert_int_equal(guest_disrupt_run(&options), CTL_ERROR);
	assert_int_equal(status_left(), VMCLOCK_STATUS_UNRELIABLE);
}

static void a_page_that_somebody_keeps_is_an_error(void **state)
{
	struct vmclock_writer *writer;

	(void)state;
	assert_int_equal(
		vmclock_writer_open(page, fake_counter.page_id, fake_counter.read, &writer), 0);
	assert_int_equal(guest_disrupt_run(&options), CTL_ERROR);
	vmclock_writer_close(writer);
}

static void a_warning_needs_a_daemon(void **state)
{
	(void)state;
	options.warning = "soon";
	assert_int_equal(guest_disrupt_run(&options), CTL_ERROR);
	assert_int_equal(access(note, F_OK), -1);
	assert_int_equal(status_left(), VMCLOCK_STATUS_SYNCHRONIZED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, remove_directory)
	const struct CMUnitTest tests[] = {
		CASE(the_page_is_taken_and_a_note_is_left),
		CASE(a_link_in_its_place_is_not_followed),
		CASE(a_note_that_cannot_be_left_does_not_save_the_page),
		CASE(a_page_that_somebody_keeps_is_an_error),
		CASE(a_warning_needs_a_daemon),
	};

	return cmocka_run_group_tests_name("disrupt", tests, NULL, NULL);
}
