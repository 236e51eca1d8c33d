/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the path, told from changes of the clock: FOLD, EARLY and LATE. */
#include "path.h"

#include <math.h>
#include <string.h>

/* Densities and base delay have to be known before they can be contradicted. */
static const uint64_t JUDGE_AFTER = 100;

/* Two figures agree when they differ by less than this share of the offsets in question. */
static const double AGREE = 0.1;

/* EARLY: this many sd of the state before the base, and rather the floor than the density. */
static const double EARLY_SD = 8.0;
static const double EARLY_FLOOR = 0.5;
enum { EARLY_TIMES = 3 };
/* EARLY by round trip, in which no phase is: 3 of 16 shorter by 16 sd of the base and a median. */
static const double SHORTER_SD = 16.0;
enum { SHORTER_OF = 0xffff, SHORTER_TIMES = 3 };
/* Samples among which the one of least round trip becomes the new anchor, by trigger. */
enum { ANCHOR_AMONG_EARLY = 3, ANCHOR_AMONG_SHORTER = 8 };
/* An offset is reduced, not the clock anchored, when the path shortened by at most this much. */
static const double OFFSET_REACH = 1.2;
/* So many anchors in so few samples: what was learned does not fit this path. */
static const uint64_t RELEARN_WITHIN = 512;

/* LATE: the latest so many all above a high quantile, or more all above the median. */
static const double LATE_WINDOW[] = {10.0, 32.0};
static const double LATE_QUANTILE[] = {0.9, 0.5};
enum { LATE_RULES = 2 };
/* A shift moves the minimum by more than this times what the window spreads above it; load spreads.
 */
static const double SHIFT_OVER_SPREAD = 3.0;
static const double BASE_QUANTILE = 0.02;

void path_reset(struct path *path, bool one_way)
{
	memset(path, 0, sizeof(*path));
	path->one_way = one_way;
	path->least_round_trip_ns = INFINITY;
}

static int first_direction(const struct path *path)
{
	return path->one_way ? REPLY : REQUEST;
}

/* Ring index of the sample that is `back` before the newest. */
static unsigned int ago(const struct path *path, unsigned int back)
{
	return (path->recent + PATH_WINDOW - 1 - back) % PATH_WINDOW;
}

static unsigned int known(const struct path *path, unsigned int wanted)
{
	return path->recent < wanted ? path->recent : wanted;
}

static double least_late(const struct path *path, int d, unsigned int count)
{
	double least = INFINITY;

	for (unsigned int i = 0; i < known(path, count); i++)
		least = fmin(least, path->late_ns[d][ago(path, i)]);
	return least;
}

static void record(struct path *path, const struct path_sample *s)
{
	unsigned int slot = path->recent % PATH_WINDOW;

	path->late_ns[REQUEST][slot] = s->late_ns[REQUEST];
	path->late_ns[REPLY][slot] = s->late_ns[REPLY];
	path->round_trip_ns[slot] = s->round_trip_ns;
	path->recent++;
	if (path->recent == 2 * PATH_WINDOW)
		path->recent = PATH_WINDOW;
	path->samples++;
}

/* FOLD: as short as ever, so symmetric as ever; the offsets were the clock's error. */
static void fold(struct path *path, const struct path_sample *s, struct path_verdict *verdict)
{
	double *offset = path->offset_ns;
	double sum = offset[REQUEST] + offset[REPLY];
	double over_least = 2.0 * s->delay_ns + sum - path->least_round_trip_ns;

	if (path->one_way || sum <= 0.0 || over_least >= AGREE * sum)
		return;
	verdict->moved = true;
	verdict->phase_ns += (offset[REQUEST] - offset[REPLY]) / 2.0;
	verdict->delay_ns += sum / 2.0;
	verdict->var_ns2 += s->pooled_median_ns * s->pooled_median_ns / 4.0;
	offset[REQUEST] = offset[REPLY] = 0.0;
	path->recent = 0;
	path->changes++;
}

static bool impossibly_early(const struct path_sample *s, const struct oneway_dictionary *dict,
			     int d)
{
	double late = s->late_ns[d];

	return late < -EARLY_SD * s->late_sd_ns[d] &&
	       oneway_floor(dict, late) > EARLY_FLOOR * oneway_pdf(s->density[d], late);
}

static bool ordinary(const struct path_sample *s, const struct oneway_dictionary *dict, int d)
{
	double late = s->late_ns[d];

	return late < oneway_quantile(s->density[d], dict, 0.5) &&
	       late > oneway_quantile(s->density[d], dict, 0.01);
}

/* Number of latest samples that call for EARLY, 0 for none. */
static unsigned int early_trigger(struct path *path, const struct oneway_dictionary *dict,
				  const struct path_sample *s)
{
	double shorter = -SHORTER_SD * s->delay_sd_ns - s->pooled_median_ns;
	bool early = false;

	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		if (impossibly_early(s, dict, d))
			early |= ++path->early[d] >= EARLY_TIMES;
		else if (ordinary(s, dict, d))
			path->early[d] = 0;
	}
	path->shorter <<= 1;
	if (!path->one_way && s->late_ns[REQUEST] + s->late_ns[REPLY] < shorter)
		path->shorter |= 1;
	if (early)
		return ANCHOR_AMONG_EARLY;
	if (__builtin_popcount(path->shorter & SHORTER_OF) >= SHORTER_TIMES)
		return ANCHOR_AMONG_SHORTER;
	return 0;
}

