// SPDX-License-Identifier: MIT
/* A copied page, evaluated at a counter value. */
#include <errno.h>
#include <string.h>

#include "leap.h"
#include "page.h"

#define NS_PER_S 1000000000LL
#define MAX_ERROR_FLAGS (VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID)
#define EST_ERROR_FLAGS (VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID)

static const struct vmclock_interval nothing_known = {0, INT64_MIN, INT64_MAX};

int vmclock_check_page(const struct vmclock_abi *page, size_t available)
{
	uint32_t size = le32toh(page->size);

	if (available < sizeof(*page) || le32toh(page->magic) != VMCLOCK_MAGIC ||
	    le16toh(page->version) != 1 || size < sizeof(*page) || size > available)
		return -EPROTO;
	return 0;
}

int vmclock_time_at(const struct vmclock_abi *page, uint64_t counter, struct vmclock_time *out)
{
	struct vmclock_line line = vmclock_page_line(page);
	vmclock_instant instant = vmclock_line_at(&line, counter);

	*out = (struct vmclock_time){vmclock_instant_sec(instant), vmclock_instant_frac(instant)};
	return line.period ? 0 : -ERANGE;
}

/* Rounded down; false outside of +-272 years, which leaves room for adding errors and offsets. */
static inline bool instant_to_ns(vmclock_instant instant, int64_t *ns)
{
	int64_t sec = vmclock_instant_sec(instant);

	*ns = 0;
	if (sec < -(1LL << 33) || sec >= 1LL << 33)
		return false;
	*ns = sec * NS_PER_S +
	      (int64_t)(((vmclock_u128)vmclock_instant_frac(instant) * NS_PER_S) >> 64);
	return true;
}

static inline uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline struct vmclock_interval around(int64_t time_ns, uint64_t error_ns)
{
	struct vmclock_interval i = {time_ns, INT64_MIN, INT64_MAX};

	if (error_ns > (uint64_t)INT64_MAX)
		return i;
	if (__builtin_sub_overflow(time_ns, (int64_t)error_ns, &i.earliest_ns))
		i.earliest_ns = INT64_MIN;
	if (__builtin_add_overflow(time_ns, (int64_t)error_ns, &i.latest_ns))
		i.latest_ns = INT64_MAX;
	return i;
}

/* Errors at this distance from the reference. One ns more for the time that was rounded down. */
static inline void evaluate_errors(const struct vmclock_abi *page, int64_t ticks,
				   struct vmclock_reading *out)
{
	uint64_t flags = le64toh(page->flags);
	uint8_t shift = page->counter_period_shift;
	uint64_t growth_ns;

	if ((flags & MAX_ERROR_FLAGS) == MAX_ERROR_FLAGS) {
		growth_ns = vmclock_line_growth_ns(
			le64toh(page->counter_period_maxerror_rate_frac_sec), shift, ticks);
		growth_ns = add_capped(growth_ns, 1);
		out->max_error_ns = add_capped(le64toh(page->time_maxerror_nanosec), growth_ns);
		if (out->max_error_ns != UINT64_MAX)
			out->flags |= VMCLOCK_READING_MAX_ERROR;
	}
	if ((flags & EST_ERROR_FLAGS) == EST_ERROR_FLAGS) {
		growth_ns = vmclock_line_growth_ns(
			le64toh(page->counter_period_esterror_rate_frac_sec), shift, ticks);
		out->est_error_ns = add_capped(le64toh(page->time_esterror_nanosec), growth_ns);
		if (out->est_error_ns != UINT64_MAX)
			out->flags |= VMCLOCK_READING_EST_ERROR;
	}
}

/* Changes utc_ns where the page's leap second lies between its reference time and now. */
static __attribute__((noinline)) void apply_leap(const struct vmclock_abi *page,
						 int64_t reference_offset_s, int64_t *utc_ns,
						 struct vmclock_reading *out)
{
	int64_t reference_s = (int64_t)le64toh(page->time_sec) + reference_offset_s;
	int64_t utc_s = *utc_ns / NS_PER_S - (*utc_ns % NS_PER_S < 0);
	bool inserted;

	if (reference_s < -(1LL << 34) || reference_s > 1LL << 34)
		return;
	*utc_ns += NS_PER_S *
		   vmclock_leap_correction(page->leap_indicator, reference_s, utc_s, &inserted);
	if (inserted)
		out->flags |= VMCLOCK_READING_LEAP_SECOND;
}

