// SPDX-License-Identifier: GPL-2.0-or-later
/* Another configuration for the running daemon: from its files, or a source by hand. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon_parts.h"
#include "event_log.h"
#include "log.h"

enum { MESSAGE_MAX = 600 };

void change_note(struct change_report *report, const char *format, ...)
{
	char line[400];
	size_t length;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_notice("configuration: %s", line);
	length = strlen(line);
	if (report->used + length + 2 > sizeof(report->text))
		return;
	memcpy(report->text + report->used, line, length);
	report->used += length;
	report->text[report->used++] = '\n';
	report->text[report->used] = '\0';
}

/* It may hold keys. */
static void drop(struct config *config)
{
	if (config)
		explicit_bzero(config, sizeof(*config));
	free(config);
}

static struct config *copy_of(const struct config *config)
{
	struct config *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = *config;
	return copy;
}

static int check(struct config *config, char *message, size_t size)
{
	int err = config_check(config, message, size);

	return err ? err : config_read_keys(config, message, size);
}

/* Sources by hand live on beside those of the files, which come first. */
static int keep_by_hand(const struct config *now, struct config *read, char *message, size_t size)
{
	for (unsigned int i = 0; i < now->source_count; i++) {
		const struct config_source *source = &now->sources[i];

		if (!source->by_hand || config_find_source(read, source->name) < read->source_count)
			continue;
		if (read->source_count == CONFIG_SOURCES_MAX) {
			snprintf(message, size,
				 "[source %s]: too many sources; expected at most %d", source->name,
				 CONFIG_SOURCES_MAX);
			return -EINVAL;
		}
		read->sources[read->source_count++] = *source;
	}
	return 0;
}

/* The new sources beside those settings that stay as they are until a restart. */
static int check_with_settings(const struct daemon *d, const struct config *read, char *message,
			       size_t size)
{
	struct config *mixed = copy_of(read);
	size_t used;
	int err;

	if (!mixed)
		return -ENOMEM;
	for (const struct config_key *key = config_keys; key->name; key++)
		if (!key->online && strcmp(key->section, "source"))
			config_value_copy(key, &d->config, mixed);
	err = config_check(mixed, message, size);
	used = strlen(message);
	if (err)
		snprintf(message + used, size - used,
			 "; other settings of this file take effect after a restart only");
	drop(mixed);
	return err;
}

static int read_anew(const struct daemon *d, struct config *read, char *message, size_t size)
{
	int err = config_read(read, d->config_path, message, size);

	if (!err)
		err = keep_by_hand(&d->config, read, message, size);
	if (!err)
		err = check(read, message, size);
	return err ? err : check_with_settings(d, read, message, size);
}

/* Takes over what was read. */
static void apply(struct daemon *d, struct config *read, struct change_report *report)
{
	struct config_change change;

	config_compare(&d->config, read, &change);
	daemon_change_settings(d, read, &change, report);
	daemon_change_sources(d, read, &change, report);
	if (!report->used)
		change_note(report, "nothing has changed");
	drop(d->wanted);
	d->wanted = read;
	config_compare(&d->config, read, &change);
	if (change.now_count || change.later_count)
		return;
	drop(d->wanted);
	d->wanted = NULL;
}

/* systemd's notify-reload; to one that is not told READY yet this would say it. */
static void tell_systemd(const struct daemon *d, bool reloading)
{
	if (d->ready && reloading)
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
			   (long long)(loop_now_ns() / 1000));
	else if (d->ready)
		sd_notify(0, "READY=1");
}

int daemon_reload(struct daemon *d, struct change_report *report)
{
	struct config *read = malloc(sizeof(*read));
	char message[MESSAGE_MAX] = "out of memory";
	int err;

	report->used = 0;
	report->text[0] = '\0';
	tell_systemd(d, true);
	if (event_log_reopen(d->event_log))
		log_warning("event log %s cannot be reopened; the old file stays",
			    d->config.event_log);
	daemon_reopen_statistics(d);
	err = read ? read_anew(d, read, message, sizeof(message)) : -ENOMEM;
	if (!err) {
		apply(d, read, report);
	} else {
		drop(read);
		log_error("%s; the configuration stays as it was", message);
		snprintf(report->text, sizeof(report->text), "%s", message);
	}
	tell_systemd(d, false);
	return err;
}

/* Makes the copy, which differs in its sources, the one in force, and frees it. */
static int change_to(struct daemon *d, struct config *copy, char *message, size_t size)
{
	struct change_report report = {0};
	struct config_change change;
	unsigned int wanted = copy->source_count;
	int err = check(copy, message, size);

	if (!err) {
		config_compare(&d->config, copy, &change);
		daemon_change_sources(d, copy, &change, &report);
		if (d->config.source_count < wanted) {
			snprintf(message, size, "%.*s", (int)strcspn(report.text, "\n"),
				 report.text);
			err = -ENOMEM;
		}
	}
	drop(copy);
	return err;
}

static int edit_source(struct daemon *d, const char *name, const char *const *settings,
		       unsigned int count, char *message, size_t size)
{
	struct config *copy = copy_of(&d->config);
	unsigned int place;
	int err;

	if (!copy)
		return -ENOMEM;
	place = config_find_source(copy, name);
	err = config_parse_source(copy, name, settings, count, message, size);
	if (err) {
		drop(copy);
		return err;
	}
	if (place == d->config.source_count)
		copy->sources[place].by_hand = true;
	return change_to(d, copy, message, size);
}

static bool is_there(const struct daemon *d, const char *name)
{
	return config_find_source(&d->config, name) < d->config.source_count;
}

int daemon_add_source(struct daemon *d, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t size)
{
	return is_there(d, name) ? -EEXIST : edit_source(d, name, settings, count, message, size);
}

int daemon_set_source(struct daemon *d, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t size)
{
	return is_there(d, name) ? edit_source(d, name, settings, count, message, size) : -ENOENT;
}

int daemon_remove_source(struct daemon *d, const char *name, char *message, size_t size)
{
	struct config *copy;

	if (!is_there(d, name))
		return -ENOENT;
	copy = copy_of(&d->config);
	if (!copy)
		return -ENOMEM;
	config_remove_source(copy, config_find_source(copy, name));
	return change_to(d, copy, message, size);
}
