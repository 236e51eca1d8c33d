// SPDX-License-Identifier: GPL-2.0-or-later
/* One association, and the pool around it, against a responder on loopback in the same loop. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/source/address.h"
#include "daemon/source/ntp.h"
#include "daemon/source/ntp_mac.h"
#include "daemon/source/stamp.h"

/* Polls come fast here; nothing below judges how fast. The guard only ends a test that hangs. */
#define POLL_S 0.005
#define GUARD_NS INT64_C(20000000000)

enum behaviour {
	GOOD,
	SILENT,
	WRONG_ORIGIN,
	DUPLICATE,
	REPLAY,
	TRUNCATED,
	OVERSIZED,
	UNSYNCHRONISED,
	RATE,
	DENY,
	SETS_CLOCK, /* of the asking machine, while the request is on its way */
	EVIL_KISS,  /* DENY of somebody who has not seen the request */
	INTERLEAVED,
	FORGETFUL, /* interleaved, but what it tells is of some reply long ago */
	KEYED,
	KEYED_WRONG, /* one bit of the reply is another, and it says DENY */
	CRYPTO_NAK,
	FORGED_FIRST, /* a reply without a MAC gets ahead of the genuine one */
};

/* One reply of the responder, by its own clock. */
struct told {
	uint64_t receive; /* as sent */
	int64_t t2_ns;
	int64_t left_ns; /* when it really left */
};

struct fixture {
	struct loop loop;
	struct counter counter;
	struct source_env env;
	struct config_source config;
	struct source sources[4];
	unsigned int started;
	/* the responder */
	struct loop_watch watch;
	enum behaviour behaviour;
	uint8_t last_reply[NTP_HEADER_SIZE];
	size_t request_length;
	unsigned int requests;
	unsigned int lose_every; /* n: every n-th request gets no reply; 0: none */
	struct told told[2];	 /* the last reply, and the one before */
	/* what the environment heard */
	struct event event;
	unsigned int events;
	unsigned int offlines;
	double poll_s;
};

/* Programs see CLOCK_REALTIME moved by this, the kernel's stamps are not: as if it had been set. */
static int64_t realtime_moved_ns;

