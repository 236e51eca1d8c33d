/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bank over the wander: mixing, prediction, updates, and the mixture as one Gaussian. */
#include "bank.h"

#include <math.h>
#include <string.h>

/* Half decades from 1e-11 (a rubidium) to 3.2e-7 per sqrt(s) (nothing that should tell time). */
static const double WANDER[BANK_MEMBERS] = {
	0.01, 0.0316227766016838, 0.1, 0.316227766016838, 1.0, 3.16227766016838,
	10.0, 31.6227766016838,	  100, 316.227766016838,
};

/* Chance per sample that the wander becomes its neighbour's; 1e-3 loses up to 9 % at low wander. */
static const double SWITCH_CHANCE = 1e-4;
/* No member is ever out of the race. */
static const double LEAST_WEIGHT = 1e-30;
/* Sources that contribute less to a member's mixture than this cannot be seen in it. */
static const double LEAST_SHARE = 1e-12;

double bank_member_wander(int member)
{
	return WANDER[member];
}

/* sum += share * (Gaussian, seen from the mean given). */
static void add_spread(double cov[BANK_STATES][BANK_STATES], const struct moments *part,
		       const double mean[BANK_STATES], double share)
{
	double away[BANK_STATES];

	for (int a = 0; a < BANK_STATES; a++)
		away[a] = part->mean[a] - mean[a];
	for (int a = 0; a < BANK_STATES; a++)
		for (int b = 0; b < BANK_STATES; b++)
			cov[a][b] += share * (part->cov[a][b] + away[a] * away[b]);
}

/* One Gaussian with the mean and covariance of a mixture. */
static void match_moments(struct moments *out, const struct moments *part, const double *share,
			  int count)
{
	memset(out, 0, sizeof(*out));
	for (int k = 0; k < count; k++)
		for (int a = 0; a < BANK_STATES; a++)
			out->mean[a] += share[k] * part[k].mean[a];
	for (int k = 0; k < count; k++)
		if (share[k] > LEAST_SHARE)
			add_spread(out->cov, &part[k], out->mean, share[k]);
}

static void rebuild_mix(struct bank *bank)
{
	match_moments(&bank->mix, bank->member, bank->weight, BANK_MEMBERS);
}

void bank_start(struct bank *bank, const double mean[BANK_STATES], const double var[BANK_STATES])
{
	struct moments start = {0};

	for (int a = 0; a < BANK_STATES; a++) {
		start.mean[a] = mean[a];
		start.cov[a][a] = var[a];
	}
	/* They are one as long as the path does not say otherwise. */
	start.cov[DELAY_NS][DELAY_NS + 1] = start.cov[DELAY_NS + 1][DELAY_NS] = var[DELAY_NS];
	for (int k = 0; k < BANK_MEMBERS; k++) {
		bank->member[k] = start;
		bank->weight[k] = 1.0 / (double)BANK_MEMBERS;
	}
	bank->mix = start;
}

static double switch_chance(int from, int to)
{
	int neighbours = (from > 0) + (from < BANK_MEMBERS - 1);

	return from == to ? 1.0 - neighbours * SWITCH_CHANCE : SWITCH_CHANCE;
}

static void exchange_weight(struct bank *bank)
{
	struct moments mixed[BANK_MEMBERS];
	double weight[BANK_MEMBERS];

	for (int to = 0; to < BANK_MEMBERS; to++) {
		int first = to > 0 ? to - 1 : to;
		int last = to < BANK_MEMBERS - 1 ? to + 1 : to;
		double share[3];

		weight[to] = 0.0;
		for (int from = first; from <= last; from++) {
			share[from - first] = switch_chance(from, to) * bank->weight[from];
			weight[to] += share[from - first];
		}
		for (int i = 0; i <= last - first; i++)
			share[i] /= weight[to];
		match_moments(&mixed[to], &bank->member[first], share, last - first + 1);
	}
	memcpy(bank->member, mixed, sizeof(mixed));
	memcpy(bank->weight, weight, sizeof(weight));
}

static double common_delay_var(const struct moments *m)
{
	double var = 0.0;

	for (int a = DELAY_NS; a < BANK_STATES; a++)
		for (int b = DELAY_NS; b < BANK_STATES; b++)
			var += m->cov[a][b] / 4.0;
	return var;
}

double moments_delay(const struct moments *m, double *sd_ns)
{
	*sd_ns = sqrt(fmax(0.0, common_delay_var(m)));
	return (m->mean[DELAY_NS] + m->mean[DELAY_NS + 1]) / 2.0;
}

