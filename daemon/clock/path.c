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
/* EARLY by a run: a density with a tail, soft as it may be, makes nothing impossible; but six in a
 * row before its first hundredth are no chance. */
static const double EARLY_RUN = 6.0;
static const double LEAST_QUANTILE = 0.01;
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
/* Delays closer than this many sd of their difference cannot be told apart. */
static const double ALIKE_SD = 3.0;

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
static void fold(struct path *path, struct bank *bank, const struct path_sample *s)
{
	double *offset = path->offset_ns;
	double sum = offset[REQUEST] + offset[REPLY];
	double over_least = 2.0 * s->delay_ns - path->least_round_trip_ns;

	if (path->one_way || sum <= 0.0 || over_least >= AGREE * sum)
		return;
	bank_fold_delays(bank);
	bank_shift(bank, 0.0, 0.0, s->pooled_median_ns * s->pooled_median_ns / 4.0);
	offset[REQUEST] = offset[REPLY] = 0.0;
	path->recent = 0;
	path->changes++;
}

/* What the bank has learned of an offset since, where the other direction is as it ever was. */
static void follow_offset(struct path *path, const struct bank *bank)
{
	double *offset = path->offset_ns;
	const double *delay = &bank->mix.mean[DELAY_NS];

	if (path->one_way)
		return;
	if (offset[REQUEST] > 0.0 && offset[REPLY] <= 0.0)
		offset[REQUEST] = fmax(0.0, delay[REQUEST] - delay[REPLY]);
	else if (offset[REPLY] > 0.0 && offset[REQUEST] <= 0.0)
		offset[REPLY] = fmax(0.0, delay[REPLY] - delay[REQUEST]);
}

static bool before_base(const struct path_sample *s, int d)
{
	return s->late_ns[d] < -EARLY_SD * s->late_sd_ns[d];
}

/* Counts what comes too early; true when it is more than chance. */
static bool comes_early(struct path *path, const struct oneway_dictionary *dict,
			const struct path_sample *s, int d)
{
	const struct oneway *density = s->density[d];
	double late = s->late_ns[d];
	double least = oneway_quantile(density, dict, LEAST_QUANTILE);
	double floor = oneway_floor(dict, late);

	if (before_base(s, d) && floor > EARLY_FLOOR * oneway_pdf(density, late))
		path->early[d]++;
	else if (late > least && late < oneway_quantile(density, dict, 0.5))
		path->early[d] = 0;
	path->early_run[d] = before_base(s, d) && late < least ? path->early_run[d] + 1 : 0;
	return path->early[d] >= EARLY_TIMES || path->early_run[d] * s->exponent >= EARLY_RUN;
}