int clock_gettime(clockid_t id, struct timespec *t)
{
	int64_t ns;

	if (syscall(SYS_clock_gettime, id, t))
		return -1;
	if (id == CLOCK_REALTIME) {
		ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + realtime_moved_ns;
		t->tv_sec = ns / 1000000000;
		t->tv_nsec = ns % 1000000000;
	}
	return 0;
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static void put64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static int64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* To a request that names the last reply by its receive stamp. */
static void interleave(struct fixture *f, const uint8_t *request, uint8_t *reply)
{
	int64_t left_ns = f->told[0].left_ns;

	if (!f->told[0].receive || get64(request + 24) != f->told[0].receive)
		return;
	assert_true(get64(request + 32) != get64(request + 40));
	put64(reply + 24, get64(request + 32));
	put64(reply + 40,
	      ntp_from_unix_ns(f->behaviour == FORGETFUL ? left_ns - 1000000000 : left_ns));
}

static void remember(struct fixture *f, const uint8_t *reply)
{
	f->told[1] = f->told[0];
	f->told[0].receive = get64(reply + 32);
	f->told[0].left_ns = realtime_ns();
	f->told[0].t2_ns = ntp_to_unix_ns(f->told[0].receive, f->told[0].left_ns / 1000000000);
}

static void make_reply(struct fixture *f, const uint8_t *request, uint8_t reply[2048])
{
	memset(reply, 0, 2048);
	reply[0] = 0x24;
	reply[1] = 1;
	reply[3] = 0xe2; /* 2^-30 s */
	put64(reply + 24, get64(request + 40));
	put64(reply + 32, ntp_from_unix_ns(realtime_ns()));
	if (f->behaviour == UNSYNCHRONISED)
		reply[0] |= 0xc0;
	if (f->behaviour == WRONG_ORIGIN || f->behaviour == EVIL_KISS)
		reply[24] ^= 1;
	if (f->behaviour == RATE || f->behaviour == DENY || f->behaviour == EVIL_KISS) {
		reply[1] = 0;
		memcpy(reply + 12, f->behaviour == RATE ? "RATE" : "DENY", 4);
	}
	put64(reply + 40, ntp_from_unix_ns(realtime_ns()));
	if (f->behaviour == INTERLEAVED || f->behaviour == FORGETFUL)
		interleave(f, request, reply);
}

/* What follows the header; the reply's length. */
static size_t authenticate(struct fixture *f, uint8_t *reply)
{
	size_t length = NTP_HEADER_SIZE;

	if (f->behaviour == CRYPTO_NAK)
		return length + NTP_MAC_ID_SIZE;
	if (f->behaviour != KEYED && f->behaviour != KEYED_WRONG && f->behaviour != FORGED_FIRST)
		return length;
	length += ntp_mac_make(&f->config.secret, reply, length, reply + length);
	if (f->behaviour == KEYED_WRONG) {
		reply[1] = 0;
		memcpy(reply + 12, "DENY", 4);
	}
	return length;
}

static void respond(struct loop_watch *watch, short revents)
{
	struct fixture *f = watch->context;
	uint8_t request[NTP_PACKET_MAX], reply[2048];
	ssize_t got;
	struct sockaddr_storage peer;
	socklen_t peer_length = sizeof(peer);
	size_t length;

	(void)revents;
	got = recvfrom(watch->fd, request, sizeof(request), 0, (struct sockaddr *)&peer,
		       &peer_length);
	if (got < NTP_HEADER_SIZE)
		return;
	f->request_length = (size_t)got;
	if (f->config.secret.id)
		assert_true(ntp_mac_is_right(&f->config.secret, request, NTP_HEADER_SIZE,
					     request + NTP_HEADER_SIZE,
					     f->request_length - NTP_HEADER_SIZE));
	f->requests++;
	if (f->behaviour == SILENT || (f->lose_every && f->requests % f->lose_every == 0))
		return;
	make_reply(f, request, reply);
	if (f->behaviour == SETS_CLOCK)
		realtime_moved_ns = realtime_moved_ns ? 0 : 20000;
	length = authenticate(f, reply);
	if (f->behaviour == TRUNCATED)
		length = 44;
	if (f->behaviour == OVERSIZED)
		length = 1500;
	if (f->behaviour == REPLAY)
		sendto(watch->fd, f->last_reply, sizeof(f->last_reply), 0, (struct sockaddr *)&peer,
		       peer_length);
	if (f->behaviour == FORGED_FIRST)
		sendto(watch->fd, reply, NTP_HEADER_SIZE, 0, (struct sockaddr *)&peer, peer_length);
	for (int copies = f->behaviour == DUPLICATE ? 2 : 1; copies; copies--)
		sendto(watch->fd, reply, length, 0, (struct sockaddr *)&peer, peer_length);
	remember(f, reply);
	memcpy(f->last_reply, reply, sizeof(f->last_reply));
}

static int on_event(void *context, struct source *source, const struct event *event)
{
	struct fixture *f = context;

	(void)source;
	f->event = *event;
	f->events++;
	return 0;
}

static void on_offline(void *context, struct source *source)
{
	(void)source;
	((struct fixture *)context)->offlines++;
}

static void on_poll(void *context, struct source *source, double poll_s)
{
	(void)source;
	((struct fixture *)context)->poll_s = poll_s;
}

static void listen_on_loopback(struct fixture *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	f->config.port = ntohs(address.sin_port);
	f->watch = (struct loop_watch){.fd = fd, .events = POLLIN, .ready = respond, .context = f};
	assert_int_equal(loop_add_watch(&f->loop, &f->watch), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char message[256];

	realtime_moved_ns = 0;
	if (!f || counter_open(COUNTER_MONOTONIC_RAW, COUNTER_CHECK_KERNEL, &f->counter, message,
			       sizeof(message)))
		return -1;
	f->env = (struct source_env){.loop = &f->loop,
				     .counter = &f->counter,
				     .event = on_event,
				     .offline = on_offline,
				     .poll_changed = on_poll,
				     .context = f};
	f->config = (struct config_source){.name = "test",
					   .type = SOURCE_TYPE_NTP,
					   .host = "127.0.0.1",
					   .min_poll_s = POLL_S,
					   .max_poll_s = POLL_S};
	log_open(false, LOG_LEVEL_ERROR);
	listen_on_loopback(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < f->started; i++)
		source_stop(&f->sources[i]);
	loop_remove_watch(&f->loop, &f->watch);
	close(f->watch.fd);
	assert_null(f->loop.timers);
	assert_int_equal(f->loop.watch_count, 0);
	assert_null(f->env.resolver);
	free(f);
	return 0;
}

static struct source *start(struct fixture *f, enum behaviour behaviour)
{
	f->behaviour = behaviour;
	f->started = source_count(&f->config);
	assert_int_equal(source_start(f->sources, &f->config, &f->env), 0);
	return &f->sources[0];
}

static void run_until(struct fixture *f, const uint64_t *value, uint64_t wanted)
{
	int64_t guard_ns = loop_now_ns() + GUARD_NS;

	while (*value < wanted) {
		assert_int_equal(loop_run_once(&f->loop, guard_ns), 0);
		assert_true(loop_now_ns() < guard_ns);
	}
}

static void replies_become_events_with_all_counters_in_order(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);

	for (uint64_t i = 1; i <= 50; i++) {
		const struct event_ntp *e = &f->event.ntp;

		run_until(f, &s->stats.received, i);
		assert_int_equal(f->events, i);
		assert_int_equal(f->event.kind, EVENT_NTP);
		assert_true(counter_diff(e->c1, e->c1_user) >= 0);
		assert_true(counter_diff(e->c4, e->c1) >= 0);
		assert_true(counter_diff(e->c4_user, e->c4) >= 0);
		assert_true(e->t3_ns >= e->t2_ns);
		assert_true(e->stamp_error_ns >= 0);
		assert_int_equal(e->precision_log2, -30);
	}
	assert_int_equal(s->stats.stamps_kernel + s->stats.stamps_daemon, 2 * s->stats.received);
	assert_int_equal(s->stats.reach, 0xff);
	assert_int_equal(s->stats.bogus + s->stats.duplicates + s->stats.rejected, 0);
	assert_string_equal(s->claims.problem, "");
	print_message("%lu stamps by the kernel, %lu by the daemon, %lu dropped, error %.0f ns\n",
		      s->stats.stamps_kernel, s->stats.stamps_daemon, s->stats.stamps_dropped,
		      f->event.ntp.stamp_error_ns);
}

/* The responder serves CLOCK_REALTIME without error: both facts can be held against it. */
static void facts_hold_against_the_clock_served(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);

	for (uint64_t i = 1; i <= 100; i++) {
		struct stamp_pair now;
		struct sample facts;
		double slack_ns, c1_ns, c4_ns;

		run_until(f, &s->stats.received, i);
		stamp_pair_read(&f->counter, &now);
		assert_int_equal(
			event_to_sample(&f->event, 0, 0, 0, f->counter.ns_per_tick, &facts), 0);
		c1_ns = (double)counter_diff(facts.c_before, now.counter) * f->counter.ns_per_tick;
		c4_ns = (double)counter_diff(facts.c_after, now.counter) * f->counter.ns_per_tick;
		slack_ns = facts.stamp_error_ns + now.half_ns - 500e-6 * c1_ns;
		assert_true(c1_ns <= (double)(facts.t_before_ns - now.realtime_ns) +
					     facts.upper_error_ns + slack_ns);
		assert_true(c4_ns >= (double)(facts.t_after_ns - now.realtime_ns) -
					     facts.lower_error_ns - slack_ns);
	}
}