/* The rate is a random walk of the given wander, the phase its integral, the delays constant. */
static void advance_member(struct moments *m, double wander, double t, double delay_forgetting)
{
	double(*p)[BANK_STATES] = m->cov;
	/* of the delay known better: the other's ignorance is of its own path. */
	double forgotten =
		delay_forgetting * fmin(p[DELAY_NS][DELAY_NS], p[DELAY_NS + 1][DELAY_NS + 1]);
	double q2 = wander * wander;

	m->mean[PHASE_NS] += m->mean[RATE_PPB] * t;
	p[PHASE_NS][PHASE_NS] += 2.0 * t * p[PHASE_NS][RATE_PPB] + t * t * p[RATE_PPB][RATE_PPB] +
				 q2 * t * t * t / 3.0;
	p[PHASE_NS][RATE_PPB] += t * p[RATE_PPB][RATE_PPB] + q2 * t * t / 2.0;
	p[RATE_PPB][RATE_PPB] += q2 * t;
	p[RATE_PPB][PHASE_NS] = p[PHASE_NS][RATE_PPB];
	for (int a = DELAY_NS; a < BANK_STATES; a++) {
		p[PHASE_NS][a] += t * p[RATE_PPB][a];
		p[a][PHASE_NS] = p[PHASE_NS][a];
		for (int b = DELAY_NS; b < BANK_STATES; b++)
			p[a][b] += forgotten;
	}
}

void bank_advance(struct bank *bank, double elapsed_s, double delay_forgetting)
{
	exchange_weight(bank);
	for (int k = 0; k < BANK_MEMBERS; k++)
		advance_member(&bank->member[k], WANDER[k], elapsed_s, delay_forgetting);
	rebuild_mix(bank);
}

/* slope' * cov: how each state goes with the measured value. */
static void project(const struct moments *m, const double slope[BANK_STATES],
		    double out[BANK_STATES])
{
	for (int a = 0; a < BANK_STATES; a++) {
		out[a] = 0.0;
		for (int b = 0; b < BANK_STATES; b++)
			out[a] += m->cov[a][b] * slope[b];
	}
}

static double dot(const double a[BANK_STATES], const double b[BANK_STATES])
{
	double sum = 0.0;

	for (int i = 0; i < BANK_STATES; i++)
		sum += a[i] * b[i];
	return sum;
}

void moments_predict(const struct moments *m, const struct bank_measurement *z, double *mean_ns,
		     double *var_ns2)
{
	double along[BANK_STATES];

	project(m, z->slope, along);
	*mean_ns = z->offset_ns + dot(z->slope, m->mean);
	*var_ns2 = dot(z->slope, along) + z->noise_var_ns2;
}

/* The measured value turned out `moved` away from its mean, its variance `shrink` of what it was.
 */
static void condition(struct moments *m, const double along[BANK_STATES], double var, double moved,
		      double shrink)
{
	double less = (shrink - 1.0) / var;

	for (int a = 0; a < BANK_STATES; a++) {
		m->mean[a] += along[a] / var * moved;
		for (int b = 0; b < BANK_STATES; b++)
			m->cov[a][b] += along[a] * along[b] * less;
	}
}

/* Multiplies the weights by the members' likelihoods (given as logarithms). */
static void reweigh(struct bank *bank, const double log_likelihood[BANK_MEMBERS])
{
	double best = log_likelihood[0], total = 0.0;

	for (int k = 1; k < BANK_MEMBERS; k++)
		best = fmax(best, log_likelihood[k]);
	for (int k = 0; k < BANK_MEMBERS; k++) {
		bank->weight[k] *= exp(log_likelihood[k] - best);
		bank->weight[k] = fmax(bank->weight[k], LEAST_WEIGHT);
		total += bank->weight[k];
	}
	for (int k = 0; k < BANK_MEMBERS; k++)
		bank->weight[k] /= total;
	rebuild_mix(bank);
}

void bank_update_oneway(struct bank *bank, const struct oneway_dictionary *dict,
			const struct oneway *density, const struct bank_measurement *z)
{
	double log_likelihood[BANK_MEMBERS];

	for (int k = 0; k < BANK_MEMBERS; k++) {
		struct moments *m = &bank->member[k];
		double along[BANK_STATES], mean, var, sd, moved_sd, shrink;
		struct oneway_belief belief;

		project(m, z->slope, along);
		moments_predict(m, z, &mean, &var);
		sd = sqrt(var);
		oneway_believe(&belief, dict, mean, sd);
		log_likelihood[k] =
			log(oneway_posterior(&belief, dict, density, &moved_sd, &shrink));
		condition(m, along, var, moved_sd * sd, shrink);
	}
	reweigh(bank, log_likelihood);
}

