// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl now: the time with its bounds, from a page. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "format.h"
#include "member.h"
#include "page_open.h"

static json_t *error_json(uint64_t error)
{
	return error > INT64_MAX ? json_null() : json_integer((json_int_t)error);
}

static void print_interval(const char *scale, const struct vmclock_interval *interval, bool bounded)
{
	struct text time, earliest, latest;

	printf("%s          %s\n", scale, format_date(&time, interval->time_ns));
	if (bounded)
		printf("  earliest   %s\n  latest     %s\n",
		       format_date(&earliest, interval->earliest_ns),
		       format_date(&latest, interval->latest_ns));
}

static void print_error(const char *name, uint64_t error, const char *remark)
{
	struct text text;

	if (error == UINT64_MAX)
		printf("%-12s not given by the page\n", name);
	else
		printf("%-12s +/- %s%s\n", name, format_time(&text, (double)error), remark);
}

static void print_reading(const struct vmclock_reading *r)
{
	bool bounded = r->flags & VMCLOCK_READING_MAX_ERROR;
	struct text age;

	if (r->flags & VMCLOCK_READING_UTC)
		print_interval("UTC", &r->utc, bounded);
	if (r->flags & VMCLOCK_READING_TAI)
		print_interval("TAI", &r->tai, bounded);
	if (r->flags & VMCLOCK_READING_LEAP_SECOND)
		printf("             in the inserted second 23:59:60\n");
	print_error("Bound", r->max_error_ns, "");
	print_error("Estimated", r->est_error_ns, ", one sigma");
	printf("Status       %s\n", page_status_name(r->clock_status));
	printf("Published    %s ago\n", format_time(&age, (double)r->age_ns));
	printf("Disruption   marker %llu\n", (unsigned long long)r->disruption_marker);
}

static json_t *interval_json(const struct vmclock_interval *interval, bool valid, bool bounded)
{
	if (!valid)
		return json_null();
	return json_pack("{s:I, s:o, s:o}", "time_ns", (json_int_t)interval->time_ns, "earliest_ns",
			 bounded ? json_integer(interval->earliest_ns) : json_null(), "latest_ns",
			 bounded ? json_integer(interval->latest_ns) : json_null());
}

static json_t *reading_json(const struct vmclock_reading *r)
{
	bool bounded = r->flags & VMCLOCK_READING_MAX_ERROR;
	struct text marker, counter;

	snprintf(marker.text, sizeof(marker.text), "%llu",
		 (unsigned long long)r->disruption_marker);
	snprintf(counter.text, sizeof(counter.text), "%llu", (unsigned long long)r->counter);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:b, s:b, s:s, s:s, s:s}", "status",
			 page_status_name(r->clock_status), "utc",
			 interval_json(&r->utc, r->flags & VMCLOCK_READING_UTC, bounded), "tai",
			 interval_json(&r->tai, r->flags & VMCLOCK_READING_TAI, bounded),
			 "max_error_ns", error_json(r->max_error_ns), "est_error_ns",
			 error_json(r->est_error_ns), "age_ns", (json_int_t)r->age_ns, "monotonic",
			 (r->flags & VMCLOCK_READING_MONOTONIC) != 0, "leap_second",
			 (r->flags & VMCLOCK_READING_LEAP_SECOND) != 0, "leap",
			 page_leap_name(r->leap_indicator), "counter", counter.text,
			 "disruption_marker", marker.text);
}

static int print_none(const struct options *options, const struct vmclock_reading *reading)
{
	const char *status = page_status_name(reading->clock_status);
	json_t *json;

	if (options->json) {
		json = json_pack("{s:s, s:n, s:n}", "status", status, "utc", "tai");
		print_json(json, false);
		json_decref(json);
	} else {
		printf("Status       %s: %s has no time to rely on\n", status, page_label(options));
	}
	return CTL_NOT_SYNCHRONIZED;
}

int now_run(const struct options *options)
{
	struct vmclock_reading reading;
	struct vmclock *clock;
	json_t *json;
	int rc;

	if (page_open(options, false, &clock))
		return CTL_ERROR;
	rc = vmclock_now(clock, &reading);
	vmclock_close(clock);
	if (rc == -ENODATA)
		return print_none(options, &reading);
	if (rc)
		return page_explain(options, rc);
	if (options->json) {
		json = reading_json(&reading);
		print_json(json, false);
		json_decref(json);
	} else {
		print_reading(&reading);
	}
	return CTL_FINE;
}
