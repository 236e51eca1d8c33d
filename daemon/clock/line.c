// SPDX-License-Identifier: GPL-2.0-or-later
/* Line arithmetic: whole nanoseconds as integers, fractions as doubles. */
#include "line.h"

#include <math.h>

/* Below 2^31 ticks a product with a double is exact to 2^-22 ns; longer spans go in pieces. */
#define PIECE_TICKS (INT64_C(1) << 31)

/* Carries what is beyond a whole nanosecond from *frac_ns to the result. */
static int64_t carry(int64_t whole_ns, double *frac_ns)
{
	double whole = floor(*frac_ns);

	*frac_ns -= whole;
	if (*frac_ns >= 1) { /* -1e-17 rounds up to 1 */
		*frac_ns -= 1;
		whole += 1;
	}
	return whole_ns + (int64_t)whole;
}

int64_t ticks_to_ns(int64_t ticks, double ns_per_tick, double *frac_ns)
{
	int64_t pieces = ticks / PIECE_TICKS;
	int64_t rest = ticks % PIECE_TICKS;
	double piece_ns = (double)PIECE_TICKS * ns_per_tick; /* exact: a power of two */
	double piece_whole = floor(piece_ns);
	int64_t whole_ns = pieces * (int64_t)piece_whole;

	*frac_ns = (double)pieces * (piece_ns - piece_whole) + (double)rest * ns_per_tick;
	return carry(whole_ns, frac_ns);
}

int64_t line_time(const struct line *line, double ns_per_tick, uint64_t counter, double *frac_ns)
{
	double nominal_frac;
	int64_t nominal_ns =
		ticks_to_ns((int64_t)(counter - line->counter), ns_per_tick, &nominal_frac);
	double skew_ns = ((double)nominal_ns + nominal_frac) * (line->rate_ppb * 1e-9);

	*frac_ns = line->frac_ns + nominal_frac + skew_ns;
	return carry(line->time_ns + nominal_ns, frac_ns);
}

void line_move(struct line *line, double ns_per_tick, uint64_t counter)
{
	line->time_ns = line_time(line, ns_per_tick, counter, &line->frac_ns);
	line->counter = counter;
}

double line_minus(const struct line *line, double ns_per_tick, uint64_t counter, int64_t time_ns,
		  double frac_ns)
{
	double line_frac;
	int64_t line_ns = line_time(line, ns_per_tick, counter, &line_frac);

	return (double)(line_ns - time_ns) + (line_frac - frac_ns);
}
