// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ntp-relay: passes NTP packets on, each direction with a delay of its own, drawn or recorded.
 *
 * A packet is passed on that long after the kernel received it: how long the relay took to wake up
 * does not count, and the last moments before a packet is due are spent spinning.
 *
 * Every client has a socket of its own towards the server, so that interleaved mode works through
 * it. A recording has one line per exchange: request_ns,reply_ns; it is used again from its start
 * when it ends.
 */
#define _GNU_SOURCE
#include "tests/system/responder_behaviour.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 64,
	PACKETS_MAX = 256,
	PACKET_SIZE = 512,
	RECORDED_MAX = 200000,
	SPIN_NS = 300000
};

struct client {
	struct sockaddr_in address;
	int server_fd; /* connected to the server */
};

struct packet {
	bool used;
	bool request;
	unsigned int client;
	int64_t due_ns; /* CLOCK_REALTIME, as the kernel's receive stamps */
	size_t length;
	uint8_t bytes[PACKET_SIZE];
};

struct recording {
	int64_t (*delays_ns)[2]; /* request, reply */
	size_t count;
	size_t next[2];
};

struct relay {
	int fd;
	struct sockaddr_in server;
	struct client clients[CLIENTS_MAX];
	unsigned int clients_seen;
	struct packet packets[PACKETS_MAX];
	struct behaviour behaviour;
	struct recording recording;
};

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	stop = number;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int parse_address(const char *text, struct sockaddr_in *out)
{
	char host[32];
	unsigned int port;

	memset(out, 0, sizeof(*out));
	if (sscanf(text, "%31[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535)
		return -EINVAL;
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &out->sin_addr) == 1 ? 0 : -EINVAL;
}

static int read_recording(struct recording *r, const char *path)
{
	FILE *file = fopen(path, "r");

	r->delays_ns = calloc(RECORDED_MAX, sizeof(*r->delays_ns));
	if (!file || !r->delays_ns)
		return -errno;
	while (r->count < RECORDED_MAX &&
	       fscanf(file, "%" SCNd64 ",%" SCNd64, &r->delays_ns[r->count][0],
		      &r->delays_ns[r->count][1]) == 2)
		r->count++;
	fclose(file);
	return r->count ? 0 : -EBADMSG;
}

static int64_t delay_ns(struct relay *relay, bool request)
{
	struct recording *r = &relay->recording;
	int way = request ? 0 : 1;

	if (r->count)
		return r->delays_ns[r->next[way]++ % r->count][way];
	return request ? behaviour_request_delay_ns(&relay->behaviour)
		       : behaviour_reply_delay_ns(&relay->behaviour);
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return fd;
}

/* The client at this address; a new one takes the place of the oldest (some clients ask from
 * another port each time). CLIENTS_MAX: no socket. */
static unsigned int find_client(struct relay *relay, const struct sockaddr_in *from)
{
	unsigned int place = relay->clients_seen % CLIENTS_MAX;
	struct client *c = &relay->clients[place];

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		if (!memcmp(&relay->clients[i].address, from, sizeof(*from)))
			return i;
	}
	if (relay->clients_seen++ >= CLIENTS_MAX)
		close(c->server_fd);
	c->address = *from;
	c->server_fd = open_socket();
	if (c->server_fd < 0 ||
	    connect(c->server_fd, (const struct sockaddr *)&relay->server, sizeof(relay->server)))
		return CLIENTS_MAX;
	return place;
}

/* Receives with the kernel's stamp, or a later reading of the clock where there is none. */
static ssize_t receive_stamped(int fd, void *bytes, struct sockaddr_in *from, int64_t *at_ns)
{
	uint8_t control[256];
	struct iovec part = {bytes, PACKET_SIZE};
	struct msghdr message = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(fd, &message, 0);

	*at_ns = now_ns();
	if (length < 0)
		return length;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		*at_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	}
	return length;
}

static struct packet *free_packet(struct relay *relay)
{
	for (unsigned int i = 0; i < PACKETS_MAX; i++) {
		if (!relay->packets[i].used)
			return &relay->packets[i];
	}
	return NULL;
}

