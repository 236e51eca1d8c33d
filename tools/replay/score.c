/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far the published lines are from the truth, and whether they admit it. */
#include "score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)

/* Converged: the RMS over this long, beginning now or at any later time, is under the threshold. */
static const double CONVERGED_OVER_S = 300;

/* Error of the line at the truth. Whole nanoseconds are subtracted before anything is rounded. */
static double line_error_ns(const struct line *line, double ns_per_tick, uint64_t counter,
			    int64_t tai_ns)
{
	double frac_ns;
	int64_t time_ns = line_time(line, ns_per_tick, counter, &frac_ns);

	return (double)(time_ns - tai_ns) + frac_ns;
}

/* False in the seconds next to a leap second, whose UTC may mean either of two. */
static bool truth_tai_ns(const struct played *played, const struct truth *truth, int64_t *tai_ns)
{
	int64_t utc_s = truth->t_ns / NS_PER_S;

	*tai_ns = truth->t_ns + leap_tai_offset_s(&played->leaps, utc_s) * NS_PER_S;
	return !calendar_is_ambiguous(&played->leaps, utc_s, 1);
}

static void measure(const struct recording *r, const struct publication *p,
		    const struct truth *truth, int64_t tai_ns, struct point *out)
{
	double since_ns = (double)counter_diff(truth->c, p->line.counter) * r->ns_per_tick;
	double distance_ns = fabs(since_ns);

	out->t_s = (double)(truth->t_ns - r->truths[0].t_ns) * 1e-9;
	out->error_ns = line_error_ns(&p->line, r->ns_per_tick, truth->c, tai_ns);
	out->estimate_ns = out->error_ns + p->gap_ns - p->slew_ppb * 1e-9 * since_ns;
	out->bound_ns = p->max_error_ns + p->max_rate_error_ppb * 1e-9 * distance_ns;
	out->sigma_ns = p->est_error_ns + p->est_rate_error_ppb * 1e-9 * distance_ns;
	out->rate_error = NAN;
}

/* Against the mean true rate until the next truth of the same epoch. */
static double rate_error(const struct recording *r, const struct line *line, size_t index)
{
	const struct truth *a = &r->truths[index], *b = a + 1;
	double ticks_ns, excess_ns;

	if (index + 1 == r->truth_count || a->epoch != b->epoch)
		return NAN;
	ticks_ns = (double)counter_diff(b->c, a->c) * r->ns_per_tick;
	excess_ns = (double)(b->t_ns - a->t_ns) - ticks_ns;
	return line->rate_ppb * 1e-9 - excess_ns / ticks_ns;
}

/* True when publication `p` is in force at the truth, or was before it. */
static bool precedes(const struct published *p, const struct truth *truth)
{
	return p->epoch < truth->epoch ||
	       (p->epoch == truth->epoch && counter_diff(truth->c, p->at) >= 0);
}

/* When a publication was made: by the true time at the truth that follows it. */
static void date_publications(const struct recording *r, const struct played *played,
			      struct points *out)
{
	size_t next = 0;

	for (size_t i = 0; i < played->count; i++) {
		while (next + 1 < r->truth_count &&
		       !precedes(&played->published[i], &r->truths[next]))
			next++;
		out->published_s[i] = (double)(r->truths[next].t_ns - r->truths[0].t_ns) * 1e-9;
	}
}

