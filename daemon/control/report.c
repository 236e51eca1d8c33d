// SPDX-License-Identifier: GPL-2.0-or-later
/* The Status of org.vmclock.Host: the clock, what it rests on, and how the daemon fares. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../config_change.h"
#include "report.h"

enum { NS_PER_S = 1000000000 };

const char *report_clock_status(enum discipline_status status)
{
	switch (status) {
	case DISCIPLINE_SYNCHRONIZED:
		return "SYNCHRONIZED";
	case DISCIPLINE_FREERUNNING:
		return "FREERUNNING";
	case DISCIPLINE_UNRELIABLE:
		break;
	}
	return "UNRELIABLE";
}

static int64_t floor_seconds(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

/* RFC 3339 with nanoseconds; null for years that it cannot write. */
static json_t *utc_text(int64_t utc_ns)
{
	time_t seconds = (time_t)floor_seconds(utc_ns);
	long fraction = (long)(utc_ns - (int64_t)seconds * NS_PER_S);
	char date[40];
	char text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_null();
	snprintf(text, sizeof(text), "%s.%09ldZ", date, fraction);
	return json_string(text);
}

static double seconds_between(const struct counter *counter, uint64_t from, uint64_t to)
{
	return (double)counter_diff(to, from) * counter->ns_per_tick * 1e-9;
}

static json_t *report_now(const struct daemon *daemon, const struct publication *p,
			  uint64_t counter)
{
	double age_s = seconds_between(&daemon->counter, p->line.counter, counter);
	double frac_ns;
	int64_t tai_ns = line_time(&p->line, daemon->counter.ns_per_tick, counter, &frac_ns);
	int64_t tai_utc_s = leap_tai_offset_at_tai_s(&daemon->utc.table, floor_seconds(tai_ns));
	int64_t utc_ns = tai_ns - tai_utc_s * NS_PER_S;

	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "tai_ns", (json_int_t)tai_ns, "utc_ns",
			 (json_int_t)utc_ns, "utc", utc_text(utc_ns), "est_error_ns",
			 report_number(p->est_error_ns + p->est_rate_error_ppb * fabs(age_s)),
			 "max_error_ns",
			 report_number(p->max_error_ns + p->max_rate_error_ppb * fabs(age_s)),
			 "age_s", report_number(age_s));
}

static json_t *report_line(const struct publication *p)
{
	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "counter",
			 report_counter(p->line.counter), "tai_ns", (json_int_t)p->line.time_ns,
			 "frac_ns", report_number(p->line.frac_ns), "rate_ppb",
			 report_number(p->line.rate_ppb), "est_error_ns",
			 report_number(p->est_error_ns), "est_rate_error_ppb",
			 report_number(p->est_rate_error_ppb), "max_error_ns",
			 report_number(p->max_error_ns), "max_rate_error_ppb",
			 report_number(p->max_rate_error_ppb));
}

static json_t *report_combined(const struct discipline_totals *totals)
{
	const struct estimate *e = &totals->estimate;
	const struct interval *i = &totals->interval;

	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "counter",
			 report_counter(e->counter), "tai_ns", (json_int_t)e->time_ns, "rate_ppb",
			 report_number(e->rate_ppb), "phase_sd_ns",
			 report_number(sqrt(e->phase_var_ns2)), "rate_sd_ppb",
			 report_number(sqrt(e->rate_var_ppb2)), "wander", report_number(e->wander),
			 "bound_ns", report_number((i->hi_ns - i->lo_ns) / 2), "rate_lo_ppb",
			 report_number(i->rate_lo_ppb), "rate_hi_ppb",
			 report_number(i->rate_hi_ppb));
}

static json_t *seconds_or_null(int64_t seconds)
{
	return seconds ? json_integer(seconds) : json_null();
}

/* The offset at the time of the line; before there is one, at the list's end. */
static json_t *report_tai(const struct leap_table *leap, const struct discipline_totals *totals)
{
	int64_t tai_s = floor_seconds(totals->last.line.time_ns);
	int64_t utc_s = INT64_MAX;
	int64_t next_s = 0;
	int next = 0;

	if (totals->has_line) {
		utc_s = tai_s - leap_tai_offset_at_tai_s(leap, tai_s);
		next = leap_next(leap, utc_s, &next_s);
	}
	return json_pack("{s:i, s:o, s:o, s:b, s:i, s:o}", "offset_s",
			 leap_tai_offset_s(leap, utc_s), "origin", report_text(leap->origin),
			 "expires_utc_s", seconds_or_null(leap->expires_utc_s), "expired",
			 totals->has_line && leap_expired(leap, utc_s), "next_leap", next,
			 "next_leap_utc_s", seconds_or_null(next ? next_s : 0));
}

static json_t *report_page(const struct daemon *daemon)
{
	const struct page_file *page = &daemon->page.file;
	const char *path = page->writer ? page->path : daemon->config.page_file;

	return json_pack("{s:o, s:b, s:o, s:o, s:o}", "path", report_text(path), "open",
			 page->writer != NULL, "writes", report_count(page->writes), "failures",
			 report_count(daemon->page_failures), "raised_ns_total",
			 report_number(page->raised_ns_total));
}

