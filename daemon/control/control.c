// SPDX-License-Identifier: GPL-2.0-or-later
/* The control server: accepts clients up to a limit and tells those who watch. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../daemon.h"
#include "../log.h"
#include "connection.h"
#include "control.h"
#include "listen.h"
#include "method.h"

enum { CONNECTIONS_MAX = 16, ACCEPTS_PER_ROUND = 8 };

#define SWEEP_NS 1000000000LL

struct control {
	struct daemon *daemon;
	struct listener listener;
	struct loop_watch watch; /* of the listener */
	struct loop_timer sweep; /* armed while somebody is connected */
	struct connection connections[CONNECTIONS_MAX];
};

static void update_watchers(struct control *control, int64_t told_before_ns)
{
	json_t *message = NULL;
	size_t i;

	for (i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &control->connections[i];

		if (!c->open || !c->watching || c->updated_ns > told_before_ns)
			continue;
		if (!message)
			message = method_watch_reply(control->daemon);
		if (!message)
			return;
		connection_update(c, message);
	}
	json_decref(message);
}

static bool anybody(const struct control *control)
{
	size_t i;

	for (i = 0; i < CONNECTIONS_MAX; i++) {
		if (control->connections[i].open)
			return true;
	}
	return false;
}

static void sweep(struct loop_timer *timer, int64_t now_ns)
{
	struct control *control = timer->context;
	size_t i;

	for (i = 0; i < CONNECTIONS_MAX; i++) {
		if (control->connections[i].open)
			connection_expire(&control->connections[i], now_ns);
	}
	/* Half a period of slack: one told just after the last sweep is not left out for two. */
	update_watchers(control, now_ns - SWEEP_NS / 2);
	/* Listening may have paused for lack of descriptors. */
	control->watch.events = POLLIN;
	if (anybody(control))
		loop_arm(&control->daemon->loop, timer, now_ns + SWEEP_NS);
}

static struct connection *free_slot(struct control *control)
{
	size_t i;

	for (i = 0; i < CONNECTIONS_MAX; i++) {
		if (!control->connections[i].open)
			return &control->connections[i];
	}
	return NULL;
}

static void welcome(struct control *control, int fd)
{
	struct connection *c = free_slot(control);
	int rc = c ? listener_set_flags(fd) : -EUSERS;

	if (!rc) {
		rc = connection_open(c, control->daemon, fd);
		c->open = rc == 0;
	}
	if (rc) {
		log_debug("control: a client was turned away: %s", strerror(-rc));
		close(fd);
	}
}

static void listener_ready(struct loop_watch *watch, short revents)
{
	struct control *control = watch->context;
	unsigned int i;

	(void)revents;
	for (i = 0; i < ACCEPTS_PER_ROUND; i++) {
		int fd = accept(watch->fd, NULL, NULL);

		if (fd >= 0)
			welcome(control, fd);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR && errno != ECONNABORTED)
			watch->events = 0; /* out of descriptors or memory: again in a second */
	}
	if (!control->sweep.linked)
		loop_arm(&control->daemon->loop, &control->sweep, loop_now_ns() + SWEEP_NS);
}

int control_open(struct control **out, struct daemon *daemon, char *message, size_t message_size)
{
	const struct config *config = &daemon->config;
	struct control *control;
	int rc;

	*out = NULL;
	if (!config->control_socket[0])
		return 0;
	control = calloc(1, sizeof(*control));
	if (!control) {
		snprintf(message, message_size, "out of memory");
		return -ENOMEM;
	}
	control->daemon = daemon;
	rc = listener_open(&control->listener, config->control_socket, config->control_group,
			   message, message_size);
	if (rc) {
		free(control);
		return rc;
	}
	control->sweep = (struct loop_timer){.fire = sweep, .context = control};
	control->watch = (struct loop_watch){.fd = control->listener.fd,
					     .events = POLLIN,
					     .ready = listener_ready,
					     .context = control};
	rc = loop_add_watch(&daemon->loop, &control->watch);
	if (rc) {
		snprintf(message, message_size, "too many descriptors are watched");
		control_close(control);
		return rc;
	}
	*out = control;
	return 0;
}

void control_published(struct control *control)
{
	if (control)
		update_watchers(control, INT64_MAX);
}

void control_close(struct control *control)
{
	size_t i;

	if (!control)
		return;
	for (i = 0; i < CONNECTIONS_MAX; i++) {
		if (control->connections[i].open)
			connection_close(&control->connections[i]);
	}
	loop_disarm(&control->daemon->loop, &control->sweep);
	loop_remove_watch(&control->daemon->loop, &control->watch);
	listener_close(&control->listener);
	free(control);
}
