// SPDX-License-Identifier: GPL-2.0-or-later
/* The state file: what is written comes back, anything else is refused, failures keep the old. */
#define _GNU_SOURCE /* unshare() */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "own_directory.h"
#include "state.h"

static const struct state example = {
	.counter = "tsc",
	.boot_id = "7b0c64c0-95a7-4a6c-a1b4-4d6ce4a5ed59",
	.nominal_hz = 2100000000.1234567,
	.rate_ppb = -12345.678901234567,
	.rate_sd_ppb = 0.1,
	.rate_lo_ppb = -12400,
	.rate_hi_ppb = -12300.5,
	.written_utc_s = 1795303352,
	.leap_utc_s = 1814400000,
	.leap_tai_offset_s = 38,
	.written_monotonic_s = 86399.25,
};

static char path[128];
static char message[256];

static int make_paths(void **state)
{
	int rc = make_directory(state);

	snprintf(path, sizeof(path), "%s/state", directory);
	return rc;
}

static size_t content(char *out, size_t size)
{
	FILE *stream = fopen(path, "r");
	size_t length;

	assert_non_null(stream);
	length = fread(out, 1, size, stream);
	fclose(stream);
	return length;
}

static void assert_same(const struct state *a, const struct state *b)
{
	assert_string_equal(a->counter, b->counter);
	assert_string_equal(a->boot_id, b->boot_id);
	assert_true(a->nominal_hz == b->nominal_hz && a->rate_ppb == b->rate_ppb);
	assert_true(a->rate_sd_ppb == b->rate_sd_ppb && a->rate_lo_ppb == b->rate_lo_ppb);
	assert_true(a->rate_hi_ppb == b->rate_hi_ppb);
	assert_int_equal(a->written_utc_s, b->written_utc_s);
	assert_int_equal(a->leap_utc_s, b->leap_utc_s);
	assert_int_equal(a->leap_tai_offset_s, b->leap_tai_offset_s);
	assert_true(a->written_monotonic_s == b->written_monotonic_s);
}

static void assert_old_file_stands(void)
{
	struct state read;
	char fresh[160];

	assert_int_equal(state_read(&read, path, message, sizeof(message)), 0);
	assert_same(&read, &example);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	assert_int_equal(access(fresh, F_OK), -1);
}

static void what_is_written_comes_back_bit_for_bit(void **state)
{
	struct state read;

	(void)state;
	assert_int_equal(state_write(&example, path), 0);
	assert_int_equal(state_read(&read, path, message, sizeof(message)), 0);
	assert_same(&read, &example);
	assert_old_file_stands();
}

static void an_unknown_boot_is_kept_as_unknown(void **state)
{
	struct state other = example;
	struct state read;

	(void)state;
	other.boot_id[0] = '\0';
	assert_int_equal(state_write(&other, path), 0);
	assert_int_equal(state_read(&read, path, message, sizeof(message)), 0);
	assert_string_equal(read.boot_id, "");
}

static void no_file_is_told_from_a_bad_one(void **state)
{
	struct state read;

	(void)state;
	assert_int_equal(state_read(&read, path, message, sizeof(message)), -ENOENT);
	assert_int_equal(state_read(&read, "/dev/null", message, sizeof(message)), -EBADMSG);
	assert_string_equal(message, "/dev/null: cut short, changed, or not a state file");
	assert_int_equal(state_read(&read, "/dev/zero", message, sizeof(message)), -EBADMSG);
	assert_int_equal(state_read(&read, directory, message, sizeof(message)), -EISDIR);
}

/* Any one bit flipped, any length cut off: refused, and the caller's state is untouched. */
static void every_corruption_is_noticed(void **state)
{
	struct state read = {.rate_ppb = 42};
	char text[1024];
	size_t length;

	(void)state;
	assert_int_equal(state_write(&example, path), 0);
	length = content(text, sizeof(text));
	assert_int_equal(state_parse(&read, text, length, message, sizeof(message)), 0);
	read.rate_ppb = 42;
	for (size_t i = 0; i < 8 * length; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(state_parse(&read, text, length, message, sizeof(message)),
				 -EBADMSG);
		text[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(state_parse(&read, text, cut, message, sizeof(message)), -EBADMSG);
	assert_true(read.rate_ppb == 42);
}

static uint64_t fnv1a(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* A file with a right checksum in which the line of `name` reads `value`; NULL: left out. */
static int parse_with(const char *name, const char *value)
{
	static const char *const lines[][2] = {
		{"counter", "tsc"},	      {"boot-id", ""},
		{"nominal-hz", "1e9"},	      {"rate-ppb", "1.5"},
		{"rate-sd-ppb", "1"},	      {"rate-lo-ppb", "1"},
		{"rate-hi-ppb", "2"},	      {"written-utc-s", "1795303352"},
		{"written-monotonic-s", "1"},
	};
	struct state read;
	char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *this = strcmp(lines[i][0], name) ? lines[i][1] : value;

		if (this)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s = %s\n",
						 lines[i][0], this);
	}
	used += (size_t)snprintf(text + used, sizeof(text) - used, "checksum = %016llx\n",
				 (unsigned long long)fnv1a(text));
	return state_parse(&read, text, used, message, sizeof(message));
}

static void numbers_out_of_range_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"counter", ""},
		{"counter", "t s c"},
		{"counter", "0123456789012345"},
		{"nominal-hz", "0"},
		{"nominal-hz", "1e13"},
		{"nominal-hz", "nan"},
		{"rate-ppb", "inf"},
		{"rate-ppb", "500001"},
		{"rate-ppb", "-500001"},
		{"rate-ppb", "1.5x"},
		{"rate-ppb", " 1"},
		{"rate-ppb", "0x10"},
		{"rate-ppb", ""},
		{"rate-ppb", "1e999"},
		{"rate-sd-ppb", "-1"},
		{"rate-lo-ppb", "3"},
		{"rate-hi-ppb", "0.5"},
		{"rate-hi-ppb", "-nan"},
		{"written-utc-s", "0"},
		{"written-utc-s", "1e9"},
		{"written-monotonic-s", "-1"},
		{"written-monotonic-s", "inf"},
		{"written-utc-s", "99999999999999999999"},
	};

	(void)state;
	assert_int_equal(parse_with("", NULL), 0);
	assert_int_equal(parse_with("rate-ppb", "500000"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_with(bad[i][0], bad[i][1]) != -EBADMSG)
			fail_msg("accepted: %s = %s", bad[i][0], bad[i][1]);
}

