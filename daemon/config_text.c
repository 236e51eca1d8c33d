// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of one configuration file: lines, sections and keys, each fault with its line. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config_key.h"
#include "config_value.h"
#include "text_file.h"

/* libinih's buffer holds 200 bytes, newline and NUL included; longer lines it would cut silently.
 */
enum { LINE_BYTES_MAX = 198, LIST_MAX = 448 };

struct parser {
	struct config *config;
	const char *file; /* "": none, and messages name no line */
	struct text_lines lines;
	const char *section;	      /* as in the table; NULL: none yet */
	struct config_source *source; /* inside [source NAME] */
	uint64_t given;		      /* keys seen in this file, outside of sources */
	uint64_t given_source[CONFIG_SOURCES_MAX];
	unsigned int failed_line; /* 0: no fault yet */
	char *message;
	size_t message_size;
};

/* Keeps the first fault only. Returns 0, libinih's word for a handler that failed. */
__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *format, ...)
{
	va_list arguments;
	int used;

	if (p->failed_line)
		return 0;
	p->failed_line = p->lines.number;
	used = p->file[0] ? snprintf(p->message, p->message_size, "%s:%u: ", p->file,
				     p->lines.number)
			  : 0;
	if (used < 0 || (size_t)used >= p->message_size)
		return 0;
	va_start(arguments, format);
	vsnprintf(p->message + used, p->message_size - (size_t)used, format, arguments);
	va_end(arguments);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes off a comment (a '#' or ';' at the start or after a blank) and the blanks at both ends. */
static void strip(const char **line, size_t *length)
{
	for (size_t i = 0; i < *length; i++)
		if (((*line)[i] == '#' || (*line)[i] == ';') &&
		    (i == 0 || is_blank((*line)[i - 1])))
			*length = i;
	while (*length && is_blank((*line)[*length - 1]))
		--*length;
	while (*length && is_blank(**line)) {
		++*line;
		--*length;
	}
}

static void check_characters(struct parser *p, const char *line, size_t length)
{
	if (length > LINE_BYTES_MAX)
		fail(p, "line of %zu bytes; expected at most %d", length, LINE_BYTES_MAX);
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)line[i] < ' ' && !is_blank(line[i])) || line[i] == 0x7f)
			fail(p, "byte 0x%02x; expected text without control characters",
			     (unsigned char)line[i]);
}

static bool is_source_name(const char *name)
{
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-");

	return good > 0 && good < CONFIG_NAME_MAX && !name[good];
}

unsigned int config_find_source(const struct config *config, const char *name)
{
	unsigned int place = 0;

	while (place < config->source_count && strcmp(config->sources[place].name, name))
		place++;
	return place;
}

/* All of a new source's keys at their defaults; those that depend on its type stay open. */
static void source_defaults(struct config_source *source)
{
	char why[LIST_MAX];

	memset(source, 0, sizeof(*source));
	source->port = 123;
	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->fallback && !strcmp(key->section, "source"))
			config_value_set(key, key->fallback, source, why, sizeof(why));
}

static void open_source(struct parser *p, const char *name)
{
	struct config *config = p->config;
	unsigned int place = config_find_source(config, name);

	if (!is_source_name(name)) {
		fail(p, "[source %s]: bad name; expected 1 to %d letters, digits, '.', '_' or '-'",
		     name, CONFIG_NAME_MAX - 1);
		return;
	}
	p->section = "source";
	p->source = place < config->source_count ? &config->sources[place] : NULL;
	if (p->source)
		return;
	if (config->source_count == CONFIG_SOURCES_MAX) {
		fail(p, "[source %s]: too many sources; expected at most %d", name,
		     CONFIG_SOURCES_MAX);
		return;
	}
	p->source = &config->sources[config->source_count++];
	source_defaults(p->source);
	snprintf(p->source->name, sizeof(p->source->name), "%s", name);
	snprintf(p->source->file, sizeof(p->source->file), "%s", p->file);
	p->source->line = p->lines.number;
}

/* `text` is a line that starts with '['. */
static void open_section(struct parser *p, const char *text)
{
	char name[LINE_BYTES_MAX + 1];
	size_t length = strlen(text);

	if (strchr(text, ']') != text + length - 1) {
		fail(p, "'%s'; expected [SECTION] alone on its line", text);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(length - 2), text + 1);
	p->source = NULL;
	if (!strncmp(name, "source", 6) && is_blank(name[6])) {
		open_source(p, name + 6 + strspn(name + 6, " \t"));
		return;
	}
	p->section = config_key_section(name);
	if (!p->section || !strcmp(p->section, "source"))
		fail(p,
		     "unknown section [%s]; expected [clock], [page], [host], [control], [log], "
		     "[ntp], [state], [process] or [source NAME]",
		     name);
}

