// SPDX-License-Identifier: GPL-2.0-or-later
/* Latched counter values: a line of text, from a socket, an attribute or a device. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/source/datagram_socket.h"
#include "daemon/source/latch_message.h"
#include "source_bench.h"

static struct latch_message message;

static int parse(const char *text)
{
	return latch_message_parse(text, strlen(text), &message);
}

static void a_counter_alone_is_enough(void **state)
{
	(void)state;
	assert_int_equal(parse("123456789\n"), 0);
	assert_true(message.counter == 123456789 && !message.has_uncertainty && !message.labelled);
	assert_int_equal(parse("0xFFFFFFFFFFFFFFFE"), 0);
	assert_true(message.counter == UINT64_MAX - 1);
	assert_int_equal(parse("  7 \t\r\n"), 0);
	assert_true(message.counter == 7);
}

static void uncertainty_and_second_may_follow(void **state)
{
	(void)state;
	assert_int_equal(parse("5 2.5 1782864000\n"), 0);
	assert_true(message.has_uncertainty && message.uncertainty_ticks == 2.5);
	assert_true(message.labelled && message.second == 1782864000);
	assert_int_equal(parse("5 - 1782864000"), 0);
	assert_true(!message.has_uncertainty && message.labelled);
	assert_int_equal(parse("5 0"), 0);
	assert_true(message.has_uncertainty && message.uncertainty_ticks == 0);
}

static void what_is_no_such_line_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	   "\n",      " ",	  "x",
		"-5",	   "0x",      "0xg",	  "18446744073709551616",
		"5 x",	   "5 -1",    "5 1e9",	  "5 2000000000",
		"5 2 -3",  "5 2 x",   "5 2 0x10", "5 2 20000000000",
		"5 2 3 4", "5\n6\n",  "5 2 3\n4", "5 nan",
		"5 .",	   "5 1.2.3", "5 .. 3",
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]) != -EBADMSG)
			fail_msg("'%s'", bad[i]);
	memset(text, '0', sizeof(text));
	assert_int_equal(latch_message_parse(text, sizeof(text), &message), -EBADMSG);
	assert_int_equal(latch_message_parse("5\0006", 3, &message), -EBADMSG);
}

/* --- the source --------------------------------------------------------------------------- */

static char folder[64], path[96];

static int start(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/vmclock-latch-XXXXXX");
	if (!mkdtemp(folder) || bench_start())
		return -1;
	snprintf(path, sizeof(path), "%s/latch", folder);
	bench.config.type = SOURCE_TYPE_LATCH;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	source_stop(&bench.source);
	assert_null(bench.loop.timers);
	assert_int_equal(bench.loop.watch_count, 0);
	unlink(path);
	return rmdir(folder);
}

static void send_text(const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(
		sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)),
		(int)strlen(text));
	close(fd);
}

static void send_latch(const char *rest)
{
	char text[100];

	snprintf(text, sizeof(text), "%llu%s", (unsigned long long)bench.counter.read(), rest);
	send_text(text);
	bench_ready();
}

static void listen_on_socket(void)
{
	snprintf(bench.config.socket, sizeof(bench.config.socket), "%s", path);
	assert_int_equal(source_start(&bench.source, &bench.config, &bench.env), 0);
	bench_look();
}

static void a_datagram_is_a_pulse(void **state)
{
	uint64_t before = bench.counter.read();

	(void)state;
	listen_on_socket();
	send_latch("");
	assert_int_equal(bench.events, 1);
	assert_int_equal(bench.last.kind, EVENT_LATCH);
	assert_true(counter_diff(bench.last.edge.c_edge, before) >= 0);
	assert_true(bench.last.edge.uncertainty_ticks == 2 && !bench.last.edge.labelled);
	send_latch(" 7.5 1782864000\n");
	assert_true(bench.last.edge.uncertainty_ticks == 7.5 && bench.last.edge.labelled);
	assert_true(bench.last.edge.label_s == 1782864000);
	assert_int_equal(bench.source.stats.received, 2);
}

static void several_datagrams_are_read_at_once(void **state)
{
	char text[40];

	(void)state;
	listen_on_socket();
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)bench.counter.read());
		send_text(text);
	}
	bench_ready();
	assert_int_equal(bench.events, 5);
}

