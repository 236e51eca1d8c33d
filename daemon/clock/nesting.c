// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates that keep a new line inside what was published before. */
#include "nesting.h"

#include <math.h>
#include <string.h>

/*
 * The estimate's own sigma has to fit this many times into an interval that is kept. With 4 the
 * slew was held back often enough to cost 8 % of accuracy (phc-10ns and phc-100ns at 16 s polls),
 * with 8 it costs 1.5 %, and NTP's intervals are kept for the whole horizon either way.
 */
#define KEPT_SIGMAS 8.0

void nesting_init(struct nesting *n, double ns_per_tick, double horizon_s)
{
	memset(n, 0, sizeof(*n));
	n->ns_per_tick = ns_per_tick;
	n->horizon_s = horizon_s;
}

void nesting_set_horizon(struct nesting *n, double horizon_s)
{
	n->horizon_s = horizon_s;
}

void nesting_clear(struct nesting *n)
{
	n->count = 0;
}

static struct nesting_point *point(struct nesting *n, unsigned int i)
{
	return &n->points[(n->first + i) % NESTING_POINTS];
}

/* Nominal seconds from a point to `counter`. */
static double age_s(const struct nesting *n, const struct nesting_point *p, uint64_t counter)
{
	return (double)(int64_t)(counter - p->counter) * n->ns_per_tick * 1e-9;
}

static void drop_oldest(struct nesting *n)
{
	n->first = (n->first + 1) % NESTING_POINTS;
	n->count--;
}

/* Variance, at this age, of what a straight line by this estimate says of now. */
static double variance_at(const struct estimate *e, double age_s)
{
	return e->phase_var_ns2 + age_s * age_s * e->rate_var_ppb2 +
	       e->wander * e->wander * age_s * age_s * age_s / 3;
}

double nesting_kept_s(const struct nesting *n, const struct estimate *e, double half_width_ns)
{
	double most = half_width_ns * half_width_ns / (KEPT_SIGMAS * KEPT_SIGMAS);
	double kept = 0, too_long = n->horizon_s;

	if (variance_at(e, too_long) <= most)
		return too_long;
	for (int i = 0; i < 20; i++) {
		double middle = (kept + too_long) / 2;

		if (variance_at(e, middle) <= most)
			kept = middle;
		else
			too_long = middle;
	}
	return kept;
}

void nesting_add(struct nesting *n, const struct line *line, uint64_t counter, double half_width_ns,
		 const struct estimate *e)
{
	struct nesting_point *p;

	while (n->count && age_s(n, point(n, 0), counter) > point(n, 0)->kept_s)
		drop_oldest(n);
	if (n->count == NESTING_POINTS)
		drop_oldest(n);
	p = point(n, n->count++);
	p->counter = counter;
	p->time_ns = line_time(line, n->ns_per_tick, counter, &p->frac_ns);
	p->half_width_ns = half_width_ns;
	p->kept_s = nesting_kept_s(n, e, half_width_ns);
}

/*
 * The line through (c0, t0) with rate r (ns/s) is at t0 - (c0 - c) - r * age at a point of that
 * age, nominal units: it is `ahead - r * age` ahead of the middle of the point's interval.
 */
double nesting_nearest_rate(struct nesting *n, const struct line *pivot, double rate_ppb)
{
	struct line nominal = *pivot;
	double lo_ppb = -INFINITY, hi_ppb = INFINITY;

	nominal.rate_ppb = 0;
	for (unsigned int i = 0; i < n->count; i++) {
		const struct nesting_point *p = point(n, i);
		double age = age_s(n, p, pivot->counter), ahead_ns;

		if (age <= 0 || age > p->kept_s)
			continue;
		ahead_ns = line_minus(&nominal, n->ns_per_tick, p->counter, p->time_ns, p->frac_ns);
		lo_ppb = fmax(lo_ppb, (ahead_ns - p->half_width_ns) / age);
		hi_ppb = fmin(hi_ppb, (ahead_ns + p->half_width_ns) / age);
	}
	if (lo_ppb > hi_ppb)
		return (lo_ppb + hi_ppb) / 2;
	return fmin(fmax(rate_ppb, lo_ppb), hi_ppb);
}
