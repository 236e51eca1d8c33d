/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text file to which whole lines are appended, whatever happens to the disk.
 *
 * Each line is on its way to the file when the call returns. What the file cannot take (disk full)
 * waits in a buffer of fixed size, then is dropped by whole lines; the loss is reported once, and
 * noted in the file as a comment when writing works again. Nothing is allocated.
 */
#ifndef VMCLOCK_APPEND_FILE_H
#define VMCLOCK_APPEND_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* An hour of one source's exchanges at 16 s polls, or a minute of eight sources at 1 s. */
enum { APPEND_FILE_PENDING = 1 << 16 };

struct append_file {
	int fd;
	const char *what; /* for messages: "event log" */
	char path[CONFIG_PATH_MAX];
	char pending[APPEND_FILE_PENDING];
	size_t pending_length;
	uint64_t lost;	     /* lines that were dropped */
	uint64_t lost_noted; /* part of `lost` that the file itself already tells of */
	bool failing;
};

/* Created with mode 0640. 0 or -errno; the message names the path. `what` has to live on. */
int append_file_open(struct append_file *file, const char *what, const char *path, char *message,
		     size_t message_size);
void append_file_close(struct append_file *file);

/* Opens the path anew, after it was renamed by logrotate. 0; or -errno, and then the old file stays
 * in use. */
int append_file_reopen(struct append_file *file);

/* Its path leads to it still: nobody has moved it away. */
bool append_file_is_in_place(const struct append_file *file);

/* Nothing has been written to it, by anybody. */
bool append_file_is_empty(const struct append_file *file);

/* `line` ends with its newline; nothing else may follow that. */
void append_file_line(struct append_file *file, const char *line);

#endif
