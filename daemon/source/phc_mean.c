// SPDX-License-Identifier: GPL-2.0-or-later
/* Several readings of a clock as one. */
#include "phc_mean.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* What a reading may be wider than the narrowest, as a share of that: the bound grows by half of
 * it at most, and readings that nothing disturbed differ by less. */
enum { WIDER_SHARE = 8 };

/* Readings that differ by more are not the same clock with some noise: it was set meanwhile. */
enum { NOISE_MOST_NS = 1000 };

/* Readings of one poll are made at once. */
#define POLL_MOST_NS INT64_C(1000000000)

static int64_t width_ns(const struct phc_bracket *b)
{
	return b->after_ns - b->before_ns;
}

static const struct phc_bracket *narrowest(const struct phc_bracket *readings, unsigned int n)
{
	const struct phc_bracket *best = readings;

	for (unsigned int i = 1; i < n; i++)
		if (width_ns(&readings[i]) < width_ns(best))
			best = &readings[i];
	return best;
}

static bool is_like(const struct phc_bracket *b, const struct phc_bracket *best)
{
	int64_t later_ns = b->before_ns - best->before_ns;
	int64_t wider_ns = width_ns(b) - width_ns(best);
	/* What a device shows may be anything; a difference of two differences might not fit. */
	double apart_ns =
		(double)(b->device_ns - best->device_ns) - (double)later_ns - (double)wider_ns / 2;

	return llabs(later_ns) <= POLL_MOST_NS && width_ns(best) <= POLL_MOST_NS &&
	       wider_ns <= width_ns(best) / WIDER_SHARE &&
	       fabs(apart_ns) <= (double)(width_ns(best) + NOISE_MOST_NS);
}

static int64_t floor_of(int64_t sum, int64_t n)
{
	return sum / n - (sum % n < 0);
}

struct phc_bracket phc_mean(const struct phc_bracket *readings, unsigned int n)
{
	const struct phc_bracket *best = narrowest(readings, n);
	struct phc_bracket sum = {0}; /* relative to the narrowest: absolute times would overflow */
	int64_t used = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!is_like(&readings[i], best))
			continue;
		sum.before_ns += readings[i].before_ns - best->before_ns;
		sum.device_ns += readings[i].device_ns - best->device_ns;
		sum.after_ns += readings[i].after_ns - best->after_ns;
		used++;
	}
	if (used <= 1) /* none, if the narrowest is absurdly wide */
		return *best;
	/* The device showed the time below its mean up to 1 ns before it showed the mean. */
	return (struct phc_bracket){
		.before_ns = best->before_ns + floor_of(sum.before_ns, used) - 1,
		.device_ns = best->device_ns + floor_of(sum.device_ns, used),
		.after_ns = best->after_ns - floor_of(-sum.after_ns, used),
	};
}
