// SPDX-License-Identifier: GPL-2.0-or-later
/* The clocks of the simulated machine, all on one oscillator. */
#include "clocks.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define STEP_BACK_LATEST_NS 90e6L
#define SLEW_RATE 500e-6L
#define FREQ_MAX (500L << 16)

enum { SEED_OSCILLATOR = 1, SEED_STEP = 2, TICK_NOMINAL_US = 10000, STEP_READS_MAX = 60 };

static void set_ratio(struct clocks *c)
{
	c->ratio = (1 + (long double)c->freq / 65536e6L) * (long double)c->tick / TICK_NOMINAL_US;
}

int clocks_init(struct clocks *c, const struct options *o)
{
	struct rng rng;

	memset(c, 0, sizeof(*c));
	rng_seed(&rng, (uint64_t)o->seed * 16 + SEED_STEP);
	c->start_utc_ns = (int64_t)o->start_utc_s * 1000000000;
	c->step_back_ns = o->step_back_ns;
	c->step_at_read = 1 + rng_next(&rng) % STEP_READS_MAX;
	c->set_offset_ns = (long double)c->start_utc_ns + (long double)o->realtime_offset_ns;
	c->tick = TICK_NOMINAL_US;
	c->status = STA_UNSYNC;
	set_ratio(c);
	return oscillator_init(&c->oscillator, &o->oscillator,
			       (uint64_t)o->seed * 16 + SEED_OSCILLATOR);
}

void clocks_free(struct clocks *c)
{
	oscillator_free(&c->oscillator);
}

void clocks_set_now(struct clocks *c, long double now_ns)
{
	if (now_ns <= c->now_ns)
		return;
	c->now_ns = now_ns;
	c->counter = oscillator_counter(&c->oscillator, now_ns);
}

uint64_t clocks_raw(struct clocks *c)
{
	bool before_step = ++c->raw_reads < c->step_at_read && c->now_ns < STEP_BACK_LATEST_NS;

	return c->counter + (before_step ? (uint64_t)c->step_back_ns : 0);
}

static long double slewed_ns(const struct clocks *c, long double elapsed_ns)
{
	return copysignl(fminl(fabsl(c->to_slew_ns), elapsed_ns * SLEW_RATE), c->to_slew_ns);
}

static long double monotonic_at(const struct clocks *c, long double elapsed_ns)
{
	return c->monotonic_ns + elapsed_ns * c->ratio + slewed_ns(c, elapsed_ns);
}

static long double monotonic(const struct clocks *c)
{
	return monotonic_at(c, (long double)(c->counter - c->base));
}

int64_t clocks_monotonic_ns(const struct clocks *c)
{
	return (int64_t)floorl(monotonic(c));
}

int64_t clocks_realtime_ns(const struct clocks *c)
{
	return clocks_realtime_at_ns(c, c->counter);
}

int64_t clocks_realtime_at_ns(const struct clocks *c, uint64_t counter)
{
	return (int64_t)floorl(monotonic_at(c, (long double)(counter - c->base)) +
			       c->set_offset_ns);
}

/* Two rounds are enough: what is left after one is at most 500 ppm of 500 ppm. */
long double clocks_after(struct clocks *c, int64_t wait_ns)
{
	long double target = monotonic(c) + (long double)wait_ns;
	long double elapsed = (long double)(c->counter - c->base);

	for (int round = 0; round < 3; round++)
		elapsed += (target - monotonic_at(c, elapsed)) / c->ratio;
	return oscillator_time(&c->oscillator, c->base + (uint64_t)ceill(elapsed) + 1);
}

uint64_t clocks_counter_at(struct clocks *c, long double true_ns)
{
	return oscillator_counter(&c->oscillator, true_ns);
}

int64_t clocks_truth_ns(struct clocks *c, uint64_t counter)
{
	return c->start_utc_ns + (int64_t)llroundl(oscillator_time(&c->oscillator, counter));
}

/* What was in force until now becomes the past. */
static void rebase(struct clocks *c)
{
	long double elapsed = (long double)(c->counter - c->base);
	long double now = monotonic_at(c, elapsed);

	c->to_slew_ns -= slewed_ns(c, elapsed);
	c->monotonic_ns = now;
	c->base = c->counter;
}

void clocks_set_realtime(struct clocks *c, int64_t by_ns)
{
	c->set_offset_ns += (long double)by_ns;
}

void clocks_set_rate(struct clocks *c, double ppm)
{
	rebase(c);
	c->freq = lround(ppm * 65536);
	set_ratio(c);
}

static long double unit_ns(const struct clocks *c, const struct timex *t)
{
	return t->modes & ADJ_NANO || c->status & STA_NANO ? 1 : 1000;
}

static bool is_valid(const struct timex *t)
{
	if (t->modes & ADJ_TICK && (t->tick < 9000 || t->tick > 11000))
		return false;
	if (t->modes & ADJ_SETOFFSET &&
	    (t->time.tv_usec < 0 ||
	     t->time.tv_usec >= (t->modes & ADJ_NANO ? 1000000000L : 1000000L)))
		return false;
	return true;
}

static void change(struct clocks *c, const struct timex *t)
{
	rebase(c);
	if (t->modes & ADJ_STATUS)
		c->status = (c->status & STA_NANO) | (t->status & ~STA_RONLY);
	if (t->modes & ADJ_NANO)
		c->status |= STA_NANO;
	if (t->modes & ADJ_MICRO)
		c->status &= ~STA_NANO;
	if (t->modes & ADJ_FREQUENCY)
		c->freq = t->freq > FREQ_MAX ? FREQ_MAX : t->freq < -FREQ_MAX ? -FREQ_MAX : t->freq;
	if (t->modes & ADJ_TICK)
		c->tick = t->tick;
	if (t->modes & ADJ_OFFSET)
		c->to_slew_ns = (long double)t->offset * unit_ns(c, t);
	if (t->modes & ADJ_SETOFFSET)
		c->set_offset_ns += (long double)t->time.tv_sec * 1e9L +
				    (long double)t->time.tv_usec * (t->modes & ADJ_NANO ? 1 : 1000);
	if (t->modes & ADJ_TAI)
		c->tai = (int)t->constant;
	set_ratio(c);
}

int clocks_adjtimex(struct clocks *c, struct timex *t)
{
	if (!is_valid(t)) {
		errno = EINVAL;
		return -1;
	}
	if (t->modes == ADJ_OFFSET_SS_READ) {
		rebase(c);
		t->offset = (long)(c->to_slew_ns / 1000);
		return TIME_OK;
	}
	if (t->modes)
		change(c, t);
	rebase(c);
	t->offset = (long)(c->to_slew_ns / unit_ns(c, t));
	t->freq = c->freq;
	t->tick = c->tick;
	t->tai = c->tai;
	t->status = c->status;
	t->time = (struct timeval){0, 0};
	return c->status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}
