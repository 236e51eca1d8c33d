/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one-way density: its dictionary, EM, quantiles, tempering and products with a Gaussian. */
#include "oneway.h"

#include <math.h>
#include <string.h>

/* Nodes at SCALE * sinh(k * STEP): 5 ns apart at zero where edges are, 25 % apart far out, +-13 s.
 */
static const double NODE_SCALE_NS = 20.0;
static const double NODE_STEP = 0.25;
enum { MIDDLE_NODE = ONEWAY_NODES / 2 };

/* From a quiet cable to a satellite in congestion: 25 ns doubled 25 times is 0.84 s. */
static const double LEAST_THETA_NS = 25.0;
/* From an edge as sharp as the stamps to one that is nearly a Gaussian. */
static const double EDGE_RATIO[ONEWAY_RATIOS] = {0.003, 0.03, 0.3, 0.8};

/* Once in a thousand a lateness may be anything: a decade is as likely as the next, above 1 us. */
static const double FLOOR_SHARE = 1e-3;
static const double FLOOR_KNEE_NS = 1000.0;
static const double FLOOR_SPAN = 1e6;

/* Dirichlet prior of the EM, in samples, over the whole dictionary: keeps every shape alive. */
static const double PRIOR_SAMPLES = 0.1;
/* The mass moves little between fits, so that two steps follow it. */
enum { EM_STEPS = 2 };

static const double POINTS_REACH_SD = 6.0;
/* A product narrower than the spacing of the points cannot be told from one point. */
static const double LEAST_VARIANCE_SD2 = 0.003;
/* Above it erfc() nears underflow and its first asymptotic term is good to 1e-3. */
static const double ERFC_ASYMPTOTIC = 25.0;

static double log_erfc(double z)
{
	if (z < ERFC_ASYMPTOTIC)
		return log(erfc(z));
	return -z * z - log(z * sqrt(M_PI));
}

static double emg(double late, double sigma, double theta)
{
	double z = (sigma / theta - late / sigma) / M_SQRT2;

	return exp(sigma * sigma / (2.0 * theta * theta) - late / theta + log_erfc(z) -
		   log(2.0 * theta));
}

static void build_nodes(struct oneway_dictionary *dict)
{
	for (int i = 0; i < ONEWAY_NODES; i++) {
		double n = NODE_SCALE_NS * sinh((i - MIDDLE_NODE) * NODE_STEP);

		dict->node_ns[i] = n;
		dict->floor[i] = FLOOR_SHARE / (2.0 * log(FLOOR_SPAN) * (fabs(n) + FLOOR_KNEE_NS));
	}
	for (int i = 0; i < ONEWAY_NODES; i++) {
		int below = i > 0 ? i - 1 : i;
		int above = i < ONEWAY_NODES - 1 ? i + 1 : i;

		dict->cell_ns[i] = (dict->node_ns[above] - dict->node_ns[below]) / 2.0;
	}
}

static void build_shapes(struct oneway_dictionary *dict)
{
	for (int t = 0; t < ONEWAY_THETAS; t++) {
		double theta = ldexp(LEAST_THETA_NS, t);

		for (int r = 0; r < ONEWAY_RATIOS; r++) {
			double *shape = dict->shape[t * ONEWAY_RATIOS + r];

			for (int i = 0; i < ONEWAY_NODES; i++)
				shape[i] = emg(dict->node_ns[i], EDGE_RATIO[r] * theta, theta);
		}
	}
}

static void build_points(struct oneway_dictionary *dict)
{
	double total = 0.0;

	for (int g = 0; g < ONEWAY_POINTS; g++) {
		double z = POINTS_REACH_SD * ((2.0 * g + 1.0) / ONEWAY_POINTS - 1.0);

		dict->point_sd[g] = z;
		dict->point_weight[g] = exp(-z * z / 2.0);
		total += dict->point_weight[g];
	}
	for (int g = 0; g < ONEWAY_POINTS; g++)
		dict->point_weight[g] /= total;
}

void oneway_dictionary_build(struct oneway_dictionary *dict)
{
	build_nodes(dict);
	build_shapes(dict);
	build_points(dict);
}

/* pdf = mixture + floor at every node. */
static void mix_shapes(const double weight[ONEWAY_SHAPES], const struct oneway_dictionary *dict,
		       double pdf[ONEWAY_NODES])
{
	double sum[ONEWAY_NODES] = {0.0};

	for (int j = 0; j < ONEWAY_SHAPES; j++)
		for (int i = 0; i < ONEWAY_NODES; i++)
			sum[i] += weight[j] * dict->shape[j][i];
	for (int i = 0; i < ONEWAY_NODES; i++)
		pdf[i] = (1.0 - FLOOR_SHARE) * sum[i] + dict->floor[i];
}

static void tabulate(struct oneway *density, const struct oneway_dictionary *dict, double exponent)
{
	mix_shapes(density->weight, dict, density->pdf);
	density->cdf[0] = 0.0;
	for (int i = 1; i < ONEWAY_NODES; i++)
		density->cdf[i] =
			density->cdf[i - 1] + (density->pdf[i - 1] + density->pdf[i]) / 2.0 *
						      (dict->node_ns[i] - dict->node_ns[i - 1]);
	oneway_temper(density, exponent);
}

