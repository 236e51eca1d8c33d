// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of NTP's symmetric keys: every line is checked, the one asked for is handed out. */
#include "key_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_file.h"

enum { WORDS_MAX = 4 };

static const char expected_types[] = "SHA1, SHA256, SHA384, SHA512, AES128 or AES256";

static const struct {
	const char *name;
	size_t length; /* of the key, where the cipher fixes it; 0: any */
} types[NTP_KEY_TYPES] = {
	[NTP_KEY_SHA1] = {"SHA1", 0},	   [NTP_KEY_SHA256] = {"SHA256", 0},
	[NTP_KEY_SHA384] = {"SHA384", 0},  [NTP_KEY_SHA512] = {"SHA512", 0},
	[NTP_KEY_AES128] = {"AES128", 16}, [NTP_KEY_AES256] = {"AES256", 32},
};

struct word {
	const char *at;
	size_t length;
};

struct reader {
	const char *file;
	struct text_lines lines;
	uint32_t *seen; /* one for each line so far that holds a key */
	size_t seen_count;
	char *message;
	size_t message_size;
};

__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *format, ...)
{
	int used = snprintf(r->message, r->message_size, "%s:%u: ", r->file, r->lines.number);
	va_list arguments;

	if (used < 0 || (size_t)used >= r->message_size)
		return -EINVAL;
	va_start(arguments, format);
	vsnprintf(r->message + used, r->message_size - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The words of a line, at most WORDS_MAX; none for a comment. */
static unsigned int split(const char *line, size_t length, struct word words[WORDS_MAX])
{
	const char *end = line + length;
	unsigned int count = 0;

	while (count < WORDS_MAX) {
		while (line < end && is_blank(*line))
			line++;
		if (line == end || (count == 0 && memchr("#;!%", *line, 4)))
			break;
		words[count].at = line;
		while (line < end && !is_blank(*line))
			line++;
		words[count].length = (size_t)(line - words[count].at);
		count++;
	}
	return count;
}

static int is_word(const struct word *word, const char *text)
{
	return word->length == strlen(text) && !memcmp(word->at, text, word->length);
}

/* 0: not a number from 1 to 4294967295. */
static uint32_t parse_id(const struct word *word)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word->length; i++) {
		if (word->at[i] < '0' || word->at[i] > '9' || value > UINT32_MAX)
			return 0;
		value = 10 * value + (uint64_t)(word->at[i] - '0');
	}
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int parse_type(struct reader *r, const struct word *word, enum ntp_key_type *type)
{
	for (int i = 0; i < NTP_KEY_TYPES; i++) {
		if (is_word(word, types[i].name)) {
			*type = (enum ntp_key_type)i;
			return 0;
		}
	}
	if (is_word(word, "MD5"))
		return fail(r,
			    "a key of type MD5, which no longer protects (RFC 8573); expected %s",
			    expected_types);
	return fail(r, "unknown type of key; expected %s", expected_types);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int parse_hex(struct reader *r, const char *digits, size_t count, struct ntp_key *key)
{
	if (count % 2 || count / 2 > sizeof(key->secret))
		return fail(r, "HEX: and %zu digits; expected an even number, at most %zu", count,
			    2 * sizeof(key->secret));
	for (size_t i = 0; i < count; i += 2) {
		int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return fail(r, "HEX: and what is no hexadecimal digit; expected 0-9, a-f "
				       "or A-F");
		key->secret[i / 2] = (uint8_t)(high << 4 | low);
	}
	key->length = count / 2;
	return 0;
}

static int parse_secret(struct reader *r, const struct word *word, struct ntp_key *key)
{
	const char *at = word->at;
	size_t length = word->length;
	size_t wanted = types[key->type].length;
	int err = 0;

	if (length >= 4 && !memcmp(at, "HEX:", 4)) {
		err = parse_hex(r, at + 4, length - 4, key);
	} else {
		if (length >= 6 && !memcmp(at, "ASCII:", 6)) {
			at += 6;
			length -= 6;
		}
		if (length > sizeof(key->secret))
			return fail(r, "key of %zu bytes; expected at most %zu", length,
				    sizeof(key->secret));
		memcpy(key->secret, at, length);
		key->length = length;
	}
	if (!err && !key->length)
		err = fail(r, "an empty key; expected at least one byte");
	if (!err && wanted && key->length != wanted)
		err = fail(r, "key of %zu bytes for %s; expected %zu", key->length,
			   types[key->type].name, wanted);
	return err;
}

static int parse_words(struct reader *r, const struct word *words, unsigned int count,
		       struct ntp_key *key)
{
	int err;

	key->id = parse_id(&words[0]);
	if (!key->id)
		return fail(r, "not a key's number; expected 1 to 4294967295");
	for (size_t i = 0; i < r->seen_count; i++)
		if (r->seen[i] == key->id)
			return fail(r, "key %u a second time; expected it once", key->id);
	if (count != 3)
		return fail(r, "%s; expected ID TYPE KEY",
			    count < 3 ? "too little for a key" : "more than a key");
	err = parse_type(r, &words[1], &key->type);
	return err ? err : parse_secret(r, &words[2], key);
}

static int parse_all(struct reader *r, uint32_t id, struct ntp_key *out)
{
	struct word words[WORDS_MAX];
	struct ntp_key key;
	const char *line;
	size_t length;
	int err = 0;

	while (!err && text_next_line(&r->lines, &line, &length)) {
		unsigned int count = split(line, length, words);

		if (!count)
			continue;
		memset(&key, 0, sizeof(key));
		err = parse_words(r, words, count, &key);
		if (!err)
			r->seen[r->seen_count++] = key.id;
		if (!err && key.id == id)
			*out = key;
	}
	explicit_bzero(&key, sizeof(key));
	return err;
}

static size_t count_lines(const char *text, size_t length)
{
	size_t lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines;
}

int key_file_parse(const char *text, size_t length, const char *file, uint32_t id,
		   struct ntp_key *out, char *message, size_t message_size)
{
	struct reader r = {
		.file = file,
		.lines = {.at = text, .end = text + length},
		.seen = calloc(count_lines(text, length), sizeof(uint32_t)),
		.message = message,
		.message_size = message_size,
	};
	int err;

	out->id = 0;
	if (!r.seen) {
		snprintf(message, message_size, "%s: %s", file, strerror(ENOMEM));
		return -ENOMEM;
	}
	err = parse_all(&r, id, out);
	free(r.seen);
	if (err)
		explicit_bzero(out, sizeof(*out));
	return err;
}

int key_file_find(const char *path, uint32_t id, struct ntp_key *out, char *message,
		  size_t message_size)
{
	size_t length;
	char *text;
	int err = text_file_read_secret(path, KEY_FILE_BYTES_MAX, &text, &length);

	if (err) {
		snprintf(message, message_size, "%s: %s; expected a file of keys that %s", path,
			 err == -EKEYREJECTED ? "everybody may read or write it" : strerror(-err),
			 err == -EKEYREJECTED ? "others may not (mode 0640)" : "can be read");
		return err;
	}
	err = key_file_parse(text, length, path, id, out, message, message_size);
	explicit_bzero(text, length);
	free(text);
	return err;
}
