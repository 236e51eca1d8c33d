/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much successive queueing resembles itself, and what a measurement is worth then. */
#include "correlation.h"

#include <math.h>
#include <stdbool.h>

/* The median moves by this share of the spread a sample; faster until it has been found. */
static const double MEDIAN_STEP = 0.05, YOUNG_MEDIAN_STEP = 0.2;
static const double SPREAD_MEMORY = 200.0, YOUNG_SPREAD_MEMORY = 20.0;
static const uint64_t YOUNG = 200;
static const double LEAST_SPREAD_NS = 1.0;

/* Fewer products than this average to anything. */
static const double LEAST_MEMORY = 50.0;
static const uint64_t TRUSTED_AFTER = 100;
/* Before, count on some: densities not yet learned err alike in successive samples as well. It
 * halves the error of a wide-area path after ten minutes and keeps its estimate honest. */
static const double YOUNG_EXPONENT = 0.6;
/* What independent samples show by chance, subtracted; and the strongest correlation believed. */
static const double CHANCE = 0.12;
static const double MOST = 0.9;
/* The exponent stays until it would change by this share: each change rebuilds tables. */
static const double EXPONENT_STEP = 0.02;

void correlation_reset(struct correlation *c)
{
	*c = (struct correlation){.exponent = YOUNG_EXPONENT};
}

/* +1 or -1; moves median and spread. */
static int side_of_median(struct correlation *c, double excess)
{
	bool young = c->samples < YOUNG;
	int side;

	if (c->samples == 1) {
		c->median_ns = excess;
		c->spread_ns = fabs(excess) / 4.0 + LEAST_SPREAD_NS;
	}
	side = excess > c->median_ns ? 1 : -1;
	c->median_ns += side * fmax(c->spread_ns, LEAST_SPREAD_NS) *
			(young ? YOUNG_MEDIAN_STEP : MEDIAN_STEP);
	c->spread_ns += (fabs(excess - c->median_ns) - c->spread_ns) /
			(young ? YOUNG_SPREAD_MEMORY : SPREAD_MEMORY);
	return side;
}

/* Exponent of a chain whose signs have this mean product: (1 - r) / (1 + r), with r the chain's
 * own correlation (the arcsine law for Gaussians). */
static double exponent_for(double product)
{
	double r = product > 0.0 ? sin(M_PI / 2.0 * fmin(product, 1.0)) : 0.0;

	r = fmin(fmax(r - CHANCE, 0.0), MOST);
	return (1.0 - r) / (1.0 + r);
}

double correlation_add(struct correlation *c, double round_trip_excess_ns, double memory)
{
	double exponent;
	int side;

	c->samples++;
	side = side_of_median(c, round_trip_excess_ns);
	c->product += (side * c->side - c->product) / fmax(memory, LEAST_MEMORY);
	c->side = side;
	exponent = c->samples < TRUSTED_AFTER ? YOUNG_EXPONENT : exponent_for(c->product);
	if (fabs(exponent - c->exponent) > EXPONENT_STEP * c->exponent)
		c->exponent = exponent;
	return c->exponent;
}
