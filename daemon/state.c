// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state file: KEY = VALUE lines, each key once, closed by a checksum over all bytes before it.
 *
 * A rate that a bit flip made plausible would break a bound, so nothing is taken from a file whose
 * checksum does not fit.
 */
#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "text_file.h"

enum { FILE_BYTES_MAX = 4096 };

/* The daemon never believes in a rate farther than this from nominal. */
#define RATE_MAX_PPB 500e3
#define HZ_MIN 1e3
#define HZ_MAX 1e12
/* 2000-01-01 to 9999-12-31: a state was not written outside of it. */
#define UTC_MIN_S INT64_C(946684800)
#define UTC_MAX_S INT64_C(253402300799)
#define UPTIME_MAX_S 1e10

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_SECONDS, FIELD_LEAP, FIELD_OFFSET };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t size; /* of a text's buffer */
	double min;
	double max;
};

#define F(member) offsetof(struct state, member)
#define SIZE(member) sizeof(((struct state *)0)->member)

static const struct field fields[] = {
	{"counter", FIELD_TEXT, F(counter), .size = SIZE(counter), .min = 1},
	{"boot-id", FIELD_TEXT, F(boot_id), .size = SIZE(boot_id)},
	{"nominal-hz", FIELD_NUMBER, F(nominal_hz), .min = HZ_MIN, .max = HZ_MAX},
	{"rate-ppb", FIELD_NUMBER, F(rate_ppb), .min = -RATE_MAX_PPB, .max = RATE_MAX_PPB},
	{"rate-sd-ppb", FIELD_NUMBER, F(rate_sd_ppb), .min = 0, .max = RATE_MAX_PPB},
	{"rate-lo-ppb", FIELD_NUMBER, F(rate_lo_ppb), .min = -RATE_MAX_PPB, .max = RATE_MAX_PPB},
	{"rate-hi-ppb", FIELD_NUMBER, F(rate_hi_ppb), .min = -RATE_MAX_PPB, .max = RATE_MAX_PPB},
	{"written-utc-s", FIELD_SECONDS, F(written_utc_s), .size = SIZE(written_utc_s)},
	{"written-monotonic-s", FIELD_NUMBER, F(written_monotonic_s), .min = 0,
	 .max = UPTIME_MAX_S},
	{"leap-utc-s", FIELD_LEAP, F(leap_utc_s), .size = SIZE(leap_utc_s)},
	{"leap-tai-offset-s", FIELD_OFFSET, F(leap_tai_offset_s), .min = -1000, .max = 1000},
};

/* The last two are there where sources have announced a leap second, and in no older file. */
enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]), FIELDS_NEEDED = FIELD_COUNT - 2 };

/* FNV-1a over the bytes. */
static uint64_t checksum(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static bool is_token(const char *text)
{
	for (; *text; text++)
		if (!isascii(*text) || (!isalnum((unsigned char)*text) && *text != '-'))
			return false;
	return true;
}

static bool field_valid(const struct field *field, const struct state *state)
{
	const void *at = (const char *)state + field->offset;
	double number;
	int64_t seconds;
	int whole;

	switch (field->kind) {
	case FIELD_TEXT:
		return memchr(at, '\0', field->size) && is_token(at) &&
		       strlen(at) >= (size_t)field->min;
	case FIELD_OFFSET:
		memcpy(&whole, at, sizeof(whole));
		return whole >= field->min && whole <= field->max;
	case FIELD_LEAP:
		memcpy(&seconds, at, sizeof(seconds));
		return seconds == 0 || (seconds >= UTC_MIN_S && seconds <= UTC_MAX_S);
	case FIELD_NUMBER:
		memcpy(&number, at, sizeof(number));
		return number >= field->min && number <= field->max; /* false for NAN */
	default:
		memcpy(&seconds, at, sizeof(seconds));
		return seconds >= UTC_MIN_S && seconds <= UTC_MAX_S;
	}
}

/* The name of the field that is out of its range, or NULL. */
static const char *invalid_field(const struct state *state)
{
	for (unsigned int i = 0; i < FIELD_COUNT; i++)
		if (!field_valid(&fields[i], state))
			return fields[i].name;
	return state->rate_lo_ppb <= state->rate_hi_ppb ? NULL : "rate-lo-ppb above rate-hi-ppb";
}

/* Stores a terminated value; false when it is not of the field's kind. */
static bool store(const struct field *field, const char *value, struct state *state)
{
	void *at = (char *)state + field->offset;
	char *end = NULL;
	double number;
	int64_t seconds;
	int whole;

	if (field->kind == FIELD_TEXT) {
		if (strlen(value) >= field->size)
			return false;
		memcpy(at, value, strlen(value) + 1);
		return true;
	}
	/* strtod() and strtoll() would skip blanks and take "inf", "nan" and hexadecimal. */
	if (!*value || strspn(value, "+-.0123456789e") != strlen(value))
		return false;
	errno = 0;
	if (field->kind == FIELD_NUMBER) {
		number = strtod(value, &end);
		memcpy(at, &number, sizeof(number));
	} else if (field->kind == FIELD_OFFSET) {
		seconds = strtoll(value, &end, 10);
		whole = seconds > INT16_MAX || seconds < -INT16_MAX ? INT16_MAX : (int)seconds;
		memcpy(at, &whole, sizeof(whole));
	} else {
		seconds = strtoll(value, &end, 10);
		memcpy(at, &seconds, sizeof(seconds));
	}
	return errno == 0 && !*end;
}

/* One "NAME = VALUE" line into *state; `seen` has a bit for each field. */
static bool take_line(const char *line, size_t length, struct state *state, unsigned int *seen)
{
	char copy[128];
	char *value;

	if (length >= sizeof(copy) || memchr(line, '\0', length))
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	value = strstr(copy, " = ");
	if (!value)
		return false;
	*value = '\0';
	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(fields[i].name, copy))
			continue;
		if (*seen & (1u << i))
			return false;
		*seen |= 1u << i;
		return store(&fields[i], value + 3, state);
	}
	return false;
}

