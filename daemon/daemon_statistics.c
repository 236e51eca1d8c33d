// SPDX-License-Identifier: GPL-2.0-or-later
/* When the long record is written, and from what. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/report.h"
#include "daemon_parts.h"
#include "log.h"
#include "statistics.h"

static double age_s(const struct publication *p, const struct counter *counter, uint64_t now)
{
	return fmax((double)counter_diff(now, p->line.counter) * counter->ns_per_tick * 1e-9, 0);
}

/* None is infinite: then nothing was too large to be true. */
static double bound_ns(const struct publication *p, const struct counter *counter, uint64_t now)
{
	if (p->status == DISCIPLINE_UNRELIABLE)
		return INFINITY;
	return p->max_error_ns + p->max_rate_error_ppb * age_s(p, counter, now);
}

void daemon_note_bound(struct daemon *d, uint64_t now)
{
	struct discipline_totals t;

	if (!d->statistics)
		return;
	discipline_get_totals(d->discipline, &t);
	d->largest_error_ns =
		fmax(d->largest_error_ns,
		     t.has_line ? bound_ns(&t.last, &d->counter, now) : (double)INFINITY);
}

/* UTC by the page; by the host's clock while there is none. */
static int64_t row_utc_ns(const struct daemon *d, const struct discipline_totals *t, uint64_t now)
{
	double frac_ns;
	int64_t tai_ns;

	if (!t->has_line)
		return daemon_realtime_s() * NS_PER_S;
	tai_ns = line_time(&t->last.line, d->counter.ns_per_tick, now, &frac_ns);
	return tai_ns - leap_tai_offset_at_tai_s(&d->utc.table, tai_ns / NS_PER_S) * NS_PER_S;
}

static void write_clock(struct daemon *d, const struct discipline_totals *t, int64_t utc_ns,
			uint64_t now)
{
	const struct publication *p = &t->last;
	struct statistics_clock row = {
		.utc_ns = utc_ns,
		.status = report_clock_status(t->status),
		.max_error_ns = INFINITY,
		.largest_error_ns = d->largest_error_ns,
		.est_error_ns = (double)NAN,
		.rate_ppb = (double)NAN,
		.max_rate_error_ppb = (double)NAN,
		.tai_offset_s = leap_tai_offset_s(&d->utc.table, utc_ns / NS_PER_S),
		.host_ahead_ns =
			host_status(d->config.host_clock, &d->host, &d->host_kernel).ahead_ns,
		.totals = t,
	};

	if (t->has_line) {
		row.max_error_ns = bound_ns(p, &d->counter, now);
		row.est_error_ns =
			p->est_error_ns + p->est_rate_error_ppb * age_s(p, &d->counter, now);
		row.rate_ppb = p->line.rate_ppb;
		row.max_rate_error_ppb = p->max_rate_error_ppb;
	}
	statistics_write_clock(d->statistics, &row);
}

static void write_source(struct daemon *d, const struct source *source, int64_t utc_ns)
{
	struct discipline_source_status status;
	struct statistics_source row = {.utc_ns = utc_ns,
					.name = source->name,
					.poll_s = source->poll_s,
					.reach = source->stats.reach,
					.status = &status};

	discipline_get_source(d->discipline, source->slot, &status);
	row.state = report_source_state(status.state);
	statistics_write_source(d->statistics, &row);
}

static void write_rows(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;
	uint64_t now = daemon_read_counter(d);
	struct discipline_totals t;
	int64_t utc_ns;

	daemon_note_bound(d, now);
	discipline_get_totals(d->discipline, &t);
	utc_ns = row_utc_ns(d, &t, now);
	write_clock(d, &t, utc_ns, now);
	for (unsigned int i = 0; i < d->source_count; i++)
		write_source(d, d->sources[i], utc_ns);
	d->largest_error_ns = (double)NAN;
	loop_arm(&d->loop, timer, now_ns + (int64_t)(d->config.statistics_interval_s * 1e9));
}

void daemon_start_statistics(struct daemon *d)
{
	char message[400] = "statistics: out of memory";

	d->largest_error_ns = (double)NAN;
	if (!d->config.statistics[0])
		return;
	d->statistics = malloc(sizeof(*d->statistics));
	if (!d->statistics ||
	    statistics_open(d->statistics, d->config.statistics, message, sizeof(message))) {
		log_error("%s; running without it", message);
		free(d->statistics);
		d->statistics = NULL;
		return;
	}
	d->statistics_timer = (struct loop_timer){.fire = write_rows, .context = d};
	loop_arm(&d->loop, &d->statistics_timer,
		 loop_now_ns() + (int64_t)(d->config.statistics_interval_s * 1e9));
}

void daemon_reopen_statistics(struct daemon *d)
{
	if (d->statistics && statistics_reopen(d->statistics))
		log_warning("statistics in %s cannot be reopened; the old files stay",
			    d->config.statistics);
}

void daemon_stop_statistics(struct daemon *d)
{
	loop_disarm(&d->loop, &d->statistics_timer);
	if (d->statistics)
		statistics_close(d->statistics);
	free(d->statistics);
	d->statistics = NULL;
}
