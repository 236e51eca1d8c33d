/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of the event log, from text to struct and back. */
#include "event_csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Walks over the fields of a line. The first fault sticks, so that callers read on regardless. */
struct fields {
	const char *at;
	const char *end;
	unsigned int index; /* of the field taken last, from 1 */
	bool exhausted;
	bool failed;
	char *message;
	size_t message_size;
};

struct field {
	const char *text;
	size_t length;
};

enum { NUMBER_LENGTH_MAX = 40, FIELD_SHOWN_MAX = 24 };

__attribute__((format(printf, 3, 4))) static void fail(struct fields *f, const char *name,
						       const char *format, ...)
{
	va_list arguments;
	int used;

	if (f->failed)
		return;
	f->failed = true;
	used = snprintf(f->message, f->message_size, "field %u (%s): ", f->index, name);
	if (used < 0 || (size_t)used >= f->message_size)
		return;
	va_start(arguments, format);
	vsnprintf(f->message + used, f->message_size - (size_t)used, format, arguments);
	va_end(arguments);
}

static void fail_value(struct fields *f, const char *name, struct field field, const char *wanted)
{
	char shown[FIELD_SHOWN_MAX + 1];
	size_t length = field.length < FIELD_SHOWN_MAX ? field.length : FIELD_SHOWN_MAX;

	for (size_t i = 0; i < length; i++)
		shown[i] = field.text[i] >= ' ' && field.text[i] <= '~' ? field.text[i] : '?';
	shown[length] = '\0';
	fail(f, name, "'%s' is not %s", shown, wanted);
}

/* The next field; false at the end of the line, or after a fault. */
static bool take_optional(struct fields *f, struct field *out)
{
	const char *comma;

	if (f->failed || f->exhausted)
		return false;
	f->index++;
	comma = memchr(f->at, ',', (size_t)(f->end - f->at));
	out->text = f->at;
	out->length = (size_t)((comma ? comma : f->end) - f->at);
	f->exhausted = !comma;
	f->at = comma ? comma + 1 : f->end;
	return true;
}

static bool take(struct fields *f, const char *name, struct field *out)
{
	if (take_optional(f, out))
		return true;
	if (!f->failed)
		f->index++;
	fail(f, name, "the line ends before it");
	return false;
}

