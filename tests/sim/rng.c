/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that are the same on every machine for the same seed. */
#include "rng.h"

#include <math.h>

/* splitmix64 (Steele, Lea, Flood 2014): spreads a small seed over the state. */
static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->state[i] = splitmix(&seed);
}

static uint64_t rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

/* xoshiro256++ (Blackman, Vigna 2019). */
uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->state;
	uint64_t result = rotate(s[0] + s[3], 23) + s[0];
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate(s[3], 45);
	return result;
}

double rng_uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 12) + 0.5) * 0x1p-52;
}

double rng_between(struct rng *r, double least, double most)
{
	return least + (most - least) * rng_uniform(r);
}

double rng_log_between(struct rng *r, double least, double most)
{
	return exp(rng_between(r, log(least), log(most)));
}

bool rng_chance(struct rng *r, double probability)
{
	return rng_uniform(r) < probability;
}

double rng_normal(struct rng *r)
{
	return sqrt(-2 * log(rng_uniform(r))) * cos(2 * M_PI * rng_uniform(r));
}

double rng_exponential(struct rng *r, double mean)
{
	return -mean * log(rng_uniform(r));
}

/* Marsaglia and Tsang 2000; a shape below 1 is reached by a power of a uniform number. */
double rng_gamma(struct rng *r, double shape, double mean)
{
	double boost = shape < 1 ? pow(rng_uniform(r), 1 / shape) : 1;
	double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
	double c = 1 / sqrt(9 * d);

	for (;;) {
		double x = rng_normal(r);
		double v = 1 + c * x;

		v = v * v * v;
		if (v > 0 && log(rng_uniform(r)) < x * x / 2 + d - d * v + d * log(v))
			return boost * d * v * mean / shape;
	}
}

double rng_pareto(struct rng *r, double exponent, double median)
{
	double scale = median / (pow(2, 1 / exponent) - 1);

	return scale * (pow(rng_uniform(r), -1 / exponent) - 1);
}
