// SPDX-License-Identifier: GPL-2.0-or-later
/* Which edges of a source are its pulses, and which second each of them marks. */
#include "pulse.h"

#include <errno.h>
#include <math.h>

/* The counter's nominal rate and the pulse's may be so far apart before the period is learned... */
#define RATE_UNKNOWN 500e-6
/* ... and what has been learned over a minute or so may be so far off: warmth. */
#define RATE_LEARNED 2e-6
#define LEARN_SECONDS 64
/* So many edges that agree with each other and not with the pulse: it has moved. */
#define EDGES_TO_MOVE 4
#define WIDTHS_TO_MOVE 4
/* Others name another second so often in a row: they are right. */
#define LABELS_TO_MOVE 8
/* Seconds are counted over a gap of so many. */
#define GAP_MAX_S 600

void pulse_init(struct pulse *p, double ns_per_tick, double max_jitter_ns)
{
	*p = (struct pulse){
		.ns_per_tick = ns_per_tick,
		.max_jitter_ns = max_jitter_ns > 0 ? max_jitter_ns : PULSE_MAX_JITTER_NS,
	};
}

void pulse_reset(struct pulse *p)
{
	const struct pulse_counts counts = p->counts;

	pulse_init(p, p->ns_per_tick, p->max_jitter_ns);
	p->counts = counts;
}

static void row_begin(struct pulse_row *row, const struct event_edge *edge)
{
	*row = (struct pulse_row){.edges = 1,
				  .last = edge->c_edge,
				  .anchor = edge->c_edge,
				  .period_ns = 1e9,
				  .period_off = RATE_UNKNOWN,
				  .uncertainty_ticks = edge->uncertainty_ticks};
}

/* Whole seconds from the row's last edge to this one, at least 1; 0: it stands elsewhere. */
static int64_t row_seconds_to(const struct pulse *p, const struct pulse_row *row, uint64_t counter)
{
	double since_ns = (double)counter_diff(counter, row->last) * p->ns_per_tick;
	double seconds = round(since_ns / row->period_ns);
	double reach_ns = p->max_jitter_ns + row->period_off * seconds * 1e9;

	if (!row->edges || seconds < 1 || seconds > GAP_MAX_S)
		return 0;
	if (fabs(since_ns - seconds * row->period_ns) > reach_ns)
		return 0;
	return (int64_t)seconds;
}

static void learn_period(const struct pulse *p, struct pulse_row *row)
{
	double counted_ns = (double)counter_diff(row->last, row->anchor) * p->ns_per_tick;
	double seconds = (double)row->seconds;

	row->period_ns = counted_ns / seconds;
	row->period_off = p->max_jitter_ns / (seconds * 1e9) + RATE_LEARNED;
	row->anchor = row->last;
	row->seconds = 0;
}

static void row_extend(struct pulse *p, struct pulse_row *row, const struct event_edge *edge,
		       int64_t seconds)
{
	p->before = row->last;
	p->before_seconds = seconds;
	p->before_uncertainty_ticks = row->uncertainty_ticks;
	row->last = edge->c_edge;
	row->uncertainty_ticks = edge->uncertainty_ticks;
	row->seconds += seconds;
	row->edges++;
	if (row->seconds >= LEARN_SECONDS)
		learn_period(p, row);
}

/* An edge that is none of the row's: the start of another row, or the next in it. True: that one
 * has become the pulse. */
static bool follow_other(struct pulse *p, const struct event_edge *edge)
{
	int64_t seconds = row_seconds_to(p, &p->other, edge->c_edge);

	if (seconds)
		row_extend(p, &p->other, edge, seconds);
	else
		row_begin(&p->other, edge);
	/* Nothing says that a first edge without a second was a pulse. */
	if (p->other.edges < (p->row.edges == 1 ? 2 : EDGES_TO_MOVE))
		return false;
	p->row = p->other;
	p->other.edges = 0;
	p->width_ns = 0;
	p->labelled = false;
	return true;
}

/* Pulses are all as long as each other, or it was not the pulse that caused this edge. */
static bool width_fits(struct pulse *p, double width_ns)
{
	if (!(width_ns > 0 && width_ns < 1e9)) /* only one edge is seen, or was missed */
		return true;
	if (!(p->width_ns > 0) || fabs(width_ns - p->width_ns) <= 2 * p->max_jitter_ns) {
		p->width_ns = width_ns;
		p->widths = 0;
		return true;
	}
	if (fabs(width_ns - p->other_width_ns) > 2 * p->max_jitter_ns)
		p->widths = 0;
	p->other_width_ns = width_ns;
	if (++p->widths < WIDTHS_TO_MOVE)
		return false;
	p->width_ns = width_ns;
	p->widths = 0;
	return true;
}

static enum pulse_verdict refuse(struct pulse *p, const struct event_edge *edge)
{
	double since_ns = (double)counter_diff(edge->c_edge, p->row.last) * p->ns_per_tick;

	if (follow_other(p, edge)) {
		p->counts.good++;
		return PULSE_GOOD;
	}
	if (since_ns < 0.5e9) {
		p->counts.doubles++;
		return PULSE_DOUBLE;
	}
	p->counts.wild++;
	return PULSE_WILD;
}

enum pulse_verdict pulse_add(struct pulse *p, const struct event_edge *edge)
{
	int64_t seconds;

	if (!p->row.edges) {
		row_begin(&p->row, edge);
		return PULSE_FIRST;
	}
	seconds = row_seconds_to(p, &p->row, edge->c_edge);
	if (!seconds)
		return refuse(p, edge);
	if (!width_fits(p, edge->since_other_ticks * p->ns_per_tick)) {
		p->counts.width++;
		return PULSE_WIDTH;
	}
	row_extend(p, &p->row, edge, seconds);
	p->other.edges = 0;
	p->second += seconds;
	p->counts.good++;
	p->counts.missed += (uint64_t)seconds - 1;
	return PULSE_GOOD;
}

static void name(struct pulse *p, int64_t second)
{
	p->labelled = true;
	p->second = second;
	p->mislabelled = 0;
}

int pulse_label(struct pulse *p, const int64_t *others, int64_t *second, bool *renamed)
{
	*renamed = false;
	if (!others && (!p->labelled || p->mislabelled)) {
		p->counts.unlabelled++;
		return -EAGAIN;
	}
	if (others && p->labelled && *others != p->second) {
		p->counts.mislabelled++;
		if (++p->mislabelled < LABELS_TO_MOVE)
			return -ERANGE;
		*renamed = true;
	}
	if (others)
		name(p, *others);
	*second = p->second;
	return 0;
}
