// SPDX-License-Identifier: GPL-2.0-or-later
/* The control server over real sockets: every method, every kind of bad client. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control_fake.h"
#include "daemon/control/control.h"
#include "daemon/control/method.h"

#define HOST "org.vmclock.Host"
#define SERVICE "org.varlink.service"

static char directory[64];
static char socket_path[108];
static struct control *control;
static char message[256];

static int start(void)
{
	return control_open(&control, &control_fake.daemon, message, sizeof(message));
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/vmclock-control-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
	control_fake_init();
	strcpy(control_fake.daemon.config.control_socket, socket_path);
	message[0] = '\0';
	if (start())
		fail_msg("%s", message);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	control_close(control);
	control = NULL;
	unlink(socket_path);
	assert_int_equal(rmdir(directory), 0);
	return 0;
}

/* Rounds of the loop that wait for nothing. */
static void turn(int rounds)
{
	while (rounds-- > 0)
		assert_int_equal(loop_run_once(&control_fake.daemon.loop, 0), 0);
}

static int join(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, socket_path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	turn(2);
	return fd;
}

static void say(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);

		if (n > 0) {
			bytes += n;
			count -= (size_t)n;
		} else if (errno != EAGAIN) {
			return; /* the server has hung up: what the tests look for */
		}
		turn(1);
	}
	turn(3);
}

static void call(int fd, const char *text)
{
	say(fd, text, strlen(text) + 1);
}

/* The next message; NULL when the server has hung up or says nothing. */
static json_t *hear(int fd)
{
	static char buffer[VARLINK_OUTPUT_MAX];
	size_t used = 0;
	int idle = 0;

	while (idle < 20 && used < sizeof(buffer)) {
		ssize_t n = recv(fd, buffer + used, 1, 0);

		if (n == 0)
			return NULL;
		if (n < 0) {
			idle++;
			turn(1);
		} else if (buffer[used++] == '\0') {
			return json_loads(buffer, JSON_REJECT_DUPLICATES, NULL);
		}
	}
	return NULL;
}

static bool is_over(int fd)
{
	char byte;
	int i;

	for (i = 0; i < 5; i++) {
		ssize_t n = recv(fd, &byte, 1, 0);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		turn(1);
	}
	return false;
}

static json_t *ask(int fd, const char *text)
{
	json_t *reply;

	call(fd, text);
	reply = hear(fd);
	if (!reply)
		fail_msg("no reply to %s", text);
	return reply;
}

static void assert_error(json_t *reply, const char *name, const char *key, const char *value)
{
	assert_string_equal(json_string_value(json_object_get(reply, "error")), name);
	if (key)
		assert_string_equal(json_string_value(json_object_get(
					    json_object_get(reply, "parameters"), key)),
				    value);
	json_decref(reply);
}

static void assert_serves(int fd)
{
	json_t *reply = ask(fd, "{\"method\":\"" HOST ".GetStatus\"}");

	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "status"));
	assert_null(json_object_get(reply, "continues"));
	json_decref(reply);
}

static void status_and_sources_are_told(void **state)
{
	int fd = join();
	json_t *reply;
	const json_t *sources;

	(void)state;
	assert_serves(fd);
	reply = ask(fd, "{\"method\":\"" HOST ".GetSources\",\"parameters\":{}}");
	sources = json_object_get(json_object_get(reply, "parameters"), "sources");
	assert_int_equal(json_array_size(sources), 3);
	json_decref(reply);
	close(fd);
}

static void the_service_describes_itself(void **state)
{
	int fd = join();
	json_t *reply = ask(fd, "{\"method\":\"" SERVICE ".GetInfo\"}");
	const json_t *interfaces =
		json_object_get(json_object_get(reply, "parameters"), "interfaces");
	const char *text;

	(void)state;
	assert_string_equal(json_string_value(json_array_get(interfaces, 0)), SERVICE);
	assert_string_equal(json_string_value(json_array_get(interfaces, 1)), HOST);
	json_decref(reply);
	reply = ask(fd, "{\"method\":\"" SERVICE ".GetInterfaceDescription\","
			"\"parameters\":{\"interface\":\"" HOST "\"}}");
	text = json_string_value(
		json_object_get(json_object_get(reply, "parameters"), "description"));
	assert_non_null(strstr(text, "interface " HOST "\n"));
	assert_non_null(strstr(text, "method GetStatus() -> (status: Status)\n"));
	json_decref(reply);
	close(fd);
}

