/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to vmclockd's control socket: calls out, replies in. Varlink wire format. */
#ifndef VMCLOCKCTL_CLIENT_H
#define VMCLOCKCTL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum { CLIENT_REPLY_MAX = 1024 * 1024 };

struct client {
	int fd;
	const char *path;
	char *data; /* CLIENT_REPLY_MAX bytes */
	size_t used;
	size_t taken; /* the next reply starts here */
};

/* CTL_FINE, or CTL_ERROR after saying on stderr what is wrong and what to do. */
int client_open(struct client *client, const char *path);
/* No daemon runs there; says nothing. */
bool client_finds_nobody(const char *path);
void client_close(struct client *client);

/* Sends a call of org.vmclock.Host. Takes over `parameters` (NULL: none). CTL_FINE or CTL_ERROR. */
int client_call(struct client *client, const char *method, json_t *parameters, bool more);

/*
 * The next reply's parameters, *reply NULL when none came within timeout_ms or a signal did.
 * CTL_FINE; CTL_ERROR after saying what the daemon refused, or that it hung up.
 */
int client_reply(struct client *client, int timeout_ms, json_t **reply);

/* Opens, calls, takes the one reply and closes. NULL after an error that has been said. */
json_t *client_ask(const char *path, const char *method, json_t *parameters);

#endif
