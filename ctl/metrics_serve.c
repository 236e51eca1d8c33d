// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl metrics: prints them, or answers the one HTTP request that standard input brings. */
#define _GNU_SOURCE /* memmem */
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "ctl.h"
#include "metrics.h"

enum { REQUEST_MAX = 8192, REQUEST_TIMEOUT_MS = 5000 };

static json_t *ask(const char *socket, const char *method, const char *member)
{
	json_t *reply = client_ask(socket, method, NULL);
	json_t *part = json_incref(json_object_get(reply, member));

	json_decref(reply);
	return part;
}

static int print(FILE *to, const char *socket)
{
	json_t *status = ask(socket, "GetStatus", "status");
	json_t *sources = status ? ask(socket, "GetSources", "sources") : NULL;
	json_t *guests = sources ? ask(socket, "GetGuests", "guests") : NULL;

	if (guests)
		metrics_print(to, status, sources, guests);
	json_decref(guests);
	json_decref(sources);
	json_decref(status);
	return guests ? CTL_FINE : CTL_ERROR;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* All of a request that comes within the time; its length. */
static size_t read_request(char *request)
{
	int64_t end_ms = monotonic_ms() + REQUEST_TIMEOUT_MS;
	size_t length = 0;

	while (length < REQUEST_MAX && !memmem(request, length, "\r\n\r\n", 4)) {
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t left_ms = end_ms - monotonic_ms();
		ssize_t got;

		if (left_ms <= 0 || poll(&in, 1, (int)left_ms) <= 0)
			break;
		got = read(STDIN_FILENO, request + length, REQUEST_MAX - length);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	return length;
}

static const char *phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found: /metrics is all there is";
	case 405:
		return "Method Not Allowed";
	case 503:
		return "Service Unavailable: vmclockd does not answer";
	default:
		return "Bad Request";
	}
}

static int answer_http(const char *socket)
{
	char request[REQUEST_MAX];
	size_t size = 0;
	char *body = NULL;
	FILE *memory = open_memstream(&body, &size);
	bool head;
	int status = metrics_http_status(request, read_request(request), &head);

	if (!memory)
		return ctl_error("out of memory");
	if (status == 200 && print(memory, socket) != CTL_FINE)
		status = 503;
	if (status != 200)
		fprintf(memory, "%s\n", phrase(status));
	if (fclose(memory) == 0) {
		printf("HTTP/1.1 %d %s\r\n"
		       "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		       "%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
		       status, phrase(status), status == 405 ? "Allow: GET, HEAD\r\n" : "", size);
		fwrite(body, 1, head ? 0 : size, stdout);
	}
	free(body);
	return CTL_FINE;
}

int metrics_run(const struct options *options)
{
	return options->http ? answer_http(options->socket) : print(stdout, options->socket);
}
