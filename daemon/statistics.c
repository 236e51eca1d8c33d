// SPDX-License-Identifier: GPL-2.0-or-later
/* Formats the long record: CSV with a header, in the units that the names of its columns say. */
#include "statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_LENGTH = 640 };

static const char clock_header[] =
	"utc,status,max_error_ns,largest_error_ns,est_error_ns,rate_ppb,max_rate_error_ppb,"
	"slew_ppb,remaining_ns,sources,truechimers,falsetickers,publications,disruptions,"
	"nesting_violations,tai_offset_s,host_ahead_ns\n";
static const char sources_header[] =
	"utc,source,state,samples,refused,offset_ns,offset_sd_ns,bound_ns,noise_ns,delay_ns,"
	"rate_ppb,rate_sd_ppb,wander,weight,poll_s,reach\n";

/* A line being made; what does not fit is cut, which LINE_MAX_LENGTH leaves no room for. */
struct row {
	char text[LINE_MAX_LENGTH];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct row *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void add_number(struct row *line, double value)
{
	if (isnan(value))
		add(line, ",");
	else
		add(line, ",%.6g", value); /* "inf": there is no bound */
}

static void add_time(struct row *line, int64_t utc_ns)
{
	int64_t utc_ms = utc_ns / 1000000;
	time_t seconds = (time_t)(utc_ms / 1000);
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	add(line, "%s.%03dZ", date, (int)(utc_ms % 1000));
}

static int open_one(struct append_file *file, const char *directory, const char *name,
		    const char *header, char *message, size_t message_size)
{
	char path[CONFIG_PATH_MAX];
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
		snprintf(message, message_size, "statistics %s: the path is too long", directory);
		return -ENAMETOOLONG;
	}
	err = append_file_open(file, "statistics", path, message, message_size);
	if (!err && append_file_is_empty(file))
		append_file_line(file, header);
	return err;
}

int statistics_open(struct statistics *s, const char *directory, char *message, size_t message_size)
{
	int err = open_one(&s->clock, directory, "clock.csv", clock_header, message, message_size);

	if (err)
		return err;
	err = open_one(&s->sources, directory, "sources.csv", sources_header, message,
		       message_size);
	if (err)
		append_file_close(&s->clock);
	return err;
}

void statistics_close(struct statistics *s)
{
	append_file_close(&s->clock);
	append_file_close(&s->sources);
}

static int reopen_one(struct append_file *file, const char *header)
{
	int err = append_file_reopen(file);

	if (!err && append_file_is_empty(file))
		append_file_line(file, header);
	return err;
}

int statistics_reopen(struct statistics *s)
{
	int clock_err = reopen_one(&s->clock, clock_header);
	int err = reopen_one(&s->sources, sources_header);

	return err ? err : clock_err;
}

void statistics_write_clock(struct statistics *s, const struct statistics_clock *row)
{
	const struct discipline_totals *t = row->totals;
	struct row line = {.length = 0};

	add_time(&line, row->utc_ns);
	add(&line, ",%s", row->status);
	add_number(&line, row->max_error_ns);
	add_number(&line, row->largest_error_ns);
	add_number(&line, row->est_error_ns);
	add_number(&line, row->rate_ppb);
	add_number(&line, row->max_rate_error_ppb);
	add_number(&line, t->slew_ppb);
	add_number(&line, t->remaining_ns);
	add(&line, ",%u,%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d", t->selectable,
	    t->truechimers, t->falsetickers, t->publications, t->disruptions, t->nesting_violations,
	    row->tai_offset_s);
	add_number(&line, row->host_ahead_ns);
	add(&line, "\n");
	append_file_line(&s->clock, line.text);
}

void statistics_write_source(struct statistics *s, const struct statistics_source *row)
{
	const struct discipline_source_status *status = row->status;
	const struct interval *i = &status->interval;
	bool has = status->has_estimate;
	const double numbers[] = {
		has ? status->offset_ns : (double)NAN,
		has ? sqrt(status->estimate.phase_var_ns2) : (double)NAN,
		status->has_interval ? (i->hi_ns - i->lo_ns) / 2 : (double)NAN,
		has ? status->filter.noise_ns : (double)NAN,
		has ? status->filter.delay_ns : (double)NAN,
		has ? status->estimate.rate_ppb : (double)NAN,
		has ? sqrt(status->estimate.rate_var_ppb2) : (double)NAN,
		has ? status->estimate.wander : (double)NAN,
		status->weight,
		row->poll_s,
	};
	struct row line = {.length = 0};

	add_time(&line, row->utc_ns);
	add(&line, ",%s,%s,%" PRIu64 ",%" PRIu64, row->name, row->state, status->samples,
	    status->refused);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		add_number(&line, numbers[k]);
	add(&line, ",%u\n", row->reach);
	append_file_line(&s->sources, line.text);
}