static void wrong_calls_get_the_standard_errors(void **state)
{
	int fd = join();

	(void)state;
	assert_error(ask(fd, "{\"method\":\"" HOST ".Nothing\"}"), SERVICE ".MethodNotFound",
		     "method", HOST ".Nothing");
	assert_error(ask(fd, "{\"method\":\"org.else.Do\"}"), SERVICE ".InterfaceNotFound",
		     "interface", "org.else");
	assert_error(ask(fd, "{\"method\":\"" SERVICE ".GetInterfaceDescription\"}"),
		     SERVICE ".InvalidParameter", "parameter", "interface");
	assert_error(ask(fd, "{\"method\":\"" SERVICE ".GetInterfaceDescription\","
			     "\"parameters\":{\"interface\":7}}"),
		     SERVICE ".InvalidParameter", "parameter", "interface");
	assert_error(ask(fd, "{\"method\":\"" HOST ".GetStatus\",\"parameters\":{\"x\":1}}"),
		     SERVICE ".InvalidParameter", "parameter", "x");
	assert_error(ask(fd, "{\"method\":\"" SERVICE ".GetInterfaceDescription\","
			     "\"parameters\":{\"interface\":\"org.none\"}}"),
		     SERVICE ".InterfaceNotFound", "interface", "org.none");
	assert_error(ask(fd, "{\"method\":\"" HOST ".Watch\"}"), SERVICE ".ExpectedMore", NULL,
		     NULL);
	assert_serves(fd);
	close(fd);
}

static void oneway_calls_are_not_answered(void **state)
{
	int fd = join();
	json_t *reply;

	(void)state;
	call(fd, "{\"method\":\"" HOST ".GetStatus\",\"oneway\":true}");
	call(fd, "{\"method\":\"" HOST ".Nothing\",\"oneway\":true}");
	reply = ask(fd, "{\"method\":\"" HOST ".GetSources\"}");
	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "sources"));
	json_decref(reply);
	close(fd);
}

static void calls_sent_together_are_answered_in_order(void **state)
{
	static const char one[] = "{\"method\":\"" HOST ".GetSources\"}\0"
				  "{\"method\":\"" HOST ".GetStatus\"}";
	int fd = join();
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		assert_int_equal(send(fd, one, sizeof(one), 0), sizeof(one));
	shutdown(fd, SHUT_WR);
	for (i = 0; i < 40; i++) {
		json_t *reply = hear(fd);
		const json_t *parameters = json_object_get(reply, "parameters");

		assert_non_null(json_object_get(parameters, i % 2 ? "status" : "sources"));
		json_decref(reply);
	}
	assert_true(is_over(fd));
	close(fd);
}

static void watchers_are_told_at_once_and_on_each_publication(void **state)
{
	int fd = join();
	int i;

	(void)state;
	call(fd, "{\"method\":\"" HOST ".Watch\",\"more\":true}");
	for (i = 0; i < 5; i++) {
		json_t *reply = hear(fd);

		assert_true(json_is_true(json_object_get(reply, "continues")));
		assert_non_null(json_object_get(json_object_get(reply, "parameters"), "status"));
		json_decref(reply);
		assert_null(hear(fd));
		control_published(control);
	}
	close(fd);
	turn(2);
	assert_int_equal(control_fake.daemon.loop.watch_count, 1); /* who listens */
	control_published(control);
}

static void rubbish_is_refused_and_ends_the_connection(void **state)
{
	int fd = join();
	int other = join();

	(void)state;
	assert_error(ask(fd, "GET / HTTP/1.1"), HOST ".BadMessage", NULL, NULL);
	assert_true(is_over(fd));
	assert_serves(other);
	close(fd);
	close(other);
}

static void an_endless_message_is_refused(void **state)
{
	char *bytes = malloc(VARLINK_MESSAGE_MAX + 100);
	int fd = join();

	(void)state;
	memset(bytes, ' ', VARLINK_MESSAGE_MAX + 100);
	say(fd, bytes, VARLINK_MESSAGE_MAX + 100);
	assert_error(hear(fd), HOST ".BadMessage", "reason",
		     "a message has at most 65536 bytes, its NUL included");
	assert_true(is_over(fd));
	close(fd);
	free(bytes);
}

static void half_a_message_is_forgotten_with_its_connection(void **state)
{
	int fd = join();
	int other;

	(void)state;
	say(fd, "{\"method\":", 10);
	close(fd);
	turn(3);
	other = join();
	assert_serves(other);
	close(other);
}

