// SPDX-License-Identifier: GPL-2.0-or-later
/* The published line: splice, slew, errors, status, and when it has to be renewed. */
#include "steer.h"

#include <math.h>

#include "discipline_state.h"

/*
 * A correction takes this long when nothing limits it. A little more than the shortest poll: there
 * the next sample renews the line before the slew ends, and no wake-up is added for its end.
 * Shorter ones would tilt the line more, and leave more of what was said before, for 1 % of
 * accuracy.
 */
#define SLEW_S 1.25
/* A line of the daemon's last life that would have to slew for longer than this steps instead. */
#define RESUME_SLEW_S 60.0
/* A gap below this share of the estimated error, but at most 1 ns, is left open. */
#define NEGLIGIBLE_SHARE 0.02
#define NEGLIGIBLE_NS 1.0
/* A rate that old promises keep this far from the estimate is looked at again. */
#define HELD_BACK_PPB 0.1

/* Of the last published interval. */
static double last_half_width_ns(const struct discipline *d, uint64_t now)
{
	const struct publication *last = &d->totals.last;

	return last->max_error_ns +
	       last->max_rate_error_ppb * fabs(elapsed_s(d, now, last->line.counter));
}

/*
 * What the sources say and the last published interval have nothing in common: that one was wrong,
 * or they are. Readers are told by the marker either way.
 */
static bool contradicts_published(const struct discipline *d, uint64_t now)
{
	const struct interval *b = &d->said;
	double ahead_ns = line_minus(&d->totals.last.line, d->ns_per_tick, now, b->base_ns, 0);
	double half_ns = last_half_width_ns(d, now) - d->doubt_ns;

	return ahead_ns - half_ns > b->hi_ns || ahead_ns + half_ns < b->lo_ns;
}

/* Where the line should be: the estimate, but never outside the bound. */
static double target_minus(const struct discipline *d, const struct line *line, uint64_t now)
{
	const struct interval *b = &d->totals.interval;
	const struct estimate *e = &d->totals.estimate;
	double target_ns = (double)(e->time_ns - b->base_ns) + e->frac_ns;

	target_ns = fmin(fmax(target_ns, b->lo_ns), b->hi_ns);
	return target_ns - line_minus(line, d->ns_per_tick, now, b->base_ns, 0);
}

static bool negligible(const struct discipline *d, double gap_ns)
{
	double share_ns = NEGLIGIBLE_SHARE * sqrt(d->totals.estimate.phase_var_ns2);

	return fabs(gap_ns) <= fmin(share_ns, NEGLIGIBLE_NS);
}

/*
 * The rate of the next piece of line: the estimate's, and a part that closes the gap. Old intervals
 * bound that part, and max-slew bounds them: a rate that was far off is not kept for their sake.
 */
static double slewing_rate(struct discipline *d, const struct line *from, double gap_ns)
{
	double rate_ppb = d->totals.estimate.rate_ppb;
	double slew_ppb = negligible(d, gap_ns) ? 0 : gap_ns / SLEW_S;
	double most_ppb = d->config.max_slew_ppb;

	slew_ppb = fmin(fmax(slew_ppb, -most_ppb), most_ppb);
	slew_ppb = nesting_nearest_rate(&d->nesting, from, rate_ppb + slew_ppb) - rate_ppb;
	return rate_ppb + fmin(fmax(slew_ppb, -most_ppb), most_ppb);
}

/* The line from now on. */
static struct line next_line(struct discipline *d, uint64_t now, bool step)
{
	const struct estimate *e = &d->totals.estimate;
	struct line line = {now, e->time_ns, e->frac_ns, e->rate_ppb};
	double gap_ns;

	if (step) {
		gap_ns = target_minus(d, &line, now);
		line.frac_ns += gap_ns;
		line_move(&line, d->ns_per_tick, now);
		d->totals.remaining_ns = 0;
		return line;
	}
	line = d->totals.last.line;
	line_move(&line, d->ns_per_tick, now);
	gap_ns = target_minus(d, &line, now);
	line.rate_ppb = slewing_rate(d, &line, gap_ns);
	d->totals.remaining_ns = gap_ns;
	return line;
}