static void each_field_stands_exactly_once(void **state)
{
	(void)state;
	assert_int_equal(parse_with("rate-ppb", NULL), -EBADMSG);
	assert_string_equal(message, "no sane state: incomplete");
	assert_int_equal(parse_with("counter", "tsc\nrate-ppb = 2"), -EBADMSG);
	assert_string_equal(message, "line 5: not a field of this version's state");
	assert_int_equal(parse_with("counter", "tsc\nspeed = 2"), -EBADMSG);
	assert_int_equal(parse_with("counter", "tsc\nleap-utc-s = 1814400000\n"
					       "leap-tai-offset-s = 38"),
			 0);
	assert_int_equal(parse_with("counter", "tsc\nleap-utc-s = 1814400000"), -EBADMSG);
	assert_int_equal(parse_with("counter", "tsc\nleap-utc-s = 5\nleap-tai-offset-s = 38"),
			 -EBADMSG);
	assert_int_equal(parse_with("counter", "tsc\nleap-utc-s = 1814400000\n"
					       "leap-tai-offset-s = 2000"),
			 -EBADMSG);
}

static void a_state_that_makes_no_sense_is_not_written(void **state)
{
	struct state bad = example;

	(void)state;
	assert_int_equal(state_write(&example, path), 0);
	bad.rate_ppb = (double)NAN;
	assert_int_equal(state_write(&bad, path), -EINVAL);
	bad = example;
	bad.rate_lo_ppb = 0;
	assert_int_equal(state_write(&bad, path), -EINVAL);
	bad = example;
	memset(bad.counter, 'x', sizeof(bad.counter));
	assert_int_equal(state_write(&bad, path), -EINVAL);
	assert_old_file_stands();
}

/* A file size limit makes write() fail after some bytes, as a full disk does. */
static void a_write_cut_short_keeps_the_old_file(void **state)
{
	struct state other = example;
	struct rlimit before;
	struct rlimit limit;
	int err;

	(void)state;
	assert_int_equal(state_write(&example, path), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	other.rate_ppb = 0;
	err = state_write(&other, path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(err, -EFBIG);
	assert_old_file_stands();
}

enum { CHILD_OK = 0, CHILD_FAILED = 1, CHILD_SKIPPED = 77 };

/* In a mount namespace of its own: a file system with room for one page, which the old file takes.
 */
static int fill_disk(void)
{
	struct state other = example;
	unsigned long flags = CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0);

	if (unshare((int)flags) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", directory, "tmpfs", 0, "size=4096"))
		return CHILD_SKIPPED;
	other.rate_ppb = 0;
	if (state_write(&example, path) || state_write(&other, path) != -ENOSPC)
		return CHILD_FAILED;
	if (state_read(&other, path, message, sizeof(message)))
		return CHILD_FAILED;
	return other.rate_ppb == example.rate_ppb ? CHILD_OK : CHILD_FAILED;
}

static void a_full_disk_keeps_the_old_file(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(fill_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

/* /dev/full behind the temporary name: refused as a link, never written through. */
static void a_link_in_the_way_is_not_followed(void **state)
{
	char fresh[160];

	(void)state;
	assert_int_equal(state_write(&example, path), 0);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	assert_int_equal(symlink("/dev/full", fresh), 0);
	assert_int_equal(state_write(&example, path), -ELOOP);
	assert_old_file_stands();
	assert_int_equal(state_write(&example, path), 0);
}

static void a_missing_directory_is_reported(void **state)
{
	(void)state;
	assert_int_equal(state_write(&example, "/nowhere/state"), -ENOENT);
}

static void a_path_that_is_too_long_is_reported(void **state)
{
	char longer[300];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(state_write(&example, longer), -ENAMETOOLONG);
}

static void the_boot_has_an_id_that_can_be_written(void **state)
{
	struct state here = example;

	(void)state;
	state_boot_id(here.boot_id);
	assert_true(here.boot_id[0] == '\0' || strlen(here.boot_id) == 36);
	assert_int_equal(state_write(&here, path), 0);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_paths, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(what_is_written_comes_back_bit_for_bit),
		FILE_TEST(an_unknown_boot_is_kept_as_unknown),
		FILE_TEST(no_file_is_told_from_a_bad_one),
		FILE_TEST(every_corruption_is_noticed),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(each_field_stands_exactly_once),
		FILE_TEST(a_state_that_makes_no_sense_is_not_written),
		FILE_TEST(a_write_cut_short_keeps_the_old_file),
		FILE_TEST(a_full_disk_keeps_the_old_file),
		FILE_TEST(a_link_in_the_way_is_not_followed),
		cmocka_unit_test(a_missing_directory_is_reported),
		cmocka_unit_test(a_path_that_is_too_long_is_reported),
		FILE_TEST(the_boot_has_an_id_that_can_be_written),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
