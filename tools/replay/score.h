/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far the published lines are from the truth, and whether they admit it. */
#ifndef VMCLOCK_REPLAY_SCORE_H
#define VMCLOCK_REPLAY_SCORE_H

#include "player.h"

/* A truth, and what a reader of the page was told at that moment. */
struct point {
	double t_s;	    /* since the first truth */
	double error_ns;    /* line - truth */
	double bound_ns;    /* maximum error by the page's formula */
	double sigma_ns;    /* estimated error by the page's formula */
	double estimate_ns; /* error of the estimate that the line follows */
	double rate_error; /* rate of the line - true rate until the next truth; NAN: no next one */
};

struct points {
	struct point *points; /* those before the first publication of their epoch are left out */
	size_t count;
	double *published_s; /* when each publication was made, on the same axis */
	size_t published_count;
};

/* NAN where nothing could be measured. */
struct score {
	double rms_ns;
	double estimate_rms_ns;
	double max_ns;
	double mean_ns;
	double rate_rms; /* a ratio, s/s */
	double converged_s;
	double bound_median_ns;
	double within_1sigma; /* fractions */
	double within_3sigma;
	uint64_t bound_violations;
	uint64_t updates;
	uint64_t points;
};

/* 0 or -ENOMEM. */
int points_make(const struct recording *recording, const struct played *played, struct points *out);
void points_free(struct points *points);

/*
 * The whole recording: violations, convergence and updates count from the first second on, all
 * else from `skip_s` on. 0 or -ENOMEM.
 */
int score_all(const struct points *points, double skip_s, double threshold_ns, struct score *out);

/* Everything within [from_s, to_s). 0 or -ENOMEM. */
int score_window(const struct points *points, double from_s, double to_s, double threshold_ns,
		 struct score *out);

#endif