static double farther_side_ns(const struct interval *b, double ahead_ns)
{
	return fmax(b->hi_ns - ahead_ns, ahead_ns - b->lo_ns);
}

/* Errors of the line as readers are told them, from the bound and the estimate. */
static void fill_errors(struct discipline *d, struct publication *p)
{
	const struct interval *b = &d->totals.interval;
	const struct estimate *e = &d->totals.estimate;
	double ahead_ns = line_minus(&p->line, d->ns_per_tick, p->line.counter, b->base_ns, 0);
	double slew_ppb = p->line.rate_ppb - e->rate_ppb;
	double gap_ns = d->totals.remaining_ns;

	p->max_error_ns = farther_side_ns(b, ahead_ns);
	d->doubt_ns = p->max_error_ns - farther_side_ns(&d->said, ahead_ns);
	p->max_rate_error_ppb =
		fmax(b->rate_hi_ppb - p->line.rate_ppb, p->line.rate_ppb - b->rate_lo_ppb);
	/* While little is known the estimate is less sure than the bound, which it cannot leave. */
	p->est_error_ns = fmin(sqrt(e->phase_var_ns2 + gap_ns * gap_ns), p->max_error_ns);
	p->gap_ns = gap_ns;
	p->slew_ppb = slew_ppb;
	p->est_rate_error_ppb = sqrt(e->rate_var_ppb2 + slew_ppb * slew_ppb);
}

/* Why, in a sentence: there is a majority. */
static const char *why_synchronized(const struct discipline_totals *t, bool has_past)
{
	if (t->truechimers > 1)
		return "a majority of the sources agrees";
	return has_past ? "one source, in line with what a majority said before"
			: "one source only: nobody confirms it";
}

/*
 * Without a majority the last one's bound is held over. Where that was a single source and others
 * now say that it lied, nothing is known.
 */
static void decide_status(struct discipline *d, bool majority, struct publication *p)
{
	struct discipline_totals *t = &d->totals;

	if (p->max_error_ns > d->config.unreliable_above_ns) {
		p->status = DISCIPLINE_UNRELIABLE;
		t->why = "the bound exceeds unreliable-above";
	} else if (majority) {
		p->status = DISCIPLINE_SYNCHRONIZED;
		t->why = why_synchronized(t, d->has_past);
	} else if (!d->voter_count) {
		p->status = DISCIPLINE_FREERUNNING;
		t->why = "no source is usable: holding over";
	} else if (d->has_past) {
		p->status = DISCIPLINE_FREERUNNING;
		t->why = d->voter_count > 1
				 ? "the sources disagree: holding over what a majority "
				   "said last"
				 : "the only source left contradicts what a majority said: "
				   "holding over";
	} else {
		p->status = DISCIPLINE_UNRELIABLE;
		t->why = "the sources disagree and no majority ever confirmed one";
	}
	t->status = p->status;
}

static uint64_t sooner(uint64_t a, uint64_t b, uint64_t now)
{
	if (a == UINT64_MAX || b == UINT64_MAX)
		return a == UINT64_MAX ? b : a;
	return counter_diff(a, now) < counter_diff(b, now) ? a : b;
}

/* When the slew is over, a source falls silent, or the bound passes the limit. */
static void plan_deadline(struct discipline *d, uint64_t now)
{
	const struct publication *p = &d->totals.last;
	double slew_ppb = p->line.rate_ppb - d->totals.estimate.rate_ppb;
	double gap_ns = d->totals.remaining_ns;

	d->deadline = UINT64_MAX;
	d->totals.slew_ppb = slew_ppb;
	if (!negligible(d, gap_ns) && gap_ns * slew_ppb > 0)
		d->deadline = now + ticks_of(d, fmin(gap_ns / slew_ppb, 3600));
	else if (!negligible(d, gap_ns) || fabs(slew_ppb) > HELD_BACK_PPB)
		d->deadline = now + ticks_of(d, SLEW_S);
	for (unsigned int i = 0; i < d->member_count; i++) {
		const struct discipline_source_status *st = &d->voters[i]->status;
		uint64_t silent = st->last_counter + ticks_of(d, REACH_POLLS * st->poll_s + 1.001);

		d->deadline = sooner(d->deadline, silent, now);
	}
	if (p->status != DISCIPLINE_UNRELIABLE) {
		double left_ns = d->config.unreliable_above_ns - p->max_error_ns;
		double left_s = left_ns / fmax(p->max_rate_error_ppb, 1);

		d->deadline =
			sooner(d->deadline, now + ticks_of(d, fmin(left_s, 1e6) + 0.001), now);
	}
}

