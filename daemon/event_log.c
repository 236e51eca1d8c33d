/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The raw event log: everything the sources saw, written so that it can be replayed. */
#include "event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock/discipline.h"
#include "config.h"
#include "event_csv.h"
#include "log.h"

/* An hour of one source's exchanges at 16 s polls, or a minute of eight sources at 1 s. */
enum { PENDING_SIZE = 1 << 16 };

struct known_source {
	char name[EVENT_CSV_NAME_MAX];
	char settings[EVENT_CSV_TEXT_MAX];
};

struct event_log {
	int fd;
	char path[CONFIG_PATH_MAX];
	struct event_csv counter;
	struct event_csv leaps; /* as stated last; of kind EVENT_CSV_NOTHING: never */
	struct known_source sources[DISCIPLINE_SOURCES_MAX];
	unsigned int source_count;
	char pending[PENDING_SIZE];
	size_t pending_length;
	uint64_t lost;
	uint64_t lost_noted; /* part of `lost` that the log itself already tells of */
	bool failing;
};

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

/* Not blocking, so that a FIFO or a terminal in place of a file cannot hold the daemon up. */
static int open_for_append(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);

	return fd < 0 ? -errno : fd;
}

/* True when a writer that was killed left half a line at the end. */
static bool ends_in_mid_line(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	char last = '\n';

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
	    pread(fd, &last, 1, status.st_size - 1) != 1)
		last = '\n';
	close(fd);
	return last != '\n';
}

static void report_failure(struct event_log *log, int error)
{
	if (log->failing)
		return;
	log->failing = true;
	log_error("event log %s: %s; what happens from here on may be missing from it", log->path,
		  strerror(error));
}

static void report_recovery(struct event_log *log)
{
	if (!log->failing)
		return;
	log->failing = false;
	log_notice("event log %s: writing again, %" PRIu64 " lines were lost", log->path,
		   log->lost);
}

/* Hands what is pending to the file; keeps what it does not take. */
static void write_pending(struct event_log *log)
{
	while (log->pending_length > 0) {
		ssize_t written = write(log->fd, log->pending, log->pending_length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			report_failure(log, written < 0 ? errno : ENOSPC);
			return;
		}
		log->pending_length -= (size_t)written;
		memmove(log->pending, log->pending + written, log->pending_length);
	}
	report_recovery(log);
}

static bool append(struct event_log *log, const struct event_csv *line)
{
	int length = event_csv_format(line, log->pending + log->pending_length,
				      sizeof(log->pending) - log->pending_length);

	if (length < 0)
		return false;
	log->pending_length += (size_t)length;
	return true;
}

/* Says in the log itself that lines are missing here. */
static void note_loss(struct event_log *log)
{
	struct event_csv note = {.kind = EVENT_CSV_NOTHING};

	if (log->lost == log->lost_noted)
		return;
	snprintf(note.text, sizeof(note.text), "%" PRIu64 " lines are missing here",
		 log->lost - log->lost_noted);
	if (append(log, &note))
		log->lost_noted = log->lost;
}

static void write_line(struct event_log *log, const struct event_csv *line)
{
	if (log->failing)
		write_pending(log);
	if (!log->failing)
		note_loss(log);
	if (!append(log, line))
		log->lost++;
	write_pending(log);
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
	bool torn;

	*out = NULL;
	if (!log)
		return -ENOMEM;
	torn = ends_in_mid_line(path);
	log->fd = open_for_append(path);
	if (log->fd < 0) {
		int error = log->fd;

		snprintf(message, message_size, "event log %s: %s", path, strerror(-error));
		free(log);
		return error;
	}
	copy(log->path, sizeof(log->path), path);
	log->counter.kind = EVENT_CSV_COUNTER;
	copy(log->counter.name, sizeof(log->counter.name), counter->name);
	log->counter.nominal_hz = counter->nominal_hz;
	if (torn)
		log->pending[log->pending_length++] = '\n';
	write_line(log, &log->counter);
	*out = log;
	return 0;
}

void event_log_close(struct event_log *log)
{
	if (!log)
		return;
	write_pending(log);
	close(log->fd);
	free(log);
}

int event_log_reopen(struct event_log *log)
{
	int fd;

	if (!log)
		return 0;
	write_pending(log);
	fd = open_for_append(log->path);
	if (fd < 0) {
		report_failure(log, -fd);
		return fd;
	}
	close(log->fd);
	log->fd = fd;
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
	return log ? log->lost : 0;
}