static void there_is_room_for_sixteen_and_then_again(void **state)
{
	int fds[16];
	int extra;
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		fds[i] = join();
	extra = join();
	assert_true(is_over(extra));
	close(extra);
	for (i = 0; i < 16; i++)
		assert_serves(fds[i]);
	close(fds[7]);
	turn(2);
	fds[7] = join();
	assert_serves(fds[7]);
	for (i = 0; i < 16; i++)
		close(fds[i]);
}

static void lack_of_descriptors_pauses_listening_and_no_more(void **state)
{
	const struct loop_watch *listening = control_fake.daemon.loop.watches[0];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int next = dup(fd);
	struct rlimit before, tight;

	(void)state;
	strcpy(address.sun_path, socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	turn(3);
	assert_int_equal(listening->events, 0); /* else poll() would return for ever */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (listening->events == 0)
		assert_int_equal(loop_run_once(&control_fake.daemon.loop, INT64_MAX), 0);
	turn(2);
	assert_serves(fd);
	close(fd);
}

static void a_watcher_that_does_not_read_costs_nobody_anything(void **state)
{
	int slow = join();
	int other = join();
	json_t *reply;
	int heard = 0;
	int i;

	(void)state;
	call(slow, "{\"method\":\"" HOST ".Watch\",\"more\":true}");
	for (i = 0; i < 2000; i++)
		control_published(control);
	assert_serves(other);
	/* Updates were left out; those that came are whole. */
	while ((reply = hear(slow))) {
		heard++;
		json_decref(reply);
	}
	assert_in_range(heard, 2, 1999);
	/* And it is up to date again. */
	control_published(control);
	reply = hear(slow);
	assert_non_null(reply);
	json_decref(reply);
	close(slow);
	close(other);
}

static void a_flood_of_calls_without_reading_is_held_back(void **state)
{
	static const char one[] = "{\"method\":\"" HOST ".GetSources\"}";
	int flood = join();
	int other = join();
	int stuck = 0;
	int refusal = 0;
	long sent = 0;
	json_t *reply;

	(void)state;
	while (stuck < 100 && sent < 100000000) {
		ssize_t n = send(flood, one, sizeof(one), MSG_NOSIGNAL);

		stuck = n < 0 ? stuck + 1 : 0;
		refusal = errno;
		sent += n > 0 ? n : 0;
		turn(1);
	}
	/* Back pressure, neither memory nor the end of the connection. */
	assert_int_equal(stuck, 100);
	assert_int_equal(refusal, EAGAIN);
	assert_serves(other);
	reply = hear(flood);
	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "sources"));
	json_decref(reply);
	close(flood);
	close(other);
}

static void one_that_stops_reading_or_talking_is_dropped(void **state)
{
	struct connection c;
	int ends[2];
	json_t *update;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(connection_open(&c, &control_fake.daemon, ends[0]), 0);
	connection_expire(&c, c.moved_ns + 50000000000);
	assert_true(c.open);
	c.watching = true;
	connection_expire(&c, c.moved_ns + 500000000000);
	assert_true(c.open);
	update = method_watch_reply(&control_fake.daemon);
	while (c.out.used == 0)
		connection_update(&c, update);
	json_decref(update);
	connection_expire(&c, c.moved_ns + 9000000000);
	assert_true(c.open);
	connection_expire(&c, c.moved_ns + 11000000000);
	assert_false(c.open);
	close(ends[1]);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(connection_open(&c, &control_fake.daemon, ends[0]), 0);
	connection_expire(&c, c.moved_ns + 61000000000);
	assert_false(c.open);
	close(ends[1]);
}

/* As uid: what a call is answered with, by the method table alone. */
static json_t *answer_as(uid_t uid, const char *text)
{
	struct connection c = {.daemon = &control_fake.daemon, .uid = uid};
	json_t *reply;

	assert_int_equal(method_answer(&c, text, strlen(text)), 0);
	assert_true(c.out.used > 0);
	reply = json_loads(c.out.data, 0, NULL);
	varlink_output_free(&c.out);
	return reply;
}

static void only_root_may_change_anything(void **state)
{
	static const char reset[] =
		"{\"method\":\"" HOST ".ResetSource\",\"parameters\":{\"name\":\"liar\"}}";
	json_t *reply;

	(void)state;
	assert_error(answer_as(1000, reset), SERVICE ".PermissionDenied", NULL, NULL);
	assert_error(answer_as((uid_t)-1, reset), SERVICE ".PermissionDenied", NULL, NULL);
	assert_null(control_fake.reset);
	reply = answer_as(0, reset);
	assert_null(json_object_get(reply, "error"));
	json_decref(reply);
	assert_ptr_equal(control_fake.reset, control_fake.daemon.sources[1]);
	assert_error(answer_as(0, "{\"method\":\"" HOST ".ResetSource\","
				  "\"parameters\":{\"name\":\"who\"}}"),
		     HOST ".NoSuchSource", "name", "who");
}

