/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small world for the filter's tests: an oscillator that wanders, a path that queues, a server.
 */
#include "filter_world.h"

#include <math.h>
#include <stdlib.h>

static struct filter_tables *tables;
static unsigned int filters;

void world_init(struct world *w, uint64_t seed)
{
	*w = (struct world){
		.random = seed * 0xd1342543de82ef95u, /* not the generator's own step */
		.wander = 1.0,
		.rate_ppb = 10000.0,
		.ns_per_tick = 1.0,
		.counter_at_epoch = 123456789,
		.epoch_ns = 1700000000000000000,
		.base_ns = {100e3, 100e3},
		.queue_ns = {20e3, 20e3},
		.jitter_ns = 50.0,
		.resolution_ns = 1,
	};
}

/* splitmix64 */
double world_uniform(struct world *w)
{
	uint64_t z = (w->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

double world_gaussian(struct world *w)
{
	double r = sqrt(-2.0 * log(world_uniform(w)));

	return r * cos(2.0 * M_PI * world_uniform(w));
}

static double queueing(struct world *w, double mean)
{
	double e = -log(world_uniform(w));

	switch (w->shape) {
	case GAMMA_2:
		return mean / 2.0 * (e - log(world_uniform(w)));
	case PARETO:
		return mean / 2.0 * (exp(e / 1.5) - 1.0);
	case EXPONENTIAL:
		break;
	}
	return mean * e;
}

void world_advance(struct world *w, double seconds)
{
	double root = sqrt(seconds), a = world_gaussian(w), b = world_gaussian(w);

	w->phase_ns +=
		w->rate_ppb * seconds + w->wander * root * seconds * (a / 2.0 + b / sqrt(12.0));
	w->rate_ppb += w->wander * root * a;
	w->now_s += seconds;
}

uint64_t world_counter(const struct world *w, double away_ns)
{
	double nominal = w->now_s * 1e9 - w->phase_ns + away_ns * (1.0 - w->rate_ppb * 1e-9);

	return w->counter_at_epoch + (uint64_t)(int64_t)floor(nominal / w->ns_per_tick);
}

int64_t world_time(const struct world *w, double away_ns)
{
	return w->epoch_ns + (int64_t)floor(w->now_s * 1e9 + away_ns);
}

static int64_t server_stamp(struct world *w, double away_ns)
{
	int64_t t = world_time(w, away_ns + w->server_ns + w->jitter_ns * world_gaussian(w));

	return t - t % w->resolution_ns;
}

void world_exchange(struct world *w, struct sample *out)
{
	double arrival = w->base_ns[0] + queueing(w, w->queue_ns[0]);
	double departure = arrival + 2000.0;
	double back = departure + w->base_ns[1] + queueing(w, w->queue_ns[1]);

	*out = (struct sample){
		.kind = SAMPLE_EXCHANGE,
		.c_before = world_counter(w, 0.0),
		.c_after = world_counter(w, back + fabs(w->jitter_ns * world_gaussian(w))),
		.t_before_ns = server_stamp(w, arrival),
		.t_after_ns = server_stamp(w, departure),
		.upper_error_ns = (double)(w->resolution_ns - 1),
		.lower_error_ns = (double)(w->resolution_ns - 1),
	};
}

double world_error(const struct world *w, const struct filter *f, uint64_t counter)
{
	double away = (double)counter_diff(counter, world_counter(w, 0.0)) * w->ns_per_tick;
	double truth = away * (1.0 + w->rate_ppb * 1e-9);
	struct estimate e;

	if (!filter_estimate(f, counter, &e))
		return NAN;
	return (double)(e.time_ns - world_time(w, 0.0)) + e.frac_ns - truth;
}

double world_run(struct world *w, struct filter *f, unsigned int count, double poll_s)
{
	double sum = 0.0;

	for (unsigned int i = 0; i < count; i++) {
		struct sample s;
		double error;

		world_advance(w, poll_s);
		world_exchange(w, &s);
		if (filter_add(f, &s) != 0)
			return NAN;
		error = world_error(w, f, s.c_after);
		sum += error * error;
	}
	return sqrt(sum / count);
}

struct filter *world_filter(const struct world *w)
{
	struct filter *f = malloc(filter_size());

	if (filters++ == 0)
		tables = filter_tables_create();
	if (f == NULL || tables == NULL)
		abort();
	filter_init(f, tables, w->ns_per_tick, NULL);
	return f;
}

void world_filter_free(struct filter *f)
{
	free(f);
	if (--filters == 0)
		filter_tables_destroy(tables);
}
