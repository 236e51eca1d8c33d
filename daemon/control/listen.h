/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening UNIX socket: made without stealing another daemon's, removed when it is ours. */
#ifndef VMCLOCK_CONTROL_LISTEN_H
#define VMCLOCK_CONTROL_LISTEN_H

#include <stddef.h>
#include <sys/types.h>

struct listener {
	int fd; /* -1: closed */
	char path[256];
	dev_t device; /* of the socket file, to know it again */
	ino_t inode;
};

/*
 * Mode 0660, group `group` ("": the daemon's own; a group that does not exist or cannot be given
 * is a log line). A socket file that nobody listens on is replaced.
 * 0; -EADDRINUSE: somebody listens; -EEXIST: the path is no socket; -errno.
 */
int listener_open(struct listener *listener, const char *path, const char *group, char *message,
		  size_t message_size);
void listener_close(struct listener *listener);

/* Close-on-exec and non-blocking by fcntl: simulators refuse the flags at creation. */
int listener_set_flags(int fd);

#endif
