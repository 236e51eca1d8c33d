/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: a page at a counter value, in line, because this is what a reading costs.
 * No division, no call but for what is rare, and no field of the result written twice.
 */
#ifndef VMCLOCK_LIB_EVALUATE_H
#define VMCLOCK_LIB_EVALUATE_H

#include <errno.h>

#include "page.h"

#define NS_PER_S 1000000000LL
#define MAX_ERROR_FLAGS (VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID)
#define EST_ERROR_FLAGS (VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID)
#define likely(condition) __builtin_expect(!!(condition), 1)

/* What to add to UTC counted on from the reference time, across the leap second that the page
 * announces; may set VMCLOCK_READING_LEAP_SECOND in *flags. */
int64_t vmclock_page_leap_ns(const struct vmclock_abi *page, int64_t reference_offset_s,
			     int64_t utc_ns, uint32_t *flags);

/* A reading without times; returns rc. */
int vmclock_page_refuse(const struct vmclock_abi *page, uint64_t counter, int rc,
			struct vmclock_reading *out);

/* Rounded down; false outside of +-272 years, which leaves room for adding offsets. */
static inline bool instant_to_ns(vmclock_instant instant, int64_t *ns)
{
	int64_t sec = vmclock_instant_sec(instant);

	*ns = (int64_t)((uint64_t)sec * NS_PER_S +
			(uint64_t)(((vmclock_u128)vmclock_instant_frac(instant) * NS_PER_S) >> 64));
	return likely(sec >= -(1LL << 33) && sec < 1LL << 33);
}

static inline uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline struct vmclock_interval around(int64_t time_ns, uint64_t error_ns)
{
	struct vmclock_interval i = {time_ns, INT64_MIN, INT64_MAX};
	int64_t earliest_ns, latest_ns;

	if (error_ns > (uint64_t)INT64_MAX)
		return i;
	if (!__builtin_sub_overflow(time_ns, (int64_t)error_ns, &earliest_ns))
		i.earliest_ns = earliest_ns;
	if (!__builtin_add_overflow(time_ns, (int64_t)error_ns, &latest_ns))
		i.latest_ns = latest_ns;
	return i;
}

/* One error at this distance from the reference; UINT64_MAX: the page does not give it. */
static inline uint64_t error_at(bool valid, uint64_t error_ns, uint64_t rate, uint8_t shift,
				int64_t ticks)
{
	if (!valid)
		return UINT64_MAX;
	return add_capped(error_ns, vmclock_line_growth_ns(rate, shift, ticks));
}

/* Both errors; the maximum one ns more, for the time that is rounded down. */
static inline uint32_t evaluate_errors(const struct vmclock_abi *page, uint64_t flags,
				       int64_t ticks, struct vmclock_reading *out)
{
	uint8_t shift = page->counter_period_shift;

	out->max_error_ns = add_capped(
		error_at((flags & MAX_ERROR_FLAGS) == MAX_ERROR_FLAGS,
			 le64toh(page->time_maxerror_nanosec),
			 le64toh(page->counter_period_maxerror_rate_frac_sec), shift, ticks),
		1);
	out->est_error_ns = error_at(
		(flags & EST_ERROR_FLAGS) == EST_ERROR_FLAGS, le64toh(page->time_esterror_nanosec),
		le64toh(page->counter_period_esterror_rate_frac_sec), shift, ticks);
	return (out->max_error_ns != UINT64_MAX ? VMCLOCK_READING_MAX_ERROR : 0U) |
	       (out->est_error_ns != UINT64_MAX ? VMCLOCK_READING_EST_ERROR : 0U);
}

/* `time_ns` is in the page's own time type; the other one needs the page's offset. */
static inline uint32_t evaluate_scales(const struct vmclock_abi *page, uint64_t flags,
				       int64_t time_ns, struct vmclock_reading *out)
{
	bool offset_valid = flags & VMCLOCK_FLAG_TAI_OFFSET_VALID;
	int64_t offset_ns = (int16_t)le16toh(page->tai_offset_sec) * NS_PER_S;
	bool is_tai = page->time_type == VMCLOCK_TIME_TAI;
	int64_t tai_ns = is_tai ? time_ns : time_ns - offset_ns;
	int64_t utc_ns = is_tai ? time_ns + offset_ns : time_ns;
	uint64_t error_ns = out->max_error_ns;
	uint32_t valid = VMCLOCK_READING_TAI | VMCLOCK_READING_UTC;

	if (!likely(page->leap_indicator == VMCLOCK_LEAP_NONE))
		utc_ns += vmclock_page_leap_ns(page, is_tai ? offset_ns / NS_PER_S : 0, utc_ns,
					       &valid);
	out->tai = around(tai_ns, error_ns);
	out->utc = around(utc_ns, error_ns);
	if (likely(offset_valid))
		return valid;
	*(is_tai ? &out->utc : &out->tai) = (struct vmclock_interval){0, INT64_MIN, INT64_MAX};
	return is_tai ? VMCLOCK_READING_TAI : valid & ~(uint32_t)VMCLOCK_READING_TAI;
}

/* May the page's parameters be relied upon? */
static inline int check_usable(const struct vmclock_abi *page)
{
	if (page->time_type != VMCLOCK_TIME_TAI && page->time_type != VMCLOCK_TIME_UTC)
		return -EOPNOTSUPP;
	if (likely(page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED ||
		   page->clock_status == VMCLOCK_STATUS_FREERUNNING))
		return page->counter_period_frac_sec ? 0 : -ERANGE;
	return page->clock_status <= VMCLOCK_STATUS_UNRELIABLE ? -ENODATA : -EPROTO;
}

static inline int vmclock_page_evaluate(const struct vmclock_abi *page, uint64_t counter,
					struct vmclock_reading *out)
{
	struct vmclock_line line = vmclock_page_line(page);
	int64_t ticks = (int64_t)(counter - line.counter);
	uint64_t flags = le64toh(page->flags);
	int rc = check_usable(page);
	int64_t time_ns;

	if (!likely(!rc))
		return vmclock_page_refuse(page, counter, rc, out);
	if (!instant_to_ns(vmclock_line_span(&line, ticks), &out->age_ns) ||
	    !instant_to_ns(vmclock_line_at(&line, counter), &time_ns))
		return vmclock_page_refuse(page, counter, -ERANGE, out);
	out->counter = counter;
	out->disruption_marker = le64toh(page->disruption_marker);
	out->clock_status = page->clock_status;
	out->leap_indicator = page->leap_indicator;
	out->flags = flags & VMCLOCK_FLAG_TIME_MONOTONIC ? VMCLOCK_READING_MONOTONIC : 0;
	out->flags |= evaluate_errors(page, flags, ticks, out);
	out->flags |= evaluate_scales(page, flags, time_ns, out);
	return 0;
}

#endif