/* 20 us one way, then the other: less than many a path's jitter, and not to be seen in the rate. */
static void stamps_are_dropped_when_the_clock_was_set(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);
	uint64_t dropped, kernel;

	run_until(f, &s->stats.received, 5);
	dropped = s->stats.stamps_dropped;
	kernel = s->stats.stamps_kernel;
	f->behaviour = SETS_CLOCK;
	for (uint64_t i = 6; i <= 25; i++) {
		run_until(f, &s->stats.received, i);
		assert_int_equal(f->event.ntp.c1, f->event.ntp.c1_user);
		assert_int_equal(f->event.ntp.c4, f->event.ntp.c4_user);
		assert_true(f->event.ntp.stamp_error_ns <= 0);
	}
	assert_int_equal(s->stats.stamps_kernel, kernel);
	if (kernel) /* this kernel stamps packets */
		assert_int_equal(s->stats.stamps_dropped - dropped, 40);
}

static void stamps_of_the_daemon_are_used_where_configured(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	f->config.timestamps = TIMESTAMPS_DAEMON;
	s = start(f, GOOD);
	run_until(f, &s->stats.received, 3);
	assert_int_equal(s->stats.stamps_kernel, 0);
	assert_int_equal(s->stats.stamps_daemon, 6);
	assert_int_equal(f->event.ntp.c1, f->event.ntp.c1_user);
	assert_int_equal(f->event.ntp.c4, f->event.ntp.c4_user);
	assert_true(f->event.ntp.stamp_error_ns <= 0);
}