int points_make(const struct recording *r, const struct played *played, struct points *out)
{
	size_t next = 0;

	memset(out, 0, sizeof(*out));
	out->points = calloc(r->truth_count + 1, sizeof(*out->points));
	out->published_s = calloc(played->count + 1, sizeof(*out->published_s));
	if (!out->points || !out->published_s) {
		points_free(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->truth_count; i++) {
		const struct published *in_force;
		struct point *point = &out->points[out->count];
		int64_t tai_ns;

		while (next < played->count && precedes(&played->published[next], &r->truths[i]))
			next++;
		in_force = next > 0 ? &played->published[next - 1] : NULL;
		if (!in_force || in_force->epoch != r->truths[i].epoch ||
		    !truth_tai_ns(played, &r->truths[i], &tai_ns))
			continue;
		measure(r, &in_force->publication, &r->truths[i], tai_ns, point);
		point->rate_error = rate_error(r, &in_force->publication.line, i);
		out->count++;
	}
	out->published_count = played->count;
	if (r->truth_count > 0)
		date_publications(r, played, out);
	return 0;
}

void points_free(struct points *points)
{
	free(points->points);
	free(points->published_s);
	memset(points, 0, sizeof(*points));
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* NAN for none. */
static int median_bound(const struct point *points, size_t count, double *out)
{
	double *bounds = calloc(count ? count : 1, sizeof(*bounds));

	*out = NAN;
	if (!bounds)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		bounds[i] = points[i].bound_ns;
	qsort(bounds, count, sizeof(*bounds), compare_doubles);
	if (count > 0)
		*out = (bounds[(count - 1) / 2] + bounds[count / 2]) / 2;
	free(bounds);
	return 0;
}

/*
 * The first time from which on no window of CONVERGED_OVER_S, beginning there or later, has an RMS
 * above the threshold. Walks backwards, keeping the sum over the window that begins at i.
 */
static double converged_s(const struct point *points, size_t count, double threshold_ns)
{
	double sum = 0, converged = NAN;
	size_t end = count;

	for (size_t i = count; i-- > 0;) {
		sum += points[i].error_ns * points[i].error_ns;
		while (points[end - 1].t_s >= points[i].t_s + CONVERGED_OVER_S) {
			end--;
			sum -= points[end].error_ns * points[end].error_ns;
		}
		if (!(sum < threshold_ns * threshold_ns * (double)(end - i)))
			break;
		converged = points[i].t_s;
	}
	return converged;
}

static void add_errors(const struct point *points, size_t count, struct score *out)
{
	double sum = 0, sum_squares = 0, estimate_squares = 0, rate_squares = 0;
	size_t rates = 0, within_1 = 0, within_3 = 0;

	out->max_ns = count ? 0 : NAN;
	for (size_t i = 0; i < count; i++) {
		const struct point *p = &points[i];
		double size_ns = fabs(p->error_ns);

		sum += p->error_ns;
		sum_squares += p->error_ns * p->error_ns;
		estimate_squares += p->estimate_ns * p->estimate_ns;
		out->max_ns = fmax(out->max_ns, size_ns);
		within_1 += size_ns <= p->sigma_ns;
		within_3 += size_ns <= 3 * p->sigma_ns;
		if (isnan(p->rate_error))
			continue;
		rate_squares += p->rate_error * p->rate_error;
		rates++;
	}
	out->points = count;
	out->rms_ns = sqrt(sum_squares / (double)count);
	out->estimate_rms_ns = sqrt(estimate_squares / (double)count);
	out->mean_ns = sum / (double)count;
	out->rate_rms = sqrt(rate_squares / (double)rates);
	out->within_1sigma = (double)within_1 / (double)count;
	out->within_3sigma = (double)within_3 / (double)count;
}

static uint64_t count_violations(const struct point *points, size_t count)
{
	uint64_t violations = 0;

	for (size_t i = 0; i < count; i++)
		violations += !(fabs(points[i].error_ns) <= points[i].bound_ns);
	return violations;
}

static size_t first_from(const struct points *all, double t_s)
{
	size_t i = 0;

	while (i < all->count && all->points[i].t_s < t_s)
		i++;
	return i;
}

int score_all(const struct points *all, double skip_s, double threshold_ns, struct score *out)
{
	size_t first = first_from(all, skip_s);
	const struct point *points = all->points + first;

	memset(out, 0, sizeof(*out));
	add_errors(points, all->count - first, out);
	out->converged_s = converged_s(all->points, all->count, threshold_ns);
	out->bound_violations = count_violations(all->points, all->count);
	out->updates = all->published_count;
	return median_bound(points, all->count - first, &out->bound_median_ns);
}

int score_window(const struct points *all, double from_s, double to_s, double threshold_ns,
		 struct score *out)
{
	size_t first = first_from(all, from_s);
	size_t count = first_from(all, to_s) - first;
	const struct point *points = all->points + first;

	memset(out, 0, sizeof(*out));
	add_errors(points, count, out);
	out->converged_s = converged_s(points, count, threshold_ns);
	out->bound_violations = count_violations(points, count);
	for (size_t i = 0; i < all->published_count; i++)
		out->updates += all->published_s[i] >= from_s && all->published_s[i] < to_s;
	return median_bound(points, count, &out->bound_median_ns);
}
