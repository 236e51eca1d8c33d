// SPDX-License-Identifier: GPL-2.0-or-later
/* The counter, latched by hardware at the edge of a pulse: from a socket, or read from a device. */
#include "latch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "datagram_socket.h"
#include "latch_message.h"
#include "pulse_timer.h"
#include "source_env.h"
#include "source_note.h"

#define REOPEN_NS INT64_C(1000000000)
/* A value further back than this is of another counter, or was kept too long to be of use. */
#define OLDEST_NS 10e9
/* Messages that are read at a time; more than one is waiting when we were stopped. */
enum { BURST = 16 };

struct latch {
	struct source *source;
	struct loop_watch watch; /* socket */
	struct loop_timer timer; /* device; and to open either */
	struct pulse_timer pulses;
	int fd; /* -1: closed */
	bool begun;
	uint64_t last; /* counter of the last message */
};

static bool has_socket(const struct latch *l)
{
	return l->source->config->socket[0];
}

static void close_all(struct latch *l)
{
	if (has_socket(l)) {
		loop_remove_watch(l->source->env->loop, &l->watch);
		datagram_socket_close(l->fd, l->source->config->socket);
	} else if (l->fd >= 0) {
		close(l->fd);
	}
	l->fd = -1;
}

static void failed(struct latch *l, int64_t now_ns, int err)
{
	const struct config_source *config = l->source->config;

	close_all(l);
	source_problem(l->source, "%.48s: %.32s", has_socket(l) ? config->socket : config->device,
		       strerror(-err));
	source_missed(l->source, 1);
	source_tell_offline(l->source);
	loop_arm(l->source->env->loop, &l->timer, now_ns + REOPEN_NS);
}

/* A latched value lies in the past of this counter, and not far. */
static bool is_of_now(struct latch *l, uint64_t counter, double *age_ns)
{
	const struct counter *c = l->source->env->counter;

	*age_ns = (double)counter_diff(c->read(), counter) * c->ns_per_tick;
	if (*age_ns >= 0 && *age_ns <= OLDEST_NS)
		return true;
	l->source->stats.rejected++;
	source_problem(l->source, "latched %.3g s %s: is it this counter?",
		       *age_ns < 0 ? -*age_ns * 1e-9 : *age_ns * 1e-9,
		       *age_ns < 0 ? "in the future" : "ago");
	return false;
}

static void emit(struct latch *l, const struct latch_message *message)
{
	struct event event = {.kind = EVENT_LATCH};

	event.edge.c_edge = message->counter;
	event.edge.uncertainty_ticks = message->has_uncertainty
					       ? message->uncertainty_ticks
					       : l->source->config->uncertainty_ticks;
	event.edge.labelled = message->labelled;
	event.edge.label_s = message->second;
	if (source_emit(l->source, &event))
		l->source->stats.rejected++;
	else
		source_answered(l->source);
}

/* True: a pulse that was not known yet, of the given age. */
static bool take_text(struct latch *l, const char *text, size_t length, double *age_ns)
{
	struct latch_message message;

	if (latch_message_parse(text, length, &message)) {
		l->source->stats.bogus++;
		source_problem(l->source, "what came is not COUNTER [UNCERTAINTY [SECOND]]");
		return false;
	}
	if (l->begun && message.counter == l->last)
		return false;
	l->begun = true;
	l->last = message.counter;
	if (!is_of_now(l, message.counter, age_ns))
		return false;
	emit(l, &message);
	return true;
}

static void socket_ready(struct loop_watch *watch, short revents)
{
	struct latch *l = watch->context;
	char text[LATCH_MESSAGE_MAX + 1];
	double age_ns;

	(void)revents;
	for (int i = 0; i < BURST; i++) {
		ssize_t length = datagram_socket_read(l->fd, text, sizeof(text));

		if (length < 0)
			return;
		l->source->stats.sent++;
		take_text(l, text, (size_t)length, &age_ns);
	}
}

/* An attribute holds the last value, from its beginning; a device hands out each once. */
static ssize_t read_device(int fd, char *out, size_t size)
{
	ssize_t length = pread(fd, out, size, 0);

	if (length < 0 && errno == ESPIPE)
		length = read(fd, out, size);
	return length < 0 ? -errno : length;
}

static void look_at_device(struct latch *l, int64_t now_ns)
{
	char text[LATCH_MESSAGE_MAX + 1];
	ssize_t length = read_device(l->fd, text, sizeof(text));
	unsigned int missed = 0;
	double age_ns;
	int64_t next_ns;

	l->source->stats.sent++;
	if (length < 0 && length != -EAGAIN && length != -EINTR) {
		failed(l, now_ns, (int)length);
		return;
	}
	if (length > 0 && take_text(l, text, (size_t)length, &age_ns))
		next_ns = pulse_timer_seen(&l->pulses, loop_now_ns(), (int64_t)age_ns);
	else
		next_ns = pulse_timer_none(&l->pulses, now_ns, &missed);
	if (missed)
		source_missed(l->source, missed);
	loop_arm(l->source->env->loop, &l->timer, next_ns);
}

static int open_it(struct latch *l)
{
	const struct config_source *config = l->source->config;
	int err;

	if (!has_socket(l)) {
		l->fd = open(config->device, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		return l->fd < 0 ? -errno : 0;
	}
	l->fd = datagram_socket_open(config->socket);
	if (l->fd < 0)
		return l->fd;
	l->watch.fd = l->fd;
	err = loop_add_watch(l->source->env->loop, &l->watch);
	if (err)
		close_all(l);
	return err;
}

static void timer_due(struct loop_timer *timer, int64_t now_ns)
{
	struct latch *l = timer->context;
	int err = l->fd < 0 ? open_it(l) : 0;

	if (err)
		failed(l, now_ns, err);
	else if (!has_socket(l))
		look_at_device(l, now_ns);
}

static void latch_stop(struct source *source)
{
	struct latch *l = source->impl;

	loop_disarm(source->env->loop, &l->timer);
	close_all(l);
	free(l);
	source->impl = NULL;
}

static const struct source_ops latch_ops = {.type = "latch", .stop = latch_stop};

int latch_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	struct latch *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->source = source;
	l->fd = -1;
	l->timer = (struct loop_timer){.fire = timer_due, .context = l};
	l->watch = (struct loop_watch){
		.fd = -1, .events = POLLIN, .ready = socket_ready, .context = l};
	source_begin(source, &latch_ops, config, env,
		     config->socket[0] ? config->socket : config->device, "latch");
	source->impl = l;
	source_tell_poll(source, 1);
	loop_arm(env->loop, &l->timer, loop_now_ns());
	return 0;
}
