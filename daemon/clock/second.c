// SPDX-License-Identifier: GPL-2.0-or-later
/* Which second the votes of pulses are for. */
#include "second.h"

#include <math.h>

#define SECOND_NS 1e9

/* Does it hold a point of the other, moved by whole seconds? */
static bool meets(const struct vote *namer, const struct vote *pulse, double seconds)
{
	return namer->lo <= pulse->hi + seconds * SECOND_NS &&
	       pulse->lo + seconds * SECOND_NS <= namer->hi;
}

static bool meets_any(const struct vote *namer, const struct vote *votes, unsigned int count,
		      double seconds)
{
	for (unsigned int i = 0; i < count; i++)
		if (votes[i].repeats && meets(namer, &votes[i], seconds))
			return true;
	return false;
}

/* Of those who name a second, the weight of those that hold this one. *all: they hold the one that
 * was named before, too. */
static unsigned int weight_for(const struct vote *votes, unsigned int count, double seconds,
			       bool *all)
{
	unsigned int weight = 0;

	*all = true;
	for (unsigned int i = 0; i < count; i++) {
		if (votes[i].repeats || !meets_any(&votes[i], votes, count, seconds))
			continue;
		weight += vote_weight(&votes[i], count);
		*all = *all && meets_any(&votes[i], votes, count, 0);
	}
	return weight;
}

static double seconds_apart(const struct vote *namer, const struct vote *pulse)
{
	return round((namer->lo / 2 + namer->hi / 2 - pulse->lo / 2 - pulse->hi / 2) / SECOND_NS);
}

struct choice_of_second {
	double seconds;
	unsigned int weight;
	bool tied;
};

static void consider(struct choice_of_second *best, const struct vote *votes, unsigned int count,
		     double seconds)
{
	bool hold_both;
	unsigned int weight = weight_for(votes, count, seconds, &hold_both);

	if (fabs(seconds - best->seconds) < 0.5 || weight < best->weight || !weight)
		return;
	if (weight > best->weight)
		*best = (struct choice_of_second){seconds, weight, false};
	else if (fabs(best->seconds) > 0.5 || !hold_both)
		best->tied = true;
}

bool second_decide(struct vote *votes, unsigned int count, bool *moved)
{
	bool unused;
	struct choice_of_second best = {0, weight_for(votes, count, 0, &unused), false};

	for (unsigned int i = 0; i < count; i++)
		for (unsigned int j = 0; j < count && !votes[i].repeats; j++)
			if (votes[j].repeats)
				consider(&best, votes, count, seconds_apart(&votes[i], &votes[j]));
	*moved = !best.tied && fabs(best.seconds) > 0.5;
	for (unsigned int i = 0; i < count && *moved; i++) {
		if (!votes[i].repeats)
			continue;
		votes[i].lo += best.seconds * SECOND_NS;
		votes[i].hi += best.seconds * SECOND_NS;
	}
	return !best.tied;
}
