// SPDX-License-Identifier: GPL-2.0-or-later
/* The test server's settings: parsing them by name, and the clock that they make. */
#include "responder_behaviour.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fault_names[FAULT_COUNT] = {
	[FAULT_NONE] = "none",
	[FAULT_SILENT] = "silent",
	[FAULT_WRONG_ORIGIN] = "wrong-origin",
	[FAULT_UNSYNCHRONISED] = "unsynchronised",
	[FAULT_STRATUM0] = "stratum0",
	[FAULT_STRATUM16] = "stratum16",
	[FAULT_RATE] = "rate",
	[FAULT_DENY] = "deny",
	[FAULT_RSTR] = "rstr",
	[FAULT_REPLAY] = "replay",
	[FAULT_DUPLICATE] = "duplicate",
	[FAULT_TRUNCATED] = "truncated",
	[FAULT_OVERSIZED] = "oversized",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_CLIENT_MODE] = "client-mode",
	[FAULT_BACKWARDS] = "backwards",
	[FAULT_ZERO_STAMPS] = "zero-stamps",
};

void behaviour_honest(struct behaviour *b)
{
	*b = (struct behaviour){
		.stratum = 1,
		.precision_log2 = -23,
		.root_dispersion_ns = 15259, /* one unit of the packet's field */
		.refid = {'T', 'E', 'S', 'T'},
		.fault_left = UINT64_MAX,
	};
}

int64_t behaviour_time(const struct behaviour *b, int64_t real_ns)
{
	double walked_ns = b->rate_ppm * 1e-6 * (double)(real_ns - b->rate_since_ns);

	return real_ns + b->offset_ns + llround(walked_ns);
}

static int64_t drawn_delay_ns(int64_t constant_ns, int64_t mean_ns)
{
	double uniform = ((double)random() + 1) / ((double)RAND_MAX + 2);

	return constant_ns + (int64_t)(-log(uniform) * (double)mean_ns);
}

int64_t behaviour_request_delay_ns(const struct behaviour *b)
{
	return drawn_delay_ns(b->request_delay_ns, b->request_queue_ns);
}

int64_t behaviour_reply_delay_ns(const struct behaviour *b)
{
	return drawn_delay_ns(b->reply_delay_ns, b->reply_queue_ns);
}

enum fault behaviour_next_fault(struct behaviour *b)
{
	enum fault fault = b->fault;

	if (fault != FAULT_NONE && b->fault_left != UINT64_MAX && --b->fault_left == 0)
		b->fault = FAULT_NONE;
	return fault;
}

/* A number and the unit that follows it; `rest` points behind the number. */
static int parse_number(const char *text, double *value, const char **rest)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (end == text || errno || !isfinite(*value))
		return -EINVAL;
	while (isspace((unsigned char)*end))
		end++;
	*rest = end;
	return 0;
}

static int parse_time(const char *text, int64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	const char *unit;
	double value;

	if (parse_number(text, &value, &unit))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].unit) || fabs(value * units[i].ns) > 4e18)
			continue;
		*ns = llround(value * units[i].ns);
		return 0;
	}
	return -EINVAL;
}

static int parse_delay(const char *text, int64_t *ns)
{
	int64_t value;

	if (parse_time(text, &value) || value < 0 || value > 10000000000)
		return -EINVAL;
	*ns = value;
	return 0;
}

static int parse_integer(const char *text, long low, long high, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	return end == text || *end || errno || *value < low || *value > high ? -EINVAL : 0;
}

static int set_leap(struct behaviour *b, const char *value, int64_t now_ns)
{
	long number;

	(void)now_ns;
	if (parse_integer(value, 0, 3, &number))
		return -EINVAL;
	b->leap = (unsigned int)number;
	return 0;
}

static int set_stratum(struct behaviour *b, const char *value, int64_t now_ns)
{
	long number;

	(void)now_ns;
	if (parse_integer(value, 0, 255, &number))
		return -EINVAL;
	b->stratum = (unsigned int)number;
	return 0;
}

static int set_precision(struct behaviour *b, const char *value, int64_t now_ns)
{
	long number;

	(void)now_ns;
	if (parse_integer(value, -32, 0, &number))
		return -EINVAL;
	b->precision_log2 = (int)number;
	return 0;
}

static int set_root_delay(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->root_delay_ns);
}

static int set_root_dispersion(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->root_dispersion_ns);
}

