/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client of the control socket: its bytes in and out, without ever waiting for it. */
#ifndef VMCLOCK_CONTROL_CONNECTION_H
#define VMCLOCK_CONTROL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../loop.h"
#include "varlink.h"

struct daemon;

struct connection {
	struct loop_watch watch;
	struct daemon *daemon;
	struct varlink_input in;
	struct varlink_output out;
	uid_t uid; /* of the process that connected; (uid_t)-1: not known */
	bool open;
	bool watching;	    /* gets a reply on each publication */
	bool ended;	    /* will send no more */
	bool closing;	    /* once everything is sent */
	int64_t moved_ns;   /* CLOCK_MONOTONIC, when a byte last went either way */
	int64_t updated_ns; /* when a watcher was last told */
};

/* Takes `fd` over. -errno: it could not be watched; the caller closes it. */
int connection_open(struct connection *c, struct daemon *daemon, int fd);
void connection_close(struct connection *c);

/* A message for a watcher; skipped while an earlier one has not gone out yet. */
void connection_update(struct connection *c, const json_t *message);

/* Closes one that has been silent, or has not read its replies, for too long. */
void connection_expire(struct connection *c, int64_t now_ns);

#endif
