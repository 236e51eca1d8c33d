// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the control socket's file: never a living daemon's, readable for one group. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../log.h"
#include "listen.h"

enum { BACKLOG = 16 };

int listener_set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = listener_set_flags(fd);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

/* 0: nobody listens there; -EADDRINUSE: somebody does; -errno: cannot be told. */
static int probe(const struct sockaddr_un *address)
{
	int fd = new_socket();
	int rc = 0;

	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno == EAGAIN) /* a full backlog belongs to somebody */
		rc = -EADDRINUSE;
	else if (errno != ECONNREFUSED && errno != ENOENT)
		rc = -errno;
	close(fd);
	return rc;
}

static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int rc;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	rc = probe(address);
	if (rc)
		return rc;
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* Nobody can connect between bind() and a chmod(): the file is born with its mode. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(before);
	return rc;
}

static void give_to_group(const char *path, const char *name)
{
	const struct group *group;

	if (!name[0])
		return;
	group = getgrnam(name);
	if (!group)
		log_notice("control: no group '%s': only root and the daemon's own group can ask "
			   "through %s",
			   name, path);
	else if (lchown(path, (uid_t)-1, group->gr_gid) < 0)
		log_notice("control: cannot give %s to group '%s': %s", path, name,
			   strerror(errno));
}

static void explain(int rc, const char *path, char *message, size_t size)
{
	const char *why = strerror(-rc);

	if (rc == -EADDRINUSE)
		why = "another vmclockd answers there; stop it, or set another [control] socket";
	else if (rc == -EEXIST)
		why = "a file that is no socket is in the way; move it, or set another [control] "
		      "socket";
	else if (rc == -ENAMETOOLONG)
		why = "a socket's path has at most 107 characters";
	else if (rc == -ENOENT)
		why = "its directory does not exist";
	snprintf(message, size, "%s: %s", path, why);
}

static int listen_at(int fd, const struct sockaddr_un *address)
{
	int rc = bind_private(fd, address);

	if (rc == -EADDRINUSE) {
		rc = remove_stale(address);
		if (!rc)
			rc = bind_private(fd, address);
	}
	if (!rc && listen(fd, BACKLOG) < 0)
		rc = -errno;
	return rc;
}

int listener_open(struct listener *listener, const char *path, const char *group, char *message,
		  size_t message_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd = -1;
	int rc = -ENAMETOOLONG;

	listener->fd = -1;
	if (strlen(path) >= sizeof(address.sun_path))
		goto out;
	strcpy(address.sun_path, path);
	strcpy(listener->path, path);
	fd = new_socket();
	rc = fd < 0 ? fd : listen_at(fd, &address);
	if (rc)
		goto out;
	give_to_group(path, group);
	if (lstat(path, &st) == 0) {
		listener->device = st.st_dev;
		listener->inode = st.st_ino;
	}
	listener->fd = fd;
	return 0;
out:
	if (fd >= 0)
		close(fd);
	explain(rc, path, message, message_size);
	return rc;
}

/* Another daemon may have taken the path over since; its file is not ours to remove. */
static bool file_is_ours(const struct listener *listener)
{
	struct stat st;

	return lstat(listener->path, &st) == 0 && st.st_dev == listener->device &&
	       st.st_ino == listener->inode;
}

void listener_close(struct listener *listener)
{
	if (listener->fd < 0)
		return;
	if (file_is_ours(listener))
		unlink(listener->path);
	close(listener->fd);
	listener->fd = -1;
}
