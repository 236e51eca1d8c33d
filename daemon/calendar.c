// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap indicator and UTC offset of the page, from the table of leap seconds. */
#include "calendar.h"

#include <time.h>

#include <linux/vmclock-abi.h>

#define DAY_S 86400
#define LOOK_AHEAD_S (32 * DAY_S)

static int month_of(int64_t utc_s)
{
	time_t t = (time_t)utc_s;
	struct tm tm;

	return gmtime_r(&t, &tm) ? tm.tm_year * 12 + tm.tm_mon : -1;
}

/* The change that took effect last at or before utc_s: +1, -1, or 0 for none. */
static int last_change(const struct leap_table *table, int64_t utc_s, int64_t *at_utc_s)
{
	for (unsigned int i = table->count; i-- > 1;) {
		if (table->entries[i].utc_s > utc_s)
			continue;
		*at_utc_s = table->entries[i].utc_s;
		return table->entries[i].tai_offset_s - table->entries[i - 1].tai_offset_s;
	}
	return 0;
}

void calendar_at(const struct leap_table *table, int64_t tai_s, struct page_calendar *out)
{
	int offset_s = leap_tai_offset_at_tai_s(table, tai_s);
	int64_t utc_s = tai_s - offset_s, at_utc_s;
	int change;

	*out = (struct page_calendar){.tai_offset_s = offset_s, .leap = VMCLOCK_LEAP_NONE};
	change = last_change(table, utc_s, &at_utc_s);
	/* With the offset of before, the inserted second counts as the first of the new day. */
	if (change > 0 && offset_s != leap_tai_offset_s(table, utc_s)) {
		out->leap = VMCLOCK_LEAP_POS;
		return;
	}
	if (change && month_of(at_utc_s) == month_of(utc_s)) {
		out->leap = change > 0 ? VMCLOCK_LEAP_POST_POS : VMCLOCK_LEAP_POST_NEG;
		return;
	}
	change = leap_next(table, utc_s, &at_utc_s);
	if (change && month_of(at_utc_s - 1) == month_of(utc_s))
		out->leap = change > 0 ? VMCLOCK_LEAP_PRE_POS : VMCLOCK_LEAP_PRE_NEG;
}

static bool same(const struct page_calendar *a, const struct page_calendar *b)
{
	return a->leap == b->leap && a->tai_offset_s == b->tai_offset_s;
}

/* The first second of (from, to] that differs from `now`; `to` does. */
static int64_t first_difference(const struct leap_table *table, const struct page_calendar *now,
				int64_t from, int64_t to)
{
	struct page_calendar then;

	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		calendar_at(table, middle, &then);
		if (same(now, &then))
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* Indicators last for days or, around the leap second, for one second: both strides are needed. */
int64_t calendar_next_change(const struct leap_table *table, int64_t tai_s)
{
	struct page_calendar now, then;

	calendar_at(table, tai_s, &now);
	for (int64_t ahead = 1; ahead <= LOOK_AHEAD_S; ahead += ahead < 4 ? 1 : DAY_S / 2) {
		calendar_at(table, tai_s + ahead, &then);
		if (!same(&now, &then))
			return first_difference(table, &now, tai_s, tai_s + ahead);
	}
	return INT64_MAX;
}

bool calendar_is_ambiguous(const struct leap_table *table, int64_t utc_s, int64_t margin_s)
{
	int64_t at_utc_s;

	if (last_change(table, utc_s, &at_utc_s) && utc_s - at_utc_s < margin_s)
		return true;
	return leap_next(table, utc_s, &at_utc_s) && at_utc_s - utc_s <= margin_s;
}
