// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates that keep a new line inside what was published before. */
#include "nesting.h"

#include <string.h>

void nesting_init(struct nesting *n, double ns_per_tick, double horizon_s)
{
	memset(n, 0, sizeof(*n));
	n->ns_per_tick = ns_per_tick;
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

void nesting_add(struct nesting *n, const struct line *line, uint64_t counter, double half_width_ns)
{
	struct nesting_point *p;

	while (n->count && age_s(n, point(n, 0), counter) > n->horizon_s)
		drop_oldest(n);
	if (n->count == NESTING_POINTS)
		drop_oldest(n);
	p = point(n, n->count++);
	p->counter = counter;
	p->time_ns = line_time(line, n->ns_per_tick, counter, &p->frac_ns);
	p->half_width_ns = half_width_ns;
}

/*
 * The line through (c0, t0) with rate r (ns/s) is at t0 - (c0 - c) - r * age at a point of that
 * age, nominal units: it is `ahead - r * age` ahead of the middle of the point's interval.
 */
void nesting_limit(struct nesting *n, const struct line *pivot, double *lo_ppb, double *hi_ppb)
{
	struct line nominal = *pivot;

	nominal.rate_ppb = 0;
	for (unsigned int i = 0; i < n->count; i++) {
		const struct nesting_point *p = point(n, i);
		double age = age_s(n, p, pivot->counter), ahead_ns, lo, hi;

		if (age <= 0 || age > n->horizon_s)
			continue;
		ahead_ns = line_minus(&nominal, n->ns_per_tick, p->counter, p->time_ns, p->frac_ns);
		lo = (ahead_ns - p->half_width_ns) / age;
		hi = (ahead_ns + p->half_width_ns) / age;
		if (lo > *lo_ppb)
			*lo_ppb = lo;
		if (hi < *hi_ppb)
			*hi_ppb = hi;
	}
	if (*lo_ppb > *hi_ppb)
		*lo_ppb = *hi_ppb = (*lo_ppb + *hi_ppb) / 2;
}
