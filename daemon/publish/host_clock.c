// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's own CLOCK_REALTIME follows the reference, by adjtimex(2). */
#include "host_clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)
/* Status bits of mechanisms that would move the clock beside us, and those that are set anew. */
#define OTHER_WAYS (STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_FREQHOLD)
#define SET_ANEW (OTHER_WAYS | STA_UNSYNC | STA_INS | STA_DEL)
/* At the highest rate the clock is this far from the reference after a second. */
#define SLEW_NS_PER_S 300e3
/* adjtimex(2) rounds what it gives back. */
#define UNITS_ROUNDING 1

static const char *const state_names[] = {
	[HOST_CLOCK_OFF] = "off",	  [HOST_CLOCK_WAITING] = "waiting",
	[HOST_CLOCK_SLEWING] = "slewing", [HOST_CLOCK_FOLLOWING] = "following",
	[HOST_CLOCK_STOPPED] = "stopped",
};

const char *host_clock_state_name(enum host_clock_state state)
{
	return state_names[state];
}

double host_clock_rate_ppb(const struct host_clock *h)
{
	return (double)h->rate.units / HOST_RATE_UNITS_PER_PPB;
}

void host_clock_init(struct host_clock *h, host_adjust *adjust, void *context, double step_above_ns,
		     unsigned int step_limit)
{
	*h = (struct host_clock){.adjust = adjust,
				 .context = context,
				 .step_above_ns = step_above_ns,
				 .step_limit = step_limit,
				 .state = HOST_CLOCK_WAITING,
				 .why = "no usable time yet"};
}

/* Rates, ticks, phases and loops that are not ours. */
static const char *interference(const struct host_clock *h, const struct timex *now)
{
	struct timex phase = {.modes = ADJ_OFFSET_SS_READ};

	if (now->tick != h->tick_seen)
		return "another program has changed the length of the clock's tick";
	if (labs(now->freq - h->units_seen) > UNITS_ROUNDING)
		return "another program has changed the rate of the clock";
	if (now->status & OTHER_WAYS || now->offset)
		return "another program has the kernel steer the clock";
	if (h->adjust(h->context, &phase) >= 0 && phase.offset)
		return "another program has the clock slewed by adjtime()";
	return NULL;
}

/* Nobody looks from here on: what was closing a gap must not open another. */
static void leave_steady(struct host_clock *h)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = h->rate.steady_units};
	struct timex seen = {0};

	if (!h->rate.begun || h->state == HOST_CLOCK_STOPPED)
		return;
	h->rate.begun = false;
	if (h->adjust(h->context, &seen) >= 0 && !interference(h, &seen) &&
	    h->adjust(h->context, &t) >= 0)
		h->units_seen = t.freq;
}

/* What others have changed, or what cannot be changed, stays as it is. */
static void give_up(struct host_clock *h, const char *why)
{
	h->state = HOST_CLOCK_STOPPED;
	snprintf(h->why, sizeof(h->why), "%s", why);
}

void host_clock_stop(struct host_clock *h, const char *why)
{
	if (h->state == HOST_CLOCK_OFF)
		return;
	leave_steady(h);
	give_up(h, why);
}

static void wait_for(struct host_clock *h, const char *what)
{
	leave_steady(h);
	h->state = HOST_CLOCK_WAITING;
	snprintf(h->why, sizeof(h->why), "%s", what);
}

void host_clock_pause(struct host_clock *h, const char *why)
{
	if (h->state != HOST_CLOCK_OFF && h->state != HOST_CLOCK_STOPPED)
		wait_for(h, why);
}

static void failed(struct host_clock *h, const char *what)
{
	char why[sizeof(h->why)];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	give_up(h, why);
}

static const char *was_set(const struct host_clock *h, const struct host_moment *now)
{
	double allowed_ns;
	double surprise_ns = host_rate_surprise_ns(&h->rate, now, &allowed_ns);

	return fabs(surprise_ns) > allowed_ns ? "another program has set the clock" : NULL;
}

static int64_t to_us_up(double ns)
{
	double us = ceil(ns / 1e3);

	return us < 16e6 ? (int64_t)us : 16000000; /* the kernel's own limit of maxerror */
}

static void describe(const struct host_clock *h, const struct host_reference *reference,
		     struct timex *t)
{
	double ahead_ns = fabs(h->ahead_ns);

