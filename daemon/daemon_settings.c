// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of the running daemon that are others now: brought to the parts that they concern. */
#include <stdio.h>
#include <string.h>

#include "daemon_parts.h"
#include "event_log.h"
#include "log.h"

struct discipline_limits daemon_limits(const struct config *c)
{
	return (struct discipline_limits){.max_rate_change_ppb = c->max_rate_change_ppb,
					  .max_slew_ppb = c->max_slew_ppb,
					  .nesting_horizon_s = c->nesting_horizon_s,
					  .unreliable_above_ns = c->unreliable_above_ns};
}

void daemon_open_event_log(struct daemon *d)
{
	char message[300];

	if (d->config.event_log[0] && event_log_open(&d->event_log, d->config.event_log,
						     &d->counter, message, sizeof(message)))
		log_error("%s; running without it", message);
	event_log_leaps(d->event_log, d->watch.highest, &d->utc.table, &d->utc.announced);
}

static bool is_one_of(const struct config_key *key, const char *section, const char *name)
{
	return !strcmp(key->section, section) && !strcmp(key->name, name);
}

static bool is_of_leap(const struct config_key *key)
{
	return is_one_of(key, "clock", "leap-file") || is_one_of(key, "clock", "tai-offset");
}

static bool concerns_leap(const struct config_change *change)
{
	bool any = false;

	for (unsigned int i = 0; i < change->now_count; i++)
		any |= is_of_leap(change->now[i]);
	return any;
}

static void bring_statistics(struct daemon *d)
{
	daemon_stop_statistics(d);
	daemon_start_statistics(d);
}

static void bring_event_log(struct daemon *d)
{
	event_log_close(d->event_log);
	d->event_log = NULL;
	daemon_open_event_log(d);
	daemon_log_sources(d);
}

static void bring_to_parts(struct daemon *d)
{
	const struct config *c = &d->config;
	const struct discipline_limits limits = daemon_limits(c);

	discipline_set_limits(d->discipline, &limits);
	d->page.kernel.unreliable_above_ns = (uint64_t)c->unreliable_above_ns;
	d->host.step_above_ns = d->host_kernel.settings.step_above_ns = c->step_above_ns;
	d->host.step_limit = d->host_kernel.settings.step_limit = c->step_limit;
	log_set_journal(c->journal);
}

void daemon_change_settings(struct daemon *d, const struct config *wanted,
			    const struct config_change *change, struct change_report *report)
{
	bool leap = concerns_leap(change) && daemon_change_leap(d, wanted);
	bool event_log = false, statistics = false;

	for (unsigned int i = 0; i < change->now_count; i++) {
		const struct config_key *key = change->now[i];

		if (is_of_leap(key) && !leap) {
			change_note(report, "[clock] %s: takes effect after a restart", key->name);
			continue;
		}
		config_value_copy(key, wanted, &d->config);
		event_log |= is_one_of(key, "log", "event-log");
		statistics |= is_one_of(key, "log", "statistics") ||
			      is_one_of(key, "log", "statistics-interval");
		change_note(report, "[%s] %s: in force", key->section, key->name);
	}
	for (unsigned int i = 0; i < change->later_count; i++)
		change_note(report, "[%s] %s: takes effect after a restart",
			    change->later[i]->section, change->later[i]->name);
	d->config.tai_offset_set = d->config.tai_offset_s != 0;
	if (change->now_count)
		bring_to_parts(d);
	if (event_log)
		bring_event_log(d);
	if (statistics)
		bring_statistics(d);
}
