// SPDX-License-Identifier: MIT
/* UTC across a leap second that a page announces for the end of its reference time's month. */
#include "leap.h"

#include <linux/vmclock-abi.h>

enum { DAY_S = 86400, DAYS_TO_1970 = 719468, DAYS_OF_400_YEARS = 146097 };

/* First seconds of the UTC month that holds utc_s, and of the next one. */
struct month {
	int64_t start_s;
	int64_t end_s;
};

static int64_t divide_down(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Months are counted from March, so that the leap day is the last of a year. */
static struct month month_of(int64_t utc_s)
{
	int64_t days = divide_down(utc_s, DAY_S) + DAYS_TO_1970; /* since 1 March of year 0 */
	int64_t day = days - divide_down(days, DAYS_OF_400_YEARS) * DAYS_OF_400_YEARS;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	int64_t first = (153 * month + 2) / 5;
	int64_t next = (153 * (month + 1) + 2) / 5;
	int64_t new_year_s = (days - day_of_year - DAYS_TO_1970) * DAY_S;

	year++; /* the one that February belongs to */
	if (month == 11)
		next = 365 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return (struct month){new_year_s + first * DAY_S, new_year_s + next * DAY_S};
}

int vmclock_leap_correction(uint8_t indicator, int64_t reference_s, int64_t utc_s, bool *inserted)
{
	struct month month = month_of(reference_s);
	int64_t leap_s = month.end_s;

	*inserted = false;
	switch (indicator) {
	case VMCLOCK_LEAP_PRE_NEG:
		return utc_s >= leap_s - 1;
	case VMCLOCK_LEAP_POS:
		/* The reference is in the inserted second. Counted with the old offset that is the
		 * first of a month, with the new one the last for the second time. */
		if (reference_s != month.start_s) {
			*inserted = utc_s == reference_s;
			return 0;
		}
		leap_s = month.start_s;
		break;
	case VMCLOCK_LEAP_PRE_POS:
		break;
	default:
		return 0;
	}
	*inserted = utc_s == leap_s;
	return utc_s >= leap_s ? -1 : 0;
}