#define HAND(method, settings) \
	"{\"method\":\"" HOST "." method "\",\"parameters\":{\"name\":\"hand\"" settings "}}"

static void assert_done(json_t *reply)
{
	assert_null(json_object_get(reply, "error"));
	json_decref(reply);
}

static void only_root_may_reload_and_change_sources(void **state)
{
	static const char *const calls[] = {"{\"method\":\"" HOST ".Reload\"}",
					    HAND("AddSource", ",\"settings\":[]"),
					    HAND("SetSource", ",\"settings\":[]"),
					    HAND("RemoveSource", "")};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_error(answer_as(1000, calls[i]), SERVICE ".PermissionDenied", NULL, NULL);
	assert_int_equal(control_fake.reloads + control_fake.edits, 0);
}

static void reload_says_what_was_done_or_what_is_wrong(void **state)
{
	static const char call[] = "{\"method\":\"" HOST ".Reload\"}";
	const json_t *parameters;
	json_t *reply;

	(void)state;
	reply = answer_as(0, call);
	parameters = json_object_get(reply, "parameters");
	assert_int_equal(json_array_size(json_object_get(parameters, "changes")), 2);
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(parameters, "changes"), 0)),
			    "source b: added");
	assert_int_equal(json_array_size(json_object_get(parameters, "waiting_settings")), 0);
	json_decref(reply);
	control_fake.reload_error = -EINVAL;
	assert_error(answer_as(0, call), HOST ".ConfigurationInvalid", "reason",
		     "/etc/vmclockd.conf:3: unknown key");
	assert_int_equal(control_fake.reloads, 2);
}

static void sources_by_hand_are_checked_as_those_of_files(void **state)
{
	static const char add[] = HAND("AddSource", ",\"settings\":[\"type=ntp\","
						    "\"address = 192.0.2.1\"]");

	(void)state;
	assert_done(answer_as(0, add));
	assert_error(answer_as(0, add), HOST ".SourceExists", "name", "hand");
	assert_error(answer_as(0, HAND("SetSource", ",\"settings\":[\"[clock]\"]")),
		     HOST ".ConfigurationInvalid", "reason",
		     "'[clock]' is not a setting; expected KEY=VALUE");
	assert_error(answer_as(0, HAND("SetSource", ",\"settings\":[\"prefer=on\\n[clock]\"]")),
		     HOST ".ConfigurationInvalid", "reason",
		     "byte 0x0a; expected text without control characters");
	assert_error(answer_as(0, HAND("SetSource", ",\"settings\":[1]")),
		     SERVICE ".InvalidParameter", "parameter", "settings");
	assert_error(answer_as(0, HAND("SetSource", "")), SERVICE ".InvalidParameter", "parameter",
		     "settings");
	assert_done(answer_as(0, HAND("RemoveSource", "")));
	assert_error(answer_as(0, HAND("RemoveSource", "")), HOST ".NoSuchSource", "name", "hand");
}

static void settings_that_wait_are_named(void **state)
{
	const json_t *waiting;
	struct config wanted = control_fake.daemon.config;
	json_t *reply;

	(void)state;
	strcpy(wanted.page_file, "/run/other");
	control_fake.daemon.wanted = &wanted;
	reply = answer_as(1000, "{\"method\":\"" HOST ".GetStatus\"}");
	control_fake.daemon.wanted = NULL;
	waiting = json_object_get(json_object_get(json_object_get(reply, "parameters"), "status"),
				  "waiting_settings");
	assert_int_equal(json_array_size(waiting), 1);
	assert_string_equal(json_string_value(json_array_get(waiting, 0)), "[page] file");
	json_decref(reply);
}

static void others_than_root_may_read(void **state)
{
	json_t *reply;

	(void)state;
	reply = answer_as(1000, "{\"method\":\"" HOST ".GetStatus\"}");
	assert_null(json_object_get(reply, "error"));
	json_decref(reply);
}

static void the_caller_is_who_connected(void **state)
{
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chmod(socket_path, 0666), 0);
	assert_int_equal(seteuid(65534), 0);
	fd = join();
	assert_int_equal(seteuid(0), 0);
	assert_error(ask(fd, "{\"method\":\"" HOST ".ResetSource\","
			     "\"parameters\":{\"name\":\"liar\"}}"),
		     SERVICE ".PermissionDenied", NULL, NULL);
	assert_null(control_fake.reset);
	close(fd);
}

