/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The promises of the page, checked against the truth. */
#include "checker.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Rounding of the checker's own arithmetic; the line is told to 2^-52 of some 1e14 ns. */
static const double TOLERANCE_NS = 0.05;
/* The clock works with rates; at 60 s a rounded rate moves a reading by so much. */
static const double NESTED_TOLERANCE_NS = 1;

void checker_init(struct checker *c, struct oscillator *oscillator, double horizon_s)
{
	memset(c, 0, sizeof(*c));
	c->oscillator = oscillator;
	c->horizon_s = horizon_s;
}

const char *property_name(enum property property)
{
	static const char *const names[PROPERTY_COUNT] = {
		"the bound holds at every reading",
		"readings never go back",
		"later pages stay inside earlier intervals",
		"only a disruption steps the line",
	};

	return names[property];
}

__attribute__((format(printf, 4, 5))) static void fault(struct checker *c, enum property property,
							uint64_t counter, const char *format, ...)
{
	char *text = c->first_fault[property];
	va_list arguments;
	int used;

	c->last_fault_s[property] = (double)(oscillator_time(c->oscillator, counter) * 1e-9L);
	if (c->faults[property]++ > 0)
		return;
	used = snprintf(text, CHECKER_TEXT_MAX,
			"at %.3f s: ", (double)(oscillator_time(c->oscillator, counter) * 1e-9L));
	va_start(arguments, format);
	vsnprintf(text + used, CHECKER_TEXT_MAX - (size_t)used, format, arguments);
	va_end(arguments);
}

/* The line's time since first_time_ns. Whole ns are subtracted before anything is rounded. */
static double line_ns(const struct checker *c, const struct publication *p, uint64_t counter)
{
	double frac_ns;
	int64_t time_ns = line_time(&p->line, c->oscillator->ns_per_tick, counter, &frac_ns);

	return (double)(time_ns - c->oscillator->config.first_time_ns) + frac_ns;
}

static double age_s(const struct checker *c, uint64_t from, uint64_t to)
{
	return (double)counter_diff(to, from) * c->oscillator->ns_per_tick * 1e-9;
}

static void remember(struct checker *c, uint64_t counter, double time_ns, double bound_ns)
{
	unsigned int at = (c->head + c->count) % CHECKER_READINGS;

	c->readings[at] = (struct reading){counter, time_ns - bound_ns, time_ns + bound_ns,
					   c->last_at, c->last.kept_s};
	if (c->count < CHECKER_READINGS)
		c->count++;
	else
		c->head = (c->head + 1) % CHECKER_READINGS;
}

bool checker_read(struct checker *c, uint64_t counter, struct seen *out)
{
	const struct publication *p = &c->last;
	double time_ns, age;

	if (!c->have)
		return false;
	time_ns = line_ns(c, p, counter);
	age = fabs(age_s(c, p->line.counter, counter));
	out->error_ns = time_ns - (double)oscillator_time(c->oscillator, counter);
	out->bound_ns = p->max_error_ns + p->max_rate_error_ppb * age;
	out->sigma_ns = p->est_error_ns + p->est_rate_error_ppb * age;
	if (!(fabs(out->error_ns) <= out->bound_ns + TOLERANCE_NS) &&
	    oscillator_time(c->oscillator, counter) >= c->bound_from_s * 1e9L)
		fault(c, PROPERTY_BOUND, counter, "error %.1f ns, bound %.1f ns, page %.3f s old",
		      out->error_ns, out->bound_ns, age);
	remember(c, counter, time_ns, out->bound_ns);
	return true;
}

static void forget_old(struct checker *c, uint64_t now)
{
	while (c->count > 0 && age_s(c, c->readings[c->head].counter, now) > c->horizon_s) {
		c->head = (c->head + 1) % CHECKER_READINGS;
		c->count--;
	}
}

/* By how much the line leaves the interval that was read; not positive: it does not. */
static double outside_ns(const struct checker *c, const struct publication *p,
			 const struct reading *r)
{
	double time_ns = line_ns(c, p, r->counter);

	return fmax(r->earliest_ns - time_ns, time_ns - r->latest_ns);
}

static void check_nesting(struct checker *c, uint64_t now, const struct publication *p,
			  bool at_limit)
{
	for (unsigned int i = 0; i < c->count; i++) {
		struct reading *r = &c->readings[(c->head + i) % CHECKER_READINGS];

		if (age_s(c, r->published, now) > r->kept_s ||
		    outside_ns(c, p, r) <= NESTED_TOLERANCE_NS)
			continue;
		if (at_limit) {
			r->kept_s = -1;
			c->given_up++;
			continue;
		}
		fault(c, PROPERTY_NESTED, now, "%.3f s back the new line is %.2f ns outside",
		      age_s(c, r->counter, now), outside_ns(c, p, r));
		return;
	}
}

static void check_splice(struct checker *c, uint64_t now, const struct publication *p)
{
	double old_ns = line_ns(c, &c->last, now);
	double new_ns = line_ns(c, p, now);

	if (new_ns < old_ns - TOLERANCE_NS)
		fault(c, PROPERTY_MONOTONIC, now, "the new line is %.3f ns behind",
		      old_ns - new_ns);
	if (fabs(new_ns - old_ns) > TOLERANCE_NS)
		fault(c, PROPERTY_STEPLESS, now, "a step of %.3f ns", new_ns - old_ns);
}

void checker_publish(struct checker *c, uint64_t counter, const struct publication *publication,
		     bool at_limit)
{
	struct seen seen;

	c->publications++;
	checker_read(c, counter, &seen); /* the last look at the old page */
	forget_old(c, counter);
	if (c->have && publication->disrupted)
		c->disruptions++;
	if (publication->disrupted)
		c->count = 0;
	else if (c->have) {
		check_splice(c, counter, publication);
		check_nesting(c, counter, publication, at_limit);
	}
	c->last = *publication;
	c->last_at = counter;
	c->have = true;
	checker_read(c, counter, &seen);
}
