// SPDX-License-Identifier: GPL-2.0-or-later
/* The rate that the host's clock needs in order to meet the reference at the next update. */
#include "host_rate.h"

#include <math.h>

/*
 * Of what the clock is ahead, this share is to be gone by the next update. All of it would turn the
 * noise of each reading into a step of rate of its full size, and halves are gone soon enough.
 */
#define SHARE 0.5
/* The nominal period is a constant, until the clocksource changes: one or two minutes tell it. */
#define LEARN_NS 64e9
/* A period that is not learned yet may be off by this; another clocksource has one of its own. */
#define UNLEARNED 1000e-6
#define LEARNED 200e-6
/* Farther from the expected than readings are: not the nominal period that was learned. */
#define RELEARN_NS 50e3
/* A reading's bracket, an interrupt in it, and a tick that takes up a new rate late. */
#define READING_NS 1e6

static double rate_of(double units)
{
	return units / (HOST_RATE_UNITS_PER_PPB * 1e9);
}

static double units_of(double rate)
{
	return rate * 1e9 * HOST_RATE_UNITS_PER_PPB;
}

static double ticks_since(const struct host_rate *h, const struct host_moment *now)
{
	return (double)(int64_t)(now->counter - h->counter);
}

void host_rate_begin(struct host_rate *h, const struct host_moment *now, long units)
{
	h->begun = true;
	h->carried = 0;
	h->units = h->steady_units = units;
	h->counter = now->counter;
	h->realtime_ns = now->realtime_ns;
}

double host_rate_surprise_ns(const struct host_rate *h, const struct host_moment *now,
			     double *allowed_ns)
{
	bool learned = h->nominal_ns_per_tick > 0;
	double period_ns = learned ? h->nominal_ns_per_tick : now->reference_ns_per_tick;
	double expected_ns = ticks_since(h, now) * period_ns * (1 + rate_of((double)h->units));

	*allowed_ns = READING_NS + fabs(expected_ns) * (learned ? LEARNED : UNLEARNED);
	return (double)(now->realtime_ns - h->realtime_ns) - expected_ns;
}

/* The longer of two overlapping spans counts; when it is long enough the other takes over. */
static void learn(struct host_rate *h, const struct host_moment *now)
{
	double ticks = ticks_since(h, now);
	double nominal_ns =
		(double)(now->realtime_ns - h->realtime_ns) / (1 + rate_of((double)h->units));
	double allowed_ns;

	if (h->nominal_ns_per_tick > 0 &&
	    fabs(host_rate_surprise_ns(h, now, &allowed_ns)) > RELEARN_NS)
		h->ticks[0] = h->ticks[1] = h->nominal_ns[0] = h->nominal_ns[1] = 0;
	for (int i = 0; i < 2; i++) {
		h->ticks[i] += ticks;
		h->nominal_ns[i] += nominal_ns;
	}
	if (h->ticks[0] > 0)
		h->nominal_ns_per_tick = h->nominal_ns[0] / h->ticks[0];
	if (h->nominal_ns[1] < LEARN_NS)
		return;
	h->ticks[0] = h->ticks[1];
	h->nominal_ns[0] = h->nominal_ns[1];
	h->ticks[1] = h->nominal_ns[1] = 0;
}

long host_rate_next(struct host_rate *h, const struct host_moment *now, double interval_s)
{
	double rate = rate_of((double)h->units);
	double wanted;

	learn(h, now);
	h->counter = now->counter;
	h->realtime_ns = now->realtime_ns;
	if (h->nominal_ns_per_tick > 0)
		rate = now->reference_ns_per_tick / h->nominal_ns_per_tick - 1;
	h->steady_units = lround(fmin(fmax(units_of(rate), -(double)HOST_RATE_MAX_UNITS),
				      (double)HOST_RATE_MAX_UNITS));
	rate -= SHARE * now->ahead_ns / (interval_s * 1e9);
	wanted = units_of(rate) + h->carried;
	h->carried = 0;
	if (wanted >= (double)HOST_RATE_MAX_UNITS)
		h->units = HOST_RATE_MAX_UNITS;
	else if (wanted <= -(double)HOST_RATE_MAX_UNITS)
		h->units = -HOST_RATE_MAX_UNITS;
	else {
		h->units = lround(wanted);
		h->carried = wanted - (double)h->units;
	}
	return h->units;
}