/* Number of latest samples that call for EARLY, 0 for none. */
static unsigned int early_trigger(struct path *path, const struct oneway_dictionary *dict,
				  const struct path_sample *s)
{
	double shorter = -SHORTER_SD * s->delay_sd_ns - s->pooled_median_ns;
	bool early = false;

	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		if (comes_early(path, dict, s, d))
			early = true;
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

/* The direction's delay is what it was on the best path, or less of an offset than before. */
static void reduce_offset(struct path *path, struct bank *bank, const struct path_sample *s, int d,
			  double left)
{
	double less = path->offset_ns[d] - left;

	path->offset_ns[d] = left;
	if (left <= 0.0 && path->offset_ns[DIRECTIONS - 1 - d] <= 0.0 && !path->one_way)
		bank_copy_delay(bank, d);
	else
		bank_shift_delay(bank, d, -less, s->pooled_median_ns * s->pooled_median_ns);
}

/* A path that had become longer is shorter again: its offset ends, the clock stays. */
static bool end_offsets(struct path *path, struct bank *bank, const struct path_sample *s,
			unsigned int among)
{
	bool ended = false;

	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		double offset = path->offset_ns[d];
		double least = least_late(path, d, among);
		double left = fmax(0.0, offset + least);

		if (offset <= 0.0 || least >= 0.0 || least <= -OFFSET_REACH * offset)
			continue;
		reduce_offset(path, bank, s, d, left < AGREE * offset ? 0.0 : left);
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
static bool anchor(struct path *path, struct bank *bank, const struct path_sample *s,
		   unsigned int among)
{
	double var = s->pooled_median_ns * s->pooled_median_ns;
	unsigned int best = ago(path, 0);
	double request, reply;

	for (unsigned int i = 1; i < known(path, among); i++)
		if (path->round_trip_ns[ago(path, i)] < path->round_trip_ns[best])
			best = ago(path, i);
	request = path->late_ns[REQUEST][best];
	reply = path->late_ns[REPLY][best];
	path->offset_ns[REQUEST] = path->offset_ns[REPLY] = 0.0;
	if (path->one_way) {
		bank_shift(bank, -reply, 0.0, var);
	} else {
		bank_fold_delays(bank);
		bank_shift(bank, (request - reply) / 2.0, (request + reply) / 2.0, var);
	}
	return anchors_too_often(path);
}

static bool early(struct path *path, struct bank *bank, const struct path_sample *s,
		  unsigned int among)
{
	bool relearn = false;

	if (!end_offsets(path, bank, s, among))
		relearn = anchor(path, bank, s, among);
	path->shorter = 0;
	path->early[REQUEST] = path->early[REPLY] = 0;
	path->early_run[REQUEST] = path->early_run[REPLY] = 0;
	path->recent = 0;
	path->changes++;
	return relearn;
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

/*
 * By how much a direction's latest samples have shifted as one, 0 when they have not; and how far
 * they spread above their least, which is how badly that is known.
 */
static double late_shift(const struct path *path, const struct oneway_dictionary *dict,
			 const struct path_sample *s, int d, int rule, double *spread)
{
	unsigned int count = (unsigned int)(LATE_WINDOW[rule] / s->exponent);
	double above = oneway_quantile(s->density[d], dict, LATE_QUANTILE[rule]);
	double latest[PATH_WINDOW], shift;

	if (path->recent < count || least_late(path, d, count) <= above)
		return 0.0;
	for (unsigned int i = 0; i < count; i++)
		latest[i] = path->late_ns[d][ago(path, i)];
	sort_ascending(latest, count);
	*spread = latest[count * 3 / 4] - latest[0];
	shift = latest[0] - oneway_quantile(s->density[d], dict, BASE_QUANTILE);
	return shift > SHIFT_OVER_SPREAD * *spread ? shift : 0.0;
}

/* Both directions have become longer by the same, as far as anybody can tell: it is symmetric. */
static bool shifted_alike(const struct path *path, const struct bank *bank)
{
	const struct moments *mix = &bank->mix;
	const double *offset = path->offset_ns;
	double apart = mix->mean[DELAY_NS + REQUEST] - mix->mean[DELAY_NS + REPLY];
	double var = mix->cov[DELAY_NS + REQUEST][DELAY_NS + REQUEST] +
		     mix->cov[DELAY_NS + REPLY][DELAY_NS + REPLY] -
		     2.0 * mix->cov[DELAY_NS + REQUEST][DELAY_NS + REPLY];

	return offset[REQUEST] > 0.0 && offset[REPLY] > 0.0 &&
	       fabs(offset[REQUEST] - offset[REPLY]) < AGREE * (offset[REQUEST] + offset[REPLY]) &&
	       apart * apart < ALIKE_SD * ALIKE_SD * var;
}

/* LATE: a direction has become longer; the clock has not moved. */
static void late(struct path *path, struct bank *bank, const struct oneway_dictionary *dict,
		 const struct path_sample *s)
{
	double *offset = path->offset_ns;
	bool changed = false;

	if (LATE_WINDOW[LATE_RULES - 1] / s->exponent > PATH_WINDOW)
		return;
	for (int d = first_direction(path); d < DIRECTIONS; d++) {
		double spread = 0.0;
		double shift = late_shift(path, dict, s, d, 0, &spread);

		if (shift <= 0.0)
			shift = late_shift(path, dict, s, d, 1, &spread);
		if (shift <= 0.0)
			continue;
		offset[d] += shift;
		bank_shift_delay(bank, d, shift, spread * spread);
		for (unsigned int i = 0; i < PATH_WINDOW; i++)
			path->late_ns[d][i] -= shift;
		path->changes++;
		changed = true;
	}
	if (changed && shifted_alike(path, bank)) {
		offset[REQUEST] = offset[REPLY] = (offset[REQUEST] + offset[REPLY]) / 2.0;
		bank_average_delays(bank);
	}
}

bool path_judge(struct path *path, struct bank *bank, const struct oneway_dictionary *dict,
		const struct path_sample *sample)
{
	unsigned int among;

	record(path, sample);
	if (path->samples <= JUDGE_AFTER)
		return false;
	path->least_round_trip_ns = fmin(path->least_round_trip_ns, sample->round_trip_ns);
	follow_offset(path, bank);
	fold(path, bank, sample);
	among = early_trigger(path, dict, sample);
	if (among > 0)
		return early(path, bank, sample, among);
	late(path, bank, dict, sample);
	return false;
}