static void a_reply_that_answers_no_request_of_ours_is_ignored(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, WRONG_ORIGIN);

	run_until(f, &s->stats.bogus, 5);
	assert_int_equal(f->events, 0);
	assert_int_equal(s->stats.reach, 0);
	assert_non_null(strstr(s->claims.problem, "no request of ours"));
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 1);
	assert_string_equal(s->claims.problem, "");
}

static void a_second_copy_is_counted_once_and_used_never(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, DUPLICATE);

	run_until(f, &s->stats.duplicates, 5);
	assert_int_equal(f->events, s->stats.received);
	assert_string_equal(s->claims.problem, "");
	assert_true(s->stats.received <= s->stats.sent);
	assert_int_equal(s->stats.bogus, 0);
}

static void an_old_reply_does_not_keep_the_new_one_out(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);

	run_until(f, &s->stats.received, 1);
	f->behaviour = REPLAY;
	run_until(f, &s->stats.received, 6);
	assert_true(s->stats.duplicates >= 4);
	assert_int_equal(f->events, s->stats.received);
}

static void malformed_replies_are_counted_and_ignored(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, TRUNCATED);

	run_until(f, &s->stats.bogus, 2);
	assert_non_null(strstr(s->claims.problem, "no valid reply"));
	f->behaviour = OVERSIZED;
	run_until(f, &s->stats.bogus, 4);
	assert_non_null(strstr(s->claims.problem, "too long"));
	assert_int_equal(f->events, 0);
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 1);
}

static void an_unsynchronised_server_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, UNSYNCHRONISED);

	run_until(f, &s->stats.rejected, 12);
	assert_int_equal(f->events, 0);
	assert_non_null(strstr(s->claims.problem, "not synchronised"));
	assert_int_equal(s->claims.leap, 3);
	assert_true(f->offlines >= 1);
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 1);
	assert_string_equal(s->claims.problem, "");
}

static void silence_is_noticed_and_ends(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);

	run_until(f, &s->stats.received, 3);
	f->behaviour = SILENT;
	run_until(f, &s->stats.lost, 10);
	assert_int_equal(s->stats.reach, 0);
	assert_int_equal(f->offlines, 1);
	assert_string_equal(s->claims.problem, "no reply");
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 4);
	assert_int_equal(s->stats.reach, 1);
}

/* The event of the exchange before last carries when its reply left, not what it said then. */
static void an_interleaved_reply_completes_the_exchange_before(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	f->config.interleaved = true;
	s = start(f, INTERLEAVED);
	run_until(f, &s->stats.received, 2);
	assert_int_equal(f->events, 1); /* in basic mode; the second waits */
	for (uint64_t i = 3; i <= 20; i++) {
		const struct event_ntp *e = &f->event.ntp;

		run_until(f, &s->stats.received, i);
		assert_int_equal(f->events, i - 1);
		assert_true(e->interleaved);
		assert_true(llabs(e->t2_ns - f->told[1].t2_ns) <= 1);
		assert_true(llabs(e->t3_ns - f->told[1].left_ns) <= 1);
		assert_true(counter_diff(e->c4, e->c1) >= 0);
	}
	assert_int_equal(s->stats.interleaved, 19);
	assert_int_equal(s->stats.bogus + s->stats.rejected + s->stats.duplicates, 0);
}

static void lost_replies_do_not_mix_up_exchanges(void **state)
{
	struct fixture *f = *state;
	struct source *s;
	uint64_t c1 = 0;

	f->config.interleaved = true;
	f->lose_every = 3;
	s = start(f, INTERLEAVED);
	for (uint64_t i = 2; i <= 30; i++) {
		const struct event_ntp *e = &f->event.ntp;

		run_until(f, &s->stats.received, i);
		assert_true(i < 3 || counter_diff(e->c1, c1) > 0);
		assert_true(e->t3_ns >= e->t2_ns - 1);
		assert_true(i < 3 || llabs(e->t3_ns - f->told[1].left_ns) <= 1);
		c1 = e->c1;
	}
	assert_true(s->stats.lost >= 10);
}

static void a_server_without_interleaved_mode_is_used_as_ever(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	f->config.interleaved = true;
	s = start(f, GOOD);
	run_until(f, &s->stats.received, 10);
	assert_int_equal(f->events, 10);
	assert_int_equal(s->stats.interleaved, 0);
	assert_false(f->event.ntp.interleaved);
}

