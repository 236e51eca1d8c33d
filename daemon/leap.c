// SPDX-License-Identifier: GPL-2.0-or-later
/* TAI - UTC: the leap-seconds list read, and asked from either side of a leap second. */
#include "leap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_file.h"

/* Seconds from 1900, where the list counts from, to 1970. */
#define NTP_TO_UNIX_S INT64_C(2208988800)

enum { FILE_BYTES_MAX = 1 << 18, DAY_S = 86400, NUMBER_DIGITS_MAX = 15 };

/* What one line of the list says. */
struct leap_line {
	int64_t ntp_s;
	int64_t offset_s;
};

__attribute__((format(printf, 4, 5))) static int refuse(char *message, size_t size,
							unsigned int line, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(message, size, "line %u: ", line);

	va_start(arguments, format);
	if (used >= 0 && (size_t)used < size)
		vsnprintf(message + used, size - (size_t)used, format, arguments);
	va_end(arguments);
	return -EBADMSG;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* A whole number and the blanks after it; what follows, or NULL. */
static const char *take_number(const char *at, const char *end, int64_t *out)
{
	const char *start = at = skip_blanks(at, end);
	int64_t value = 0;

	while (at < end && *at >= '0' && *at <= '9' && at - start < NUMBER_DIGITS_MAX)
		value = value * 10 + (*at++ - '0');
	if (at == start || (at < end && *at >= '0' && *at <= '9'))
		return NULL;
	*out = value;
	return skip_blanks(at, end);
}

/* "NTP-SECONDS OFFSET [# comment]" */
static bool parse_data(const char *at, const char *end, struct leap_line *out)
{
	const char *rest = take_number(at, end, &out->ntp_s);

	if (!rest || rest == end)
		return false;
	rest = take_number(rest, end, &out->offset_s);
	return rest && (rest == end || *rest == '#');
}

/* Is `next` what may follow the table's last entry? The fault, or NULL. */
static const char *entry_fault(const struct leap_table *table, const struct leap_line *next)
{
	const struct leap_entry *last;

	if (next->ntp_s % DAY_S != 0)
		return "time is not the start of a day";
	if (next->offset_s > LEAP_OFFSET_MAX_S)
		return "offset above 1000 s";
	if (table->count == 0)
		return NULL;
	if (table->count == LEAP_ENTRIES_MAX)
		return "more than 128 entries";
	last = &table->entries[table->count - 1];
	if (next->ntp_s - NTP_TO_UNIX_S <= last->utc_s)
		return "not later than the entry before it";
	if (llabs(next->offset_s - last->tai_offset_s) != 1)
		return "not one second from the offset before it";
	return NULL;
}

static int take_line(struct leap_table *table, const char *line, size_t length, unsigned int number,
		     char *message, size_t message_size)
{
	const char *end = line + length;
	const char *at = skip_blanks(line, end);
	struct leap_line data;
	const char *fault;
	int64_t expires;

	if (end - at >= 2 && at[0] == '#' && at[1] == '@') {
		if (take_number(at + 2, end, &expires) != end)
			return refuse(message, message_size, number,
				      "bad expiry; expected #@ and a number of seconds");
		table->expires_utc_s = expires - NTP_TO_UNIX_S;
		return 0;
	}
	if (at == end || *at == '#')
		return 0;
	if (!parse_data(at, end, &data))
		return refuse(message, message_size, number,
			      "not an entry; expected seconds since 1900 and TAI - UTC");
	fault = entry_fault(table, &data);
	if (fault)
		return refuse(message, message_size, number, "%s", fault);
	table->entries[table->count++] = (struct leap_entry){
		.utc_s = data.ntp_s - NTP_TO_UNIX_S,
		.tai_offset_s = (int)data.offset_s,
	};
	return 0;
}

int leap_parse(struct leap_table *table, const char *text, size_t length, char *message,
	       size_t message_size)
{
	struct text_lines lines = {.at = text, .end = text + length};
	struct leap_table read = {0};
	const char *line;
	size_t line_length;

	while (text_next_line(&lines, &line, &line_length)) {
		int err = take_line(&read, line, line_length, lines.number, message, message_size);

		if (err)
			return err;
	}
	if (read.count == 0)
		return refuse(message, message_size, lines.number,
			      "the list ends without an entry");
	*table = read;
	return 0;
}

int leap_read(struct leap_table *table, const char *path, char *message, size_t message_size)
{
	char fault[192];
	char *text;
	size_t length;
	int err = text_file_read(path, FILE_BYTES_MAX, &text, &length);

	if (err) {
		snprintf(message, message_size, "%s: %s", path, strerror(-err));
		return err;
	}
	err = leap_parse(table, text, length, fault, sizeof(fault));
	free(text);
	if (err)
		snprintf(message, message_size, "%s: %s", path, fault);
	else
		snprintf(table->origin, sizeof(table->origin), "%s", path);
	return err;
}

void leap_built_in(struct leap_table *table)
{
	leap_constant(table, 37);
	table->entries[0].utc_s = 1483228800; /* 2017-01-01 */
	snprintf(table->origin, sizeof(table->origin), "built in");
}

void leap_constant(struct leap_table *table, int tai_offset_s)
{
	*table = (struct leap_table){.count = 1};
	table->entries[0].tai_offset_s = tai_offset_s;
	snprintf(table->origin, sizeof(table->origin), "configuration");
}

/* What was before the first entry is not in the list; its own offset is the nearest answer. */
int leap_tai_offset_s(const struct leap_table *table, int64_t utc_s)
{
	unsigned int i = table->count;

	while (i > 1 && utc_s < table->entries[i - 1].utc_s)
		i--;
	return i ? table->entries[i - 1].tai_offset_s : 0;
}

/*
 * An offset holds from the TAI time of its first second on. During an inserted second the old one
 * still holds, and TAI less offset names the first second of the next day twice, as POSIX does.
 */
int leap_tai_offset_at_tai_s(const struct leap_table *table, int64_t tai_s)
{
	unsigned int i = table->count;

	while (i > 1 && tai_s - table->entries[i - 1].tai_offset_s < table->entries[i - 1].utc_s)
		i--;
	return i ? table->entries[i - 1].tai_offset_s : 0;
}

int leap_next(const struct leap_table *table, int64_t utc_s, int64_t *at_utc_s)
{
	for (unsigned int i = 1; i < table->count; i++) {
		if (table->entries[i].utc_s <= utc_s)
			continue;
		*at_utc_s = table->entries[i].utc_s;
		return table->entries[i].tai_offset_s - table->entries[i - 1].tai_offset_s;
	}
	return 0;
}

bool leap_expired(const struct leap_table *table, int64_t utc_s)
{
	return table->expires_utc_s != 0 && utc_s >= table->expires_utc_s;
}