static void receive(struct relay *relay, int fd, bool request, unsigned int client)
{
	struct sockaddr_in from = {0};
	struct packet *p = free_packet(relay);
	uint8_t bytes[PACKET_SIZE];
	int64_t at_ns;
	ssize_t length = receive_stamped(fd, bytes, &from, &at_ns);

	if (length < 0 || !p)
		return;
	if (request)
		client = find_client(relay, &from);
	if (client == CLIENTS_MAX)
		return;
	*p = (struct packet){.used = true, .request = request, .client = client};
	p->due_ns = at_ns + delay_ns(relay, request);
	p->length = (size_t)length;
	memcpy(p->bytes, bytes, (size_t)length);
}

static void pass_on(struct relay *relay, struct packet *p)
{
	const struct client *c = &relay->clients[p->client];

	p->used = false;
	if (p->request)
		send(c->server_fd, p->bytes, p->length, 0);
	else
		sendto(relay->fd, p->bytes, p->length, 0, (const struct sockaddr *)&c->address,
		       sizeof(c->address));
}

/* Passes on what is due; how long to sleep then, a second at most. */
static int64_t pass_on_due(struct relay *relay)
{
	int64_t next_ns = INT64_MAX;

	for (struct packet *p = relay->packets; p < relay->packets + PACKETS_MAX; p++) {
		if (p->used && p->due_ns <= now_ns())
			pass_on(relay, p);
		else if (p->used && p->due_ns < next_ns)
			next_ns = p->due_ns;
	}
	if (next_ns == INT64_MAX)
		return 1000000000;
	next_ns -= now_ns() + SPIN_NS;
	return next_ns < 0 ? 0 : next_ns > 1000000000 ? 1000000000 : next_ns;
}

static void run(struct relay *relay)
{
	struct pollfd fds[1 + CLIENTS_MAX];

	while (!stop) {
		struct timespec wait = {0, pass_on_due(relay)};

		if (wait.tv_nsec == 1000000000)
			wait = (struct timespec){1, 0};
		fds[0] = (struct pollfd){.fd = relay->fd, .events = POLLIN};
		for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
			fds[1 + i].fd = i < relay->clients_seen ? relay->clients[i].server_fd : -1;
			fds[1 + i].events = POLLIN;
		}
		if (ppoll(fds, 1 + CLIENTS_MAX, &wait, NULL) <= 0)
			continue;
		for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
			if (fds[1 + i].revents)
				receive(relay, fds[1 + i].fd, false, i);
		}
		if (fds[0].revents)
			receive(relay, relay->fd, true, 0);
	}
}

static int take_option(struct relay *relay, const char *name, const char *value,
		       struct sockaddr_in *listen)
{
	char message[512];

	if (!strcmp(name, "--listen"))
		return parse_address(value, listen);
	if (!strcmp(name, "--server"))
		return parse_address(value, &relay->server);
	if (!strcmp(name, "--recorded"))
		return read_recording(&relay->recording, value);
	if (strncmp(name, "--", 2))
		return -EINVAL;
	return behaviour_set(&relay->behaviour, name + 2, value, 0, message, sizeof(message));
}

int main(int argc, char **argv)
{
	static struct relay relay;
	struct sigaction action = {.sa_handler = on_stop};
	struct sockaddr_in listen = {0};

	behaviour_honest(&relay.behaviour);
	for (int i = 1; i < argc; i += 2) {
		if (!argv[i + 1] || take_option(&relay, argv[i], argv[i + 1], &listen)) {
			fprintf(stderr, "ntp-relay: cannot use %s %s\n", argv[i],
				argv[i + 1] ? argv[i + 1] : "(nothing)");
			return 2;
		}
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
	srandom((unsigned int)now_ns());
	relay.fd = open_socket();
	if (!listen.sin_port || !relay.server.sin_port || relay.fd < 0 ||
	    bind(relay.fd, (const struct sockaddr *)&listen, sizeof(listen))) {
		fprintf(stderr, "ntp-relay: --listen ADDRESS:PORT --server ADDRESS:PORT: %s\n",
			strerror(errno));
		return 1;
	}
	run(&relay);
	return 0;
}