/* A path that had become longer is shorter again: its offset ends, the clock stays. */
static bool end_offsets(struct path *path, unsigned int among)
{
	bool ended = false;

	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		double *offset = &path->offset_ns[d];
		double least = least_late(path, d, among);
		double left = fmax(0.0, *offset + least);

		if (*offset <= 0.0 || least >= 0.0 || least <= -OFFSET_REACH * *offset)
			continue;
		*offset = left < AGREE * *offset ? 0.0 : left;
		ended = true;
	}
	return ended;
}

static bool anchors_too_often(struct path *path)
{
	memmove(&path->anchors[1], &path->anchors[0],
		sizeof(path->anchors[0]) * (PATH_ANCHORS - 1));
	path->anchors[0] = path->samples;
	if (path->anchors[PATH_ANCHORS - 1] == 0 ||
	    path->anchors[0] - path->anchors[PATH_ANCHORS - 1] >= RELEARN_WITHIN)
		return false;
	memset(path->anchors, 0, sizeof(path->anchors));
	return true;
}

/* The clock itself has moved: the sample of least round trip says where to. */
static void anchor(struct path *path, const struct path_sample *s, unsigned int among,
		   struct path_verdict *verdict)
{
	unsigned int best = ago(path, 0);
	double request, reply;

	for (unsigned int i = 1; i < known(path, among); i++)
		if (path->round_trip_ns[ago(path, i)] < path->round_trip_ns[best])
			best = ago(path, i);
	request = path->late_ns[REQUEST][best] + path->offset_ns[REQUEST];
	reply = path->late_ns[REPLY][best] + path->offset_ns[REPLY];
	path->offset_ns[REQUEST] = path->offset_ns[REPLY] = 0.0;

	verdict->moved = true;
	verdict->phase_ns += path->one_way ? -reply : (request - reply) / 2.0;
	verdict->delay_ns += path->one_way ? 0.0 : (request + reply) / 2.0;
	verdict->var_ns2 += s->pooled_median_ns * s->pooled_median_ns;
	verdict->relearn = anchors_too_often(path);
}

static void early(struct path *path, const struct path_sample *s, unsigned int among,
		  struct path_verdict *verdict)
{
	if (!end_offsets(path, among))
		anchor(path, s, among, verdict);
	path->shorter = 0;
	path->early[REQUEST] = path->early[REPLY] = 0;
	path->recent = 0;
	path->changes++;
}

static void sort_ascending(double *values, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		double value = values[i];
		unsigned int j = i;

		for (; j > 0 && values[j - 1] > value; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

/* By how much a direction's latest samples have shifted as one, 0 when they have not. */
static double late_shift(const struct path *path, const struct oneway_dictionary *dict,
			 const struct path_sample *s, int d, int rule)
{
	unsigned int count = (unsigned int)(LATE_WINDOW[rule] / s->exponent);
	double above = oneway_quantile(s->density[d], dict, LATE_QUANTILE[rule]);
	double latest[PATH_WINDOW], least, upper, base;

	if (path->recent < count || least_late(path, d, count) <= above)
		return 0.0;
	for (unsigned int i = 0; i < count; i++)
		latest[i] = path->late_ns[d][ago(path, i)];
	sort_ascending(latest, count);
	least = latest[0];
	upper = latest[count * 3 / 4];
	base = oneway_quantile(s->density[d], dict, BASE_QUANTILE);
	return least - base > SHIFT_OVER_SPREAD * (upper - least) ? least - base : 0.0;
}

/* LATE: a direction has become longer; the clock has not moved. */
static void late(struct path *path, const struct oneway_dictionary *dict,
		 const struct path_sample *s)
{
	double *offset = path->offset_ns;
	bool changed = false;

	if (LATE_WINDOW[LATE_RULES - 1] / s->exponent > PATH_WINDOW)
		return;
	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		double shift = late_shift(path, dict, s, d, 0);

		if (shift <= 0.0)
			shift = late_shift(path, dict, s, d, 1);
		if (shift <= 0.0)
			continue;
		offset[d] += shift;
		for (unsigned int i = 0; i < PATH_WINDOW; i++)
			path->late_ns[d][i] -= shift;
		path->changes++;
		changed = true;
	}
	if (changed && offset[REQUEST] > 0.0 && offset[REPLY] > 0.0 &&
	    fabs(offset[REQUEST] - offset[REPLY]) < AGREE * (offset[REQUEST] + offset[REPLY]))
		offset[REQUEST] = offset[REPLY] = (offset[REQUEST] + offset[REPLY]) / 2.0;
}

void path_judge(struct path *path, const struct oneway_dictionary *dict,
		const struct path_sample *sample, struct path_verdict *verdict)
{
	unsigned int among;

	*verdict = (struct path_verdict){0};
	record(path, sample);
	if (path->samples <= JUDGE_AFTER)
		return;
	path->least_round_trip_ns = fmin(path->least_round_trip_ns, sample->round_trip_ns);
	fold(path, sample, verdict);
	among = early_trigger(path, dict, sample);
	if (among > 0)
		early(path, sample, among, verdict);
	else
		late(path, dict, sample);
}
