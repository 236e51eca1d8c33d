/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small text files, read whole: configuration, leap seconds, state. */
#ifndef VMCLOCK_TEXT_FILE_H
#define VMCLOCK_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads at most `limit` bytes into memory that the caller frees; a NUL follows the *length bytes.
 * 0; -EFBIG when there is more; -ENOMEM; -errno of open or read. *text is set on success only.
 */
int text_file_read(const char *path, size_t limit, char **text, size_t *length);

/* The same, but -EKEYREJECTED when others than the file's owner and its group may read or write it;
 * who frees the memory wipes it first. */
int text_file_read_secret(const char *path, size_t limit, char **text, size_t *length);

/* What is left of a text, and the number of the line that was taken last. */
struct text_lines {
	const char *at;
	const char *end;
	unsigned int number;
};

/* The next line, without its newline and not terminated; false at the end. */
bool text_next_line(struct text_lines *lines, const char **line, size_t *length);

#endif
