/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UNIX datagram socket at a path, on which others tell us something. */
#ifndef VMCLOCK_DATAGRAM_SOCKET_H
#define VMCLOCK_DATAGRAM_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Makes the socket, writable for its user and group only; a socket that a process which is gone
 * left at the path is replaced, anything else there stays. A descriptor or -errno.
 */
int datagram_socket_open(const char *path);

/* Closes it and takes it away. */
void datagram_socket_close(int fd, const char *path);

/* One message, without waiting: its length, `size` for one that is longer, or -errno. */
ssize_t datagram_socket_read(int fd, void *out, size_t size);

#endif
