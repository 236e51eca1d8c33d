// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap seconds that the sources announce, for the time that the list does not cover. */
#include "leap_vote.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is announced this close to its time stays: sources change their minds at midnight. */
#define SETTLED_S 10

void leap_ballot_cast(struct leap_ballot *ballot, unsigned int leap)
{
	if (leap == 0)
		ballot->none++;
	else if (leap == 1)
		ballot->inserted++;
	else if (leap == 2)
		ballot->deleted++;
}

/* The first second of the next month, where this one may end with a leap second; else 0. */
static int64_t end_of_plausible_month(int64_t utc_s)
{
	time_t now = (time_t)utc_s;
	struct tm tm;

	if (!gmtime_r(&now, &tm) || (tm.tm_mon != 5 && tm.tm_mon != 11))
		return 0;
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
	return (int64_t)timegm(&tm);
}

/* +1, -1, or 0 for none; *any: somebody knows. */
static int verdict(const struct leap_ballot *b, bool *any)
{
	unsigned int half = (b->none + b->inserted + b->deleted) / 2;

	*any = b->none + b->inserted + b->deleted > 0;
	return b->inserted > half ? 1 : b->deleted > half ? -1 : 0;
}

static const struct leap_entry *last_entry(const struct leap_table *table)
{
	return &table->entries[table->count - 1];
}

static bool list_covers(const struct leap_table *table, int64_t utc_s)
{
	return table->expires_utc_s > utc_s || (table->count && last_entry(table)->utc_s >= utc_s);
}

bool leap_add_announced(struct leap_table *table, const struct leap_entry *announced)
{
	if (!announced->utc_s || !table->count || table->count == LEAP_ENTRIES_MAX ||
	    list_covers(table, announced->utc_s) ||
	    abs(announced->tai_offset_s - last_entry(table)->tai_offset_s) != 1)
		return false;
	table->entries[table->count++] = *announced;
	return true;
}

static bool stands(const struct leap_table *table, const struct leap_entry *announced)
{
	return announced->utc_s && table->count > 1 && table->expires_utc_s <= announced->utc_s &&
	       last_entry(table)->utc_s == announced->utc_s;
}

static enum leap_outcome withdraw(struct leap_table *table, struct leap_entry *announced)
{
	table->count--;
	*announced = (struct leap_entry){0};
	return LEAP_WITHDRAWN;
}

enum leap_outcome leap_vote(struct leap_table *table, struct leap_entry *announced,
			    const struct leap_ballot *ballot, int64_t utc_s)
{
	int64_t at_utc_s = end_of_plausible_month(utc_s);
	struct leap_entry entry;
	bool any;
	int sign = verdict(ballot, &any);

	if (!at_utc_s || !any || !table->count || at_utc_s - utc_s <= SETTLED_S)
		return LEAP_UNCHANGED;
	if (stands(table, announced) && announced->utc_s == at_utc_s) {
		int before = table->entries[table->count - 2].tai_offset_s;

		return announced->tai_offset_s - before == sign ? LEAP_UNCHANGED
								: withdraw(table, announced);
	}
	entry = (struct leap_entry){at_utc_s, last_entry(table)->tai_offset_s + sign};
	if (!sign || !leap_add_announced(table, &entry))
		return LEAP_UNCHANGED;
	*announced = entry;
	return LEAP_ANNOUNCED;
}