	t->status &= ~SET_ANEW;
	if (reference->leap_today)
		t->status |= reference->leap_today > 0 ? STA_INS : STA_DEL;
	t->maxerror = to_us_up(reference->max_error_ns + ahead_ns);
	t->esterror = to_us_up(reference->est_error_ns + ahead_ns);
}

/* The phase that is left of another program's last adjtime(3) would go on being added. */
static bool take_over(struct host_clock *h, const struct host_moment *now, const struct timex *seen)
{
	struct timex t = {.modes = ADJ_OFFSET_SINGLESHOT};

	if (seen->status & OTHER_WAYS) {
		give_up(h, "another program has the kernel steer the clock");
		return false;
	}
	if (h->adjust(h->context, &t) < 0) {
		failed(h, "the clock cannot be steered");
		return false;
	}
	h->tick_seen = seen->tick;
	h->units_seen = seen->freq;
	host_rate_begin(&h->rate, now, seen->freq);
	return true;
}

static bool set_rate(struct host_clock *h, const struct host_moment *now,
		     const struct host_reference *reference, const struct timex *seen,
		     double interval_s)
{
	struct timex t = {.modes = ADJ_FREQUENCY | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR |
				   ADJ_NANO,
			  .status = seen->status,
			  .freq = host_rate_next(&h->rate, now, interval_s)};

	describe(h, reference, &t);
	if (h->adjust(h->context, &t) < 0) {
		failed(h, "the clock cannot be steered");
		return false;
	}
	h->units_seen = t.freq;
	h->state = fabs(h->ahead_ns) > SLEW_NS_PER_S * interval_s ? HOST_CLOCK_SLEWING
								  : HOST_CLOCK_FOLLOWING;
	h->why[0] = '\0';
	return true;
}

static void set_tai(struct host_clock *h, const struct host_reference *reference,
		    const struct timex *seen)
{
	struct timex t = {.modes = ADJ_TAI, .constant = reference->tai_offset_s};

	if (seen->tai != reference->tai_offset_s && h->adjust(h->context, &t) < 0)
		failed(h, "the clock's TAI offset cannot be set");
}

/* What was learned goes on after it: only the phase is another one. */
static void step(struct host_clock *h)
{
	int64_t by_ns = -llround(h->ahead_ns);
	struct timex t = {.modes = ADJ_SETOFFSET | ADJ_NANO};

	t.time.tv_sec = by_ns / NS_PER_S;
	t.time.tv_usec = by_ns % NS_PER_S;
	if (t.time.tv_usec < 0) {
		t.time.tv_sec--;
		t.time.tv_usec += NS_PER_S;
	}
	if (h->adjust(h->context, &t) < 0) {
		failed(h, "the clock cannot be set");
		return;
	}
	h->steps++;
	h->rate.begun = false;
}

/* False: nothing more to do in this update. */
static bool may_go_on(struct host_clock *h, const struct host_moment *now, const struct timex *seen)
{
	const char *why;

	if (!h->rate.begun)
		return take_over(h, now, seen);
	why = interference(h, seen);
	if (!why)
		why = was_set(h, now);
	if (why)
		give_up(h, why);
	return !why;
}

static void correct(struct host_clock *h, const struct host_moment *now,
		    const struct host_reference *reference, double interval_s)
{
	struct timex seen = {0};

	if (h->adjust(h->context, &seen) < 0) {
		failed(h, "the clock cannot be looked at");
		return;
	}
	if (!may_go_on(h, now, &seen))
		return;
	h->ahead_ns = now->ahead_ns;
	if (fabs(h->ahead_ns) > h->step_above_ns && h->updates < h->step_limit)
		step(h);
	else if (set_rate(h, now, reference, &seen, interval_s))
		set_tai(h, reference, &seen);
	h->updates++;
}

bool host_clock_update(struct host_clock *h, uint64_t counter, int64_t realtime_ns,
		       const struct host_reference *reference, double interval_s)
{
	enum host_clock_state before = h->state;
	unsigned int steps = h->steps;
	struct host_moment now = {.counter = counter,
				  .realtime_ns = realtime_ns,
				  .ahead_ns = (double)(realtime_ns - reference->utc_ns),
				  .reference_ns_per_tick = reference->ns_per_tick};

	if (h->state == HOST_CLOCK_OFF || h->state == HOST_CLOCK_STOPPED)
		return false;
	if (!reference->usable)
		wait_for(h, "the page does not tell a usable time");
	else if (reference->leap_near)
		wait_for(h, "waiting for a leap second to pass");
	else
		correct(h, &now, reference, interval_s);
	return h->state != before || h->steps != steps;
}
