// SPDX-License-Identifier: GPL-2.0-or-later
/* Small text files, read whole and taken line by line. */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes read, up to `size`, or -errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, buffer + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Takes over the descriptor. */
static int read_file(int fd, size_t limit, char **text, size_t *length)
{
	char *buffer = malloc(limit + 1);
	ssize_t got;
	int err = 0;

	if (!buffer) {
		err = -ENOMEM;
		goto out;
	}
	/* One byte more than allowed tells a full file from one that is too big. */
	got = read_all(fd, buffer, limit + 1);
	if (got < 0 || (size_t)got > limit) {
		err = got < 0 ? (int)got : -EFBIG;
		goto out;
	}
	buffer[got] = '\0';
	*length = (size_t)got;
	*text = buffer;
	buffer = NULL;
out:
	free(buffer);
	close(fd);
	return err;
}

int text_file_read(const char *path, size_t limit, char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_file(fd, limit, text, length);
}

int text_file_read_secret(const char *path, size_t limit, char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		err = -errno;
	else if (status.st_mode & (S_IROTH | S_IWOTH))
		err = -EKEYREJECTED;
	if (!err)
		return read_file(fd, limit, text, length);
	close(fd);
	return err;
}

bool text_next_line(struct text_lines *lines, const char **line, size_t *length)
{
	size_t left = (size_t)(lines->end - lines->at);
	const char *newline;

	if (left == 0)
		return false;
	newline = memchr(lines->at, '\n', left);
	*line = lines->at;
	*length = newline ? (size_t)(newline - lines->at) : left;
	lines->at = newline ? newline + 1 : lines->end;
	lines->number++;
	return true;
}
