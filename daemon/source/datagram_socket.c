// SPDX-License-Identifier: GPL-2.0-or-later
/* A UNIX datagram socket at a path, on which others tell us something. */
#include "datagram_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Nobody else may say what time it is. */
enum { SOCKET_UMASK = 0117 };

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* Does somebody still listen there? */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = new_socket();
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(SOCKET_UMASK);
	int err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(before);
	return err;
}

int datagram_socket_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = new_socket();
	if (fd < 0)
		return fd;
	err = bind_to(fd, &address);
	if (err == -EADDRINUSE && !lstat(path, &st) && S_ISSOCK(st.st_mode) &&
	    !is_alive(&address) && !unlink(path))
		err = bind_to(fd, &address);
	if (!err)
		return fd;
	close(fd);
	return err;
}

void datagram_socket_close(int fd, const char *path)
{
	if (fd < 0)
		return;
	unlink(path);
	close(fd);
}

ssize_t datagram_socket_read(int fd, void *out, size_t size)
{
	ssize_t length = recv(fd, out, size, MSG_DONTWAIT | MSG_TRUNC);

	if (length < 0)
		return -errno;
	return (size_t)length > size ? (ssize_t)size : length;
}
