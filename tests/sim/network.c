/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of a path: a base delay, and queueing of many shapes on top. */
#include "network.h"

#include <math.h>
#include <stdio.h>

/* Bursts begin once in 200 s and last 10 s on average. */
static double burst(struct direction *d, struct rng *rng, double now_s)
{
	if (now_s > d->burst_until_s && rng_chance(rng, 1.0 / 200))
		d->burst_until_s = now_s + rng_exponential(rng, 10);
	return rng_exponential(rng, d->mean_ns * (now_s < d->burst_until_s ? d->parameter : 1));
}

static double queue(struct direction *d, struct rng *rng, double now_s)
{
	switch (d->shape) {
	case SHAPE_GAMMA:
		return rng_gamma(rng, d->parameter, d->mean_ns);
	case SHAPE_PARETO:
		return rng_pareto(rng, d->parameter, d->mean_ns);
	case SHAPE_BURSTS:
		return burst(d, rng, now_s);
	case SHAPE_BIMODAL:
		return rng_exponential(rng, d->mean_ns) +
		       (rng_chance(rng, 0.3) ? d->parameter * d->mean_ns : 0);
	case SHAPE_LOGNORMAL:
		return d->mean_ns * exp(d->parameter * rng_normal(rng));
	case SHAPE_EXPONENTIAL:
	case SHAPE_COUNT:
		break;
	}
	return rng_exponential(rng, d->mean_ns);
}

double direction_base(const struct direction *d, double now_s)
{
	return d->base_ns + (d->shift_ns != 0 && now_s >= d->shift_at_s ? d->shift_ns : 0);
}

double direction_delay(struct direction *d, struct rng *rng, double now_s)
{
	double queue_ns = queue(d, rng, now_s);

	if (d->correlation > 0)
		queue_ns = d->correlation * d->last_ns + (1 - d->correlation) * queue_ns;
	d->last_ns = queue_ns;
	if (now_s >= d->congestion_from_s && now_s < d->congestion_to_s)
		queue_ns += rng_exponential(rng, d->congestion_ns);
	return direction_base(d, now_s) + queue_ns;
}

void direction_describe(const struct direction *d, char *out, size_t size)
{
	static const char *const names[SHAPE_COUNT] = {"exponential", "gamma",	 "pareto",
						       "bursts",      "bimodal", "lognormal"};

	snprintf(out, size, "%s(%.3g) mean %.3g us, base %.4g us, correlation %.2f",
		 names[d->shape < SHAPE_COUNT ? d->shape : 0], d->parameter, d->mean_ns * 1e-3,
		 d->base_ns * 1e-3, d->correlation);
}
