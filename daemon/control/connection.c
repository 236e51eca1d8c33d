// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves one client's bytes: calls in, replies out, a pause while it does not read. */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../daemon.h"
#include "connection.h"
#include "method.h"

enum {
	CALLS_PER_ROUND = 4, /* so that a flood of calls leaves the loop to the sources */
};

#define SILENT_NS 60000000000LL /* without a call */
#define UNREAD_NS 10000000000LL /* with replies that nobody takes */

static uid_t peer_uid(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return (uid_t)-1;
	return peer.uid;
}

static bool unread(const struct connection *c)
{
	const char *at;

	return varlink_output_pending(&c->out, &at) > 0;
}

/* 0: all gone, or the socket is full; -errno: the client is lost. */
static int flush(struct connection *c)
{
	const char *at;
	size_t left;

	while ((left = varlink_output_pending(&c->out, &at)) > 0) {
		ssize_t n = send(c->watch.fd, at, left, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		varlink_output_sent(&c->out, (size_t)n);
		c->moved_ns = loop_now_ns();
	}
	return 0;
}

static int receive(struct connection *c)
{
	char *at;
	size_t room;
	ssize_t n;
	int rc = varlink_input_space(&c->in, &at, &room);

	if (rc)
		return rc;
	n = recv(c->watch.fd, at, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		c->ended = true;
	varlink_input_filled(&c->in, (size_t)n);
	if (n > 0)
		c->moved_ns = loop_now_ns();
	return 0;
}

static int answer(struct connection *c)
{
	const char *message;
	size_t length;
	unsigned int calls;
	int rc;

	for (calls = 0; calls < CALLS_PER_ROUND; calls++) {
		if (c->closing || c->watching || unread(c) ||
		    !varlink_input_next(&c->in, &message, &length))
			break;
		rc = method_answer(c, message, length);
		if (!rc)
			rc = flush(c);
		if (rc)
			return rc;
	}
	return 0;
}

/* Calls wait while replies do, and no more come in than wait: a client that does not read its
 * replies is soon not read from. */
static bool may_receive(struct connection *c)
{
	return !c->ended && !c->closing && (c->watching || !varlink_input_ready(&c->in));
}

static bool is_done(struct connection *c)
{
	return !unread(c) && (c->closing || (c->ended && !varlink_input_ready(&c->in)));
}

static void choose_events(struct connection *c)
{
	c->watch.events = may_receive(c) ? POLLIN : 0;
	if (unread(c) || (!c->watching && !c->closing && varlink_input_ready(&c->in)))
		c->watch.events |= POLLOUT;
}

static void settle(struct connection *c, int rc)
{
	if (rc == -EMSGSIZE) {
		rc = method_refuse(c, "a message has at most 65536 bytes, its NUL included");
		if (!rc)
			rc = flush(c);
	}
	if (rc || is_done(c))
		connection_close(c);
	else
		choose_events(c);
}

static void connection_ready(struct loop_watch *watch, short revents)
{
	struct connection *c = watch->context;
	int rc = flush(c);

	/* A peer that is gone with replies unread: send() has failed above, or will. */
	(void)revents;
	if (!rc && may_receive(c))
		rc = receive(c);
	if (!rc)
		rc = answer(c);
	settle(c, rc);
}

int connection_open(struct connection *c, struct daemon *daemon, int fd)
{
	memset(c, 0, sizeof(*c));
	c->watch.fd = fd;
	c->watch.events = POLLIN;
	c->watch.ready = connection_ready;
	c->watch.context = c;
	c->daemon = daemon;
	c->uid = peer_uid(fd);
	c->moved_ns = loop_now_ns();
	c->open = true;
	return loop_add_watch(&daemon->loop, &c->watch);
}

void connection_close(struct connection *c)
{
	loop_remove_watch(&c->daemon->loop, &c->watch);
	close(c->watch.fd);
	varlink_input_free(&c->in);
	varlink_output_free(&c->out);
	c->open = false;
	c->watching = false;
}

void connection_update(struct connection *c, const json_t *message)
{
	int rc;

	if (unread(c))
		return;
	c->updated_ns = loop_now_ns();
	rc = varlink_output_add(&c->out, message);
	if (!rc)
		rc = flush(c);
	settle(c, rc);
}

void connection_expire(struct connection *c, int64_t now_ns)
{
	int64_t limit_ns = unread(c) ? UNREAD_NS : SILENT_NS;

	if (c->watching && !unread(c))
		return;
	if (now_ns - c->moved_ns > limit_ns)
		connection_close(c);
}
