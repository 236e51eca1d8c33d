/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording in memory: what happened, in order, and apart from it the truth. */
#include "recording.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

/* What reading needs to remember from line to line. */
struct loader {
	struct recording *recording;
	size_t steps_room;
	size_t truths_room;
	size_t leaps_room;
	unsigned int epoch;
	bool begun; /* something other than the header was seen */
	char *message;
	size_t message_size;
};

static const double DEFAULT_NOMINAL_HZ = 1e9;

uint64_t event_counter(const struct event *event)
{
	switch (event->kind) {
	case EVENT_NTP:
		return event->ntp.c4;
	case EVENT_PHC:
		return event->phc.c_after;
	case EVENT_PPS:
	case EVENT_LATCH:
		return event->edge.c_edge;
	case EVENT_TIME:
		break;
	}
	return event->time.c;
}

static int fail(struct loader *l, int error, const char *text)
{
	snprintf(l->message, l->message_size, "%s", text);
	return error;
}

/* Room for one more; NULL when memory is out. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	void *larger;

	if (count < *room)
		return array;
	larger = realloc(array, (*room ? 2 * *room : 1024) * size);
	if (larger)
		*room = *room ? 2 * *room : 1024;
	return larger;
}

static int add_step(struct loader *l, const struct step *step)
{
	struct recording *r = l->recording;
	struct step *steps = grow(r->steps, r->step_count, &l->steps_room, sizeof(*steps));

	if (!steps)
		return fail(l, -ENOMEM, "out of memory");
	r->steps = steps;
	r->steps[r->step_count++] = *step;
	return 0;
}

/* The truths of one epoch ascend: the score walks along them once. */
static int add_truth(struct loader *l, const struct event_csv *line)
{
	struct recording *r = l->recording;
	struct truth *last = r->truth_count ? &r->truths[r->truth_count - 1] : NULL;
	struct truth *truths;

	if (last && last->epoch == l->epoch && counter_diff(line->c, last->c) <= 0)
		return fail(l, -EBADMSG, "field 2 (c): not after the truth before it");
	truths = grow(r->truths, r->truth_count, &l->truths_room, sizeof(*truths));
	if (!truths)
		return fail(l, -ENOMEM, "out of memory");
	r->truths = truths;
	r->truths[r->truth_count++] = (struct truth){l->epoch, line->c, line->t_ns};
	return 0;
}

/* The source's index, made when it is new, or -ENOSPC. */
static int find_source(struct loader *l, const char *name)
{
	struct recording *r = l->recording;
	struct recording_source *source;

	for (unsigned int i = 0; i < r->source_count; i++)
		if (strcmp(r->sources[i].name, name) == 0)
			return (int)i;
	if (r->source_count == DISCIPLINE_SOURCES_MAX)
		return fail(l, -ENOSPC, "more than 64 sources");
	source = &r->sources[r->source_count];
	memcpy(source->name, name, sizeof(source->name));
	source->settings.min_samples = 1;
	source->settings.max_latency_ns = INFINITY;
	return (int)r->source_count++;
}

static unsigned int leap_of(const struct event_csv *line)
{
	if (event_marks_second(&line->event))
		return 3;
	return line->event.kind == EVENT_NTP ? line->event.ntp.leap : line->leap;
}

static int load_source_step(struct loader *l, enum step_kind kind, const struct event_csv *line)
{
	int source = find_source(l, line->name);
	struct step step = {.kind = kind,
			    .source = (unsigned int)source,
			    .event = line->event,
			    .leap = leap_of(line)};

	if (source < 0)
		return source;
	if (kind == STEP_EVENT)
		l->recording->sources[source].events++;
	if (kind == STEP_EVENT && event_marks_second(&line->event))
		l->recording->sources[source].pulse = true;
	return add_step(l, &step);
}

/* The first statement sets the source up; a later one can only change its poll interval. */
static int load_settings(struct loader *l, const struct event_csv *line)
{
	unsigned int known = l->recording->source_count;
	struct step step = {.kind = STEP_SETTINGS};
	struct event_csv_settings settings;
	int source = find_source(l, line->name);

	if (source < 0)
		return source;
	step.source = (unsigned int)source;
	settings = l->recording->sources[source].settings;
	if (event_csv_settings_parse(&settings, line->text, l->message, l->message_size) != 0)
		return -EBADMSG;
	if (l->recording->source_count > known)
		l->recording->sources[source].settings = settings;
	step.poll_s = settings.poll_s;
	return step.poll_s > 0 ? add_step(l, &step) : 0;
}

/* A counter line that is not the first says that the daemon was started again. */
static int load_counter(struct loader *l, const struct event_csv *line)
{
	struct recording *r = l->recording;
	struct step step = {.kind = STEP_LIFE};

	if (l->begun) {
		if (line->nominal_hz != r->nominal_hz)
			return fail(l, -EBADMSG,
				    "field 3 (nominal_hz): another counter than before");
		l->epoch++;
		return add_step(l, &step);
	}
	memcpy(r->counter, line->name, sizeof(r->counter));
	r->nominal_hz = line->nominal_hz;
	return 0;
}

static int load_leaps(struct loader *l, const struct event_csv *line)
{
	struct recording *r = l->recording;
	struct step step = {.kind = STEP_LEAPS, .c = line->c, .leaps = r->leaps_count};
	struct event_csv_leaps *leaps =
		grow(r->leaps, r->leaps_count, &l->leaps_room, sizeof(*leaps));

	if (!leaps)
		return fail(l, -ENOMEM, "out of memory");
	r->leaps = leaps;
	r->leaps[r->leaps_count++] = line->leaps;
	return add_step(l, &step);
}

static int load_disrupt(struct loader *l, const struct event_csv *line)
{
	struct step step = {.kind = STEP_DISRUPT, .c = line->c};

	l->epoch++;
	return add_step(l, &step);
}