/* libinih's reader: the next line, stripped, its characters and its section checked. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct parser *p = stream;
	const char *line;
	size_t length;

	if (p->failed_line || !text_next_line(&p->lines, &line, &length))
		return NULL;
	if (p->lines.number == 1 && length >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		length -= 3;
	}
	check_characters(p, line, length);
	if (p->failed_line)
		return NULL;
	strip(&line, &length);
	snprintf(buffer, (size_t)size, "%.*s", (int)length, line);
	if (buffer[0] == '[')
		open_section(p, buffer);
	return p->failed_line ? NULL : buffer;
}

static bool fits_type(const struct config_key *key, const struct config_source *source)
{
	return !key->types || (key->types & (1u << source->type));
}

/* After a source's type or another of its keys was set: keys of other types are refused. */
static int check_type(struct parser *p)
{
	struct config_source *source = p->source;
	char types[LIST_MAX];

	for (const struct config_key *key = config_keys; source->typed && key->name; key++) {
		if (!(source->given & config_key_bit(key)) || fits_type(key, source))
			continue;
		config_type_list(key->types, types, sizeof(types));
		return fail(p, "source '%s' of type %s has '%s'; expected it in type %s only",
			    source->name, config_type_name(source->type), key->name, types);
	}
	return 1;
}

static int set_key(struct parser *p, const struct config_key *key, const char *value)
{
	char why[LIST_MAX];
	void *base = p->source ? (void *)p->source : (void *)p->config;

	if (config_value_set(key, value, base, why, sizeof(why)))
		return fail(p, "%s = %s: %s", key->name, value, why);
	if (!p->source)
		return 1;
	p->source->given |= config_key_bit(key);
	if (!strcmp(key->name, "type"))
		p->source->typed = true;
	return check_type(p);
}

/* libinih's handler: one key and its value. */
static int take_key(void *context, const char *section, const char *name, const char *value)
{
	struct parser *p = context;
	const struct config_key *key = p->section ? config_key_find(p->section, name) : NULL;
	uint64_t *given = p->source ? &p->given_source[p->source - p->config->sources] : &p->given;
	char known[LIST_MAX];

	if (!p->section)
		return fail(p, "'%s' outside of a section; expected [SECTION] first", name);
	if (!key) {
		config_key_list(p->section, known, sizeof(known));
		return fail(p, "unknown key '%s' in [%s]; expected one of %s", name, section,
			    known);
	}
	if (*given & config_key_bit(key))
		return fail(p, "'%s' a second time in [%s]; expected it once in a file", name,
			    section);
	*given |= config_key_bit(key);
	return set_key(p, key, value);
}

int config_parse(struct config *config, const char *text, size_t length, const char *file,
		 char *message, size_t message_size)
{
	struct parser p = {
		.config = config,
		.file = file,
		.lines = {.at = text, .end = text + length},
		.message = message,
		.message_size = message_size,
	};
	int bad_line = ini_parse_stream(next_line, &p, take_key, &p);

	if (bad_line < 0)
		return -ENOMEM;
	/* A line that is neither section nor KEY = VALUE is known to libinih alone. */
	if (bad_line > 0 && (!p.failed_line || (unsigned int)bad_line < p.failed_line)) {
		p.failed_line = 0;
		p.lines.number = (unsigned int)bad_line;
		fail(&p, "not a setting; expected KEY = VALUE");
	}
	return p.failed_line ? -EINVAL : 0;
}

/* "KEY = VALUE" in a section that is open. */
static void take_setting(struct parser *p, const char *setting)
{
	char section[CONFIG_NAME_MAX + 8];
	char text[LINE_BYTES_MAX + 1];
	const char *line = setting;
	size_t length = strlen(setting);
	char *value;

	check_characters(p, setting, length);
	if (p->failed_line)
		return;
	strip(&line, &length);
	snprintf(text, sizeof(text), "%.*s", (int)length, line);
	value = strchr(text, '=');
	if (!value || value == text || text[0] == '[') {
		fail(p, "'%s' is not a setting; expected KEY=VALUE", setting);
		return;
	}
	for (char *end = value; end > text && (end == value || is_blank(*end)); end--)
		*end = '\0';
	value++;
	snprintf(section, sizeof(section), "source %s", p->source->name);
	take_key(p, section, text, value + strspn(value, " \t"));
}

/* Ends of the poll range that nobody gave are found anew. */
static void reopen_polls(struct config_source *source)
{
	if (!(source->given & config_key_bit(config_key_find("source", "min-poll"))))
		source->min_poll_s = 0;
	if (!(source->given & config_key_bit(config_key_find("source", "max-poll"))))
		source->max_poll_s = 0;
}

int config_parse_source(struct config *config, const char *name, const char *const *settings,
			unsigned int count, char *message, size_t message_size)
{
	struct parser p = {.config = config,
			   .file = "",
			   .lines.number = 1,
			   .message = message,
			   .message_size = message_size};

	open_source(&p, name);
	if (!p.failed_line)
		reopen_polls(p.source);
	for (unsigned int i = 0; i < count && !p.failed_line; i++)
		take_setting(&p, settings[i]);
	return p.failed_line ? -EINVAL : 0;
}

void config_remove_source(struct config *config, unsigned int place)
{
	unsigned int behind = --config->source_count - place;

	memmove(&config->sources[place], &config->sources[place + 1],
		behind * sizeof(config->sources[0]));
}
