// SPDX-License-Identifier: GPL-2.0-or-later
/* The vote of intervals: the largest set of sources that agree on some instant. */
#include "select.h"

/*
 * How many voters hold `at`. A trusted one outweighs all others together: weight `heavy`, which is
 * more than there are voters.
 */
static unsigned int weight_at(const struct vote *votes, unsigned int count, double at,
			      unsigned int heavy)
{
	unsigned int weight = 0;

	for (unsigned int i = 0; i < count; i++)
		if (votes[i].lo_ns <= at && at <= votes[i].hi_ns)
			weight += votes[i].trusted ? heavy : 1;
	return weight;
}

/*
 * Fewest falsetickers first. The agreement is greatest on stretches that begin at some voter's
 * lower end; when several separate stretches tie, nobody can tell which is right, and the vote
 * counts as lost only if neither has a majority, which two disjoint ones cannot both have.
 */
static double most_agreed(const struct vote *votes, unsigned int count, unsigned int heavy,
			  unsigned int *most)
{
	double at = 0;

	*most = 0;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int weight = weight_at(votes, count, votes[i].lo_ns, heavy);

		if (weight > *most) {
			*most = weight;
			at = votes[i].lo_ns;
		}
	}
	return at;
}

static void mark(struct vote *votes, unsigned int count, double at, struct verdict *out)
{
	bool first = true;

	for (unsigned int i = 0; i < count; i++) {
		struct vote *v = &votes[i];

		v->truechimer = v->lo_ns <= at && at <= v->hi_ns;
		if (!v->truechimer) {
			out->falsetickers++;
			continue;
		}
		out->truechimers++;
		if (first || v->lo_ns > out->lo_ns)
			out->lo_ns = v->lo_ns;
		if (first || v->hi_ns < out->hi_ns)
			out->hi_ns = v->hi_ns;
		first = false;
	}
}

void select_truechimers(struct vote *votes, unsigned int count, struct verdict *out)
{
	unsigned int total = 0, most;
	double at;

	*out = (struct verdict){0};
	for (unsigned int i = 0; i < count; i++) {
		votes[i].truechimer = false;
		total += votes[i].trusted ? count + 1 : 1;
	}
	at = most_agreed(votes, count, count + 1, &most);
	out->majority = 2 * most > total;
	if (out->majority)
		mark(votes, count, at, out);
}