/* What is left of the lease, from the moment it was renewed; null without one. */
static json_t *lease_left(const struct page_kernel *page, int64_t now_ns)
{
	if (page->renew_at_ns == INT64_MAX)
		return json_null();
	return report_number(
		((double)(page->renew_at_ns - now_ns) + (double)page->lease_ns * (2.0 / 3)) * 1e-9);
}

static json_t *report_driver(const struct daemon *daemon, int64_t now_ns)
{
	const struct page_kernel *page = &daemon->page.kernel;

	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
			 report_text(page->path), "open", page->fd >= 0, "problem",
			 report_text(page->problem), "writes", report_count(page->writes),
			 "failures", report_count(page->failures), "raised_ns_total",
			 report_number(page->raised_ns_total), "lease_s",
			 report_number((double)page->lease_ns * 1e-9), "lease_left_s",
			 lease_left(page, now_ns));
}

static json_t *report_host_clock(const struct daemon *daemon)
{
	struct host_status host =
		host_status(daemon->config.host_clock, &daemon->host, &daemon->host_kernel);

	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:i}", "mode", host.mode, "by",
			 host.by ? report_text(host.by) : json_null(), "state",
			 host_clock_state_name(host.state), "why", report_text(host.why),
			 "ahead_ns", report_number(host.ahead_ns), "pending_ns",
			 report_number(host.pending_ns), "rate_ppb", report_number(host.rate_ppb),
			 "steps", (int)host.steps);
}

static json_t *report_process(const struct daemon *daemon, int64_t now_ns)
{
	return json_pack("{s:s, s:i, s:o, s:o, s:i, s:o, s:o, s:o}", "version", VMCLOCK_VERSION, "pid",
			 (int)getpid(), "uptime_s",
			 report_number((double)(now_ns - daemon->started_ns) * 1e-9), "wakeups",
			 report_count(daemon->loop.wakeups), "sources", (int)daemon->source_count,
			 "unreliable_above_ns", report_number(daemon->config.unreliable_above_ns),
			 "max_rate_change_ppb", report_number(daemon->config.max_rate_change_ppb),
			 "waiting_settings", report_waiting_settings(daemon));
}

static int add_names(json_t *list, const struct config_key *const *keys, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (json_array_append_new(list, json_sprintf("[%s] %s", keys[i]->section,
							     keys[i]->name)))
			return -1;
	return 0;
}

json_t *report_waiting_settings(const struct daemon *daemon)
{
	json_t *list = json_array();
	struct config_change change;

	if (!daemon->wanted)
		return list;
	config_compare(&daemon->config, daemon->wanted, &change);
	if (!add_names(list, change.now, change.now_count) &&
	    !add_names(list, change.later, change.later_count))
		return list;
	json_decref(list);
	return NULL;
}

static json_t *report_totals(const struct discipline_totals *totals)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:i, s:i}", "status",
			 report_clock_status(totals->status), "why", report_text(totals->why),
			 "publications", report_count(totals->publications), "disruptions",
			 report_count(totals->disruptions), "nesting_violations",
			 report_count(totals->nesting_violations), "slew_ppb",
			 report_number(totals->slew_ppb), "remaining_ns",
			 report_number(totals->remaining_ns), "promise_widened",
			 totals->promise_widened, "selectable", (int)totals->selectable,
			 "truechimers", (int)totals->truechimers, "falsetickers",
			 (int)totals->falsetickers);
}

static json_t *report_clock(const struct daemon *daemon, const struct discipline_totals *totals,
			    const struct report_moment *moment)
{
	uint64_t counter = moment->counter;

	return json_pack(
		"{s:{s:s, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "counter", "name",
		daemon->counter.name, "nominal_hz", report_number(daemon->counter.nominal_hz),
		"value", report_counter(counter), "now",
		totals->has_line ? report_now(daemon, &totals->last, counter) : json_null(), "line",
		totals->has_line ? report_line(&totals->last) : json_null(), "combined",
		totals->has_estimate ? report_combined(totals) : json_null(), "tai",
		report_tai(&daemon->utc.table, totals), "page", report_page(daemon), "driver",
		report_driver(daemon, moment->now_ns), "host_clock", report_host_clock(daemon));
}

json_t *report_status(const struct daemon *daemon, const struct report_moment *moment)
{
	json_t *status = report_process(daemon, moment->now_ns);
	struct discipline_totals totals;
	json_t *clock;
	json_t *rest;

	discipline_get_totals(daemon->discipline, &totals);
	clock = report_clock(daemon, &totals, moment);
	rest = report_totals(&totals);
	if (!status || !clock || !rest || json_object_update(status, clock) ||
	    json_object_update(status, rest)) {
		json_decref(status);
		status = NULL;
	}
	json_decref(clock);
	json_decref(rest);
	return status;
}