/* The body's length when the last line is a checksum that fits what is before it, else 0. */
static size_t checked_length(const char *text, size_t length)
{
	char expected[64];
	size_t closing;
	int written =
		snprintf(expected, sizeof(expected), "checksum = %016" PRIx64 "\n", UINT64_C(0));

	closing = (size_t)written;
	if (length <= closing)
		return 0;
	snprintf(expected, sizeof(expected), "checksum = %016" PRIx64 "\n",
		 checksum(text, length - closing));
	return memcmp(text + length - closing, expected, closing) ? 0 : length - closing;
}

static bool is_complete(unsigned int seen)
{
	const unsigned int needed = (1u << FIELDS_NEEDED) - 1, all = (1u << FIELD_COUNT) - 1;

	return seen == needed || seen == all;
}

int state_parse(struct state *state, const char *text, size_t length, char *message,
		size_t message_size)
{
	size_t body = checked_length(text, length);
	struct text_lines lines = {.at = text, .end = text + body};
	struct state read = {0};
	unsigned int seen = 0;
	const char *bad;
	const char *line;
	size_t line_length;

	if (body == 0) {
		snprintf(message, message_size, "cut short, changed, or not a state file");
		return -EBADMSG;
	}
	while (text_next_line(&lines, &line, &line_length)) {
		if ((line_length && *line == '#') || take_line(line, line_length, &read, &seen))
			continue;
		snprintf(message, message_size, "line %u: not a field of this version's state",
			 lines.number);
		return -EBADMSG;
	}
	bad = is_complete(seen) ? invalid_field(&read) : "incomplete";
	if (bad) {
		snprintf(message, message_size, "no sane state: %s", bad);
		return -EBADMSG;
	}
	*state = read;
	return 0;
}

int state_read(struct state *state, const char *path, char *message, size_t message_size)
{
	char fault[128];
	char *text;
	size_t length;
	int err = text_file_read(path, FILE_BYTES_MAX, &text, &length);

	if (err) {
		snprintf(message, message_size, "%s: %s", path, strerror(-err));
		return err == -EFBIG ? -EBADMSG : err;
	}
	err = state_parse(state, text, length, fault, sizeof(fault));
	free(text);
	if (err)
		snprintf(message, message_size, "%s: %s", path, fault);
	return err;
}

/* The whole file; 17 digits give every double back as it was. */
static size_t format_state(const struct state *s, char *out, size_t size)
{
	int used =
		snprintf(out, size,
			 "# Learned by vmclockd, which writes this file anew; see vmclockd(8).\n"
			 "counter = %s\nboot-id = %s\nnominal-hz = %.17g\nrate-ppb = %.17g\n"
			 "rate-sd-ppb = %.17g\nrate-lo-ppb = %.17g\nrate-hi-ppb = %.17g\n"
			 "written-utc-s = %" PRId64 "\nwritten-monotonic-s = %.17g\n",
			 s->counter, s->boot_id, s->nominal_hz, s->rate_ppb, s->rate_sd_ppb,
			 s->rate_lo_ppb, s->rate_hi_ppb, s->written_utc_s, s->written_monotonic_s);

	if (s->leap_utc_s)
		used += snprintf(out + used, size - (size_t)used,
				 "leap-utc-s = %" PRId64 "\nleap-tai-offset-s = %d\n",
				 s->leap_utc_s, s->leap_tai_offset_s);
	used += snprintf(out + used, size - (size_t)used, "checksum = %016" PRIx64 "\n",
			 checksum(out, (size_t)used));
	return (size_t)used;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text += put;
		length -= (size_t)put;
	}
	return 0;
}

/* A new file with this content, on the disk when it returns 0. */
static int write_new(const char *path, const char *text, size_t length)
{
	int err;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	err = write_all(fd, text, length);
	if (!err && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* Makes a rename outlive a power cut; where a directory cannot be synced, the file still is whole.
 */
static void sync_directory(char *path)
{
	int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int state_write(const struct state *state, const char *path)
{
	char text[FILE_BYTES_MAX];
	char fresh[CONFIG_PATH_MAX + 8];
	int err;

	if (invalid_field(state))
		return -EINVAL;
	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return -ENAMETOOLONG;
	err = write_new(fresh, text, format_state(state, text, sizeof(text)));
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err)
		unlink(fresh);
	else
		sync_directory(fresh);
	return err;
}

void state_boot_id(char out[40])
{
	char *text;
	size_t length;

	out[0] = '\0';
	if (text_file_read("/proc/sys/kernel/random/boot_id", 64, &text, &length))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (is_token(text))
		snprintf(out, 40, "%s", text);
	free(text);
}
