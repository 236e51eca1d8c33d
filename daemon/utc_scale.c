// SPDX-License-Identifier: GPL-2.0-or-later
/* UTC as it is known now: the list, what the sources announce, which stamps are ambiguous. */
#include "utc_scale.h"

#include <errno.h>

#include "calendar.h"

#define NS_PER_S 1000000000

/* Stamps this near to a leap second may mean either of two seconds. */
#define LEAP_MARGIN_S 3

void utc_scale_start(struct utc_scale *scale)
{
	*scale = (struct utc_scale){0};
	for (int slot = 0; slot < DISCIPLINE_SOURCES_MAX; slot++)
		utc_scale_claim(scale, slot, 3);
}

void utc_scale_take_list(struct utc_scale *scale, const struct leap_table *list)
{
	scale->table = *list;
	leap_add_announced(&scale->table, &scale->announced);
}

void utc_scale_claim(struct utc_scale *scale, int slot, unsigned int leap)
{
	if (slot >= 0 && slot < DISCIPLINE_SOURCES_MAX)
		scale->claims[slot] = leap;
}

static int64_t event_utc_s(const struct event *e)
{
	switch (e->kind) {
	case EVENT_NTP:
		return e->ntp.t3_ns / NS_PER_S;
	case EVENT_PHC:
		return e->phc.t_ns / NS_PER_S;
	case EVENT_TIME:
		return e->time.t_ns / NS_PER_S;
	default:
		return e->edge.label_s;
	}
}

/* One whose second is not known yet has no UTC that could be ambiguous. */
static bool has_utc(const struct event *e)
{
	return !event_marks_second(e) || e->edge.labelled;
}

int utc_scale_event(const struct utc_scale *scale, const struct event *event, int64_t *tai_utc_s)
{
	int64_t utc_s = event_utc_s(event);

	if (has_utc(event) && calendar_is_ambiguous(&scale->table, utc_s, LEAP_MARGIN_S))
		return -EINVAL;
	*tai_utc_s = leap_tai_offset_s(&scale->table, utc_s);
	return 0;
}

/* UTC by the line in force; false while there is none that is kept. */
static bool utc_now(const struct utc_scale *scale, const struct discipline_totals *totals,
		    uint64_t counter, double ns_per_tick, int64_t *utc_s)
{
	double frac_ns;
	int64_t tai_s;

	if (!totals->has_line || totals->status != DISCIPLINE_SYNCHRONIZED)
		return false;
	tai_s = line_time(&totals->last.line, ns_per_tick, counter, &frac_ns) / NS_PER_S;
	*utc_s = tai_s - leap_tai_offset_at_tai_s(&scale->table, tai_s);
	return true;
}

enum leap_outcome utc_scale_vote(struct utc_scale *scale, const struct discipline *discipline,
				 uint64_t counter, double ns_per_tick)
{
	struct leap_ballot ballot = {0};
	struct discipline_totals totals;
	int64_t utc_s;

	discipline_get_totals(discipline, &totals);
	if (!utc_now(scale, &totals, counter, ns_per_tick, &utc_s))
		return LEAP_UNCHANGED;
	for (int slot = 0; slot < DISCIPLINE_SOURCES_MAX; slot++) {
		struct discipline_source_status status;

		discipline_get_source(discipline, slot, &status);
		if (status.state == SOURCE_SELECTED || status.state == SOURCE_SELECTABLE)
			leap_ballot_cast(&ballot, scale->claims[slot]);
	}
	return leap_vote(&scale->table, &scale->announced, &ballot, utc_s);
}
