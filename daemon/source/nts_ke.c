// SPDX-License-Identifier: GPL-2.0-or-later
/* One NTS key establishment: a TLS connection in the loop, from the call to the keys. */
#include "nts_ke.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ntp_socket.h"

/* All of it: the call, both ways of the handshake, the response. */
#define DEADLINE_NS INT64_C(10000000000)

static const char alpn[] = "ntske/1";
static const char exporter_label[] = "EXPORTER-network-time-security";

static void set_deadline(struct nts_ke *ke, int64_t delay_ns)
{
	loop_arm(ke->source->env->loop, &ke->timer, loop_now_ns() + delay_ns);
}

static void wipe(struct nts_ke *ke)
{
	explicit_bzero(ke->received, sizeof(ke->received));
	explicit_bzero(&ke->response, sizeof(ke->response));
	explicit_bzero(ke->client_key, sizeof(ke->client_key));
	explicit_bzero(ke->server_key, sizeof(ke->server_key));
}

/* Leaves what was received. */
static void hang_up(struct nts_ke *ke)
{
	struct loop *loop = ke->source->env->loop;

	loop_disarm(loop, &ke->timer);
	loop_remove_watch(loop, &ke->watch);
	if (ke->tls) {
		tls_close(ke->tls);
		tls_put(ke->source->env);
	}
	ke->tls = NULL;
	if (ke->watch.fd >= 0)
		close(ke->watch.fd);
	ke->watch.fd = -1;
	ke->stage = NTS_KE_IDLE;
}

void nts_ke_stop(struct nts_ke *ke)
{
	hang_up(ke);
	wipe(ke);
}

static void finish(struct nts_ke *ke, bool established)
{
	hang_up(ke);
	ke->done(ke, established);
	wipe(ke);
}

/* The deadline; or the call failed at once, which is told from here too. */
static void time_is_up(struct loop_timer *timer, int64_t now_ns)
{
	static const char *const silent[] = {
		[NTS_KE_CONNECTING] = "does not answer",
		[NTS_KE_SHAKING_HANDS] = "does not end the TLS handshake",
		[NTS_KE_ASKING] = "does not take the request",
		[NTS_KE_LISTENING] = "does not answer the request",
	};
	struct nts_ke *ke = timer->context;

	(void)now_ns;
	if (ke->stage != NTS_KE_IDLE)
		snprintf(ke->problem, sizeof(ke->problem), "port %u of the server %s",
			 ke->source->config->nts_port, silent[ke->stage]);
	finish(ke, false);
}

static int export_keys(struct nts_ke *ke)
{
	uint8_t context[] = {0, 0, 0, NTS_AEAD_SIV_CMAC_256, 0};
	int err = tls_export(ke->tls, exporter_label, context, sizeof(context), ke->client_key,
			     sizeof(ke->client_key));

	context[4] = 1;
	if (!err)
		err = tls_export(ke->tls, exporter_label, context, sizeof(context), ke->server_key,
				 sizeof(ke->server_key));
	if (err)
		snprintf(ke->problem, sizeof(ke->problem), "TLS gives no keys for NTP");
	return err;
}

/* 0, -EAGAIN, or another error and the problem: as all the stages below. */
static int connected(struct nts_ke *ke)
{
	int fd = ke->watch.fd;
	int err = 0;
	socklen_t size = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size))
		err = errno;
	if (err) {
		snprintf(ke->problem, sizeof(ke->problem), "port %u of the server: %s",
			 ke->source->config->nts_port, strerror(err));
		return -ENOTCONN;
	}
	err = tls_get(ke->source->env, ke->problem);
	if (err)
		return err;
	err = tls_open(ke->source->env, &ke->tls, fd, &ke->peer, ke->problem);
	if (err)
		tls_put(ke->source->env);
	return err;
}

static int ask(struct nts_ke *ke)
{
	uint8_t request[NTS_KE_REQUEST_SIZE];
	ssize_t sent;

	nts_ke_request(request);
	sent = tls_send(ke->tls, request, sizeof(request), ke->problem);
	return sent < 0 ? (int)sent : 0; /* one record of TLS goes whole or not at all */
}

static int listen_to(struct nts_ke *ke)
{
	char *problem = ke->problem;
	int err;

	do {
		ssize_t got = tls_receive(ke->tls, ke->received + ke->received_length,
					  sizeof(ke->received) - ke->received_length, problem);

		if (got < 0)
			return (int)got;
		ke->received_length += (size_t)got;
		err = nts_ke_parse(ke->received, ke->received_length, !got, &ke->response, problem);
	} while (err == -EAGAIN && ke->received_length < sizeof(ke->received));
	if (err == -EAGAIN) {
		snprintf(problem, sizeof(ke->problem), "the response is too long");
		return -EMSGSIZE;
	}
	return err ? err : export_keys(ke);
}

static int do_stage(struct nts_ke *ke)
{
	switch (ke->stage) {
	case NTS_KE_CONNECTING:
		return connected(ke);
	case NTS_KE_SHAKING_HANDS:
		return tls_handshake(ke->tls, ke->problem);
	case NTS_KE_ASKING:
		return ask(ke);
	default:
		return listen_to(ke);
	}
}

static int64_t utc_s(const struct source_env *env)
{
	struct timespec now;

	if (env->utc_s)
		return env->utc_s(env->context);
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void socket_ready(struct loop_watch *watch, short revents)
{
	struct nts_ke *ke = watch->context;
	int err = 0;

	(void)revents;
	tls_set_time(utc_s(ke->source->env));
	while (!err) {
		err = do_stage(ke);
		if (!err && ke->stage == NTS_KE_LISTENING) {
			finish(ke, true);
			return;
		}
		if (!err)
			ke->stage++;
	}
	if (err != -EAGAIN) {
		finish(ke, false);
		return;
	}
	watch->events = tls_wants_to_write(ke->tls) ? POLLOUT : POLLIN;
}

void nts_ke_init(struct nts_ke *ke, struct source *source,
		 void (*done)(struct nts_ke *ke, bool established), void *context)
{
	*ke = (struct nts_ke){
		.source = source,
		.peer = {.host = source->config->host,
			 .trust = source->config->nts_trust,
			 .alpn = alpn},
		.watch = {.fd = -1, .ready = socket_ready, .context = ke},
		.timer = {.at_ns = INT64_MAX, .fire = time_is_up, .context = ke},
		.done = done,
		.context = context,
	};
}

static int call(struct nts_ke *ke, const struct address *server)
{
	int fd = socket(server->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0) {
		snprintf(ke->problem, sizeof(ke->problem), "cannot open a socket: %s",
			 strerror(errno));
		return -errno;
	}
	ke->watch.fd = fd;
	ke->watch.events = POLLOUT;
	err = ntp_socket_bind(fd, ke->source->config->interface, ke->problem);
	if (!err && connect(fd, &server->any, server->length) && errno != EINPROGRESS) {
		err = -errno;
		snprintf(ke->problem, sizeof(ke->problem), "cannot reach it: %s", strerror(errno));
	}
	if (!err) {
		err = loop_add_watch(ke->source->env->loop, &ke->watch);
		if (err)
			snprintf(ke->problem, sizeof(ke->problem),
				 "too many descriptors are watched");
	}
	return err;
}

void nts_ke_start(struct nts_ke *ke, const struct address *server)
{
	nts_ke_stop(ke);
	ke->received_length = 0;
	ke->problem[0] = '\0';
	ke->stage = NTS_KE_CONNECTING;
	if (!call(ke, server)) {
		set_deadline(ke, DEADLINE_NS);
		return;
	}
	hang_up(ke);
	set_deadline(ke, 0);
}
