// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names through c-ares and the loop, asked of a DNS server of our own. The program runs in a
 * network and mount namespace that it makes, in which /etc/resolv.conf names that server: no packet
 * leaves.
 */
#define _GNU_SOURCE /* unshare() */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/source/resolver.h"

#define GUARD_NS INT64_C(60000000000)

enum { DNS_PORT = 53, DNS_HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, NXDOMAIN = 3 };

struct fixture {
	struct loop loop;
	struct source_env env;
	struct loop_watch dns;
	unsigned int questions;
	struct resolver_query query;
	struct resolver_answer answer;
	char problem[128];
	unsigned int answers;
};

/* Appends an A record for 127.0.0.`last`, its name a pointer to the question. */
static size_t add_address(uint8_t *at, uint8_t last)
{
	const uint8_t record[] = {0xc0, DNS_HEADER, 0, TYPE_A, 0,   1, 0, 0,
				  0,	60,	    0, 4,      127, 0, 0, last};

	memcpy(at, record, sizeof(record));
	return sizeof(record);
}

/* good.test has 127.0.0.7 and .8, silent.test is never answered, other names do not exist. */
static void respond(struct loop_watch *watch, short revents)
{
	struct fixture *f = watch->context;
	uint8_t packet[600];
	struct sockaddr_storage peer;
	socklen_t peer_length = sizeof(peer);
	ssize_t got = recvfrom(watch->fd, packet, 512, 0, (struct sockaddr *)&peer, &peer_length);
	size_t end = DNS_HEADER;
	bool good, wants_v4;

	(void)revents;
	if (got < DNS_HEADER + 5)
		return;
	f->questions++;
	while (packet[end])
		end += packet[end] + 1U;
	end += 5;
	if (packet[DNS_HEADER] == 6 && !memcmp(packet + DNS_HEADER + 1, "silent", 6))
		return;
	good = packet[DNS_HEADER] == 4 && !memcmp(packet + DNS_HEADER + 1, "good", 4);
	wants_v4 = packet[end - 3] == TYPE_A;
	packet[2] = 0x81;
	packet[3] = (uint8_t)(0x80 | (good ? 0 : NXDOMAIN));
	memset(packet + 6, 0, 6);
	if (good && wants_v4) {
		packet[7] = 2;
		end += add_address(packet + end, 7);
		end += add_address(packet + end, 8);
	}
	sendto(watch->fd, packet, end, 0, (struct sockaddr *)&peer, peer_length);
}

static void done(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct fixture *f = query->context;

	f->answers++;
	f->answer = *answer;
	snprintf(f->problem, sizeof(f->problem), "%s", answer->problem ? answer->problem : "");
}

static int set_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(DNS_PORT),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct fixture *f = calloc(1, sizeof(*f));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (!f || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	f->env.loop = &f->loop;
	f->dns = (struct loop_watch){.fd = fd, .events = POLLIN, .ready = respond, .context = f};
	loop_add_watch(&f->loop, &f->dns);
	f->query = (struct resolver_query){.port = 123, .done = done, .context = f};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	resolver_put(&f->env);
	assert_null(f->env.resolver);
	loop_remove_watch(&f->loop, &f->dns);
	close(f->dns.fd);
	assert_null(f->loop.timers);
	assert_int_equal(f->loop.watch_count, 0);
	free(f);
	return 0;
}

static void run_until_answered(struct fixture *f, unsigned int answers)
{
	int64_t guard_ns = loop_now_ns() + GUARD_NS;

	while (f->answers < answers) {
		assert_int_equal(loop_run_once(&f->loop, guard_ns), 0);
		assert_true(loop_now_ns() < guard_ns);
	}
}

static void ask(struct fixture *f, const char *name)
{
	f->query.name = name;
	resolver_ask(resolver_get(&f->env), &f->query);
}

static void a_name_gives_all_its_addresses_with_the_port(void **state)
{
	struct fixture *f = *state;
	char text[ADDRESS_TEXT_SIZE];

	ask(f, "good.test");
	assert_int_equal(f->answers, 0); /* nobody waited for it */
	assert_true(f->query.active);
	run_until_answered(f, 1);
	assert_false(f->query.active);
	assert_string_equal(f->problem, "");
	assert_int_equal(f->answer.count, 2);
	address_format(&f->answer.addresses[0], text);
	assert_string_equal(text, "127.0.0.7:123");
	address_format(&f->answer.addresses[1], text);
	assert_string_equal(text, "127.0.0.8:123");
}

static void no_descriptor_or_timer_is_kept_between_questions(void **state)
{
	struct fixture *f = *state;

	ask(f, "good.test");
	run_until_answered(f, 1);
	assert_int_equal(f->loop.watch_count, 1);
	assert_null(f->loop.timers);
	resolver_ask(f->env.resolver, &f->query);
	run_until_answered(f, 2);
	assert_int_equal(f->answer.count, 2);
	assert_true(f->questions >= 4); /* nothing was remembered */
}

static void a_name_that_does_not_exist_is_a_problem(void **state)
{
	struct fixture *f = *state;

	ask(f, "none.test");
	run_until_answered(f, 1);
	assert_string_not_equal(f->problem, "");
	assert_int_equal(f->answer.count, 0);
}

static void a_name_that_is_none_is_a_problem(void **state)
{
	struct fixture *f = *state;

	ask(f, "no such..name\x01");
	run_until_answered(f, 1);
	assert_string_not_equal(f->problem, "");
}

static void a_silent_server_ends_in_a_problem(void **state)
{
	struct fixture *f = *state;

	ask(f, "silent.test");
	run_until_answered(f, 1);
	assert_string_not_equal(f->problem, "");
	assert_true(f->questions >= 2);
}

static void a_cancelled_query_is_never_answered(void **state)
{
	struct fixture *f = *state;
	struct resolver_query other = f->query;

	ask(f, "good.test");
	resolver_cancel(f->env.resolver, &f->query);
	other.name = "good.test";
	resolver_ask(f->env.resolver, &other);
	run_until_answered(f, 1);
	while (f->loop.timers)
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	assert_int_equal(f->answers, 1);
	assert_false(other.active);
}

static void the_resolver_can_end_in_the_middle_of_a_question(void **state)
{
	struct fixture *f = *state;

	ask(f, "silent.test");
	assert_true(f->loop.watch_count > 1);
	resolver_cancel(f->env.resolver, &f->query);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

static bool enter_namespaces(void)
{
	unsigned int uid = getuid(), gid = getgid();
	char map[64];

	if (!unshare(CLONE_NEWNS | CLONE_NEWNET))
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

static bool raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool up;

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	up = fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &request);
	if (fd >= 0)
		close(fd);
	return up;
}

static bool become_alone(void)
{
	char path[] = "/tmp/vmclock-resolv-XXXXXX";
	int fd = mkstemp(path);
	bool alone;

	if (fd < 0)
		return false;
	close(fd);
	alone = enter_namespaces() && raise_loopback() &&
		!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		write_file(path, "nameserver 127.0.0.1\n") &&
		!mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL);
	unlink(path);
	return alone;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_name_gives_all_its_addresses_with_the_port),
		CASE(no_descriptor_or_timer_is_kept_between_questions),
		CASE(a_name_that_does_not_exist_is_a_problem),
		CASE(a_name_that_is_none_is_a_problem),
		CASE(a_silent_server_ends_in_a_problem),
		CASE(a_cancelled_query_is_never_answered),
		CASE(the_resolver_can_end_in_the_middle_of_a_question),
	};

	if (!become_alone()) {
		perror("cannot make a network and mount namespace");
		return 1;
	}
	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
