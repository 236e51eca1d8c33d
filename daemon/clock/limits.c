// SPDX-License-Identifier: GPL-2.0-or-later
/* Other limits for a discipline that runs: what was deduced under the old ones, and still counts.
 */
#include <errno.h>
#include <math.h>

#include "discipline_state.h"

/*
 * What was deduced of the rate under a narrower promise is wrong by up to the difference, and once
 * more by what the facts behind it were carried with.
 */
#define UNMADE_SHARE 2.0

/*
 * An interval of which the facts are gone: it may rest on facts as old as the promise's span, and
 * was carried by too narrow a rate since then.
 */
static void widen(const struct discipline *d, struct interval *interval, uint64_t said_at,
		  double wider_ppb)
{
	double over_s = d->window_s + fmax(elapsed_s(d, interval->counter, said_at), 0);
	double rate_ppb = UNMADE_SHARE * wider_ppb;

	interval->lo_ns -= rate_ppb * over_s;
	interval->hi_ns += rate_ppb * over_s;
	interval->rate_lo_ppb = fmax(interval->rate_lo_ppb - rate_ppb, -ENVELOPE_RATE_MAX_PPB);
	interval->rate_hi_ppb = fmin(interval->rate_hi_ppb + rate_ppb, ENVELOPE_RATE_MAX_PPB);
}

/* The sources' own facts are taken again; what only their agreement has left is widened. */
static void widen_promise(struct discipline *d, double wider_ppb)
{
	uint64_t said_at = d->has_past ? d->confirmed_at : d->totals.interval.rate_since;

	d->promise_ppb = fmax(d->promise_ppb, d->config.max_rate_change_ppb);
	d->config.rate_lo_ppb = -ENVELOPE_RATE_MAX_PPB;
	d->config.rate_hi_ppb = ENVELOPE_RATE_MAX_PPB;
	for (unsigned int i = 0; i < d->config.sources_max; i++) {
		struct slot *slot = &d->slots[i];

		if (!slot->used)
			continue;
		envelope_widen_promise(&slot->envelope, d->promise_ppb);
		widen(d, &slot->doubt.word, slot->doubt.word.counter, wider_ppb);
	}
	widen(d, &d->past, said_at, wider_ppb);
	widen(d, &d->totals.interval, said_at, wider_ppb);
	widen(d, &d->said, said_at, wider_ppb);
}

/* One that the wander has widened stays so until the wander is looked at again. */
static void narrow_promise(struct discipline *d, double before_ppb)
{
	if (!d->totals.promise_widened)
		d->promise_ppb = d->config.max_rate_change_ppb;
	for (unsigned int i = 0; i < d->config.sources_max; i++)
		if (d->slots[i].used)
			envelope_narrow_promise(&d->slots[i].envelope, before_ppb, d->promise_ppb);
}

int discipline_set_limits(struct discipline *d, const struct discipline_limits *limits)
{
	const double before_ppb = d->config.max_rate_change_ppb;
	struct discipline_config config = d->config;

	config.max_rate_change_ppb = limits->max_rate_change_ppb;
	config.max_slew_ppb = limits->max_slew_ppb;
	config.nesting_horizon_s = limits->nesting_horizon_s;
	config.unreliable_above_ns = limits->unreliable_above_ns;
	if (!discipline_config_is_sane(&config))
		return -EINVAL;
	d->config = config;
	if (config.max_rate_change_ppb > before_ppb)
		widen_promise(d, config.max_rate_change_ppb - before_ppb);
	else if (config.max_rate_change_ppb < before_ppb)
		narrow_promise(d, before_ppb);
	nesting_set_horizon(&d->nesting, config.nesting_horizon_s);
	d->dirty = true;
	return 0;
}
