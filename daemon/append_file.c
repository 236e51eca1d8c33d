// SPDX-License-Identifier: GPL-2.0-or-later
/* Appending lines to a file that may be full, a terminal, or cut in mid-line by the last writer. */
#include "append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

/* Not blocking, so that a FIFO or a terminal in place of a file cannot hold the daemon up. */
static int open_for_append(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);

	return fd < 0 ? -errno : fd;
}

/* True when a writer that was killed left half a line at the end. */
static bool ends_in_mid_line(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	char last = '\n';

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
	    pread(fd, &last, 1, status.st_size - 1) != 1)
		last = '\n';
	close(fd);
	return last != '\n';
}

static void report_failure(struct append_file *file, int error)
{
	if (file->failing)
		return;
	file->failing = true;
	log_error("%s %s: %s; what happens from here on may be missing from it", file->what,
		  file->path, strerror(error));
}

static void report_recovery(struct append_file *file)
{
	if (!file->failing)
		return;
	file->failing = false;
	log_notice("%s %s: writing again, %" PRIu64 " lines were lost", file->what, file->path,
		   file->lost);
}

/* Hands what is pending to the file; keeps what it does not take. */
static void write_pending(struct append_file *file)
{
	while (file->pending_length > 0) {
		ssize_t written = write(file->fd, file->pending, file->pending_length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			report_failure(file, written < 0 ? errno : ENOSPC);
			return;
		}
		file->pending_length -= (size_t)written;
		memmove(file->pending, file->pending + written, file->pending_length);
	}
	report_recovery(file);
}

static bool append(struct append_file *file, const char *line)
{
	size_t length = strlen(line);

	if (length > sizeof(file->pending) - file->pending_length)
		return false;
	memcpy(file->pending + file->pending_length, line, length);
	file->pending_length += length;
	return true;
}

/* Says in the file itself that lines are missing here. */
static void note_loss(struct append_file *file)
{
	char note[64];

	if (file->lost == file->lost_noted)
		return;
	snprintf(note, sizeof(note), "# %" PRIu64 " lines are missing here\n",
		 file->lost - file->lost_noted);
	if (append(file, note))
		file->lost_noted = file->lost;
}

int append_file_open(struct append_file *file, const char *what, const char *path, char *message,
		     size_t message_size)
{
	bool torn = ends_in_mid_line(path);

	memset(file, 0, sizeof(*file));
	file->what = what;
	file->fd = open_for_append(path);
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (file->fd < 0) {
		snprintf(message, message_size, "%s %s: %s", what, path, strerror(-file->fd));
		return file->fd;
	}
	if (torn)
		append(file, "\n");
	return 0;
}

void append_file_close(struct append_file *file)
{
	write_pending(file);
	close(file->fd);
	file->fd = -1;
}

bool append_file_is_in_place(const struct append_file *file)
{
	struct stat open, there;

	return !fstat(file->fd, &open) && !stat(file->path, &there) &&
	       open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

int append_file_reopen(struct append_file *file)
{
	int fd;

	write_pending(file);
	fd = open_for_append(file->path);
	if (fd < 0) {
		report_failure(file, -fd);
		return fd;
	}
	close(file->fd);
	file->fd = fd;
	return 0;
}

bool append_file_is_empty(const struct append_file *file)
{
	struct stat status;

	return file->pending_length == 0 && fstat(file->fd, &status) == 0 && status.st_size == 0;
}

void append_file_line(struct append_file *file, const char *line)
{
	if (file->failing)
		write_pending(file);
	if (!file->failing)
		note_loss(file);
	if (!append(file, line))
		file->lost++;
	write_pending(file);
}
