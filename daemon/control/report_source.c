// SPDX-License-Identifier: GPL-2.0-or-later
/* The Source type of org.vmclock.Host: one object for each source. */
#include <math.h>

#include "../source/ntp_auth.h"
#include "report.h"

static const char *const state_tokens[] = {
	[SOURCE_UNUSED] = "unused",	    [SOURCE_UNREACHABLE] = "unreachable",
	[SOURCE_WAITING] = "waiting",	    [SOURCE_FALSETICKER] = "falseticker",
	[SOURCE_CONFLICT] = "conflict",	    [SOURCE_NOSELECT] = "noselect",
	[SOURCE_SELECTABLE] = "selectable", [SOURCE_SELECTED] = "selected",
};

const char *report_source_state(enum source_state state)
{
	return state_tokens[state];
}

/* NAN is what report_number() writes as null. */
static double known(bool has, double value)
{
	return has ? value : (double)NAN;
}

static json_t *report_peer(const struct source *source, int64_t now_ns)
{
	const struct source_claims *claims = &source->claims;

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:i, s:o, s:i, s:o, s:o, s:i, s:o, s:o}",
			 "name", report_text(source->name), "type",
			 report_text(source->ops ? source->ops->type : ""), "address",
			 report_text(claims->address), "authentication",
			 source->config ? ntp_auth_name(source->config) : "none", "problem",
			 report_text(claims->problem), "stratum", (int)claims->stratum, "reference",
			 report_text(claims->reference), "leap", (int)claims->leap, "root_delay_ns",
			 report_number(claims->root_delay_ns), "root_dispersion_ns",
			 report_number(claims->root_dispersion_ns), "reach",
			 (int)source->stats.reach, "poll_s", report_number(source->poll_s),
			 "last_reply_age_s", report_age(source->stats.last_reply_ns, now_ns));
}

/* Null throughout where NTS is not configured. */
static json_t *report_nts(const struct source_nts *nts, int64_t now_ns)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "nts_cookies",
			 nts->used ? report_count(nts->cookies) : json_null(), "nts_ke_age_s",
			 report_age(nts->established_ns, now_ns), "nts_ke_error",
			 nts->used ? report_text(nts->error) : json_null(), "nts_ke_established",
			 nts->used ? report_count(nts->established) : json_null(), "nts_ke_failed",
			 nts->used ? report_count(nts->failed) : json_null(), "nts_naks",
			 nts->used ? report_count(nts->naks) : json_null());
}

static json_t *report_stats(const struct source *source)
{
	const struct source_stats *stats = &source->stats;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "sent",
			 report_count(stats->sent), "received", report_count(stats->received),
			 "bogus", report_count(stats->bogus), "unauthenticated",
			 report_count(stats->unauthenticated), "duplicates",
			 report_count(stats->duplicates), "rejected", report_count(stats->rejected),
			 "kiss_of_death", report_count(stats->kiss_of_death), "lost",
			 report_count(stats->lost), "interleaved", report_count(stats->interleaved),
			 "stamps_kernel", report_count(stats->stamps_kernel), "stamps_daemon",
			 report_count(stats->stamps_daemon), "stamps_dropped",
			 report_count(stats->stamps_dropped));
}

static json_t *report_standing(const struct source *source,
			       const struct discipline_source_status *s)
{
	const struct config_source *config = source->config;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "state",
			 report_source_state(s->state), "why", report_text(s->why), "samples",
			 report_count(s->samples), "refused", report_count(s->refused), "restarts",
			 report_count(s->restarts), "path_changes",
			 report_count(s->filter.path_changes), "weight", report_number(s->weight),
			 "prefer", config && config->prefer, "trust", config && config->trust,
			 "noselect", config && config->noselect, "by_hand",
			 config && config->by_hand);
}

static json_t *report_estimate(const struct discipline_source_status *s, double sample_age_s)
{
	const struct estimate *e = &s->estimate;
	const struct filter_report *f = &s->filter;
	bool has = s->has_estimate;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "last_sample_age_s", report_number(known(s->samples > 0, sample_age_s)),
			 "offset_ns", report_number(known(has, s->offset_ns)), "offset_sd_ns",
			 report_number(known(has, sqrt(e->phase_var_ns2))), "rate_ppb",
			 report_number(known(has, e->rate_ppb)), "rate_sd_ppb",
			 report_number(known(has, sqrt(e->rate_var_ppb2))), "wander",
			 report_number(known(has, e->wander)), "noise_ns",
			 report_number(known(has, f->noise_ns)), "delay_ns",
			 report_number(known(has, f->delay_ns)), "extra_delay_request_ns",
			 report_number(known(has, f->path_offset_ns[0])), "extra_delay_reply_ns",
			 report_number(known(has, f->path_offset_ns[1])), "tempering",
			 report_number(known(has, f->tempering)));
}

/* Where the source says true time is, as seen from the line in force. */
static json_t *report_interval(const struct daemon *daemon,
			       const struct discipline_source_status *s)
{
	const struct interval *i = &s->interval;
	struct discipline_totals totals;
	double base_ns = (double)NAN;

	discipline_get_totals(daemon->discipline, &totals);
	if (totals.has_line && s->has_interval)
		base_ns = -line_minus(&totals.last.line, daemon->counter.ns_per_tick, i->counter,
				      i->base_ns, 0);
	return json_pack("{s:o, s:o, s:o}", "bound_ns",
			 report_number(known(s->has_interval, (i->hi_ns - i->lo_ns) / 2)),
			 "interval_lo_ns", report_number(base_ns + i->lo_ns), "interval_hi_ns",
			 report_number(base_ns + i->hi_ns));
}

/* All of them or nothing; takes over what it is given. */
static json_t *join(json_t *parts[], size_t count)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < count; i++) {
		if (!parts[i] || json_object_update(all, parts[i])) {
			json_decref(all);
			all = NULL;
		}
		json_decref(parts[i]);
	}
	return all;
}

static json_t *report_source(const struct daemon *daemon, const struct source *source,
			     const struct report_moment *moment)
{
	struct discipline_source_status status;
	double sample_age_s;

	discipline_get_source(daemon->discipline, source->slot, &status);
	sample_age_s = (double)counter_diff(moment->counter, status.last_counter) *
		       daemon->counter.ns_per_tick * 1e-9;

	json_t *parts[] = {
		report_peer(source, moment->now_ns),
		report_standing(source, &status),
		report_estimate(&status, sample_age_s),
		report_interval(daemon, &status),
		report_stats(source),
		report_nts(&source->nts, moment->now_ns),
	};

	return join(parts, sizeof(parts) / sizeof(parts[0]));
}

json_t *report_sources(const struct daemon *daemon, const struct report_moment *moment)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < daemon->source_count; i++) {
		json_t *source = report_source(daemon, daemon->sources[i], moment);

		/* json_array_append_new() fails on NULL, and consumes the source in any case. */
		if (json_array_append_new(list, source)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
