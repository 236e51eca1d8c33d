// SPDX-License-Identifier: GPL-2.0-or-later
/* Combination by information (inverse covariance) of the sources that stand together. */
#include "combine.h"

#include <math.h>

#include "discipline.h"

/*
 * Correlation between two sources' errors: 0.20 to 0.26 measured with two servers on separate
 * paths and one oscillator (recording three-servers-one-false, 1 to 16 s polls).
 */
#define SHARED_VARIANCE 0.25

/* A source this many of its own sigma beyond the majority's spread is a stray. */
#define STRAY_SIGMAS 4.0

double estimate_minus(const struct estimate *a, const struct estimate *b)
{
	return (double)(a->time_ns - b->time_ns) + (a->frac_ns - b->frac_ns);
}

/* Phases of the chosen, ascending, relative to the first candidate. */
static unsigned int sorted_phases(const struct candidate *candidates, unsigned int count,
				  double phases[DISCIPLINE_SOURCES_MAX])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		double phase = estimate_minus(&candidates[i].estimate, &candidates[0].estimate);
		unsigned int at = n;

		if (!candidates[i].chosen)
			continue;
		for (; at > 0 && phases[at - 1] > phase; at--)
			phases[at] = phases[at - 1];
		phases[at] = phase;
		n++;
	}
	return n;
}

void combine_leave_out_strays(struct candidate *candidates, unsigned int count)
{
	double phases[DISCIPLINE_SOURCES_MAX];
	unsigned int n = sorted_phases(candidates, count, phases);
	unsigned int most = n / 2 + 1, first = 0;
	double width;

	if (n < 3)
		return;
	for (unsigned int i = 1; i + most <= n; i++)
		if (phases[i + most - 1] - phases[i] < phases[first + most - 1] - phases[first])
			first = i;
	width = phases[first + most - 1] - phases[first];
	for (unsigned int i = 0; i < count; i++) {
		double phase = estimate_minus(&candidates[i].estimate, &candidates[0].estimate);
		double reach = width + STRAY_SIGMAS * sqrt(candidates[i].estimate.phase_var_ns2);

		if (phase < phases[first] - reach || phase > phases[first + most - 1] + reach)
			candidates[i].chosen = false;
	}
}

/* A symmetric 2 x 2 matrix: [phase, cross; cross, rate]. */
struct matrix {
	double phase;
	double cross;
	double rate;
};

static struct matrix inverse(struct matrix m)
{
	double det = m.phase * m.rate - m.cross * m.cross;

	return (struct matrix){m.rate / det, -m.cross / det, m.phase / det};
}

static struct matrix information_of(const struct estimate *e)
{
	struct matrix covariance = {fmax(e->phase_var_ns2, 1e-6), e->cross_var_ns2_s,
				    fmax(e->rate_var_ppb2, 1e-12)};

	/* A cross term that rounding has made too large would turn information negative. */
	if (covariance.cross * covariance.cross > 0.999 * covariance.phase * covariance.rate)
		covariance.cross = 0;
	return inverse(covariance);
}

static void set_weights(struct candidate *candidates, unsigned int count)
{
	double sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct candidate *c = &candidates[i];

		c->weight = c->chosen ? 1 / fmax(c->estimate.phase_var_ns2, 1e-6) : 0;
		sum += c->weight;
	}
	for (unsigned int i = 0; i < count && sum > 0; i++)
		candidates[i].weight /= sum;
}

/* 1 for one source; grows with the effective number of sources that share the weight. */
static double shared_inflation(const struct candidate *candidates, unsigned int count)
{
	double squares = 0;

	for (unsigned int i = 0; i < count; i++)
		squares += candidates[i].weight * candidates[i].weight;
	return 1 + SHARED_VARIANCE * (1 / squares - 1);
}

/*
 * Variance of the weighted mean as the estimates themselves scatter around it: paths and servers
 * are wrong by more than any filter can see. One source says nothing of that.
 */
static double scatter_ns2(const struct candidate *candidates, unsigned int count,
			  const struct estimate *mean)
{
	double sum = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct candidate *c = &candidates[i];
		double part_ns;

		if (!c->chosen)
			continue;
		part_ns = c->weight * estimate_minus(&c->estimate, mean);
		sum += part_ns * part_ns;
		n++;
	}
	return n > 1 ? sum * n / (n - 1) : 0;
}

bool combine_estimates(struct candidate *candidates, unsigned int count, struct estimate *out)
{
	const struct estimate *base = NULL;
	struct matrix information = {0, 0, 0}, covariance;
	double phase = 0, rate = 0, wander = 0, inflation;

	set_weights(candidates, count);
	for (unsigned int i = 0; i < count; i++) {
		const struct estimate *e = &candidates[i].estimate;
		struct matrix m;
		double offset_ns;

		if (!candidates[i].chosen)
			continue;
		if (!base)
			base = e;
		m = information_of(e);
		offset_ns = estimate_minus(e, base);
		information.phase += m.phase;
		information.cross += m.cross;
		information.rate += m.rate;
		phase += m.phase * offset_ns + m.cross * e->rate_ppb;
		rate += m.cross * offset_ns + m.rate * e->rate_ppb;
		wander += candidates[i].weight * e->wander;
	}
	if (!base)
		return false;
	covariance = inverse(information);
	inflation = shared_inflation(candidates, count);
	*out = *base;
	out->frac_ns += covariance.phase * phase + covariance.cross * rate;
	out->rate_ppb = covariance.cross * phase + covariance.rate * rate;
	out->phase_var_ns2 =
		fmax(covariance.phase * inflation, scatter_ns2(candidates, count, out));
	out->cross_var_ns2_s = covariance.cross * inflation;
	out->rate_var_ppb2 = covariance.rate * inflation;
	out->wander = wander;
	return true;
}
