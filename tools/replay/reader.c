/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a text file, plain or compressed with xz. */
#include "reader.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_csv.h"

enum { CHUNK_SIZE = 1 << 16 };

struct reader {
	FILE *file;
	bool compressed;
	lzma_stream xz;
	unsigned char raw[CHUNK_SIZE];
	size_t raw_length;
	bool ended; /* nothing more will come into `text` */
	char text[2 * CHUNK_SIZE];
	size_t begin; /* of what was not handed out yet */
	size_t end;
};

/* 0 or -errno; raw_length 0 at the end of the file. */
static int read_raw(struct reader *r)
{
	r->raw_length = fread(r->raw, 1, sizeof(r->raw), r->file);
	return r->raw_length == 0 && ferror(r->file) ? -EIO : 0;
}

/* The first bytes say what it is, whatever the name says. */
static int recognise(struct reader *r)
{
	static const unsigned char magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
	int error = read_raw(r);

	if (error)
		return error;
	r->compressed = r->raw_length >= sizeof(magic) && memcmp(r->raw, magic, sizeof(magic)) == 0;
	if (!r->compressed)
		return 0;
	if (lzma_stream_decoder(&r->xz, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return -ENOMEM;
	r->xz.next_in = r->raw;
	r->xz.avail_in = r->raw_length;
	return 0;
}

int reader_open(struct reader **out, const char *path)
{
	struct reader *r = calloc(1, sizeof(*r));
	int error;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (!r->file) {
		error = -errno;
		goto out;
	}
	error = recognise(r);
	if (error)
		goto out;
	*out = r;
	return 0;
out:
	reader_close(r);
	return error;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	if (r->file && r->file != stdin)
		fclose(r->file);
	if (r->compressed)
		lzma_end(&r->xz);
	free(r);
}

static int fill_plain(struct reader *r)
{
	size_t room = sizeof(r->text) - r->end;
	size_t length = r->raw_length < room ? r->raw_length : room;

	if (r->raw_length == 0) {
		int error = read_raw(r);

		r->ended = r->raw_length == 0;
		return error;
	}
	memcpy(r->text + r->end, r->raw, length);
	r->end += length;
	r->raw_length -= length;
	memmove(r->raw, r->raw + length, r->raw_length);
	return 0;
}

static int fill_compressed(struct reader *r)
{
	bool last;
	lzma_ret result;

	if (r->xz.avail_in == 0) {
		int error = read_raw(r);

		if (error)
			return error;
		r->xz.next_in = r->raw;
		r->xz.avail_in = r->raw_length;
	}
	last = r->xz.avail_in == 0;
	r->xz.next_out = (unsigned char *)r->text + r->end;
	r->xz.avail_out = sizeof(r->text) - r->end;
	result = lzma_code(&r->xz, last ? LZMA_FINISH : LZMA_RUN);
	r->end = sizeof(r->text) - r->xz.avail_out;
	r->ended = result == LZMA_STREAM_END;
	return result == LZMA_OK || r->ended ? 0 : -EBADMSG;
}

static int fill(struct reader *r)
{
	memmove(r->text, r->text + r->begin, r->end - r->begin);
	r->end -= r->begin;
	r->begin = 0;
	return r->compressed ? fill_compressed(r) : fill_plain(r);
}

int reader_next(struct reader *r, const char **line, size_t *length)
{
	for (;;) {
		char *start = r->text + r->begin;
		char *newline = memchr(start, '\n', r->end - r->begin);
		int error;

		*line = start;
		*length = newline ? (size_t)(newline - start) : r->end - r->begin;
		if (*length >= EVENT_CSV_LINE_MAX)
			return -EOVERFLOW;
		if (newline || r->ended) {
			r->begin += *length + (newline != NULL);
			return newline || *length > 0;
		}
		error = fill(r);
		if (error)
			return error;
	}
}