static void values_of_another_counter_are_refused(void **state)
{
	char text[40];

	(void)state;
	listen_on_socket();
	send_text("5");
	bench_ready();
	assert_non_null(strstr(bench.source.claims.problem, "ago: is it this counter?"));
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)bench.counter.read() + 3600000000000);
	send_text(text);
	bench_ready();
	assert_non_null(strstr(bench.source.claims.problem, "in the future"));
	send_text("hello");
	bench_ready();
	assert_non_null(strstr(bench.source.claims.problem, "is not COUNTER"));
	assert_int_equal(bench.source.stats.bogus, 1);
	assert_int_equal(bench.source.stats.rejected, 2);
	assert_int_equal(bench.events, 0);
	send_latch("");
	assert_string_equal(bench.source.claims.problem, "");
}

static void only_user_and_group_may_send(void **state)
{
	struct stat st;

	(void)state;
	listen_on_socket();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	source_stop(&bench.source);
	assert_int_equal(stat(path, &st), -1);
}

static void a_socket_left_behind_is_replaced_and_nothing_else(void **state)
{
	int fd = datagram_socket_open(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(datagram_socket_open(path), -EADDRINUSE); /* somebody listens */
	close(fd);
	fd = datagram_socket_open(path);
	assert_true(fd >= 0);
	datagram_socket_close(fd, path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	listen_on_socket();
	assert_int_equal(bench.loop.watch_count, 0);
	assert_non_null(strstr(bench.source.claims.problem, "in use"));
	assert_int_equal(bench.offline, 1);
	unlink(path);
	bench_look();
	assert_int_equal(bench.loop.watch_count, 1);
}

static void write_attribute(const char *rest)
{
	FILE *stream = fopen(path, "w");

	fprintf(stream, "%llu%s\n", (unsigned long long)bench.counter.read(), rest);
	fclose(stream);
}

static void an_attribute_counts_once_for_each_value(void **state)
{
	(void)state;
	snprintf(bench.config.device, sizeof(bench.config.device), "%s", path);
	assert_int_equal(source_start(&bench.source, &bench.config, &bench.env), 0);
	bench_look();
	assert_non_null(strstr(bench.source.claims.problem, "No such file"));
	write_attribute("");
	bench_look();
	assert_int_equal(bench.events, 1);
	bench_look();
	assert_int_equal(bench.events, 1);
	write_attribute(" 3");
	bench_look();
	assert_int_equal(bench.events, 2);
	assert_true(bench.last.edge.uncertainty_ticks == 3);
}

static void a_device_hands_out_each_value_once(void **state)
{
	char text[40];
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0); /* cannot be read from its beginning either */
	fd = open(path, O_RDWR | O_NONBLOCK);
	snprintf(bench.config.device, sizeof(bench.config.device), "%s", path);
	assert_int_equal(source_start(&bench.source, &bench.config, &bench.env), 0);
	bench_look();
	assert_int_equal(bench.events, 0);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)bench.counter.read());
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	bench_look();
	assert_int_equal(bench.events, 1);
	bench_look();
	assert_int_equal(bench.events, 1);
	assert_string_equal(bench.source.claims.problem, "");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_alone_is_enough),
		cmocka_unit_test(uncertainty_and_second_may_follow),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test_setup_teardown(a_datagram_is_a_pulse, start, stop),
		cmocka_unit_test_setup_teardown(several_datagrams_are_read_at_once, start, stop),
		cmocka_unit_test_setup_teardown(values_of_another_counter_are_refused, start, stop),
		cmocka_unit_test_setup_teardown(only_user_and_group_may_send, start, stop),
		cmocka_unit_test_setup_teardown(a_socket_left_behind_is_replaced_and_nothing_else,
						start, stop),
		cmocka_unit_test_setup_teardown(an_attribute_counts_once_for_each_value, start,
						stop),
		cmocka_unit_test_setup_teardown(a_device_hands_out_each_value_once, start, stop),
	};

	return cmocka_run_group_tests_name("latch source", tests, NULL, NULL);
}
