// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples that another program sends, by the protocol of chronyd's SOCK reference clock. */
#include "sock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "datagram_socket.h"
#include "realtime.h"
#include "reference.h"
#include "sock_message.h"
#include "source_env.h"
#include "source_note.h"

/* The clock is looked at this often, so that a message that was measured since can be converted. */
#define LOOK_NS INT64_C(1000000000)
enum { BURST = 16 };

struct sock {
	struct source *source;
	struct loop_watch watch;
	struct loop_timer timer;
	struct realtime_track track;
	int fd;		     /* -1: closed */
	unsigned int silent; /* looks in a row without a message */
};

static void take_message(struct sock *s, const struct sock_message *message)
{
	struct reference_sample sample = {
		.realtime_ns = message->realtime_ns,
		.t_ns = message->realtime_ns + message->offset_ns,
		.resolution_ns = SOCK_RESOLUTION_NS,
		.pulse = message->pulse,
	};

	/* Of a pulse, chronyd reads the offset as how far the host clock is past the second. */
	if (message->pulse)
		sample.t_ns = message->realtime_ns - message->offset_ns;
	s->source->claims.leap = message->leap;
	reference_emit(s->source, &s->track, &sample);
}

static void socket_ready(struct loop_watch *watch, short revents)
{
	struct sock *s = watch->context;
	char data[sizeof(struct sock_wire) + 1];

	(void)revents;
	for (int i = 0; i < BURST; i++) {
		ssize_t length = datagram_socket_read(s->fd, data, sizeof(data));
		struct sock_message message;

		if (length < 0)
			return;
		s->source->stats.sent++;
		s->silent = 0;
		if (sock_message_parse(data, (size_t)length, &message)) {
			s->source->stats.bogus++;
			source_problem(s->source, "a message came that is no SOCK sample");
		} else {
			take_message(s, &message);
		}
	}
}

static int open_it(struct sock *s)
{
	int err;

	s->fd = datagram_socket_open(s->source->config->socket);
	if (s->fd < 0)
		return s->fd;
	s->watch.fd = s->fd;
	err = loop_add_watch(s->source->env->loop, &s->watch);
	if (err) {
		datagram_socket_close(s->fd, s->source->config->socket);
		s->fd = -1;
	}
	return err;
}

static void timer_due(struct loop_timer *timer, int64_t now_ns)
{
	struct sock *s = timer->context;
	int err = s->fd < 0 ? open_it(s) : 0;

	loop_arm(s->source->env->loop, timer, now_ns + LOOK_NS);
	realtime_look(&s->track);
	if (err) {
		source_problem(s->source, "%.48s: %.32s", s->source->config->socket,
			       strerror(-err));
		source_tell_offline(s->source);
	}
	/* One look may fall between two messages that come once a second. */
	if (++s->silent > 2)
		source_missed(s->source, 1);
}

static void sock_stop(struct source *source)
{
	struct sock *s = source->impl;

	loop_disarm(source->env->loop, &s->timer);
	loop_remove_watch(source->env->loop, &s->watch);
	datagram_socket_close(s->fd, source->config->socket);
	free(s);
	source->impl = NULL;
}

static const struct source_ops sock_ops = {
	.type = "sock", .stop = sock_stop, .retune = source_retune_poll};

int sock_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	struct sock *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->source = source;
	s->fd = -1;
	s->timer = (struct loop_timer){.fire = timer_due, .context = s};
	s->watch = (struct loop_watch){
		.fd = -1, .events = POLLIN, .ready = socket_ready, .context = s};
	realtime_start(&s->track, env->counter, env->realtime_steered);
	source_begin(source, &sock_ops, config, env, config->socket, "SOCK");
	source->impl = s;
	source_tell_poll(source, config->min_poll_s);
	timer_due(&s->timer, loop_now_ns());
	return 0;
}
