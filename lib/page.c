// SPDX-License-Identifier: MIT
/* A copied page, evaluated at a counter value. */
#include <errno.h>
#include <string.h>

#include "evaluate.h"
#include "leap.h"
#include "page.h"

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

/* The distance of the reference time from UTC as counted there, where the page's leap second lies.
 */
int64_t vmclock_page_leap_ns(const struct vmclock_abi *page, int64_t reference_offset_s,
			     int64_t utc_ns, uint32_t *flags)
{
	int64_t reference_s = (int64_t)le64toh(page->time_sec) + reference_offset_s;
	int64_t utc_s = utc_ns / NS_PER_S - (utc_ns % NS_PER_S < 0);
	bool inserted;
	int correction =
		vmclock_leap_correction(page->leap_indicator, reference_s, utc_s, &inserted);

	if (inserted)
		*flags |= VMCLOCK_READING_LEAP_SECOND;
	return correction * NS_PER_S;
}

int vmclock_page_refuse(const struct vmclock_abi *page, uint64_t counter, int rc,
			struct vmclock_reading *out)
{
	static const struct vmclock_interval nothing_known = {0, INT64_MIN, INT64_MAX};

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
	return rc;
}

int vmclock_reading_at(const struct vmclock_abi *page, uint64_t counter,
		       struct vmclock_reading *out)
{
	return vmclock_page_evaluate(page, counter, out);
}

/* What is not valid may be anything, and must not keep the rest from being converted. */
static uint64_t valid_rate(const struct vmclock_abi *page, uint64_t flag, uint64_t rate)
{
	return le64toh(page->flags) & flag ? le64toh(rate) : 0;
}

int vmclock_convert(const struct vmclock_abi *host, const struct vmclock_scale *scale,
		    struct vmclock_abi *guest)
{
	struct vmclock_line line = vmclock_page_line(host);
	struct vmclock_line_scale by = {scale->ratio, scale->offset, scale->frac_bits};
	__u64 est_rate = valid_rate(host, VMCLOCK_FLAG_PERIOD_ESTERROR_VALID,
				    host->counter_period_esterror_rate_frac_sec);
	__u64 max_rate = valid_rate(host, VMCLOCK_FLAG_PERIOD_MAXERROR_VALID,
				    host->counter_period_maxerror_rate_frac_sec);
	uint64_t error_ns = le64toh(host->time_maxerror_nanosec);
	struct vmclock_line converted;
	int rc = vmclock_line_convert(&line, est_rate, max_rate, &by, &converted, &est_rate,
				      &max_rate);

	if (rc)
		return rc;
	/* The new reference time is up to one guest tick earlier: the error that grows from there
	 * reaches what it was at the old one only after that. */
	error_ns += converted.origin != line.origin && error_ns != UINT64_MAX;
	*guest = *host;
	guest->time_maxerror_nanosec = htole64(error_ns);
	guest->counter_value = htole64(converted.counter);
	guest->counter_period_frac_sec = htole64(converted.period);
	guest->counter_period_shift = converted.shift;
	guest->counter_period_esterror_rate_frac_sec = htole64(est_rate);
	guest->counter_period_maxerror_rate_frac_sec = htole64(max_rate);
	guest->time_sec = htole64((uint64_t)vmclock_instant_sec(converted.origin));
	guest->time_frac_sec = htole64(vmclock_instant_frac(converted.origin));
	return 0;
}
