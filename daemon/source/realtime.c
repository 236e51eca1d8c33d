// SPDX-License-Identifier: GPL-2.0-or-later
/* CLOCK_REALTIME stamps that others took (a pulse's, a receiver's) to counter values. */
#include "realtime.h"

#include <math.h>
#include <string.h>
#include <sys/timex.h>

#include "../clock/sample.h"

/* A steady clock: the kernel dithers its multiplier by one, 0.2 ppm at most. */
#define STEADY_RATE_ERROR 1e-6
/* What adjtime() slews by, and our own kernel's steering; it adds to the rate that is told. */
#define SLEW_RATE 500e-6
/* The kernel's PLL takes this share of what it was given each second, and less with its constant.
 */
#define PLL_SHIFT 2
/* One second over USER_HZ, which is 100 wherever Linux runs with a TSC. */
#define TICK_NOMINAL_US 10000

void realtime_start(struct realtime_track *track, const struct counter *counter, bool steered)
{
	*track = (struct realtime_track){.counter = counter, .steered = steered};
}

static double told_rate(const struct timex *kernel)
{
	return fabs((double)kernel->freq / 65536e6 +
		    (double)(kernel->tick - TICK_NOMINAL_US) / TICK_NOMINAL_US);
}

/* The rate by which the PLL slews in this second: what is left of its offset is told, at least half
 * of what it was when the second began. */
static double pll_rate(const struct timex *kernel)
{
	double unit_s = kernel->status & STA_NANO ? 1e-9 : 1e-6;
	int shift =
		PLL_SHIFT + (kernel->constant > 0 ? (int)fmin((double)kernel->constant, 30) : 0);

	return ldexp(2 * fabs((double)kernel->offset) * unit_s, -shift);
}

static bool is_slewing(const struct timex *kernel)
{
	struct timex singleshot = {.modes = ADJ_OFFSET_SS_READ};

	if (kernel->offset || kernel->status & (STA_PPSFREQ | STA_PPSTIME))
		return true;
	return adjtimex(&singleshot) < 0 || singleshot.offset;
}

static bool both_steady(const struct realtime_look *a, const struct realtime_look *b)
{
	return a->steady && b->steady && a->freq == b->freq && a->tick == b->tick;
}

static void note_rate(const struct realtime_look *before, struct realtime_look *look,
		      double ns_per_tick)
{
	double counted_ns =
		(double)counter_diff(look->pair.counter, before->pair.counter) * ns_per_tick;
	double shown_ns = (double)(look->pair.realtime_ns - before->pair.realtime_ns);

	if (!both_steady(before, look) || counted_ns <= 0 || shown_ns <= 0)
		return;
	look->rate = shown_ns / counted_ns;
	look->rate_error = (before->pair.half_ns + look->pair.half_ns) / counted_ns;
}

void realtime_look(struct realtime_track *track)
{
	struct timex kernel = {.tick = TICK_NOMINAL_US};
	struct realtime_look *look;

	if (track->count == REALTIME_LOOKS) {
		memmove(track->looks, track->looks + 1,
			(REALTIME_LOOKS - 1) * sizeof(track->looks[0]));
		track->count--;
	}
	look = &track->looks[track->count++];
	stamp_pair_read(track->counter, &look->pair);
	look->steady = !track->steered && adjtimex(&kernel) >= 0 && !is_slewing(&kernel);
	look->freq = kernel.freq;
	look->tick = kernel.tick;
	look->fast = fmax(told_rate(&kernel), pll_rate(&kernel)) > STAMP_RATE_TOLERANCE;
	look->reach = SLEW_RATE + (track->steered ? STAMP_RATE_TOLERANCE : told_rate(&kernel));
	look->rate = 0;
	if (track->count > 1)
		note_rate(look - 1, look, track->counter->ns_per_tick);
}

/* The rate as the looks show it; good where nothing has changed it, here and in the time before. */
static bool convert_steady(const struct realtime_look *a, const struct realtime_look *b,
			   const struct realtime_look *near, int64_t realtime_ns,
			   double ns_per_tick, struct stamp *out)
{
	double away_ns = (double)(realtime_ns - near->pair.realtime_ns);
	double error = STEADY_RATE_ERROR + b->rate_error;

	if (!(a->rate > 0 && b->rate > 0) || fabs(a->rate - b->rate) > error + a->rate_error)
		return false;
	out->counter = near->pair.counter + (uint64_t)llround(away_ns / b->rate / ns_per_tick);
	out->error_ns = near->pair.half_ns + fabs(away_ns) * error + 0.5 * ns_per_tick + 1;
	return true;
}

static bool convert_between(const struct realtime_look *a, const struct realtime_look *b,
			    int64_t realtime_ns, double ns_per_tick, struct stamp *out)
{
	bool first_half = realtime_ns - a->pair.realtime_ns < b->pair.realtime_ns - realtime_ns;
	const struct realtime_look *near = first_half ? a : b;
	struct stamp steady;
	double rate_limit;

	if (a->fast || b->fast || !stamp_pairs_agree(&a->pair, &b->pair, ns_per_tick, &rate_limit))
		return false;
	rate_limit = fmax(rate_limit, fmax(a->reach, b->reach));
	if (!stamp_convert(&near->pair, realtime_ns, ns_per_tick, rate_limit, a->pair.counter,
			   b->pair.counter, out))
		return false;
	if (convert_steady(a, b, near, realtime_ns, ns_per_tick, &steady) &&
	    steady.error_ns < out->error_ns)
		*out = steady;
	return true;
}

/* Before the clock was set back, between two looks before this one: it has shown some times twice.
 */
static bool was_shown_before(const struct realtime_track *track, unsigned int look,
			     int64_t realtime_ns)
{
	for (unsigned int i = 1; i < look; i++) {
		const struct stamp_pair *a = &track->looks[i - 1].pair, *b = &track->looks[i].pair;
		double counted_ns =
			(double)counter_diff(b->counter, a->counter) * track->counter->ns_per_tick;
		double since_ns = (double)(realtime_ns - a->realtime_ns);

		if (stamp_clock_was_set(a, b) && since_ns >= 0 &&
		    since_ns <= counted_ns * (1 + SLEW_RATE + STAMP_RATE_TOLERANCE))
			return true;
	}
	return false;
}

bool realtime_convert(const struct realtime_track *track, int64_t realtime_ns, struct stamp *out)
{
	for (unsigned int i = track->count; i-- > 1;) {
		const struct realtime_look *a = &track->looks[i - 1], *b = &track->looks[i];

		if (realtime_ns >= a->pair.realtime_ns && realtime_ns <= b->pair.realtime_ns)
			return !was_shown_before(track, i, realtime_ns) &&
			       convert_between(a, b, realtime_ns, track->counter->ns_per_tick, out);
	}
	return false;
}
