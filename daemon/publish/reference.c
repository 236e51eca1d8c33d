// SPDX-License-Identifier: GPL-2.0-or-later
/* From publications to what a page says, and back: units, rounding, and what flags may promise. */
#include "reference.h"

#include <math.h>

#include <linux/vmclock-abi.h>

#include "../clock/sample.h"

static const uint8_t page_status[] = {
	[DISCIPLINE_UNRELIABLE] = VMCLOCK_STATUS_UNRELIABLE,
	[DISCIPLINE_SYNCHRONIZED] = VMCLOCK_STATUS_SYNCHRONIZED,
	[DISCIPLINE_FREERUNNING] = VMCLOCK_STATUS_FREERUNNING,
};

/* Errors are rounded up, and never to more than a page can hold. */
static uint64_t error_up(long double value)
{
	return value < 0x1p63L ? (uint64_t)ceill(fmaxl(value, 0)) + 1 : UINT64_MAX;
}

/*
 * The period in units of 2^-(64 + shift) s, with as many bits as fit: the shift that brings 1/Hz
 * to between 2^62 and 2^63. long double has at least 64 bits of mantissa where this runs.
 */
static void set_period(struct vmclock_reference *ref, const struct publication *p,
		       double nominal_hz)
{
	long double nominal_s = 1 / (long double)nominal_hz;
	int exponent;
	long double period;

	frexpl(nominal_s, &exponent); /* nominal_s in [2^(exponent-1), 2^exponent) */
	ref->counter_period_shift = (uint8_t)(-exponent - 1);
	period = ldexpl(nominal_s, 64 + ref->counter_period_shift);
	ref->counter_period_frac_sec =
		(uint64_t)roundl(period + period * ((long double)p->line.rate_ppb * 1e-9L));
	ref->period_esterror = error_up(period * (long double)p->est_rate_error_ppb * 1e-9L);
	ref->period_maxerror = error_up(period * (long double)p->max_rate_error_ppb * 1e-9L);
}

static void set_time(struct vmclock_reference *ref, const struct publication *p)
{
	int64_t sec = p->line.time_ns / 1000000000;
	int64_t ns = p->line.time_ns % 1000000000;
	long double frac = ((long double)ns + (long double)p->line.frac_ns) * 1e-9L;

	if (frac < 0) {
		frac += 1;
		sec--;
	} else if (frac >= 1) {
		frac -= 1;
		sec++;
	}
	ref->counter_value = p->line.counter;
	ref->time_sec = (uint64_t)sec;
	ref->time_frac_sec = (uint64_t)ldexpl(frac, 64);
	ref->time_esterror_nanosec = error_up(p->est_error_ns);
	ref->time_maxerror_nanosec = error_up(p->max_error_ns);
}

struct vmclock_reference reference_of(const struct publication *p,
				      const struct page_calendar *calendar,
				      const struct counter *counter, bool monotonic)
{
	struct vmclock_reference ref = {
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
			 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID |
			 (monotonic ? VMCLOCK_FLAG_TIME_MONOTONIC : 0),
		.tai_offset_sec = (int16_t)-calendar->tai_offset_s,
		.leap_indicator = (uint8_t)calendar->leap,
		.smearing_hint = VMCLOCK_SMEARING_STRICT,
		.clock_status = page_status[p->status],
		.disrupt = p->disrupted,
	};

	set_period(&ref, p, counter->nominal_hz);
	set_time(&ref, p);
	return ref;
}

static bool may_be_relied_on(const struct vmclock_reference *ref)
{
	uint64_t wanted = VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID;

	return (ref->flags & wanted) == wanted && ref->counter_period_frac_sec &&
	       (ref->clock_status == VMCLOCK_STATUS_SYNCHRONIZED ||
		ref->clock_status == VMCLOCK_STATUS_FREERUNNING);
}

struct page_resume reference_resume(const struct vmclock_reference *ref,
				    const struct counter *counter)
{
	int scale = -64 - ref->counter_period_shift;
	long double hz = (long double)counter->nominal_hz;
	long double period = ldexpl((long double)ref->counter_period_frac_sec, scale);
	long double frac_ns = ldexpl((long double)ref->time_frac_sec, -64) * 1e9L;
	double rate_ppb = (double)((period * hz - 1) * 1e9L);
	double rate_error_ppb =
		(double)(ldexpl((long double)ref->period_maxerror, scale) * hz * 1e9L);
	double error_ns = (double)ref->time_maxerror_nanosec;
	int64_t whole_ns = (int64_t)frac_ns;
	struct page_resume out = {.valid = false};

	if (!may_be_relied_on(ref) || !(fabs(rate_ppb) < 1e6))
		return out;
	out.line = (struct line){.counter = ref->counter_value,
				 .time_ns = (int64_t)ref->time_sec * 1000000000 + whole_ns,
				 .frac_ns = (double)(frac_ns - (long double)whole_ns),
				 .rate_ppb = rate_ppb};
	out.bound = (struct interval){.counter = ref->counter_value,
				      .base_ns = out.line.time_ns,
				      .lo_ns = out.line.frac_ns - error_ns,
				      .hi_ns = out.line.frac_ns + error_ns,
				      .rate_lo_ppb = rate_ppb - rate_error_ppb,
				      .rate_hi_ppb = rate_ppb + rate_error_ppb,
				      .rate_since = ref->counter_value};
	out.tai_offset_s = -ref->tai_offset_sec;
	out.valid = true;
	return out;
}

double page_resume_half_ns(const struct page_resume *page, const struct counter *counter,
			   uint64_t now)
{
	const struct interval *b = &page->bound;
	double age_s = fabs((double)counter_diff(now, b->counter)) * counter->ns_per_tick * 1e-9;

	return (b->hi_ns - b->lo_ns) / 2 + (b->rate_hi_ppb - b->rate_lo_ppb) / 2 * age_s;
}

/* Inside of what it said last, and not so far back that the writer would have to break it. */
bool page_resume_continues(const struct page_resume *page, const struct line *line,
			   const struct counter *counter, uint64_t now)
{
	double frac_ns, ahead_ns;
	int64_t time_ns;

	if (!page->valid)
		return false;
	time_ns = line_time(&page->line, counter->ns_per_tick, now, &frac_ns);
	ahead_ns = line_minus(line, counter->ns_per_tick, now, time_ns, frac_ns);
	return ahead_ns > -SPLICE_MAX_NS &&
	       fabs(ahead_ns) <= page_resume_half_ns(page, counter, now);
}
