/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which one-way densities are in force on a path: learning, forgetting, choice by evidence. */
#include "queueing.h"

#include <math.h>
#include <string.h>

/* 1000 and 4000 change no recording by more than 6 %. */
static const double MEMORY = 2000.0;
/* Early on, remember a quarter of what was seen: the first beliefs were blurred. */
static const double YOUNG_MEMORY = 20.0;
static const double YOUNG_SHARE = 0.25;
/* A burst of queueing lasts a minute or two at 1 s polls; 250 follows it too late. */
static const double RECENT_MEMORY = 120.0;

/* A direction of its own leans on half the pooled mass by this much, where it has seen nothing. */
static const double SEPARATE_PRIOR = 0.1;

/* Log likelihood ratios that turn a density on and off: far apart, so that it does not flap. */
static const double SEPARATE_ON = 30.0, SEPARATE_OFF = 10.0;
static const double RECENT_ON = 15.0, RECENT_OFF = 5.0;
/* The pooled density has settled by then; before, the ratio says nothing. */
static const uint64_t CHOICE_AFTER = 200;
/* Age at which a density that has just come into force goes on learning. */
static const unsigned int AGE_AT_CHANGE = 80;
static const unsigned int AGE_AT_RELEARN = 4;

/* EM on every sample while young, then on every 16th: 64 is too slow for bursts. */
static const unsigned int YOUNG_FIT = 64;
static const uint64_t FIT_EVERY = 16;

static const unsigned int AGE_MAX = 1U << 30;

static void reset_densities(struct queueing *q)
{
	oneway_reset(&q->pooled, q->dict);
	oneway_reset(&q->recent, q->dict);
	for (int d = 0; d < DIRECTIONS; d++)
		oneway_reset(&q->separate[d], q->dict);
	queueing_temper(q, q->exponent);
}

void queueing_reset(struct queueing *q, const struct oneway_dictionary *dict, double exponent)
{
	memset(q, 0, sizeof(*q));
	q->dict = dict;
	q->exponent = exponent;
	reset_densities(q);
}

void queueing_relearn(struct queueing *q)
{
	memset(q->mass, 0, sizeof(q->mass));
	memset(q->recent_mass, 0, sizeof(q->recent_mass));
	q->per_direction = false;
	q->separate_favour = 0.0;
	q->age = AGE_AT_RELEARN;
	reset_densities(q);
}

const struct oneway *queueing_density(const struct queueing *q, int direction)
{
	if (q->bursting)
		return &q->recent;
	return q->per_direction ? &q->separate[direction] : &q->pooled;
}

double queueing_memory(const struct queueing *q)
{
	return fmin(MEMORY, fmax(YOUNG_MEMORY, YOUNG_SHARE * q->age));
}

void queueing_begin(struct queueing *q)
{
	double keep, keep_recent;

	q->samples++;
	if (q->age < AGE_MAX)
		q->age++;
	keep = 1.0 - 1.0 / queueing_memory(q);
	keep_recent = 1.0 - 1.0 / fmin(RECENT_MEMORY, queueing_memory(q));
	for (int i = 0; i < ONEWAY_NODES; i++) {
		q->mass[REQUEST][i] *= keep;
		q->mass[REPLY][i] *= keep;
		q->recent_mass[i] *= keep_recent;
	}
	q->separate_gain = 0.0;
	q->recent_gain = 0.0;
}

void queueing_learn(struct queueing *q, int direction, double mean_ns, double sd_ns)
{
	const struct oneway *active = queueing_density(q, direction);
	struct oneway_belief belief;
	double separate, pooled, recent;

	oneway_believe(&belief, q->dict, mean_ns, sd_ns);
	separate = oneway_evidence(&belief, q->dict, &q->separate[direction]);
	pooled = oneway_evidence(&belief, q->dict, &q->pooled);
	recent = oneway_evidence(&belief, q->dict, &q->recent);
	q->separate_gain += log(separate / pooled);
	q->recent_gain += log(recent / (q->per_direction ? separate : pooled));

	oneway_deposit(&belief, q->dict, active, q->mass[direction]);
	oneway_deposit(&belief, q->dict, active, q->recent_mass);
}

static void choose(struct queueing *q)
{
	q->separate_favour = q->separate_favour * (1.0 - 1.0 / MEMORY) + q->separate_gain;
	q->recent_favour = q->recent_favour * (1.0 - 2.0 / RECENT_MEMORY) + q->recent_gain;

	if (!q->per_direction && q->separate_favour > SEPARATE_ON) {
		q->per_direction = true;
		q->age = AGE_AT_CHANGE;
	} else if (q->per_direction && q->separate_favour < SEPARATE_OFF) {
		q->per_direction = false;
	}
	if (q->recent_favour > RECENT_ON)
		q->bursting = true;
	else if (q->recent_favour < RECENT_OFF)
		q->bursting = false;
}

static void fit(struct queueing *q)
{
	double sum[ONEWAY_NODES], own[ONEWAY_NODES];

	oneway_fit(&q->recent, q->dict, q->recent_mass, q->exponent);
	for (int i = 0; i < ONEWAY_NODES; i++)
		sum[i] = q->mass[REQUEST][i] + q->mass[REPLY][i];
	oneway_fit(&q->pooled, q->dict, sum, q->exponent);
	for (int d = 0; d < DIRECTIONS; d++) {
		for (int i = 0; i < ONEWAY_NODES; i++)
			own[i] = q->mass[d][i] + SEPARATE_PRIOR * sum[i] / DIRECTIONS;
		oneway_fit(&q->separate[d], q->dict, own, q->exponent);
	}
}

void queueing_expect(struct queueing *q, double lateness_ns, double samples)
{
	/* An exponential: the density of what is late for one reason. */
	for (int i = 0; i < ONEWAY_NODES; i++) {
		double late = q->dict->node_ns[i] / lateness_ns;
		double share = late >= 0 ? q->dict->cell_ns[i] / lateness_ns * exp(-late) : 0;

		q->mass[REPLY][i] += samples * share;
		q->recent_mass[i] += samples * share;
	}
	fit(q);
}

void queueing_end(struct queueing *q)
{
	if (q->samples > CHOICE_AFTER)
		choose(q);
	if (q->age < YOUNG_FIT || q->samples % FIT_EVERY == 0)
		fit(q);
}

void queueing_temper(struct queueing *q, double exponent)
{
	q->exponent = exponent;
	oneway_temper(&q->pooled, exponent);
	oneway_temper(&q->recent, exponent);
	for (int d = 0; d < DIRECTIONS; d++)
		oneway_temper(&q->separate[d], exponent);
}