/* `time_ns` is in the page's own time type. */
static inline void evaluate_scales(const struct vmclock_abi *page, int64_t time_ns,
				   struct vmclock_reading *out)
{
	bool offset_valid = le64toh(page->flags) & VMCLOCK_FLAG_TAI_OFFSET_VALID;
	int64_t offset_s = (int16_t)le16toh(page->tai_offset_sec);
	bool is_tai = page->time_type == VMCLOCK_TIME_TAI;
	int64_t tai_ns = is_tai ? time_ns : time_ns - offset_s * NS_PER_S;
	int64_t utc_ns = is_tai ? time_ns + offset_s * NS_PER_S : time_ns;

	if (is_tai || offset_valid) {
		out->tai = around(tai_ns, out->max_error_ns);
		out->flags |= VMCLOCK_READING_TAI;
	}
	if (!is_tai || offset_valid) {
		if (__builtin_expect(page->leap_indicator != VMCLOCK_LEAP_NONE, 0))
			apply_leap(page, is_tai ? offset_s : 0, &utc_ns, out);
		out->utc = around(utc_ns, out->max_error_ns);
		out->flags |= VMCLOCK_READING_UTC;
	}
}

/* May the page's parameters be relied upon? */
static inline int check_usable(const struct vmclock_abi *page)
{
	if (page->time_type != VMCLOCK_TIME_TAI && page->time_type != VMCLOCK_TIME_UTC)
		return -EOPNOTSUPP;
	switch (page->clock_status) {
	case VMCLOCK_STATUS_SYNCHRONIZED:
	case VMCLOCK_STATUS_FREERUNNING:
		return page->counter_period_frac_sec ? 0 : -ERANGE;
	case VMCLOCK_STATUS_UNKNOWN:
	case VMCLOCK_STATUS_INITIALIZING:
	case VMCLOCK_STATUS_UNRELIABLE:
		return -ENODATA;
	default:
		return -EPROTO;
	}
}

int vmclock_reading_at(const struct vmclock_abi *page, uint64_t counter,
		       struct vmclock_reading *out)
{
	struct vmclock_line line = vmclock_page_line(page);
	int64_t ticks = (int64_t)(counter - line.counter);
	int64_t time_ns;
	int rc = check_usable(page);

	*out = (struct vmclock_reading){
		.tai = nothing_known,
		.utc = nothing_known,
		.max_error_ns = UINT64_MAX,
		.est_error_ns = UINT64_MAX,
		.counter = counter,
		.disruption_marker = le64toh(page->disruption_marker),
		.clock_status = page->clock_status,
		.leap_indicator = page->leap_indicator,
	};
	if (rc)
		return rc;
	if (!instant_to_ns(vmclock_line_span(&line, ticks), &out->age_ns) ||
	    !instant_to_ns(vmclock_line_at(&line, counter), &time_ns))
		return -ERANGE;
	if (le64toh(page->flags) & VMCLOCK_FLAG_TIME_MONOTONIC)
		out->flags |= VMCLOCK_READING_MONOTONIC;
	evaluate_errors(page, ticks, out);
	evaluate_scales(page, time_ns, out);
	return 0;
}

int vmclock_convert(const struct vmclock_abi *host, const struct vmclock_scale *scale,
		    struct vmclock_abi *guest)
{
	struct vmclock_line line = vmclock_page_line(host);
	struct vmclock_line_scale by = {scale->ratio, scale->offset, scale->frac_bits};
	__u64 est_rate = le64toh(host->counter_period_esterror_rate_frac_sec);
	__u64 max_rate = le64toh(host->counter_period_maxerror_rate_frac_sec);
	struct vmclock_line converted;
	int rc = vmclock_line_convert(&line, est_rate, max_rate, &by, &converted, &est_rate,
				      &max_rate);

	if (rc)
		return rc;
	*guest = *host;
	guest->counter_value = htole64(converted.counter);
	guest->counter_period_frac_sec = htole64(converted.period);
	guest->counter_period_shift = converted.shift;
	guest->counter_period_esterror_rate_frac_sec = htole64(est_rate);
	guest->counter_period_maxerror_rate_frac_sec = htole64(max_rate);
	guest->time_sec = htole64((uint64_t)vmclock_instant_sec(converted.origin));
	guest->time_frac_sec = htole64(vmclock_instant_frac(converted.origin));
	return 0;
}
