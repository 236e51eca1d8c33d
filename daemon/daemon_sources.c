// SPDX-License-Identifier: GPL-2.0-or-later
/* From what sources see to samples of the discipline. */
#include <string.h>

#include "daemon_parts.h"
#include "event_log.h"

static int take_event(void *context, struct source *source, const struct event *event)
{
	struct daemon *d = context;
	const struct config_source *config = source->config;
	struct event_terms terms = {.offset_ns = config->offset_ns,
				    .max_error_ns = config->max_error_ns,
				    .max_latency_ns = config->max_latency_ns};
	int err;

	event_log_write(d->event_log, source->name, event, source->claims.leap);
	utc_scale_claim(&d->utc, source->slot, source->claims.leap);
	err = utc_scale_event(&d->utc, event, &terms.utc_to_line_s);
	if (err)
		return err;
	return discipline_event(d->discipline, source->slot, event, &terms);
}

static void source_offline(void *context, struct source *source)
{
	struct daemon *d = context;

	event_log_offline(d->event_log, source->name);
	discipline_offline(d->discipline, source->slot);
}

static void source_reset(void *context, struct source *source)
{
	struct daemon *d = context;

	event_log_reset(d->event_log, source->name);
	utc_scale_claim(&d->utc, source->slot, 3);
	discipline_reset_source(d->discipline, source->slot);
}

static void source_disrupted(void *context, struct source *source, const char *why)
{
	(void)source;
	daemon_give_up_counter(context, why);
}

void daemon_log_source(struct daemon *d, const struct source *source)
{
	char settings[512];

	event_log_settings(source->config, source->poll_s, settings, sizeof(settings));
	event_log_source(d->event_log, source->name, settings);
}

static void source_poll_changed(void *context, struct source *source, double poll_s)
{
	struct daemon *d = context;

	discipline_set_poll(d->discipline, source->slot, poll_s);
	daemon_log_source(d, source);
}

static double source_poll_hint(void *context, struct source *source)
{
	struct daemon *d = context;

	return discipline_poll_hint(d->discipline, source->slot);
}

static bool source_is_false_ticker(void *context, struct source *source)
{
	struct daemon *d = context;
	struct discipline_source_status status;

	discipline_get_source(d->discipline, source->slot, &status);
	return status.state == SOURCE_FALSETICKER;
}

/* While nothing has been published, or is good for nothing, only the host's clock says. */
static int64_t best_utc_s(void *context)
{
	struct daemon *d = context;
	struct discipline_totals totals;
	double frac_ns;
	int64_t tai_s;

	discipline_get_totals(d->discipline, &totals);
	if (!totals.has_line || totals.status == DISCIPLINE_UNRELIABLE)
		return daemon_realtime_s();
	tai_s = line_time(&totals.last.line, d->counter.ns_per_tick, d->counter.read(), &frac_ns) /
		NS_PER_S;
	return tai_s - leap_tai_offset_at_tai_s(&d->utc.table, tai_s);
}

static int tai_offset_s(void *context, int64_t tai_s)
{
	struct daemon *d = context;

	return leap_tai_offset_at_tai_s(&d->utc.table, tai_s);
}

static bool realtime_is_steered(const struct daemon *d)
{
	return d->config.host_clock != HOST_CLOCK_MODE_OFF &&
	       d->config.host_clock != HOST_CLOCK_MODE_ADJTIMEX;
}

static bool wants_hotplug(const struct config *config)
{
	return config->hotplug == HOTPLUG_ON ||
	       (config->hotplug == HOTPLUG_AUTO && config->counter != COUNTER_MONOTONIC_RAW);
}

void daemon_init_sources(struct daemon *d)
{
	d->env = (struct source_env){.loop = &d->loop,
				     .counter = &d->counter,
				     .realtime_steered = realtime_is_steered(d),
				     .hotplug = wants_hotplug(&d->config),
				     .event = take_event,
				     .offline = source_offline,
				     .reset = source_reset,
				     .disrupted = source_disrupted,
				     .poll_changed = source_poll_changed,
				     .poll_hint = source_poll_hint,
				     .is_false = source_is_false_ticker,
				     .tai_offset_s = tai_offset_s,
				     .utc_s = best_utc_s,
				     .context = d};
}

void daemon_log_sources(struct daemon *d)
{
	for (unsigned int i = 0; i < d->source_count; i++)
		daemon_log_source(d, d->sources[i]);
}
