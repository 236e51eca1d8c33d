// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ntp-responder: an NTP server that shows this machine's clock, and misbehaves on command.
 *
 * It never sets a clock. Both stamps are honest whatever the scheduler does: the receive stamp is
 * read (by the kernel) after the request came, the transmit stamp before the reply leaves.
 */
#define _GNU_SOURCE
#include "responder_reply.h"

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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PENDING_MAX = 64, COMMAND_SIZE = 256 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A request whose reply is not due yet. */
struct pending {
	bool used;
	int64_t due_ns; /* CLOCK_REALTIME at which the reply leaves */
	int64_t t2_ns;	/* CLOCK_REALTIME at which the request counts as received */
	int64_t reply_delay_ns;
	union address from;
	socklen_t from_length;
	uint8_t request[NTP_HEADER_SIZE];
};

struct responder {
	int fd;
	bool input_open;
	bool exit_with_input;
	bool stop;
	struct behaviour behaviour;
	struct pending pending[PENDING_MAX];
	struct reply previous;
	uint64_t requests;
	uint64_t replies;
	char command[COMMAND_SIZE];
	size_t command_length;
};

static volatile sig_atomic_t stop_signal;

static void on_stop(int number)
{
	stop_signal = number;
}

static int64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* "192.0.2.1:123" or "[2001:db8::1]:123". */
static int parse_address(const char *text, union address *out, socklen_t *length)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	char *end;
	unsigned long port;
	size_t host_length;

	if (!colon)
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	host_length = (size_t)(colon - text);
	if (*end || end == colon + 1 || port == 0 || port > 65535 || host_length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, host_length);
	host[host_length] = '\0';
	memset(out, 0, sizeof(*out));
	if (host[0] == '[' && host_length > 2 && host[host_length - 1] == ']') {
		host[host_length - 1] = '\0';
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		*length = sizeof(out->v6);
		return inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons((uint16_t)port);
	*length = sizeof(out->v4);
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static int open_socket(const char *text)
{
	union address address;
	socklen_t length;
	int on = 1;
	int fd;

	if (parse_address(text, &address, &length)) {
		fprintf(stderr, "ntp-responder: \"%s\" is not ADDRESS:PORT\n", text);
		return -EINVAL;
	}
	fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		goto failed;
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		goto failed;
	if (!bind(fd, &address.any, length))
		return fd;
failed:
	fprintf(stderr, "ntp-responder: %s: %s\n", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

static void send_reply(struct responder *r, const struct pending *p)
{
	enum fault fault = behaviour_next_fault(&r->behaviour);
	struct reply reply;

	/* Stamped as late as can be; an extra way back begins where the reply "left". */
	reply_make(&r->behaviour, fault, p->request, p->t2_ns, realtime_ns() - p->reply_delay_ns,
		   &r->previous, &reply);
	for (unsigned int i = 0; i < reply.copies; i++) {
		if (sendto(r->fd, reply.bytes, reply.length, 0, &p->from.any, p->from_length) > 0)
			r->replies++;
	}
	if (fault == FAULT_NONE)
		r->previous = reply;
}

/* Sends what is due; the time until the next one, or -1. */
static int64_t send_due(struct responder *r)
{
	int64_t next_ns = INT64_MAX;
	int64_t now_ns = realtime_ns();

	for (unsigned int i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &r->pending[i];

		if (p->used && p->due_ns <= now_ns) {
			p->used = false;
			send_reply(r, p);
		} else if (p->used && p->due_ns < next_ns) {
			next_ns = p->due_ns;
		}
	}
	return next_ns == INT64_MAX ? -1 : next_ns - now_ns;
}

static void accept_request(struct responder *r, struct pending *p, int64_t received_ns)
{
	const struct behaviour *b = &r->behaviour;

	p->t2_ns = received_ns + behaviour_request_delay_ns(b);
	p->reply_delay_ns = behaviour_reply_delay_ns(b);
	p->due_ns = p->t2_ns + p->reply_delay_ns;
	if (p->due_ns <= received_ns)
		send_reply(r, p);
	else
		p->used = true;
}

/* The kernel's receive stamp, or a later reading of the same clock where there is none. */
static int64_t received_at_ns(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	}
	return realtime_ns();
}

static struct pending *free_slot(struct responder *r)
{
	for (unsigned int i = 0; i < PENDING_MAX; i++) {
		if (!r->pending[i].used)
			return &r->pending[i];
	}
	return NULL;
}

static void receive_request(struct responder *r)
{
	uint8_t bytes[512] = {0};
	uint8_t control[256];
	struct iovec part = {bytes, sizeof(bytes)};
	struct pending *p = free_slot(r);
	union address from;
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(r->fd, &message, 0);

	if (length < 0 || !request_valid(bytes, (size_t)length) || !p)
		return;
	r->requests++;
	p->from = from;
	p->from_length = message.msg_namelen;
	memcpy(p->request, bytes, sizeof(p->request));
	accept_request(r, p, received_at_ns(&message));
}

/* One line of input: "report", or a setting and its value. Each is answered by one line. */
static void run_command(struct responder *r, char *line)
{
	char message[512];
	char *value = line + strcspn(line, " \t");

	if (*value)
		*value++ = '\0';
	value += strspn(value, " \t");
	if (!strcmp(line, "report"))
		printf("requests %" PRIu64 " replies %" PRIu64 "\n", r->requests, r->replies);
	else if (behaviour_set(&r->behaviour, line, value, realtime_ns(), message, sizeof(message)))
		printf("error %s\n", message);
	else
		printf("ok\n");
	fflush(stdout);
}

static void read_input(struct responder *r)
{
	ssize_t length = read(STDIN_FILENO, r->command + r->command_length,
			      sizeof(r->command) - 1 - r->command_length);
	char *line = r->command;
	char *end;

	if (length <= 0) {
		r->input_open = false;
		r->stop = r->exit_with_input;
		return;
	}
	r->command_length += (size_t)length;
	r->command[r->command_length] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		run_command(r, line);
		line = end + 1;
	}
	r->command_length -= (size_t)(line - r->command);
	memmove(r->command, line, r->command_length);
	if (r->command_length == sizeof(r->command) - 1)
		r->command_length = 0; /* a line too long for any command */
}

static void serve(struct responder *r)
{
	while (!r->stop && !stop_signal) {
		int64_t wait_ns = send_due(r);
		struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
		struct pollfd fds[] = {
			{.fd = r->fd, .events = POLLIN},
			{.fd = r->input_open ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (ppoll(fds, 2, wait_ns < 0 ? NULL : &wait, NULL) <= 0)
			continue;
		if (fds[0].revents)
			receive_request(r);
		if (fds[1].revents)
			read_input(r);
	}
}

static void print_help(void)
{
	const char *line;

	puts("ntp-responder --listen ADDRESS:PORT [--demonstration] [--exit-with-input]\n"
	     "              [--SETTING VALUE]...\n\n"
	     "An NTP server for tests: it shows this machine's own clock and never sets one. The\n"
	     "same settings are taken from standard input, one \"SETTING VALUE\" a line, each\n"
	     "answered with \"ok\" or \"error ...\"; \"report\" counts requests and replies.\n");
	for (unsigned int i = 0; (line = behaviour_help(i)); i++)
		printf("  %s\n", line);
}

static void be_demonstration(struct responder *r)
{
	r->behaviour.stratum = 10;
	memcpy(r->behaviour.refid, "DEMO", sizeof(r->behaviour.refid));
	puts("DEMONSTRATION: this server shows this machine's own clock. It is there to be looked "
	     "at,\nnot a source of true time.");
}

/* Takes one option from the front of `arguments`; how many words it was, or 0 when it is wrong. */
static int take_option(struct responder *r, char **arguments, const char **listen)
{
	const char *name = arguments[0];
	char message[512];

	if (!strcmp(name, "--demonstration")) {
		be_demonstration(r);
		return 1;
	}
	if (!strcmp(name, "--exit-with-input")) {
		r->exit_with_input = true;
		return 1;
	}
	if (strncmp(name, "--", 2) || !arguments[1]) {
		fprintf(stderr, "ntp-responder: %s: expected --OPTION VALUE; see --help\n", name);
		return 0;
	}
	if (!strcmp(name, "--listen")) {
		*listen = arguments[1];
		return 2;
	}
	if (!behaviour_set(&r->behaviour, name + 2, arguments[1], realtime_ns(), message,
			   sizeof(message)))
		return 2;
	fprintf(stderr, "ntp-responder: --%s\n", message);
	return 0;
}

int main(int argc, char **argv)
{
	static struct responder r = {.input_open = true};
	struct sigaction action = {.sa_handler = on_stop};
	const char *listen = NULL;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		print_help();
		return 0;
	}
	behaviour_honest(&r.behaviour);
	for (char **at = argv + 1; *at;) {
		int words = take_option(&r, at, &listen);

		if (!words)
			return 2;
		at += words;
	}
	if (!listen) {
		fprintf(stderr, "ntp-responder: --listen ADDRESS:PORT is missing; see --help\n");
		return 2;
	}
	r.fd = open_socket(listen);
	if (r.fd < 0)
		return 1;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	srandom((unsigned int)realtime_ns());
	printf("listening on %s\n", listen);
	fflush(stdout);
	serve(&r);
	close(r.fd);
	return 0;
}
