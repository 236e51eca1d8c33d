// SPDX-License-Identifier: GPL-2.0-or-later
/* A pool's members: addresses of their own, and another when one fails. The resolver is ours. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/source/ntp_packet.h"
#include "daemon/source/resolver.h"

#define POLL_S 0.003
#define GUARD_NS INT64_C(30000000000)

enum { SERVERS = 6, MEMBERS = 3 };

/* Server i is 127.0.0.(i + 1); all share the port. */
struct server {
	struct loop_watch watch;
	bool silent;
	bool denies;
	unsigned int requests;
};

struct fixture {
	struct loop loop;
	struct counter counter;
	struct source_env env;
	struct config_source config;
	struct source sources[MEMBERS];
	struct server servers[SERVERS];
	/* the resolver */
	const char *problem;
	unsigned int known; /* the name has this many of the servers, */
	unsigned int first; /* beginning with this one */
	unsigned int asked;
	unsigned int cancelled;
	struct resolver_query *waiting; /* not answered when `holds` */
	bool holds;
	unsigned int resets;
	const struct source *falseticker;
};

static struct fixture *fixture; /* for the resolver's functions, which know no context */

static void set_server_address(struct address *out, unsigned int index, uint16_t port)
{
	char text[32];

	snprintf(text, sizeof(text), "127.0.0.%u", index + 1);
	assert_int_equal(address_parse(text, port, out), 0);
}

struct resolver *resolver_get(struct source_env *env)
{
	env->resolver = (struct resolver *)fixture;
	return env->resolver;
}

void resolver_put(struct source_env *env)
{
	env->resolver = NULL;
}

void resolver_ask(struct resolver *resolver, struct resolver_query *query)
{
	struct resolver_answer answer = {.problem = fixture->problem};

	(void)resolver;
	fixture->asked++;
	query->active = true;
	if (fixture->holds) {
		fixture->waiting = query;
		return;
	}
	for (unsigned int i = 0; !answer.problem && i < fixture->known; i++)
		set_server_address(&answer.addresses[answer.count++],
				   (fixture->first + i) % SERVERS, query->port);
	query->active = false;
	query->done(query, &answer);
}

void resolver_cancel(struct resolver *resolver, struct resolver_query *query)
{
	(void)resolver;
	fixture->cancelled++;
	query->active = false;
}

static void respond(struct loop_watch *watch, short revents)
{
	struct server *server = watch->context;
	uint8_t packet[NTP_HEADER_SIZE];
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);

	(void)revents;
	if (recvfrom(watch->fd, packet, sizeof(packet), 0, (struct sockaddr *)&peer, &length) < 0)
		return;
	server->requests++;
	if (server->silent)
		return;
	memcpy(packet + 24, packet + 40, 8);
	memcpy(packet + 32, "\xee\x01\x02\x03\0\0\0", 8);
	memcpy(packet + 40, "\xee\x01\x02\x03\0\0\0", 8);
	packet[0] = 0x24;
	packet[1] = server->denies ? 0 : 2;
	if (server->denies)
		memcpy(packet + 12, "RSTR", 4);
	sendto(watch->fd, packet, sizeof(packet), 0, (struct sockaddr *)&peer, length);
}

static int on_event(void *context, struct source *source, const struct event *event)
{
	(void)context;
	(void)source;
	(void)event;
	return 0;
}

static void on_reset(void *context, struct source *source)
{
	(void)source;
	((struct fixture *)context)->resets++;
}

static bool on_is_false(void *context, struct source *source)
{
	return ((struct fixture *)context)->falseticker == source;
}

static void serve(struct fixture *f, unsigned int index)
{
	struct address address;
	socklen_t length = sizeof(address.v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	set_server_address(&address, index, f->config.port);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &address.any, address.length), 0);
	assert_int_equal(getsockname(fd, &address.any, &length), 0);
	f->config.port = ntohs(address.v4.sin_port);
	f->servers[index].watch = (struct loop_watch){
		.fd = fd, .events = POLLIN, .ready = respond, .context = &f->servers[index]};
	assert_int_equal(loop_add_watch(&f->loop, &f->servers[index].watch), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char message[256];

	if (!f || counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &f->counter, message,
			       sizeof(message)))
		return -1;
	fixture = f;
	log_open(false, LOG_LEVEL_ERROR);
	f->env = (struct source_env){.loop = &f->loop,
				     .counter = &f->counter,
				     .event = on_event,
				     .reset = on_reset,
				     .is_false = on_is_false,
				     .context = f};
	f->config = (struct config_source){.name = "pool",
					   .type = SOURCE_TYPE_POOL,
					   .host = "pool.test",
					   .pool_sources = MEMBERS,
					   .min_poll_s = POLL_S,
					   .max_poll_s = POLL_S};
	for (unsigned int i = 0; i < SERVERS; i++)
		serve(f, i);
	f->known = SERVERS;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < MEMBERS; i++)
		source_stop(&f->sources[i]);
	for (unsigned int i = 0; i < SERVERS; i++) {
		loop_remove_watch(&f->loop, &f->servers[i].watch);
		close(f->servers[i].watch.fd);
	}
	assert_null(f->loop.timers);
	assert_int_equal(f->loop.watch_count, 0);
	assert_null(f->env.resolver);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(source_start(f->sources, &f->config, &f->env), 0);
}

/* No two members may ever have the same address. */
static void assert_distinct(const struct fixture *f)
{
	for (unsigned int i = 0; i < MEMBERS; i++) {
		const char *address = f->sources[i].claims.address;

		for (unsigned int k = 0; k < i && address[0]; k++)
			assert_string_not_equal(address, f->sources[k].claims.address);
	}
}

