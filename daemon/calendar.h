/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the page says of UTC: offset and leap indicator at a moment, and when that changes. */
#ifndef VMCLOCK_CALENDAR_H
#define VMCLOCK_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "leap.h"
#include "publish/reference.h"

/*
 * At TAI second tai_s. PRE_*: the month ends with a leap second; POS: this is the inserted one;
 * POST_*: the last month ended with one.
 */
void calendar_at(const struct leap_table *table, int64_t tai_s, struct page_calendar *out);

/* The TAI second, after tai_s, at which calendar_at() says something else; INT64_MAX when that is
 * more than 32 days away. */
int64_t calendar_next_change(const struct leap_table *table, int64_t tai_s);

/* True within `margin_s` of a leap second: UTC stamps of others cannot be told apart there. */
bool calendar_is_ambiguous(const struct leap_table *table, int64_t utc_s, int64_t margin_s);

#endif