/* Digits alone: no sign, no space, no overflow. */
static bool read_digits(const char *text, size_t length, uint64_t *out)
{
	uint64_t value = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned int digit = (unsigned int)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9')
			return false;
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

static bool read_integer(struct field field, int64_t *out)
{
	bool negative = field.length > 0 && field.text[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	uint64_t size;

	if (!read_digits(field.text + negative, field.length - negative, &size) || size > limit)
		return false;
	*out = negative ? (int64_t)(0 - size) : (int64_t)size;
	return true;
}

/* Decimal or "inf"; neither hexadecimal nor nan, and no space. */
static bool read_real(struct field field, double *out)
{
	char text[NUMBER_LENGTH_MAX + 1];
	char *end;

	if (field.length == 3 && memcmp(field.text, "inf", 3) == 0) {
		*out = INFINITY;
		return true;
	}
	if (field.length == 0 || field.length > NUMBER_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < field.length; i++)
		if (!field.text[i] || !strchr("0123456789+-.eE", field.text[i]))
			return false;
	memcpy(text, field.text, field.length);
	text[field.length] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

static uint64_t take_counter(struct fields *f, const char *name)
{
	struct field field;
	uint64_t value = 0;

	if (take(f, name, &field) && !read_digits(field.text, field.length, &value))
		fail_value(f, name, field, "a counter value, 0 to 2^64-1");
	return value;
}

/* 0 when the line ends before it, or the field is empty. */
static uint64_t take_optional_counter(struct fields *f, const char *name)
{
	struct field field;
	uint64_t value = 0;

	if (!take_optional(f, &field) || field.length == 0)
		return 0;
	if (!read_digits(field.text, field.length, &value))
		fail_value(f, name, field, "a counter value, 0 to 2^64-1");
	return value;
}

static bool take_optional_switch(struct fields *f, const char *name)
{
	struct field field;

	if (!take_optional(f, &field) || field.length == 0)
		return false;
	if (field.length != 1 || (field.text[0] != '0' && field.text[0] != '1'))
		fail_value(f, name, field, "0 or 1");
	return field.text[0] == '1';
}

static int64_t take_time(struct fields *f, const char *name)
{
	struct field field;
	int64_t value = 0;

	if (take(f, name, &field) && !read_integer(field, &value))
		fail_value(f, name, field, "a whole number of nanoseconds");
	return value;
}

static unsigned int take_small(struct fields *f, const char *name, unsigned int most)
{
	struct field field;
	uint64_t value = 0;

	if (!take(f, name, &field))
		return 0;
	if (!read_digits(field.text, field.length, &value) || value > most) {
		fail_value(f, name, field, "in its range");
		return 0;
	}
	return (unsigned int)value;
}

static bool is_size(double value, bool may_be_infinite)
{
	return value >= 0 && (may_be_infinite || isfinite(value));
}

static double take_size(struct fields *f, const char *name, bool may_be_infinite)
{
	struct field field;
	double value = 0;

	if (take(f, name, &field) && !(read_real(field, &value) && is_size(value, may_be_infinite)))
		fail_value(f, name, field, "a number that is not negative");
	return value;
}

static double take_optional_size(struct fields *f, const char *name, double otherwise)
{
	struct field field;
	double value = otherwise;

	if (!take_optional(f, &field) || field.length == 0)
		return otherwise;
	if (!read_real(field, &value) || !is_size(value, isinf(otherwise)))
		fail_value(f, name, field, "a number that is not negative");
	return value;
}

static int take_optional_precision(struct fields *f)
{
	struct field field;
	int64_t value = INT8_MIN;

	if (!take_optional(f, &field) || field.length == 0)
		return INT8_MIN;
	if (!read_integer(field, &value) || value < INT8_MIN || value > INT8_MAX)
		fail_value(f, "precision_log2", field, "within -128 to 127");
	return (int)value;
}

static unsigned int take_optional_leap(struct fields *f)
{
	struct field field;

	if (!take_optional(f, &field) || field.length == 0)
		return 3;
	if (field.length == 1 && field.text[0] >= '0' && field.text[0] <= '3')
		return (unsigned int)(field.text[0] - '0');
	fail_value(f, "leap", field, "within 0 to 3");
	return 3;
}

static void copy_text(struct fields *f, const char *name, struct field field, char *out,
		      size_t size)
{
	if (field.length >= size) {
		fail(f, name, "longer than %zu characters", size - 1);
		return;
	}
	for (size_t i = 0; i < field.length; i++)
		if ((unsigned char)field.text[i] < ' ' || field.text[i] == 127) {
			fail(f, name, "holds a control character");
			return;
		}
	memcpy(out, field.text, field.length);
	out[field.length] = '\0';
}

static void take_name(struct fields *f, const char *name, char out[EVENT_CSV_NAME_MAX])
{
	struct field field;

	if (!take(f, name, &field))
		return;
	if (field.length == 0)
		fail(f, name, "empty");
	copy_text(f, name, field, out, EVENT_CSV_NAME_MAX);
}

static void take_text(struct fields *f, const char *name, char out[EVENT_CSV_TEXT_MAX])
{
	struct field field;

	if (take_optional(f, &field))
		copy_text(f, name, field, out, EVENT_CSV_TEXT_MAX);
}

static void parse_counter(struct fields *f, struct event_csv *out)
{
	enum { HZ_LEAST = 1000 };
	const double hz_most = 1e12;

	take_name(f, "NAME", out->name);
	out->nominal_hz = take_size(f, "nominal_hz", false);
	if (!(out->nominal_hz >= HZ_LEAST && out->nominal_hz <= hz_most))
		fail(f, "nominal_hz", "not within 1e3 to 1e12");
}

static void parse_source(struct fields *f, struct event_csv *out)
{
	take_name(f, "SOURCE", out->name);
	take_text(f, "settings", out->text);
}

static void parse_ntp(struct fields *f, struct event_csv *out)
{
	struct event_ntp *ntp = &out->event.ntp;

	out->event.kind = EVENT_NTP;
	take_name(f, "SOURCE", out->name);
	ntp->c1 = take_counter(f, "c1");
	ntp->t2_ns = take_time(f, "t2_ns");
	ntp->t3_ns = take_time(f, "t3_ns");
	ntp->c4 = take_counter(f, "c4");
	ntp->leap = take_small(f, "leap", 3);
	ntp->stratum = take_small(f, "stratum", 16);
	ntp->root_delay_ns = take_size(f, "root_delay_ns", false);
	ntp->root_dispersion_ns = take_size(f, "root_dispersion_ns", false);
	ntp->precision_log2 = take_optional_precision(f);
	ntp->c1_user = take_optional_counter(f, "c1_user");
	ntp->c4_user = take_optional_counter(f, "c4_user");
	ntp->stamp_error_ns = take_optional_size(f, "stamp_error_ns", 0);
	ntp->interleaved = take_optional_switch(f, "interleaved");
}

static void parse_phc(struct fields *f, struct event_csv *out)
{
	struct event_phc *phc = &out->event.phc;

	out->event.kind = EVENT_PHC;
	take_name(f, "SOURCE", out->name);
	phc->c_before = take_counter(f, "c_before");
	phc->t_ns = take_time(f, "t_ns");
	phc->c_after = take_counter(f, "c_after");
	phc->max_error_ns = take_optional_size(f, "max_error_ns", INFINITY);
	out->leap = take_optional_leap(f);
}

static void parse_edge(struct fields *f, struct event_csv *out)
{
	struct event_edge *edge = &out->event.edge;
	struct field field;

	take_name(f, "SOURCE", out->name);
	edge->c_edge = take_counter(f, "c_edge");
	edge->uncertainty_ticks = take_size(f, "uncertainty_ticks", false);
	if (take_optional(f, &field) && field.length > 0) {
		edge->labelled = true;
		if (!read_integer(field, &edge->label_s))
			fail_value(f, "label_s", field, "a whole number of seconds");
	}
	edge->since_other_ticks = take_optional_size(f, "since_other_ticks", 0);
}

static void parse_pps(struct fields *f, struct event_csv *out)
{
	out->event.kind = EVENT_PPS;
	parse_edge(f, out);
}

static void parse_latch(struct fields *f, struct event_csv *out)
{
	out->event.kind = EVENT_LATCH;
	parse_edge(f, out);
}

static void parse_time(struct fields *f, struct event_csv *out)
{
	struct event_time *time = &out->event.time;

	out->event.kind = EVENT_TIME;
	take_name(f, "SOURCE", out->name);
	time->c = take_counter(f, "c");
	time->t_ns = take_time(f, "t_ns");
	time->max_error_ns = take_size(f, "max_error_ns", true);
	out->leap = take_optional_leap(f);
}

static void parse_clockset(struct fields *f, struct event_csv *out)
{
	out->c = take_counter(f, "c");
}

static void parse_disrupt(struct fields *f, struct event_csv *out)
{
	out->c = take_counter(f, "c");
	take_text(f, "reason", out->text);
}

static void parse_source_alone(struct fields *f, struct event_csv *out)
{
	take_name(f, "SOURCE", out->name);
}

static void parse_truth(struct fields *f, struct event_csv *out)
{
	out->c = take_counter(f, "c");
	out->t_ns = take_time(f, "t_ns");
}

/* Ten thousand years: sums and differences of such times do not overflow. */
#define LEAP_UTC_MAX_S INT64_C(400000000000)

/* UTC=OFFSET */
static bool read_leap_entry(struct field field, struct leap_entry *out)
{
	const char *equals = memchr(field.text, '=', field.length);
	size_t length = equals ? (size_t)(equals - field.text) : 0;
	int64_t offset_s;

	if (!equals || !read_integer((struct field){field.text, length}, &out->utc_s) ||
	    !read_integer((struct field){equals + 1, field.length - length - 1}, &offset_s) ||
	    offset_s == INT64_MIN || out->utc_s == INT64_MIN ||
	    llabs(offset_s) > LEAP_OFFSET_MAX_S || llabs(out->utc_s) > LEAP_UTC_MAX_S)
		return false;
	out->tai_offset_s = (int)offset_s;
	return true;
}

static bool may_follow(const struct event_csv_leaps *leaps, const struct leap_entry *entry)
{
	const struct leap_entry *last = &leaps->entries[leaps->count ? leaps->count - 1 : 0];

	return leaps->count < EVENT_CSV_LEAPS_MAX &&
	       (!leaps->count ||
		(entry->utc_s > last->utc_s && abs(entry->tai_offset_s - last->tai_offset_s) == 1));
}

static bool read_leap_entries(struct field field, struct event_csv_leaps *leaps)
{
	const char *end = field.text + field.length;

	for (const char *at = field.text; at < end;) {
		const char *semicolon = memchr(at, ';', (size_t)(end - at));
		const char *stop = semicolon ? semicolon : end;
		struct leap_entry entry;

		if (!read_leap_entry((struct field){at, (size_t)(stop - at)}, &entry) ||
		    !may_follow(leaps, &entry))
			return false;
		leaps->entries[leaps->count++] = entry;
		at = stop + (semicolon != NULL);
	}
	return leaps->count > 0;
}

static void parse_leaps(struct fields *f, struct event_csv *out)
{
	struct event_csv_leaps *leaps = &out->leaps;
	struct field field;

	out->c = take_counter(f, "c");
	if (take(f, "expires_utc_s", &field) && !read_integer(field, &leaps->expires_utc_s))
		fail_value(f, "expires_utc_s", field, "a whole number of seconds");
	if (take(f, "entries", &field) && !read_leap_entries(field, leaps))
		fail_value(f, "entries", field, "UTC=OFFSET;..., one second from each to the next");
	if (take_optional(f, &field) && field.length > 0 &&
	    !read_leap_entry(field, &leaps->announced))
		fail_value(f, "announced", field, "UTC=OFFSET");
}

static const struct record {
	const char *word;
	enum event_csv_kind kind;
	void (*parse)(struct fields *f, struct event_csv *out);
} records[] = {
	{"counter", EVENT_CSV_COUNTER, parse_counter},
	{"source", EVENT_CSV_SOURCE, parse_source},
	{"ntp", EVENT_CSV_EVENT, parse_ntp},
	{"phc", EVENT_CSV_EVENT, parse_phc},
	{"pps", EVENT_CSV_EVENT, parse_pps},
	{"latch", EVENT_CSV_EVENT, parse_latch},
	{"time", EVENT_CSV_EVENT, parse_time},
	{"clockset", EVENT_CSV_CLOCKSET, parse_clockset},
	{"disrupt", EVENT_CSV_DISRUPT, parse_disrupt},
	{"online", EVENT_CSV_ONLINE, parse_source_alone},
	{"offline", EVENT_CSV_OFFLINE, parse_source_alone},
	{"reset", EVENT_CSV_RESET, parse_source_alone},
	{"truth", EVENT_CSV_TRUTH, parse_truth},
	{"leaps", EVENT_CSV_LEAPS, parse_leaps},
};

static const struct record *find_record(struct field word)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (strlen(records[i].word) == word.length &&
		    memcmp(records[i].word, word.text, word.length) == 0)
			return &records[i];
	return NULL;
}

int event_csv_parse(struct event_csv *out, const char *line, size_t length, char *message,
		    size_t message_size)
{
	struct fields f = {
		.at = line, .end = line + length, .message = message, .message_size = message_size};
	const struct record *record;
	struct field word;

	memset(out, 0, sizeof(*out));
	if (length == 0 || line[0] == '#')
		return 0;
	if (!take(&f, "kind", &word))
		return -EBADMSG;
	record = find_record(word);
	if (!record) {
		fail_value(&f, "kind", word, "a kind of line that is known");
		return -EBADMSG;
	}
	record->parse(&f, out);
	if (f.failed) {
		memset(out, 0, sizeof(*out));
		return -EBADMSG;
	}
	out->kind = record->kind;
	return 0;
}

/* Collects a line; overflow sticks. */
struct text {
	char *out;
	size_t size;
	size_t used;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(t->out + t->used, t->size - t->used, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= t->size - t->used)
		t->full = true;
	else
		t->used += (size_t)length;
}

/* The shortest form that reads back as the same number. */
static void put_real(struct text *t, double value)
{
	char text[NUMBER_LENGTH_MAX];

	snprintf(text, sizeof(text), "%.15g", value);
	if (!isinf(value) && strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	put(t, "%s", text);
}

static void put_text(struct text *t, const char *text)
{
	for (; *text; text++)
		put(t, "%c",
		    *text == ',' || (unsigned char)*text < ' ' || *text == 127 ? '_' : *text);
}

static void put_word(struct text *t, const char *word, const char *name)
{
	put(t, "%s,", word);
	put_text(t, name);
}

static void put_counter_or_nothing(struct text *t, uint64_t c)
{
	if (c)
		put(t, ",%" PRIu64, c);
	else
		put(t, ",");
}

static void format_ntp(struct text *t, const char *name, const struct event_ntp *ntp)
{
	put_word(t, "ntp", name);
	put(t, ",%" PRIu64 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",%u,%u,", ntp->c1, ntp->t2_ns,
	    ntp->t3_ns, ntp->c4, ntp->leap, ntp->stratum);
	put_real(t, ntp->root_delay_ns);
	put(t, ",");
	put_real(t, ntp->root_dispersion_ns);
	if (ntp->precision_log2 == INT8_MIN)
		put(t, ",");
	else
		put(t, ",%d", ntp->precision_log2);
	put_counter_or_nothing(t, ntp->c1_user);
	put_counter_or_nothing(t, ntp->c4_user);
	put(t, ",");
	put_real(t, ntp->stamp_error_ns);
	if (ntp->interleaved)
		put(t, ",1");
}

static void format_phc(struct text *t, const char *name, const struct event_phc *phc,
		       unsigned int leap)
{
	put_word(t, "phc", name);
	put(t, ",%" PRIu64 ",%" PRId64 ",%" PRIu64, phc->c_before, phc->t_ns, phc->c_after);
	if (!isinf(phc->max_error_ns)) {
		put(t, ",");
		put_real(t, phc->max_error_ns);
	}
	if (leap != 3)
		put(t, isinf(phc->max_error_ns) ? ",,%u" : ",%u", leap);
}

static void format_edge(struct text *t, const char *word, const char *name,
			const struct event_edge *edge)
{
	put_word(t, word, name);
	put(t, ",%" PRIu64 ",", edge->c_edge);
	put_real(t, edge->uncertainty_ticks);
	if (edge->labelled)
		put(t, ",%" PRId64, edge->label_s);
	if (!(edge->since_other_ticks > 0))
		return;
	put(t, edge->labelled ? "," : ",,");
	put_real(t, edge->since_other_ticks);
}

static void format_time(struct text *t, const char *name, const struct event_time *time,
			unsigned int leap)
{
	put_word(t, "time", name);
	put(t, ",%" PRIu64 ",%" PRId64 ",", time->c, time->t_ns);
	put_real(t, time->max_error_ns);
	if (leap != 3)
		put(t, ",%u", leap);
}

static void format_event(struct text *t, const char *name, const struct event *event,
			 unsigned int leap)
{
	switch (event->kind) {
	case EVENT_NTP:
		format_ntp(t, name, &event->ntp);
		break;
	case EVENT_PHC:
		format_phc(t, name, &event->phc, leap);
		break;
	case EVENT_PPS:
		format_edge(t, "pps", name, &event->edge);
		break;
	case EVENT_LATCH:
		format_edge(t, "latch", name, &event->edge);
		break;
	case EVENT_TIME:
		format_time(t, name, &event->time, leap);
		break;
	}
}

static void format_disrupt(struct text *t, const struct event_csv *in)
{
	put(t, "disrupt,%" PRIu64 ",", in->c);
	put_text(t, in->text);
}

static void format_counter(struct text *t, const struct event_csv *in)
{
	put_word(t, "counter", in->name);
	put(t, ",");
	put_real(t, in->nominal_hz);
}

static void format_source(struct text *t, const struct event_csv *in)
{
	put_word(t, "source", in->name);
	put(t, ",");
	put_text(t, in->text);
}

static void put_leap_entry(struct text *t, char before, const struct leap_entry *entry)
{
	put(t, "%c%" PRId64 "=%d", before, entry->utc_s, entry->tai_offset_s);
}

static void format_leaps(struct text *t, uint64_t c, const struct event_csv_leaps *leaps)
{
	put(t, "leaps,%" PRIu64 ",%" PRId64, c, leaps->expires_utc_s);
	for (unsigned int i = 0; i < leaps->count; i++)
		put_leap_entry(t, i ? ';' : ',', &leaps->entries[i]);
	if (leaps->announced.utc_s)
		put_leap_entry(t, ',', &leaps->announced);
}

static void format_line(struct text *t, const struct event_csv *in)
{
	switch (in->kind) {
	case EVENT_CSV_NOTHING:
		put(t, "# ");
		put_text(t, in->text);
		break;
	case EVENT_CSV_COUNTER:
		format_counter(t, in);
		break;
	case EVENT_CSV_SOURCE:
		format_source(t, in);
		break;
	case EVENT_CSV_EVENT:
		format_event(t, in->name, &in->event, in->leap);
		break;
	case EVENT_CSV_CLOCKSET:
		put(t, "clockset,%" PRIu64, in->c);
		break;
	case EVENT_CSV_DISRUPT:
		format_disrupt(t, in);
		break;
	case EVENT_CSV_ONLINE:
		put_word(t, "online", in->name);
		break;
	case EVENT_CSV_OFFLINE:
		put_word(t, "offline", in->name);
		break;
	case EVENT_CSV_RESET:
		put_word(t, "reset", in->name);
		break;
	case EVENT_CSV_TRUTH:
		put(t, "truth,%" PRIu64 ",%" PRId64, in->c, in->t_ns);
		break;
	case EVENT_CSV_LEAPS:
		format_leaps(t, in->c, &in->leaps);
		break;
	}
}

int event_csv_format(const struct event_csv *in, char *out, size_t size)
{
	struct text t = {.out = out, .size = size};

	if (size == 0)
		return -ENOSPC;
	format_line(&t, in);
	put(&t, "\n");
	return t.full ? -ENOSPC : (int)t.used;
}

/* The value of `key` in "key=value;key=value"; false when it is not there. */
static bool find_setting(const char *text, const char *key, struct field *out)
{
	size_t key_length = strlen(key);

	for (const char *at = text; *at;) {
		size_t length = strcspn(at, ";");

		if (length > key_length && memcmp(at, key, key_length) == 0 &&
		    at[key_length] == '=') {
			*out = (struct field){at + key_length + 1, length - key_length - 1};
			return true;
		}
		at += length + (at[length] == ';');
	}
	return false;
}

static bool read_switch(const char *text, const char *key, bool *out)
{
	struct field value;

	if (!find_setting(text, key, &value))
		return true;
	*out = value.length == 2 && memcmp(value.text, "on", 2) == 0;
	return *out || (value.length == 3 && memcmp(value.text, "off", 3) == 0);
}

static bool read_number(const char *text, const char *key, double least, double most, double *out)
{
	struct field value;

	if (!find_setting(text, key, &value))
		return true;
	return read_real(value, out) && *out >= least && *out <= most;
}

/* Of a source that may state none. */
static bool read_error(const char *text, const char *key, double *out)
{
	return read_number(text, key, 0, INFINITY, out) && (isinf(*out) || *out <= 1e12);
}

static bool read_word(const char *text, const char *key, char out[EVENT_CSV_NAME_MAX])
{
	struct field value;

	if (!find_setting(text, key, &value))
		return true;
	if (value.length >= EVENT_CSV_NAME_MAX)
		return false;
	memcpy(out, value.text, value.length);
	out[value.length] = '\0';
	return true;
}

int event_csv_settings_parse(struct event_csv_settings *out, const char *text, char *message,
			     size_t message_size)
{
	double samples = out->min_samples;
	const char *bad = NULL;

	if (!read_switch(text, "prefer", &out->prefer))
		bad = "prefer: neither on nor off";
	else if (!read_switch(text, "trust", &out->trust))
		bad = "trust: neither on nor off";
	else if (!read_switch(text, "noselect", &out->noselect))
		bad = "noselect: neither on nor off";
	else if (!read_number(text, "min_samples", 0, 64, &samples))
		bad = "min_samples: not within 0 to 64";
	else if (!read_number(text, "offset_ns", -1e9, 1e9, &out->offset_ns))
		bad = "offset_ns: not within -1 s to 1 s";
	else if (!read_error(text, "max_error_ns", &out->max_error_ns))
		bad = "max_error_ns: neither inf nor within 0 to 1000 s";
	else if (!read_error(text, "max_latency_ns", &out->max_latency_ns))
		bad = "max_latency_ns: neither inf nor within 0 to 1000 s";
	else if (!read_number(text, "max_jitter_ns", 0, 1e9, &out->max_jitter_ns))
		bad = "max_jitter_ns: not within 0 to 1 s";
	else if (!read_word(text, "lock", out->lock))
		bad = "lock: longer than 47 characters";
	else if (!read_number(text, "poll_s", 1e-3, 1e6, &out->poll_s))
		bad = "poll_s: not within 1e-3 to 1e6";
	if (bad) {
		snprintf(message, message_size, "%s", bad);
		return -EBADMSG;
	}
	out->min_samples = (unsigned int)samples;
	return 0;
}

static void put_setting(struct text *t, const char *key, double value)
{
	put(t, ";%s=", key);
	put_real(t, value);
}

int event_csv_settings_format(const struct event_csv_settings *in, char *out, size_t size)
{
	struct text t = {.out = out, .size = size};

	if (size == 0)
		return -ENOSPC;
	put(&t, "prefer=%s;trust=%s;noselect=%s;min_samples=%u", in->prefer ? "on" : "off",
	    in->trust ? "on" : "off", in->noselect ? "on" : "off", in->min_samples);
	put_setting(&t, "offset_ns", in->offset_ns);
	put_setting(&t, "max_error_ns", in->max_error_ns);
	if (in->pulse) {
		put_setting(&t, "max_latency_ns", in->max_latency_ns);
		put_setting(&t, "max_jitter_ns", in->max_jitter_ns);
	}
	if (in->lock[0])
		put(&t, ";lock=%s", in->lock);
	if (in->poll_s > 0)
		put_setting(&t, "poll_s", in->poll_s);
	return t.full ? -ENOSPC : (int)t.used;
}