static void a_stamp_of_another_reply_completes_nothing(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	f->config.interleaved = true;
	s = start(f, FORGETFUL);
	run_until(f, &s->stats.received, 10);
	assert_int_equal(f->events, 1);
	f->behaviour = INTERLEAVED;
	run_until(f, &s->stats.received, 12);
	assert_int_equal(f->events, 3);
}

static void an_interface_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	snprintf(f->config.interface, sizeof(f->config.interface), "none7");
	s = start(f, GOOD);
	while (!s->claims.problem[0])
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	assert_non_null(strstr(s->claims.problem, "none7"));
	while (!f->offlines)
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
	assert_int_equal(s->stats.sent, 0);
}

static void a_closed_port_is_told_as_such(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	loop_remove_watch(&f->loop, &f->watch);
	close(f->watch.fd);
	s = start(f, GOOD);
	run_until(f, &s->stats.lost, 3);
	assert_non_null(strstr(s->claims.problem, "refused"));
	f->watch.fd = -1;
}

static void rate_doubles_the_interval_for_good(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, RATE);

	f->config.max_poll_s = POLL_S;
	for (uint64_t i = 1; i <= 3; i++) {
		double before_s = f->poll_s;

		run_until(f, &s->stats.kiss_of_death, i);
		assert_true(f->poll_s >= 2 * before_s);
	}
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 5);
	assert_true(f->poll_s >= 8 * POLL_S);
	assert_int_equal(s->stats.kiss_of_death, 3);
}

static void a_server_that_denies_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, DENY);
	int64_t until_ns;

	run_until(f, &s->stats.kiss_of_death, 1);
	assert_int_equal(f->offlines, 1);
	assert_non_null(strstr(s->claims.problem, "refuses"));
	until_ns = loop_now_ns() + INT64_C(20 * 5000000);
	while (loop_now_ns() < until_ns)
		assert_int_equal(loop_run_once(&f->loop, until_ns), 0);
	assert_int_equal(f->requests, 1);
	/* It will be asked again, but not soon. */
	assert_non_null(f->loop.timers);
	assert_true(f->loop.timers->at_ns - loop_now_ns() > INT64_C(900000000000));
}

static void a_stranger_cannot_silence_us(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, EVIL_KISS);

	run_until(f, &s->stats.bogus, 3);
	assert_int_equal(s->stats.kiss_of_death, 0);
	f->behaviour = GOOD;
	run_until(f, &s->stats.received, 1);
}

static void use_key(struct fixture *f, enum ntp_key_type type)
{
	f->config.secret = (struct ntp_key){.id = 4000000001, .type = type, .length = 32};
	memset(f->config.secret.secret, 0xa5, 32);
}

static void replies_with_the_right_mac_are_used(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	use_key(f, NTP_KEY_SHA256);
	s = start(f, KEYED);
	run_until(f, &s->stats.received, 20);
	assert_int_equal(f->events, 20);
	assert_int_equal(f->request_length, NTP_HEADER_SIZE + 24);
	assert_int_equal(s->stats.unauthenticated + s->stats.bogus, 0);
}

static void replies_without_the_right_mac_are_counted_and_never_used(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	use_key(f, NTP_KEY_AES256);
	s = start(f, GOOD); /* no MAC */
	run_until(f, &s->stats.unauthenticated, 3);
	assert_non_null(strstr(s->claims.problem, "no key authenticates"));
	f->behaviour = KEYED_WRONG;
	run_until(f, &s->stats.unauthenticated, 6);
	assert_non_null(strstr(s->claims.problem, "our key does not authenticate"));
	assert_int_equal(s->stats.kiss_of_death, 0);
	f->behaviour = CRYPTO_NAK;
	run_until(f, &s->stats.unauthenticated, 9);
	assert_non_null(strstr(s->claims.problem, "crypto-NAK"));
	assert_int_equal(f->events, 0);
	assert_int_equal(s->claims.stratum, 0);
	f->behaviour = KEYED;
	run_until(f, &s->stats.received, 1);
	assert_string_equal(s->claims.problem, "");
}

static void a_forged_reply_does_not_keep_the_genuine_one_out(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	use_key(f, NTP_KEY_AES128);
	f->config.secret.length = 16;
	s = start(f, FORGED_FIRST);
	run_until(f, &s->stats.received, 5);
	assert_true(s->stats.unauthenticated >= 5);
	assert_int_equal(f->events, 5);
}

