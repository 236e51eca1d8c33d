/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no measurement of a path can show, as a share of the estimated error. */
#include "unseen.h"

#include <math.h>
#include <stdlib.h>

static const int64_t RESOLUTION_NS[UNSEEN_RESOLUTIONS] = {
	100, 1000, 10000, 100000, 1000000, 10000000,
};
/* Conversion from and to binary fractions of a second moves a stamp by this much. */
static const int64_t CONVERSION_NS = 2;
/* In a row; by chance a stamp is a multiple of the finest resolution once in twenty. */
static const unsigned int SURE = 16;

/* An exponential rises at once: (q10 - q2) / (q50 - q2). What is above it is soft. */
static const double SHARP = 0.126;
/* Measured on exponential, gamma and lognormal queueing twice as large in one direction: the phase
 * is off by this times the difference of (q50 - q2) times the softness above sharp. */
static const double SOFT_FACTOR = 3.0;

void unseen_reset(struct unseen *u)
{
	*u = (struct unseen){0};
}

static bool is_multiple(int64_t distance, int64_t resolution)
{
	int64_t rest = distance % resolution;

	return rest <= CONVERSION_NS || rest >= resolution - CONVERSION_NS;
}

void unseen_add_stamp(struct unseen *u, int64_t stamp_ns)
{
	int64_t distance = llabs(stamp_ns - u->last_stamp_ns);

	if (u->started && distance > CONVERSION_NS)
		for (int i = 0; i < UNSEEN_RESOLUTIONS; i++) {
			if (!is_multiple(distance, RESOLUTION_NS[i]))
				u->multiples[i] = 0;
			else if (u->multiples[i] < SURE)
				u->multiples[i]++;
		}
	u->started = true;
	u->last_stamp_ns = stamp_ns;
}

double unseen_resolution(const struct unseen *u)
{
	for (int i = UNSEEN_RESOLUTIONS - 1; i >= 0; i--)
		if (u->multiples[i] >= SURE)
			return (double)RESOLUTION_NS[i];
	return 0.0;
}

static double soft_asymmetry(const struct oneway_dictionary *dict, const struct oneway separate[2])
{
	double rise = 0.0, body = 0.0, difference = 0.0, softness;

	for (int d = 0; d < 2; d++) {
		double q2 = oneway_quantile(&separate[d], dict, 0.02);
		double half = oneway_quantile(&separate[d], dict, 0.5) - q2;

		rise += oneway_quantile(&separate[d], dict, 0.1) - q2;
		body += half;
		difference += d == 0 ? half : -half;
	}
	softness = body > 0.0 ? fmax(0.0, rise / body - SHARP) : 0.0;
	return SOFT_FACTOR * softness * fabs(difference);
}

/* Stamps that are really so coarse spread the latenesses as far; others are merely regular. */
static double cut_off(const struct unseen *u, const struct oneway_dictionary *dict,
		      const struct oneway *pooled)
{
	double spread = oneway_quantile(pooled, dict, 0.9) - oneway_quantile(pooled, dict, 0.1);

	return fmin(unseen_resolution(u), spread) / 2.0;
}

void unseen_learn(struct unseen *u, const struct oneway_dictionary *dict,
		  const struct oneway separate[2], const struct oneway *pooled, double memory,
		  bool delays_differ)
{
	double soft = soft_asymmetry(dict, separate);

	u->cut_off_ns = cut_off(u, dict, pooled);
	if (soft < u->soft_ns)
		u->soft_ns = soft;
	else if (!delays_differ)
		u->soft_ns += (soft - u->soft_ns) / memory;
}

double unseen_var(const struct unseen *u)
{
	return u->soft_ns * u->soft_ns + u->cut_off_ns * u->cut_off_ns;
}