static int load_line(struct loader *l, const struct event_csv *line)
{
	switch (line->kind) {
	case EVENT_CSV_COUNTER:
		return load_counter(l, line);
	case EVENT_CSV_SOURCE:
		return load_settings(l, line);
	case EVENT_CSV_EVENT:
		return load_source_step(l, STEP_EVENT, line);
	case EVENT_CSV_DISRUPT:
		return load_disrupt(l, line);
	case EVENT_CSV_OFFLINE:
		return load_source_step(l, STEP_OFFLINE, line);
	case EVENT_CSV_RESET:
		return load_source_step(l, STEP_RESET, line);
	case EVENT_CSV_TRUTH:
		return add_truth(l, line);
	case EVENT_CSV_LEAPS:
		return load_leaps(l, line);
	case EVENT_CSV_NOTHING:
	case EVENT_CSV_CLOCKSET: /* the stamps around it were judged when they were taken */
	case EVENT_CSV_ONLINE:
		break;
	}
	return 0;
}

/* Reads line after line; *number is the one that an error is about. */
static int load_lines(struct loader *l, struct reader *reader, bool lenient, uint64_t *number)
{
	struct event_csv parsed;
	const char *line;
	size_t length;
	int error;

	for (*number = 1; (error = reader_next(reader, &line, &length)) > 0; ++*number) {
		error = event_csv_parse(&parsed, line, length, l->message, l->message_size);
		if (error == 0)
			error = load_line(l, &parsed);
		if (error == -EBADMSG && lenient)
			l->recording->bad_lines++;
		else if (error)
			return error;
		l->begun = l->begun || parsed.kind != EVENT_CSV_NOTHING;
	}
	if (error == -EOVERFLOW)
		return fail(l, error, "the line is too long");
	if (error)
		return fail(l, error, error == -EBADMSG ? "damaged xz data" : strerror(-error));
	return 0;
}

static int compare_ticks(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The median survives an outage, and loss below one half. */
static int measure_interval(struct recording *r, unsigned int source)
{
	struct recording_source *s = &r->sources[source];
	int64_t *distances = s->events > 1 ? calloc(s->events, sizeof(*distances)) : NULL;
	bool have_last = false;
	uint64_t last = 0;
	size_t count = 0;

	if (s->events < 2)
		return 0;
	if (!distances)
		return -ENOMEM;
	for (size_t i = 0; i < r->step_count; i++) {
		if (r->steps[i].kind != STEP_EVENT || r->steps[i].source != source)
			continue;
		if (have_last)
			distances[count++] = counter_diff(event_counter(&r->steps[i].event), last);
		last = event_counter(&r->steps[i].event);
		have_last = true;
	}
	qsort(distances, count, sizeof(*distances), compare_ticks);
	s->interval_s = (double)distances[count / 2] / r->nominal_hz;
	free(distances);
	return 0;
}

static int measure_intervals(struct recording *r)
{
	int error = 0;

	for (unsigned int i = 0; i < r->source_count && !error; i++)
		error = measure_interval(r, i);
	return error;
}

int recording_read(struct recording *recording, const char *path, bool lenient, char *message,
		   size_t message_size)
{
	char why[200] = "";
	struct loader loader = {
		.recording = recording, .message = why, .message_size = sizeof(why)};
	struct reader *reader;
	uint64_t number = 0;
	int error;

	memset(recording, 0, sizeof(*recording));
	recording->nominal_hz = DEFAULT_NOMINAL_HZ;
	snprintf(recording->counter, sizeof(recording->counter), "ns");
	error = reader_open(&reader, path);
	if (error) {
		snprintf(message, message_size, "%s: %s", path, strerror(-error));
		return error;
	}
	error = load_lines(&loader, reader, lenient, &number);
	reader_close(reader);
	recording->ns_per_tick = 1e9 / recording->nominal_hz;
	if (!error)
		error = measure_intervals(recording);
	if (error) {
		snprintf(message, message_size, "%s:%llu: %s", path, (unsigned long long)number,
			 why[0] ? why : strerror(-error));
		recording_free(recording);
	}
	return error;
}

void recording_thin(struct recording *r, double poll_s)
{
	uint64_t seen[DISCIPLINE_SOURCES_MAX] = {0};
	uint64_t every[DISCIPLINE_SOURCES_MAX];
	size_t kept = 0;

	for (unsigned int i = 0; i < r->source_count; i++) {
		double ratio = r->sources[i].interval_s > 0 ? poll_s / r->sources[i].interval_s : 1;

		every[i] = ratio > 1 && ratio < 1e9 ? (uint64_t)(ratio + 0.5) : 1;
		r->sources[i].interval_s *= (double)every[i];
		r->sources[i].settings.poll_s = 0;
	}
	for (size_t i = 0; i < r->step_count; i++) {
		const struct step *step = &r->steps[i];

		if (step->kind == STEP_SETTINGS ||
		    (step->kind == STEP_EVENT && seen[step->source]++ % every[step->source] != 0))
			continue;
		r->steps[kept++] = *step;
	}
	r->step_count = kept;
}

void recording_set_phc_error(struct recording *r, double max_error_ns)
{
	for (size_t i = 0; i < r->step_count; i++) {
		struct event *event = &r->steps[i].event;

		if (r->steps[i].kind == STEP_EVENT && event->kind == EVENT_PHC &&
		    isinf(event->phc.max_error_ns))
			event->phc.max_error_ns = max_error_ns;
	}
}

void recording_free(struct recording *recording)
{
	free(recording->steps);
	free(recording->truths);
	free(recording->leaps);
	recording->steps = NULL;
	recording->truths = NULL;
	recording->leaps = NULL;
}
