// SPDX-License-Identifier: GPL-2.0-or-later
/* The vote of intervals: who agrees, and what a majority of the voters holds. */
#include "select.h"

unsigned int vote_weight(const struct vote *vote, unsigned int count)
{
	return vote->trusted ? count + 1 : 1;
}

static unsigned int weight_at(const struct vote *votes, unsigned int count, double at)
{
	unsigned int weight = 0;

	for (unsigned int i = 0; i < count; i++)
		if (votes[i].lo <= at && at <= votes[i].hi)
			weight += vote_weight(&votes[i], count);
	return weight;
}

/*
 * The point that most voters hold; a stretch of greatest agreement begins at some lower end. Two
 * stretches that tie cannot both have a majority unless some voters are in both: then the first is
 * as good as the other, and the verdict's interval spans both.
 */
static double most_agreed(const struct vote *votes, unsigned int count, unsigned int *most)
{
	double at = 0;

	*most = 0;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int weight = weight_at(votes, count, votes[i].lo);

		if (weight > *most) {
			*most = weight;
			at = votes[i].lo;
		}
	}
	return at;
}

/* The span of what voters of at least `need` weight hold: it ends at ends of intervals. */
static void majority_span(const struct vote *votes, unsigned int count, unsigned int need,
			  struct verdict *out)
{
	bool any_lo = false, any_hi = false;

	for (unsigned int i = 0; i < count; i++) {
		if (weight_at(votes, count, votes[i].lo) >= need &&
		    (!any_lo || votes[i].lo < out->lo)) {
			out->lo = votes[i].lo;
			any_lo = true;
		}
		if (weight_at(votes, count, votes[i].hi) >= need &&
		    (!any_hi || votes[i].hi > out->hi)) {
			out->hi = votes[i].hi;
			any_hi = true;
		}
	}
}

void select_truechimers(struct vote *votes, unsigned int count, struct verdict *out)
{
	unsigned int total = 0, most;
	double at;

	*out = (struct verdict){0};
	for (unsigned int i = 0; i < count; i++) {
		votes[i].truechimer = false;
		total += vote_weight(&votes[i], count);
	}
	at = most_agreed(votes, count, &most);
	out->majority = 2 * most > total;
	if (!out->majority)
		return;
	majority_span(votes, count, total / 2 + 1, out);
	for (unsigned int i = 0; i < count; i++) {
		votes[i].truechimer = votes[i].lo <= at && at <= votes[i].hi;
		if (votes[i].truechimer)
			out->truechimers++;
		else
			out->falsetickers++;
	}
}