void bank_update_gaussian(struct bank *bank, const struct bank_measurement *z)
{
	double log_likelihood[BANK_MEMBERS];

	for (int k = 0; k < BANK_MEMBERS; k++) {
		struct moments *m = &bank->member[k];
		double along[BANK_STATES], mean, var;

		project(m, z->slope, along);
		moments_predict(m, z, &mean, &var);
		log_likelihood[k] = -0.5 * (mean * mean / var + log(var));
		condition(m, along, var, -mean, 0.0);
	}
	reweigh(bank, log_likelihood);
}

void bank_shift(struct bank *bank, double phase_ns, double delay_ns, double var_ns2)
{
	for (int k = 0; k < BANK_MEMBERS; k++) {
		struct moments *m = &bank->member[k];

		m->mean[PHASE_NS] += phase_ns;
		m->cov[PHASE_NS][PHASE_NS] += var_ns2;
		for (int a = DELAY_NS; a < BANK_STATES; a++) {
			m->mean[a] += delay_ns;
			for (int b = DELAY_NS; b < BANK_STATES; b++)
				m->cov[a][b] += var_ns2;
		}
	}
	rebuild_mix(bank);
}

void bank_shift_delay(struct bank *bank, int direction, double delay_ns, double var_ns2)
{
	int a = DELAY_NS + direction;

	for (int k = 0; k < BANK_MEMBERS; k++) {
		bank->member[k].mean[a] += delay_ns;
		bank->member[k].cov[a][a] += var_ns2;
	}
	rebuild_mix(bank);
}

/* state = map * state */
static void map_member(struct moments *m, const double map[BANK_STATES][BANK_STATES])
{
	struct moments out = {0};
	double half[BANK_STATES][BANK_STATES] = {{0.0}};

	for (int a = 0; a < BANK_STATES; a++)
		for (int b = 0; b < BANK_STATES; b++) {
			out.mean[a] += map[a][b] * m->mean[b];
			for (int c = 0; c < BANK_STATES; c++)
				half[a][c] += map[a][b] * m->cov[b][c];
		}
	for (int a = 0; a < BANK_STATES; a++)
		for (int b = 0; b < BANK_STATES; b++)
			for (int c = 0; c < BANK_STATES; c++)
				out.cov[a][b] += half[a][c] * map[b][c];
	*m = out;
}

static void map_all(struct bank *bank, const double map[BANK_STATES][BANK_STATES])
{
	for (int k = 0; k < BANK_MEMBERS; k++)
		map_member(&bank->member[k], map);
	rebuild_mix(bank);
}

void bank_copy_delay(struct bank *bank, int direction)
{
	double map[BANK_STATES][BANK_STATES] = {{0.0}};
	int other = DELAY_NS + 1 - direction;

	map[PHASE_NS][PHASE_NS] = map[RATE_PPB][RATE_PPB] = 1.0;
	map[DELAY_NS][other] = map[DELAY_NS + 1][other] = 1.0;
	map_all(bank, map);
}

void bank_fold_delays(struct bank *bank)
{
	static const double MAP[BANK_STATES][BANK_STATES] = {
		{1.0, 0.0, 0.5, -0.5},
		{0.0, 1.0, 0.0, 0.0},
		{0.0, 0.0, 0.5, 0.5},
		{0.0, 0.0, 0.5, 0.5},
	};

	map_all(bank, MAP);
}

void bank_average_delays(struct bank *bank)
{
	static const double MAP[BANK_STATES][BANK_STATES] = {
		{1.0, 0.0, 0.0, 0.0},
		{0.0, 1.0, 0.0, 0.0},
		{0.0, 0.0, 0.5, 0.5},
		{0.0, 0.0, 0.5, 0.5},
	};

	map_all(bank, MAP);
}

double bank_wander(const struct bank *bank)
{
	double sum = 0.0;

	for (int k = 0; k < BANK_MEMBERS; k++)
		sum += bank->weight[k] * log(WANDER[k]);
	return exp(sum);
}

double bank_wander_growth(const struct bank *bank, double elapsed_s)
{
	double t = fabs(elapsed_s), sum = 0.0;

	for (int k = 0; k < BANK_MEMBERS; k++)
		sum += bank->weight[k] * WANDER[k] * WANDER[k] * t * t * t / 3.0;
	return sum;
}