void oneway_reset(struct oneway *density, const struct oneway_dictionary *dict)
{
	for (int j = 0; j < ONEWAY_SHAPES; j++)
		density->weight[j] = 1.0 / ONEWAY_SHAPES;
	tabulate(density, dict, 1.0);
}

static void em_step(double weight[ONEWAY_SHAPES], const struct oneway_dictionary *dict,
		    const double mass[ONEWAY_NODES])
{
	double ratio[ONEWAY_NODES];
	double total = 0.0;

	mix_shapes(weight, dict, ratio);
	for (int i = 0; i < ONEWAY_NODES; i++)
		ratio[i] = mass[i] / ratio[i];
	for (int j = 0; j < ONEWAY_SHAPES; j++) {
		double share = 0.0;

		for (int i = 0; i < ONEWAY_NODES; i++)
			share += dict->shape[j][i] * ratio[i];
		weight[j] = weight[j] * (1.0 - FLOOR_SHARE) * share + PRIOR_SAMPLES / ONEWAY_SHAPES;
		total += weight[j];
	}
	for (int j = 0; j < ONEWAY_SHAPES; j++)
		weight[j] /= total;
}

void oneway_fit(struct oneway *density, const struct oneway_dictionary *dict,
		const double mass[ONEWAY_NODES], double exponent)
{
	for (int step = 0; step < EM_STEPS; step++)
		em_step(density->weight, dict, mass);
	tabulate(density, dict, exponent);
}

void oneway_temper(struct oneway *density, double exponent)
{
	if (exponent >= 1.0) {
		memcpy(density->tempered, density->pdf, sizeof(density->tempered));
		return;
	}
	for (int i = 0; i < ONEWAY_NODES; i++)
		density->tempered[i] = exp(exponent * log(density->pdf[i]));
}

/* The node at or below a lateness, and how far beyond it (0..1) the lateness lies. */
static int locate(double late_ns, double *beyond)
{
	double a = fabs(late_ns) / NODE_SCALE_NS;
	double away = log(a + sqrt(a * a + 1.0)) / NODE_STEP; /* asinh, at half its cost */
	double u = MIDDLE_NODE + (late_ns < 0.0 ? -away : away);
	int node;

	u = fmin(fmax(u, 0.0), ONEWAY_NODES - 1.001);
	node = (int)u;
	*beyond = u - node;
	return node;
}

static double interpolate(const double table[ONEWAY_NODES], int node, double beyond)
{
	return table[node] + beyond * (table[node + 1] - table[node]);
}

double oneway_pdf(const struct oneway *density, double late_ns)
{
	double beyond;
	int node = locate(late_ns, &beyond);

	return interpolate(density->pdf, node, beyond);
}

double oneway_floor(const struct oneway_dictionary *dict, double late_ns)
{
	double beyond;
	int node = locate(late_ns, &beyond);

	return interpolate(dict->floor, node, beyond);
}

double oneway_quantile(const struct oneway *density, const struct oneway_dictionary *dict,
		       double share)
{
	const double *cdf = density->cdf;
	double target = share * cdf[ONEWAY_NODES - 1];
	int low = 0, high = ONEWAY_NODES - 1;

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (cdf[middle] >= target)
			high = middle;
		else
			low = middle;
	}
	if (cdf[high] <= cdf[low])
		return dict->node_ns[low];
	return dict->node_ns[low] + (dict->node_ns[high] - dict->node_ns[low]) *
					    fmax(0.0, (target - cdf[low]) / (cdf[high] - cdf[low]));
}

void oneway_believe(struct oneway_belief *belief, const struct oneway_dictionary *dict,
		    double mean_ns, double sd_ns)
{
	for (int g = 0; g < ONEWAY_POINTS; g++)
		belief->node[g] = locate(mean_ns + sd_ns * dict->point_sd[g], &belief->beyond[g]);
}

double oneway_evidence(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
		       const struct oneway *density)
{
	double sum = 0.0;

	for (int g = 0; g < ONEWAY_POINTS; g++)
		sum += dict->point_weight[g] *
		       interpolate(density->pdf, belief->node[g], belief->beyond[g]);
	return sum;
}

void oneway_deposit(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
		    const struct oneway *density, double mass[ONEWAY_NODES])
{
	double total = oneway_evidence(belief, dict, density);

	for (int g = 0; g < ONEWAY_POINTS; g++) {
		int node = belief->node[g];
		double beyond = belief->beyond[g];
		double part =
			dict->point_weight[g] * interpolate(density->pdf, node, beyond) / total;

		mass[node] += part * (1.0 - beyond);
		mass[node + 1] += part * beyond;
	}
}

double oneway_posterior(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
			const struct oneway *density, double *mean_sd, double *var_sd2)
{
	double s0 = 0.0, s1 = 0.0, s2 = 0.0;

	for (int g = 0; g < ONEWAY_POINTS; g++) {
		double z = dict->point_sd[g];
		double part = dict->point_weight[g] *
			      interpolate(density->tempered, belief->node[g], belief->beyond[g]);

		s0 += part;
		s1 += part * z;
		s2 += part * z * z;
	}
	*mean_sd = s1 / s0;
	*var_sd2 = fmax(LEAST_VARIANCE_SD2, s2 / s0 - *mean_sd * *mean_sd);
	return s0;
}
