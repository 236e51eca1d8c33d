// SPDX-License-Identifier: GPL-2.0-or-later
/* The description of what is simulated: what it sets, and what is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/libcsim/options.h"

static char message[300];

static int read_text(struct options *o, const char *text)
{
	char path[] = "/tmp/vmclock-libcsim-XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = options_read(o, path, message, sizeof(message));
	unlink(path);
	return err;
}

static void keys_belong_to_the_server_before_them(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(read_text(&o,
				   "seed 7\nwander 2.5 # comment\n\n# comment\n"
				   "server 192.0.2.1\nbase_ns 100\n"
				   "server 192.0.2.2\n\tbase_ns   200\nloss 0.5\nduration_s 9\n"),
			 0);
	assert_int_equal(o.server_count, 2);
	assert_int_equal(o.seed, 7);
	assert_int_equal(o.oscillator.wander * 10, 25);
	assert_int_equal(o.servers[0].base_ns, 100);
	assert_int_equal(o.servers[1].base_ns, 200);
	assert_int_equal(o.servers[0].loss, 0);
	assert_int_equal(o.servers[1].address, inet_addr("192.0.2.2"));
	assert_int_equal(o.duration_s, 9);
}

static void words_that_are_refused_are_set(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(read_text(&o, "refuse unix flags\nrefuse stamps\npage /a b\n"), 0);
	assert_true(o.refuse_unix && o.refuse_flags && o.refuse_stamps);
	assert_false(o.refuse_inet6 || o.refuse_netlink);
	assert_string_equal(o.page, "/a b");
}

static void faults_are_named_with_their_line(void **state)
{
	static const char *const faults[] = {
		"nonsense 1", "seed",		"seed one",	     "seed 1x",
		"base_ns 1",  "server nowhere", "refuse everything",
	};
	struct options o;
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		snprintf(text, sizeof(text), "seed 1\n%s\nseed 2\n", faults[i]);
		assert_true(read_text(&o, text) < 0);
		assert_non_null(strstr(message, ":2: "));
	}
}

static void too_many_servers_are_refused(void **state)
{
	char text[400] = "";
	struct options o;

	(void)state;
	for (int i = 0; i < OPTIONS_SERVERS_MAX; i++)
		strcat(text, "server 192.0.2.1\n");
	assert_int_equal(read_text(&o, text), 0);
	strcat(text, "server 192.0.2.1\n");
	assert_int_equal(read_text(&o, text), -ENOSPC);
}

static void a_file_that_is_missing_is_named(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(options_read(&o, "/nonexistent/x", message, sizeof(message)), -ENOENT);
	assert_non_null(strstr(message, "/nonexistent/x"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_belong_to_the_server_before_them),
		cmocka_unit_test(words_that_are_refused_are_set),
		cmocka_unit_test(faults_are_named_with_their_line),
		cmocka_unit_test(too_many_servers_are_refused),
		cmocka_unit_test(a_file_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