static int set_refid(struct behaviour *b, const char *value, int64_t now_ns)
{
	size_t length = strlen(value);

	(void)now_ns;
	if (length > sizeof(b->refid))
		return -EINVAL;
	memset(b->refid, 0, sizeof(b->refid));
	memcpy(b->refid, value, length);
	return 0;
}

/* The clock steps to this offset and walks on from there. */
static int set_offset(struct behaviour *b, const char *value, int64_t now_ns)
{
	int64_t offset_ns;

	if (parse_time(value, &offset_ns))
		return -EINVAL;
	b->offset_ns = offset_ns;
	b->rate_since_ns = now_ns;
	return 0;
}

/* The clock does not step when its rate changes: what it walked so far becomes its offset. */
static int set_rate(struct behaviour *b, const char *value, int64_t now_ns)
{
	const char *unit;
	double rate_ppm;

	if (parse_number(value, &rate_ppm, &unit) || strcmp(unit, "ppm") || fabs(rate_ppm) > 1e5)
		return -EINVAL;
	b->offset_ns = behaviour_time(b, now_ns) - now_ns;
	b->rate_since_ns = now_ns;
	b->rate_ppm = rate_ppm;
	return 0;
}

static int parse_count(const char *text, uint64_t *count)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	if (!*text) {
		*count = UINT64_MAX;
		return 0;
	}
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*count = strtoull(text, &end, 10);
	return *end || errno || *count == 0 ? -EINVAL : 0;
}

static int set_fault(struct behaviour *b, const char *value, int64_t now_ns)
{
	size_t length = strcspn(value, " \t");
	uint64_t count;

	(void)now_ns;
	if (parse_count(value + length, &count))
		return -EINVAL;
	for (int i = 0; i < FAULT_COUNT; i++) {
		if (strlen(fault_names[i]) != length || memcmp(fault_names[i], value, length))
			continue;
		b->fault = (enum fault)i;
		b->fault_left = count;
		return 0;
	}
	return -EINVAL;
}

static int set_request_delay(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->request_delay_ns);
}

static int set_reply_delay(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->reply_delay_ns);
}

static int set_request_queue(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->request_queue_ns);
}

static int set_reply_queue(struct behaviour *b, const char *value, int64_t now_ns)
{
	(void)now_ns;
	return parse_delay(value, &b->reply_queue_ns);
}

static const struct {
	const char *name;
	int (*set)(struct behaviour *b, const char *value, int64_t now_ns);
	const char *expected;
} settings[] = {
	{"leap", set_leap, "0..3"},
	{"stratum", set_stratum, "0..255"},
	{"precision", set_precision, "log2 of seconds, -32..0"},
	{"root-delay", set_root_delay, "a time, e.g. 2 ms"},
	{"root-dispersion", set_root_dispersion, "a time, e.g. 20 us"},
	{"refid", set_refid, "up to four characters"},
	{"offset", set_offset, "a time, e.g. -50 ms: the clock steps there"},
	{"rate", set_rate, "e.g. 1 ppm: the clock walks off from now on"},
	{"fault", set_fault,
	 "none silent wrong-origin unsynchronised stratum0 stratum16 rate deny rstr replay "
	 "duplicate truncated oversized garbage client-mode backwards zero-stamps, and for how "
	 "many replies (all)"},
	{"request-delay", set_request_delay, "a time from 0 to 10 s"},
	{"reply-delay", set_reply_delay, "a time from 0 to 10 s"},
	{"request-queue", set_request_queue, "a time: mean of an exponential delay"},
	{"reply-queue", set_reply_queue, "a time: mean of an exponential delay"},
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

int behaviour_set(struct behaviour *b, const char *name, const char *value, int64_t now_ns,
		  char *message, size_t message_size)
{
	for (unsigned int i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].name, name))
			continue;
		if (!settings[i].set(b, value, now_ns))
			return 0;
		snprintf(message, message_size, "%s: \"%s\" is not %s", name, value,
			 settings[i].expected);
		return -EINVAL;
	}
	snprintf(message, message_size, "%s: no such setting", name);
	return -EINVAL;
}

const char *behaviour_help(unsigned int index)
{
	static char line[256];

	if (index >= SETTINGS)
		return NULL;
	snprintf(line, sizeof(line), "%-16s %s", settings[index].name, settings[index].expected);
	return line;
}
