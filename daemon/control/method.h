/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of the control socket, by name. */
#ifndef VMCLOCK_CONTROL_METHOD_H
#define VMCLOCK_CONTROL_METHOD_H

#include "connection.h"

/*
 * Answers one message, with a reply, a Varlink error or (oneway) nothing. 0; -errno: the
 * connection cannot go on.
 */
int method_answer(struct connection *c, const char *message, size_t length);

/* BadMessage, after which the connection ends. */
int method_refuse(struct connection *c, const char *reason);

/* What a watcher gets; NULL when memory is out. */
json_t *method_watch_reply(const struct daemon *daemon);

#endif
