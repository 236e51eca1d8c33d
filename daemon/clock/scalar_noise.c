/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The noise of a source that states points in time (a PHC, a latched pulse), learned as it goes. */
#include "scalar_noise.h"

#include <math.h>

/* A guess that ten samples forget: 1 us, and a time anywhere in the bracket. */
static const double START_VAR_NS2 = 1e6;
/* Nothing is better than 0.1 ns. */
static const double LEAST_VAR_NS2 = 0.01;
/* Beyond 4 sigma a sample counts as if it were at 4 sigma, in the state as in the noise. */
static const double MOST_SQUARED = 16.0;
/* Learn at once, not a quarter of nothing. */
static const double LEAST_MEMORY = 8.0;

/* A step: so many samples this far off, in sd of what was expected, and apart in sd of their noise.
 * A change of rate does not agree with itself; the bank follows it by a larger wander. */
static const double FAR_SD = 8.0;
static const double AGREE_SD = 4.0;
enum { FAR_TIMES = 3 };

void scalar_noise_start(struct scalar_noise *noise, double bracket_ns)
{
	*noise = (struct scalar_noise){.var_ns2 = START_VAR_NS2 + bracket_ns * bracket_ns / 12.0};
}

double scalar_noise_use(struct scalar_noise *noise, double innovation_ns, double state_var_ns2,
			double memory)
{
	double expected = state_var_ns2 + noise->var_ns2;
	double squared = innovation_ns * innovation_ns / expected;
	double use = noise->var_ns2 * fmax(1.0, squared / MOST_SQUARED);

	noise->var_ns2 +=
		noise->var_ns2 * (fmin(squared, MOST_SQUARED) - 1.0) / fmax(LEAST_MEMORY, memory);
	noise->var_ns2 = fmax(noise->var_ns2, LEAST_VAR_NS2);
	return use;
}

bool scalar_noise_stepped(struct scalar_noise *noise, double innovation_ns, double state_var_ns2)
{
	double expected = state_var_ns2 + noise->var_ns2;
	double apart = innovation_ns - noise->far_ns;

	if (innovation_ns * innovation_ns < FAR_SD * FAR_SD * expected) {
		noise->far = 0;
		return false;
	}
	if (noise->far > 0 && apart * apart < 2.0 * AGREE_SD * AGREE_SD * noise->var_ns2)
		noise->far++;
	else
		noise->far = 1;
	noise->far_ns = innovation_ns;
	if (noise->far < FAR_TIMES)
		return false;
	noise->far = 0;
	return true;
}