/* Readers between now and the next publication; and those of the page that ends now. */
static void remember_promises(struct discipline *d, uint64_t now, const struct publication *next)
{
	if (d->totals.has_line && !next->disrupted)
		nesting_add(&d->nesting, &d->totals.last.line, now, last_half_width_ns(d, now),
			    &d->totals.estimate);
	nesting_add(&d->nesting, &next->line, now, next->max_error_ns, &d->totals.estimate);
}

/*
 * A line from the daemon's last life, killed in mid-slew perhaps and read for hours since, may be
 * so far off that slewing would take longer than readers can wait.
 */
static bool resumed_too_far(struct discipline *d, uint64_t now, bool majority)
{
	double gap_ns;

	if (!d->resumed || !majority)
		return false;
	d->resumed = false;
	gap_ns = target_minus(d, &d->totals.last.line, now);
	return fabs(gap_ns) > RESUME_SLEW_S * d->config.max_slew_ppb;
}

/* The line has to break: with a new marker, and beginning at the estimate. */
static bool breaks(struct discipline *d, uint64_t now, bool majority)
{
	if (d->step || !d->totals.has_line)
		return d->marker;
	if (d->refused)
		return true;
	if (contradicts_published(d, now)) {
		d->totals.nesting_violations++;
		return true;
	}
	return resumed_too_far(d, now, majority);
}

void steer_publish(struct discipline *d, uint64_t now, bool majority, struct publication *out)
{
	bool step;

	*out = (struct publication){.disrupted = breaks(d, now, majority)};
	step = out->disrupted || d->step || !d->config.monotonic;
	if (out->disrupted) {
		d->totals.disruptions++;
		nesting_clear(&d->nesting);
	}
	out->line = next_line(d, now, step);
	fill_errors(d, out);
	decide_status(d, majority, out);
	out->kept_s = nesting_kept_s(&d->nesting, &d->totals.estimate, out->max_error_ns);
	if (d->config.monotonic)
		remember_promises(d, now, out);
	d->totals.last = *out;
	d->totals.has_line = true;
	d->totals.publications++;
	d->step = false;
	d->refused = false;
	d->marker = false;
	d->warned = false;
	plan_deadline(d, now);
}

bool steer_warn(struct discipline *d, uint64_t now, struct publication *out)
{
	if (!d->marker || d->warned || !d->totals.has_line)
		return false;
	*out = d->totals.last;
	line_move(&out->line, d->ns_per_tick, now);
	out->status = DISCIPLINE_UNRELIABLE;
	out->max_error_ns = out->est_error_ns =
		INFINITY; /* what was true of the counter is no more */
	out->max_rate_error_ppb = out->est_rate_error_ppb = INFINITY;
	out->disrupted = true;
	d->totals.disruptions++;
	d->totals.publications++;
	d->totals.last = *out;
	d->warned = true; /* the next line may step too: its readers are told by a marker again */
	return true;
}

void publication_move(struct publication *publication, double ns_per_tick, uint64_t counter)
{
	double since_s = (double)counter_diff(counter, publication->line.counter) * ns_per_tick *
			 1e-9;

	line_move(&publication->line, ns_per_tick, counter);
	publication->max_error_ns += fabs(since_s) * publication->max_rate_error_ppb;
	publication->est_error_ns += fabs(since_s) * publication->est_rate_error_ppb;
	publication->gap_ns -= since_s * publication->slew_ppb;
}
