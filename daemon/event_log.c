/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The raw event log: everything the sources saw, written so that it can be replayed. */
#include "event_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append_file.h"
#include "clock/discipline.h"
#include "config.h"
#include "event_csv.h"

struct known_source {
	char name[EVENT_CSV_NAME_MAX];
	char settings[EVENT_CSV_TEXT_MAX];
};

struct event_log {
	struct append_file file;
	struct event_csv counter;
	struct event_csv leaps; /* as stated last; of kind EVENT_CSV_NOTHING: never */
	struct known_source sources[DISCIPLINE_SOURCES_MAX];
	unsigned int source_count;
};

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static void write_line(struct event_log *log, const struct event_csv *line)
{
	char text[EVENT_CSV_LINE_MAX];

	if (event_csv_format(line, text, sizeof(text)) < 0)
		log->file.lost++;
	else
		append_file_line(&log->file, text);
}

static void write_source(struct event_log *log, const struct known_source *source)
{
	struct event_csv line = {.kind = EVENT_CSV_SOURCE};

	copy(line.name, sizeof(line.name), source->name);
	copy(line.text, sizeof(line.text), source->settings);
	write_line(log, &line);
}

static void write_source_alone(struct event_log *log, enum event_csv_kind kind, const char *source)
{
	struct event_csv line = {.kind = kind};

	if (!log)
		return;
	copy(line.name, sizeof(line.name), source);
	write_line(log, &line);
}

int event_log_open(struct event_log **out, const char *path, const struct counter *counter,
		   char *message, size_t message_size)
{
	struct event_log *log = calloc(1, sizeof(*log));
	int err;

	*out = NULL;
	if (!log)
		return -ENOMEM;
	err = append_file_open(&log->file, "event log", path, message, message_size);
	if (err) {
		free(log);
		return err;
	}
	log->counter.kind = EVENT_CSV_COUNTER;
	copy(log->counter.name, sizeof(log->counter.name), counter->name);
	log->counter.nominal_hz = counter->nominal_hz;
	write_line(log, &log->counter);
	*out = log;
	return 0;
}

void event_log_close(struct event_log *log)
{
	if (!log)
		return;
	append_file_close(&log->file);
	free(log);
}

int event_log_reopen(struct event_log *log)
{
	int err;

	if (!log || append_file_is_in_place(&log->file))
		return 0;
	err = append_file_reopen(&log->file);
	if (err)
		return err;
	write_line(log, &log->counter);
	if (log->leaps.kind == EVENT_CSV_LEAPS)
		write_line(log, &log->leaps);
	for (unsigned int i = 0; i < log->source_count; i++)
		write_source(log, &log->sources[i]);
	return 0;
}

/* The entry of this name, made when it is new; NULL when there is no room. */
static struct known_source *find_source(struct event_log *log, const char *name)
{
	struct known_source *source;

	for (unsigned int i = 0; i < log->source_count; i++)
		if (strcmp(log->sources[i].name, name) == 0)
			return &log->sources[i];
	if (log->source_count == DISCIPLINE_SOURCES_MAX)
		return NULL;
	source = &log->sources[log->source_count++];
	copy(source->name, sizeof(source->name), name);
	return source;
}

void event_log_source(struct event_log *log, const char *source, const char *settings)
{
	struct known_source *known = log ? find_source(log, source) : NULL;

	if (!known)
		return;
	copy(known->settings, sizeof(known->settings), settings);
	write_source(log, known);
}

void event_log_write(struct event_log *log, const char *source, const struct event *event,
		     unsigned int leap)
{
	struct event_csv line = {.kind = EVENT_CSV_EVENT, .event = *event, .leap = leap};

	if (!log)
		return;
	copy(line.name, sizeof(line.name), source);
	write_line(log, &line);
}

void event_log_leaps(struct event_log *log, uint64_t counter, const struct leap_table *table,
		     const struct leap_entry *announced)
{
	struct event_csv_leaps *leaps;
	unsigned int count = table->count;

	if (!log)
		return;
	leaps = &log->leaps.leaps;
	if (count > 1 && table->entries[count - 1].utc_s == announced->utc_s)
		count--;
	*leaps = (struct event_csv_leaps){.expires_utc_s = table->expires_utc_s,
					  .announced = *announced};
	for (unsigned int i = count > EVENT_CSV_LEAPS_MAX ? count - EVENT_CSV_LEAPS_MAX : 0;
	     i < count; i++)
		leaps->entries[leaps->count++] = table->entries[i];
	log->leaps.kind = EVENT_CSV_LEAPS;
	log->leaps.c = counter;
	write_line(log, &log->leaps);
}

void event_log_online(struct event_log *log, const char *source)
{
	write_source_alone(log, EVENT_CSV_ONLINE, source);
}

void event_log_offline(struct event_log *log, const char *source)
{
	write_source_alone(log, EVENT_CSV_OFFLINE, source);
}

void event_log_reset(struct event_log *log, const char *source)
{
	write_source_alone(log, EVENT_CSV_RESET, source);
}

void event_log_remove(struct event_log *log, const char *source)
{
	event_log_offline(log, source);
	event_log_reset(log, source);
	for (unsigned int i = 0; log && i < log->source_count; i++) {
		if (strcmp(log->sources[i].name, source))
			continue;
		log->sources[i] = log->sources[--log->source_count];
		return;
	}
}

void event_log_clockset(struct event_log *log, uint64_t counter)
{
	struct event_csv line = {.kind = EVENT_CSV_CLOCKSET, .c = counter};

	if (log)
		write_line(log, &line);
}

void event_log_disrupt(struct event_log *log, uint64_t counter, const char *reason)
{
	struct event_csv line = {.kind = EVENT_CSV_DISRUPT, .c = counter};

	if (!log)
		return;
	copy(line.text, sizeof(line.text), reason);
	write_line(log, &line);
}

void event_log_settings(const struct config_source *config, double poll_s, char *out, size_t size)
{
	struct event_csv_settings settings = {
		.prefer = config->prefer,
		.trust = config->trust,
		.noselect = config->noselect,
		.min_samples = config->min_samples,
		.offset_ns = config->offset_ns,
		.max_error_ns = config->max_error_ns,
		.poll_s = poll_s,
		.pulse = config_marks_seconds(config),
		.max_latency_ns = config->max_latency_ns,
		.max_jitter_ns = config->max_jitter_ns,
	};

	copy(settings.lock, sizeof(settings.lock), config->lock);

	if (event_csv_settings_format(&settings, out, size) < 0)
		copy(out, size, "");
}

uint64_t event_log_lost(const struct event_log *log)
{
	return log ? log->file.lost : 0;
}
