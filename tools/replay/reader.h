/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a text file, plain or compressed with xz. */
#ifndef VMCLOCK_REPLAY_READER_H
#define VMCLOCK_REPLAY_READER_H

#include <stddef.h>

struct reader;

/* "-" is standard input. 0 or -errno. */
int reader_open(struct reader **out, const char *path);

/* The next line without its newline, valid until the next call. 1: a line; 0: the end;
 * -EOVERFLOW: longer than any line may be; -EBADMSG: not valid xz; -errno of the file. */
int reader_next(struct reader *reader, const char **line, size_t *length);

void reader_close(struct reader *reader); /* NULL is fine */

#endif