static void a_pool_never_uses_an_address_twice(void **state)
{
	struct fixture *f = *state;

	f->config.type = SOURCE_TYPE_POOL;
	f->config.pool_sources = 3;
	start(f, GOOD);
	run_until(f, &f->sources[0].stats.received, 5);
	assert_string_equal(f->sources[0].name, "test.1");
	assert_string_equal(f->sources[2].name, "test.3");
	assert_int_equal(f->sources[1].stats.sent, 0);
	assert_string_equal(f->sources[1].claims.address, "");
}

static void numeric_addresses_start_no_resolver(void **state)
{
	struct fixture *f = *state;
	struct source *s = start(f, GOOD);

	run_until(f, &s->stats.received, 1);
	assert_null(f->env.resolver);
}

/* Names in the hosts file need no network. */
static void a_name_is_resolved_and_asked(void **state)
{
	struct fixture *f = *state;
	struct source *s;

	snprintf(f->config.host, sizeof(f->config.host), "localhost");
	s = start(f, GOOD);
	run_until(f, &s->stats.received, 3);
	assert_non_null(f->env.resolver);
}

static int listen_on_v6(struct fixture *f)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons(f->config.port),
				       .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	loop_remove_watch(&f->loop, &f->watch);
	close(f->watch.fd);
	f->watch.fd = fd;
	return loop_add_watch(&f->loop, &f->watch);
}

/* Where the machine has no IPv6, the source says what is missing. */
static void ipv6_works_the_same_or_is_reported(void **state)
{
	struct fixture *f = *state;
	bool possible = !listen_on_v6(f);
	struct source *s;

	snprintf(f->config.host, sizeof(f->config.host), "::1");
	s = start(f, GOOD);
	if (possible) {
		run_until(f, &s->stats.received, 10);
		assert_true(s->stats.stamps_kernel >= 10 || !s->stats.stamps_kernel);
		return;
	}
	while (!s->claims.problem[0])
		assert_int_equal(loop_run_once(&f->loop, INT64_MAX), 0);
}

static void one_poll_costs_two_wakeups(void **state)
{
	struct fixture *f = *state;
	struct source *s;
	uint64_t wakeups, sent;

	f->config.min_poll_s = f->config.max_poll_s = 0.05;
	s = start(f, GOOD);
	run_until(f, &s->stats.received, 2);
	wakeups = f->loop.wakeups;
	sent = s->stats.sent;
	run_until(f, &s->stats.received, 12);
	/* One of them is the responder's, which shares the loop. */
	assert_true(f->loop.wakeups - wakeups <= 3 * (s->stats.sent - sent));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(replies_become_events_with_all_counters_in_order),
		CASE(facts_hold_against_the_clock_served),
		CASE(stamps_are_dropped_when_the_clock_was_set),
		CASE(stamps_of_the_daemon_are_used_where_configured),
		CASE(a_reply_that_answers_no_request_of_ours_is_ignored),
		CASE(a_second_copy_is_counted_once_and_used_never),
		CASE(an_old_reply_does_not_keep_the_new_one_out),
		CASE(malformed_replies_are_counted_and_ignored),
		CASE(an_unsynchronised_server_is_not_believed),
		CASE(silence_is_noticed_and_ends),
		CASE(an_interleaved_reply_completes_the_exchange_before),
		CASE(lost_replies_do_not_mix_up_exchanges),
		CASE(a_server_without_interleaved_mode_is_used_as_ever),
		CASE(a_stamp_of_another_reply_completes_nothing),
		CASE(an_interface_that_is_not_there_is_named),
		CASE(a_closed_port_is_told_as_such),
		CASE(rate_doubles_the_interval_for_good),
		CASE(a_server_that_denies_is_left_alone),
		CASE(a_stranger_cannot_silence_us),
		CASE(replies_with_the_right_mac_are_used),
		CASE(replies_without_the_right_mac_are_counted_and_never_used),
		CASE(a_forged_reply_does_not_keep_the_genuine_one_out),
		CASE(a_pool_never_uses_an_address_twice),
		CASE(numeric_addresses_start_no_resolver),
		CASE(a_name_is_resolved_and_asked),
		CASE(ipv6_works_the_same_or_is_reported),
		CASE(one_poll_costs_two_wakeups),
	};

	return cmocka_run_group_tests_name("ntp source", tests, NULL, NULL);
}