static void the_socket_is_for_owner_and_group_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(lstat(socket_path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_group_that_does_not_exist_is_no_failure(void **state)
{
	(void)state;
	control_close(control);
	strcpy(control_fake.daemon.config.control_group, "no-such-group-here");
	assert_int_equal(start(), 0);
}

static void a_living_daemon_keeps_its_socket(void **state)
{
	struct control *second;
	int fd;

	(void)state;
	assert_int_equal(control_open(&second, &control_fake.daemon, message, sizeof(message)),
			 -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(message, socket_path));
	fd = join();
	assert_serves(fd);
	close(fd);
}

static void a_dead_daemon_s_socket_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);
	int fd;

	(void)state;
	control_close(control);
	strcpy(address.sun_path, socket_path);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	assert_int_equal(start(), 0);
	fd = join();
	assert_serves(fd);
	close(fd);
}

static void a_file_in_the_way_is_left_alone(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	control_close(control);
	fd = open(socket_path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(start(), -EEXIST);
	assert_null(control);
	assert_int_equal(lstat(socket_path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void closing_leaves_a_successor_s_socket_alone(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int successor = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(unlink(socket_path), 0);
	strcpy(address.sun_path, socket_path);
	assert_int_equal(bind(successor, (struct sockaddr *)&address, sizeof(address)), 0);
	control_close(control);
	control = NULL;
	assert_int_equal(access(socket_path, F_OK), 0);
	close(successor);
}

static void what_cannot_be_opened_is_said_with_its_path(void **state)
{
	struct control *second = (void *)1;
	char *path = control_fake.daemon.config.control_socket;

	(void)state;
	strcpy(path, "/nonexistent/vmclock/control");
	assert_int_equal(control_open(&second, &control_fake.daemon, message, sizeof(message)),
			 -ENOENT);
	assert_null(second);
	assert_non_null(strstr(message, path));
	memset(path, 'x', 200);
	path[200] = '\0';
	assert_int_equal(control_open(&second, &control_fake.daemon, message, sizeof(message)),
			 -ENAMETOOLONG);
	path[0] = '\0';
	assert_int_equal(control_open(&second, &control_fake.daemon, message, sizeof(message)), 0);
	assert_null(second);
}

static void closing_with_clients_leaves_nothing_behind(void **state)
{
	int fd = join();

	(void)state;
	call(fd, "{\"method\":\"" HOST ".Watch\",\"more\":true}");
	control_close(control);
	control = NULL;
	assert_int_equal(control_fake.daemon.loop.watch_count, 0);
	assert_null(control_fake.daemon.loop.timers);
	assert_int_equal(access(socket_path, F_OK), -1);
	close(fd);
}

#define server_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(status_and_sources_are_told),
		server_test(the_service_describes_itself),
		server_test(wrong_calls_get_the_standard_errors),
		server_test(oneway_calls_are_not_answered),
		server_test(calls_sent_together_are_answered_in_order),
		server_test(watchers_are_told_at_once_and_on_each_publication),
		server_test(rubbish_is_refused_and_ends_the_connection),
		server_test(an_endless_message_is_refused),
		server_test(half_a_message_is_forgotten_with_its_connection),
		server_test(there_is_room_for_sixteen_and_then_again),
		server_test(lack_of_descriptors_pauses_listening_and_no_more),
		server_test(a_watcher_that_does_not_read_costs_nobody_anything),
		server_test(a_flood_of_calls_without_reading_is_held_back),
		server_test(one_that_stops_reading_or_talking_is_dropped),
		server_test(only_root_may_change_anything),
		server_test(only_root_may_reload_and_change_sources),
		server_test(reload_says_what_was_done_or_what_is_wrong),
		server_test(sources_by_hand_are_checked_as_those_of_files),
		server_test(settings_that_wait_are_named),
		server_test(others_than_root_may_read),
		server_test(the_caller_is_who_connected),
		server_test(the_socket_is_for_owner_and_group_only),
		server_test(a_group_that_does_not_exist_is_no_failure),
		server_test(a_living_daemon_keeps_its_socket),
		server_test(a_dead_daemon_s_socket_is_replaced),
		server_test(a_file_in_the_way_is_left_alone),
		server_test(closing_leaves_a_successor_s_socket_alone),
		server_test(what_cannot_be_opened_is_said_with_its_path),
		server_test(closing_with_clients_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