static bool uses(const struct fixture *f, unsigned int member, unsigned int server)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;

	set_server_address(&address, server, f->config.port);
	address_format(&address, text);
	return !strcmp(f->sources[member].claims.address, text);
}

static void run_until_received(struct fixture *f, unsigned int member, uint64_t wanted)
{
	int64_t guard_ns = loop_now_ns() + GUARD_NS;

	while (f->sources[member].stats.received < wanted) {
		assert_int_equal(loop_run_once(&f->loop, guard_ns), 0);
		assert_true(loop_now_ns() < guard_ns);
		assert_distinct(f);
	}
}

static void every_member_gets_an_address_of_its_own(void **state)
{
	struct fixture *f = *state;

	start(f);
	for (unsigned int i = 0; i < MEMBERS; i++)
		run_until_received(f, i, 3);
	assert_int_equal(f->asked, 1);
	assert_int_equal(f->resets, 0);
	for (unsigned int i = MEMBERS; i < SERVERS; i++)
		assert_int_equal(f->servers[i].requests, 0);
}

static void a_member_that_falls_silent_is_replaced(void **state)
{
	struct fixture *f = *state;

	start(f);
	run_until_received(f, 1, 2);
	assert_true(uses(f, 1, 1));
	f->servers[1].silent = true;
	run_until_received(f, 1, f->sources[1].stats.received + 3);
	assert_false(uses(f, 1, 1));
	assert_int_equal(f->resets, 1);
	assert_int_equal(f->asked, 1); /* there were addresses to spare */
}

static void a_server_that_never_answered_is_replaced(void **state)
{
	struct fixture *f = *state;

	f->servers[0].silent = f->servers[1].silent = f->servers[2].silent = true;
	start(f);
	for (unsigned int i = 0; i < MEMBERS; i++)
		run_until_received(f, i, 3);
	assert_true(f->servers[0].requests <= 8);
}

static void a_server_that_denies_is_replaced_and_not_asked_again(void **state)
{
	struct fixture *f = *state;

	f->servers[2].denies = true;
	start(f);
	run_until_received(f, 2, 20);
	assert_int_equal(f->servers[2].requests, 1);
	assert_int_equal(f->sources[2].stats.kiss_of_death, 1);
}

static void a_lasting_falseticker_is_replaced(void **state)
{
	struct fixture *f = *state;

	start(f);
	run_until_received(f, 0, 2);
	f->falseticker = &f->sources[0];
	while (uses(f, 0, 0))
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	assert_true(f->sources[0].stats.received >= 8);
	assert_int_equal(f->resets, 1);
}

static void without_another_address_the_old_one_is_asked_on(void **state)
{
	struct fixture *f = *state;

	f->known = MEMBERS;
	start(f);
	run_until_received(f, 0, 2);
	f->servers[0].silent = true;
	while (f->sources[0].stats.lost < 20)
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	assert_true(uses(f, 0, 0));
	f->servers[0].silent = false;
	run_until_received(f, 0, f->sources[0].stats.received + 3);
	assert_int_equal(f->resets, 0);
}

static void new_addresses_of_the_name_replace_failed_members(void **state)
{
	struct fixture *f = *state;

	f->known = MEMBERS;
	start(f);
	run_until_received(f, 0, 2);
	f->servers[0].silent = true;
	f->first = 3; /* from now on the name has the other three */
	run_until_received(f, 0, f->sources[0].stats.received + 3);
	assert_true(uses(f, 0, 3));
	assert_true(f->asked >= 2);
	assert_true(uses(f, 1, 1) && uses(f, 2, 2)); /* who works is left alone */
}

static void a_name_that_cannot_be_resolved_is_asked_for_again(void **state)
{
	struct fixture *f = *state;

	f->problem = "no such name";
	start(f);
	assert_non_null(strstr(f->sources[0].claims.problem, "no such name"));
	assert_non_null(f->loop.timers);
	f->problem = NULL;
	run_until_received(f, 0, 1);
	assert_int_equal(f->asked, 2);
	assert_string_equal(f->sources[0].claims.problem, "");
}

static void a_name_with_too_few_addresses_leaves_members_waiting(void **state)
{
	struct fixture *f = *state;

	f->known = 2;
	start(f);
	run_until_received(f, 1, 3);
	assert_string_equal(f->sources[2].claims.address, "");
	assert_non_null(strstr(f->sources[2].claims.problem, "no further address"));
	/* Asked again, the name has the same two, which are taken. */
	while (f->asked < 2)
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	run_until_received(f, 1, f->sources[1].stats.received + 3);
	assert_string_equal(f->sources[2].claims.address, "");
}

static void stopping_while_a_name_is_resolved_cancels_it(void **state)
{
	struct fixture *f = *state;

	f->holds = true;
	start(f);
	assert_non_null(f->waiting);
	for (unsigned int i = 0; i < MEMBERS; i++)
		source_stop(&f->sources[i]);
	assert_int_equal(f->cancelled, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(every_member_gets_an_address_of_its_own),
		CASE(a_member_that_falls_silent_is_replaced),
		CASE(a_server_that_never_answered_is_replaced),
		CASE(a_server_that_denies_is_replaced_and_not_asked_again),
		CASE(a_lasting_falseticker_is_replaced),
		CASE(without_another_address_the_old_one_is_asked_on),
		CASE(new_addresses_of_the_name_replace_failed_members),
		CASE(a_name_that_cannot_be_resolved_is_asked_for_again),
		CASE(a_name_with_too_few_addresses_leaves_members_waiting),
		CASE(stopping_while_a_name_is_resolved_cancels_it),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
