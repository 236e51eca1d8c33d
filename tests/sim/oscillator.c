/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An oscillator whose true time is known at every counter value. */
#include "oscillator.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double CELL_S = 0.25;

int oscillator_init(struct oscillator *o, const struct oscillator_config *config, uint64_t seed)
{
	memset(o, 0, sizeof(*o));
	o->config = *config;
	o->ns_per_tick = 1e9 / config->nominal_hz;
	o->swing_sign = 1;
	rng_seed(&o->rng, seed);
	o->room = 4096;
	o->excess_ns = calloc(o->room, sizeof(*o->excess_ns));
	o->count = 1;
	return o->excess_ns ? 0 : -ENOMEM;
}

void oscillator_free(struct oscillator *o)
{
	free(o->excess_ns);
	o->excess_ns = NULL;
}

/* Turns back at the band's edge, so that the promise about the rate holds however long it runs. */
static void walk(struct oscillator *o)
{
	double band = o->config.band_ppb;

	o->walk_ppb += o->config.wander * sqrt(CELL_S) * rng_normal(&o->rng);
	if (band > 0 && o->walk_ppb > band)
		o->walk_ppb = fmax(2 * band - o->walk_ppb, -band);
	if (band > 0 && o->walk_ppb < -band)
		o->walk_ppb = fmin(-2 * band - o->walk_ppb, band);
}

static double swing_ppb(struct oscillator *o, double now_s)
{
	const struct oscillator_config *c = &o->config;

	if (c->swing_ppb > 0 && now_s >= o->swing_until_s) {
		o->swing_sign = -o->swing_sign;
		o->swing_until_s =
			now_s + rng_log_between(&o->rng, c->swing_least_s, c->swing_most_s);
	}
	return o->swing_sign * c->swing_ppb;
}

static double next_rate_ppb(struct oscillator *o)
{
	const struct oscillator_config *c = &o->config;
	double now_s = (double)(o->count - 1) * CELL_S;
	double rate_ppb = c->rate_ppb;

	walk(o);
	rate_ppb += o->walk_ppb + swing_ppb(o, now_s);
	if (c->thermal_ppb > 0)
		rate_ppb += c->thermal_ppb * sin(2 * M_PI * now_s / c->thermal_period_s);
	if (c->white_ns > 0)
		rate_ppb += c->white_ns / sqrt(CELL_S) * rng_normal(&o->rng);
	if (c->step_ppb != 0 && now_s >= c->step_at_s)
		rate_ppb += c->step_ppb;
	return rate_ppb;
}

static void extend(struct oscillator *o)
{
	if (o->count == o->room) {
		o->room *= 2;
		o->excess_ns = realloc(o->excess_ns, o->room * sizeof(*o->excess_ns));
		if (!o->excess_ns) {
			perror("oscillator");
			exit(EXIT_FAILURE);
		}
	}
	o->excess_ns[o->count] = o->excess_ns[o->count - 1] + next_rate_ppb(o) * CELL_S;
	o->count++;
}

/* The cell that holds this nominal time, and where in it, 0 to 1. */
static size_t find_cell(struct oscillator *o, long double nominal_ns, double *part)
{
	long double cells = nominal_ns / (1e9L * CELL_S);
	size_t cell = cells > 0 ? (size_t)cells : 0;

	while (cell + 1 >= o->count)
		extend(o);
	*part = (double)(cells - (long double)cell);
	return cell;
}

static double excess_at(struct oscillator *o, long double nominal_ns)
{
	double part;
	size_t cell = find_cell(o, nominal_ns, &part);

	return o->excess_ns[cell] + part * (o->excess_ns[cell + 1] - o->excess_ns[cell]);
}

static long double nominal_at(const struct oscillator *o, uint64_t counter)
{
	return (long double)(int64_t)(counter - o->config.first_counter) * 1e9L /
	       (long double)o->config.nominal_hz;
}

long double oscillator_time(struct oscillator *o, uint64_t counter)
{
	long double nominal_ns = nominal_at(o, counter);

	return nominal_ns + excess_at(o, nominal_ns);
}

/* Each round divides the error by the inverse of the rate error, at least a thousand. */
uint64_t oscillator_counter(struct oscillator *o, long double time_ns)
{
	long double nominal_ns = time_ns;

	for (int round = 0; round < 8; round++)
		nominal_ns = time_ns - excess_at(o, nominal_ns);
	return o->config.first_counter +
	       (uint64_t)floorl(nominal_ns * (long double)o->config.nominal_hz / 1e9L);
}

double oscillator_rate_ppb(struct oscillator *o, uint64_t counter)
{
	double part;
	size_t cell = find_cell(o, nominal_at(o, counter), &part);

	return (o->excess_ns[cell + 1] - o->excess_ns[cell]) / CELL_S;
}
