/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: what vmclockctl and monitoring ask the running daemon.
 *
 * A UNIX stream socket that speaks Varlink, interface org.vmclock.Host. Whoever may connect (the
 * socket's group) may read; what changes something needs root.
 */
#ifndef VMCLOCK_CONTROL_H
#define VMCLOCK_CONTROL_H

#include <stddef.h>

struct control;
struct daemon;

/*
 * Listens on daemon->config.control_socket, in daemon->loop. Reads *daemon whenever somebody asks.
 * 0 (*out is NULL when no socket is configured); -EADDRINUSE: another daemon answers there;
 * -errno with a message that names the path and what to do. The daemon runs without it, too.
 */
int control_open(struct control **out, struct daemon *daemon, char *message, size_t message_size);

/* A publication went out: those who watch are told. Costs nothing when nobody does. */
void control_published(struct control *control);

/* Takes NULL. Removes the socket file when it is still ours. */
void control_close(struct control *control);

#endif
