// SPDX-License-Identifier: GPL-2.0-or-later
/* The building blocks of reports: numbers, ages and text that JSON can always hold. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

json_t *report_number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *report_count(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *report_counter(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

json_t *report_text(const char *text)
{
	json_t *string = json_string(text ? text : "");
	char clean[256];
	size_t n;

	if (string)
		return string;
	/* Peers choose some of these bytes (a reference id), so bad ones are no error. */
	for (n = 0; n < sizeof(clean) - 1 && text[n]; n++)
		clean[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	clean[n] = '\0';
	return json_string(clean);
}

json_t *report_age(int64_t then_ns, int64_t now_ns)
{
	return then_ns ? report_number((double)(now_ns - then_ns) * 1e-9) : json_null();
}
