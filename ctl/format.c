// SPDX-License-Identifier: GPL-2.0-or-later
/* Scales numbers to units that suit them, and reads times with units. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"

struct unit {
	const char *name;
	double size;
};

/* Ascending; a value is shown in the largest unit of which it has at least one. */
static const struct unit time_units[] = {
	{"ns", 1},     {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
	{"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};

enum { TIME_UNITS = sizeof(time_units) / sizeof(time_units[0]), TIME_UNIT_S = 3 };

/* Three significant digits without an exponent. */
static int decimals(double value)
{
	if (value >= 99.95)
		return 0;
	return value >= 9.995 ? 1 : 2;
}

/* Rounding may carry a value into the next unit: 999.6 us is 1.00 ms, not 1000 us. */
static const struct unit *fitting_unit(double size)
{
	size_t i = 0;

	while (i + 1 < TIME_UNITS && size >= time_units[i + 1].size * 0.9995)
		i++;
	/* Seconds are read more easily than minutes while there are few of them. */
	if (i > TIME_UNIT_S && size < 120e9)
		i = TIME_UNIT_S;
	return &time_units[i];
}

static const char *scaled_time(struct text *out, const char *sign, double size)
{
	const struct unit *unit = fitting_unit(size);
	double value = size / unit->size;
	int digits = size < 1 || (unit == time_units && value >= 10) ? 0 : decimals(value);

	if (size > 0 && size < 1)
		digits = 2; /* below a nanosecond */
	snprintf(out->text, sizeof(out->text), "%s%.*f %s", sign, digits, value, unit->name);
	return out->text;
}

static const char *special(struct text *out, double value)
{
	snprintf(out->text, sizeof(out->text), "%s",
		 isnan(value) ? "-" : (value > 0 ? "none" : "-none"));
	return out->text;
}

const char *format_time(struct text *out, double ns)
{
	if (!isfinite(ns))
		return special(out, ns);
	return scaled_time(out, ns < 0 ? "-" : "", fabs(ns));
}

const char *format_offset(struct text *out, double ns)
{
	if (!isfinite(ns))
		return special(out, ns);
	return scaled_time(out, ns < 0 ? "-" : (ns > 0 ? "+" : ""), fabs(ns));
}

const char *format_narrow(struct text *out)
{
	char *blank = strchr(out->text, ' ');

	if (blank)
		memmove(blank, blank + 1, strlen(blank));
	return out->text;
}

static const char *rate(struct text *out, const char *sign, double size)
{
	if (size < 0.005)
		snprintf(out->text, sizeof(out->text), "0 ppb");
	else if (size < 999.5)
		snprintf(out->text, sizeof(out->text), "%s%.*f ppb", sign, size < 9.995 ? 2 : 1,
			 size);
	else
		snprintf(out->text, sizeof(out->text), "%s%.3f ppm", sign, size / 1e3);
	return out->text;
}

const char *format_rate(struct text *out, double ppb)
{
	return isfinite(ppb) ? rate(out, ppb < 0 ? "-" : "+", fabs(ppb)) : special(out, ppb);
}

const char *format_rate_size(struct text *out, double ppb)
{
	return isfinite(ppb) ? rate(out, "", fabs(ppb)) : special(out, ppb);
}

const char *format_age(struct text *out, double seconds)
{
	double size = fabs(seconds);
	const char *sign = seconds < 0 ? "-" : "";

	if (!isfinite(seconds))
		return special(out, seconds);
	if (size < 100)
		snprintf(out->text, sizeof(out->text), "%s%.0fs", sign, size);
	else if (size < 6000)
		snprintf(out->text, sizeof(out->text), "%s%.0fm", sign, size / 60);
	else if (size < 48 * 3600)
		snprintf(out->text, sizeof(out->text), "%s%.0fh", sign, size / 3600);
	else
		snprintf(out->text, sizeof(out->text), "%s%.0fd", sign, size / 86400);
	return out->text;
}

const char *format_frequency(struct text *out, double hz)
{
	if (!isfinite(hz))
		return special(out, hz);
	if (hz >= 999.9995e6)
		snprintf(out->text, sizeof(out->text), "%.3f GHz", hz / 1e9);
	else
		snprintf(out->text, sizeof(out->text), "%.3f MHz", hz / 1e6);
	return out->text;
}

const char *format_date(struct text *out, int64_t ns)
{
	int64_t seconds = ns / 1000000000 - (ns % 1000000000 < 0);
	time_t when = (time_t)seconds;
	struct tm tm;
	size_t used;

	if (!gmtime_r(&when, &tm)) {
		snprintf(out->text, sizeof(out->text), "%lld s", (long long)seconds);
		return out->text;
	}
	used = strftime(out->text, sizeof(out->text), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out->text + used, sizeof(out->text) - used, ".%09lld",
		 (long long)(ns - seconds * 1000000000));
	return out->text;
}

const char *format_safe(char *out, unsigned int size, const char *text)
{
	unsigned int n;

	for (n = 0; n + 1 < size && text[n]; n++)
		out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	out[n] = '\0';
	return out;
}

bool parse_time(const char *text, bool bare_seconds, double *ns)
{
	char *end;
	double value = strtod(text, &end);
	size_t i;

	/* Digits only: strtod() also takes "inf", "nan" and hexadecimal. */
	if (end == text || strspn(text, "0123456789.") != (size_t)(end - text))
		return false;
	end += strspn(end, " ");
	if (!*end && bare_seconds) {
		*ns = value * 1e9;
		return true;
	}
	for (i = 0; i < TIME_UNITS; i++) {
		if (strcmp(end, time_units[i].name) == 0) {
			*ns = value * time_units[i].size;
			return true;
		}
	}
	return false;
}
