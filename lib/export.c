// SPDX-License-Identifier: MIT
/* A reference that is handed on: taken from a page, checked, and wider where it arrives. */
#include "vmclock_export.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "page.h"
#include "writer.h"

_Static_assert(sizeof(struct vmclock_export) == 120, "the layout is fixed");
_Static_assert(offsetof(struct vmclock_export, exported_at) == 32, "the layout is fixed");

#define MAX_ERRORS (VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID)
#define TIME_MAX_S (1ULL << 33)
#define TAI_OFFSET_MAX_S 1000
#define ELAPSED_MAX_NS (1ULL << 53)
#define TICKS_MAX (1ULL << 62)

static uint32_t crc32_of(const struct vmclock_export *e)
{
	struct vmclock_export copy = *e;
	const uint8_t *bytes = (const uint8_t *)&copy;
	uint32_t crc = ~0U;

	copy.crc = 0;
	for (size_t i = 0; i < sizeof(copy); i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static bool is_good_time(uint8_t status)
{
	return status == VMCLOCK_STATUS_SYNCHRONIZED || status == VMCLOCK_STATUS_FREERUNNING;
}

static bool is_in_range(const struct vmclock_export *e)
{
	int tai_offset = (int16_t)le16toh(e->tai_offset_sec);
	uint64_t age = le64toh(e->exported_at) - le64toh(e->counter_value);

	for (size_t i = 0; i < sizeof(e->reserved); i++)
		if (e->reserved[i])
			return false;
	return is_good_time(e->clock_status) && (le64toh(e->flags) & MAX_ERRORS) == MAX_ERRORS &&
	       e->leap_indicator <= VMCLOCK_LEAP_POST_NEG &&
	       e->smearing_hint <= VMCLOCK_SMEARING_UTC_SLS && e->counter_period_shift <= 127 &&
	       e->counter_period_frac_sec && le64toh(e->time_sec) < TIME_MAX_S &&
	       tai_offset >= -TAI_OFFSET_MAX_S && tai_offset <= TAI_OFFSET_MAX_S && age < TICKS_MAX;
}

int vmclock_export(const struct vmclock_abi *page, uint64_t counter, struct vmclock_export *out)
{
	if (page->time_type != VMCLOCK_TIME_TAI)
		return -EXDEV;
	if (!is_good_time(page->clock_status) || (le64toh(page->flags) & MAX_ERRORS) != MAX_ERRORS)
		return -ENODATA;
	*out = (struct vmclock_export){
		.magic = htole32(VMCLOCK_EXPORT_MAGIC),
		.version = htole16(VMCLOCK_EXPORT_VERSION),
		.size = htole16(sizeof(*out)),
		.counter_id = page->counter_id,
		.clock_status = page->clock_status,
		.leap_indicator = page->leap_indicator,
		.smearing_hint = page->leap_second_smearing_hint,
		.flags = page->flags,
		.tai_offset_sec = page->tai_offset_sec,
		.counter_period_shift = page->counter_period_shift,
		.exported_at = htole64(counter),
		.counter_value = page->counter_value,
		.counter_period_frac_sec = page->counter_period_frac_sec,
		.period_esterror = page->counter_period_esterror_rate_frac_sec,
		.period_maxerror = page->counter_period_maxerror_rate_frac_sec,
		.time_sec = page->time_sec,
		.time_frac_sec = page->time_frac_sec,
		.time_esterror_nanosec = page->time_esterror_nanosec,
		.time_maxerror_nanosec = page->time_maxerror_nanosec,
		.disruption_marker = page->disruption_marker,
		.vm_generation_counter = page->vm_generation_counter,
	};
	out->crc = htole32(crc32_of(out));
	return is_in_range(out) ? 0 : -ERANGE;
}

int vmclock_export_check(const void *data, size_t size, struct vmclock_export *out)
{
	struct vmclock_export e;

	if (size != sizeof(e))
		return -EMSGSIZE;
	memcpy(&e, data, sizeof(e));
	if (le32toh(e.magic) != VMCLOCK_EXPORT_MAGIC ||
	    le16toh(e.version) != VMCLOCK_EXPORT_VERSION || le16toh(e.size) != sizeof(e))
		return -EPROTO;
	if (le32toh(e.crc) != crc32_of(&e) || !is_in_range(&e))
		return -EBADMSG;
	*out = e;
	return 0;
}

static struct vmclock_line line_of(const struct vmclock_export *e)
{
	return (struct vmclock_line){
		.counter = le64toh(e->counter_value),
		.period = le64toh(e->counter_period_frac_sec),
		.shift = e->counter_period_shift,
		.origin = vmclock_instant_from(le64toh(e->time_sec), le64toh(e->time_frac_sec)),
	};
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* By the counter that it was exported by, as it was. */
static int go_on(const struct vmclock_export *e, const struct vmclock_arrival *how,
		 struct vmclock_reference *out)
{
	out->counter_value = le64toh(e->counter_value);
	out->counter_period_frac_sec = le64toh(e->counter_period_frac_sec);
	out->counter_period_shift = e->counter_period_shift;
	out->period_esterror = le64toh(e->period_esterror);
	out->period_maxerror = le64toh(e->period_maxerror);
	out->time_sec = le64toh(e->time_sec);
	out->time_frac_sec = le64toh(e->time_frac_sec);
	out->time_esterror_nanosec = le64toh(e->time_esterror_nanosec);
	out->time_maxerror_nanosec = le64toh(e->time_maxerror_nanosec);
	return how->counter_now - le64toh(e->exported_at) < TICKS_MAX ? 0 : -ESTALE;
}

/* s / 2^64, rounded down. */
static vmclock_u128 instant_of_ns(uint64_t ns)
{
	uint64_t sec = ns / 1000000000, rest = ns % 1000000000;

	return ((vmclock_u128)sec << 64) | (uint64_t)(((vmclock_u128)rest << 64) / 1000000000);
}

/*
 * The time at the export, and what has passed since: in the middle of what is possible. Rounding
 * down twice is made up for by one ns more of error.
 */
static int arrive(const struct vmclock_export *e, const struct vmclock_arrival *how,
		  struct vmclock_reference *out)
{
	struct vmclock_line line = line_of(e);
	int64_t age = (int64_t)(le64toh(e->exported_at) - line.counter);
	uint64_t half_ns = (how->elapsed_max_ns - how->elapsed_min_ns) / 2 + 1;
	vmclock_u128 now = (vmclock_u128)vmclock_line_at(&line, le64toh(e->exported_at)) +
			   instant_of_ns(how->elapsed_min_ns) + instant_of_ns(half_ns - 1);

	out->counter_value = how->counter_now;
	out->counter_period_frac_sec = how->counter_period_frac_sec;
	out->counter_period_shift = how->counter_period_shift;
	out->period_maxerror = how->period_maxerror;
	out->time_sec = (uint64_t)(now >> 64);
	out->time_frac_sec = (uint64_t)now;
	out->time_maxerror_nanosec =
		add_up(add_up(le64toh(e->time_maxerror_nanosec),
			      vmclock_line_growth_ns(le64toh(e->period_maxerror), line.shift, age)),
		       half_ns + 1);
	/* Nobody knows how good the period is but for its bound, nor how the way was. */
	out->flags &=
		~(uint64_t)(VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID);
	if (e->leap_indicator != VMCLOCK_LEAP_NONE)
		out->flags &= ~(uint64_t)VMCLOCK_FLAG_TAI_OFFSET_VALID;
	out->disrupt = true;
	return out->time_maxerror_nanosec == UINT64_MAX || out->time_sec >= TIME_MAX_S ? -ERANGE
										       : 0;
}

int vmclock_import(const struct vmclock_export *from, const struct vmclock_arrival *how,
		   struct vmclock_reference *out)
{
	if (!how->same_counter &&
	    (how->elapsed_min_ns > how->elapsed_max_ns || how->elapsed_max_ns > ELAPSED_MAX_NS ||
	     !how->counter_period_frac_sec || how->counter_period_shift > 127))
		return -EINVAL;
	*out = (struct vmclock_reference){
		.flags = le64toh(from->flags) &
			 (VMCLOCK_FLAG_TAI_OFFSET_VALID | MAX_ERRORS |
			  VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
			  VMCLOCK_FLAG_TIME_MONOTONIC),
		.tai_offset_sec = (int16_t)le16toh(from->tai_offset_sec),
		.leap_indicator = from->leap_indicator,
		.smearing_hint = from->smearing_hint,
		.clock_status = VMCLOCK_STATUS_FREERUNNING,
	};
	return how->same_counter ? go_on(from, how, out) : arrive(from, how, out);
}
