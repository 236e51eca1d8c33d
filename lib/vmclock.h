/* SPDX-License-Identifier: MIT */
/*
 * libvmclock: time with error bounds from a vmclock page.
 *
 * Functions return 0 or a negative errno. Times are ns since 1970-01-01 (TAI, or UTC without leap
 * seconds), errors are ns and never negative. vmclock_now(3) says more.
 */
#ifndef VMCLOCK_H
#define VMCLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmclock-abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmclock; /* an open page */

enum vmclock_open_flags {
	/* Any page of a valid layout, to look at it; vmclock_now() then fails with -EOPNOTSUPP when
	 * this machine has no such counter, or the time has no epoch. */
	VMCLOCK_OPEN_INSPECT = 1 << 0,
	/* The caller knows that a page with counter_id INVALID counts ns of CLOCK_MONOTONIC_RAW. */
	VMCLOCK_OPEN_MONOTONIC_RAW = 1 << 1,
};

enum vmclock_reading_flags {
	VMCLOCK_READING_TAI = 1 << 0,	      /* .tai is valid */
	VMCLOCK_READING_UTC = 1 << 1,	      /* .utc is valid */
	VMCLOCK_READING_MAX_ERROR = 1 << 2,   /* max_error_ns is finite, and so is the interval */
	VMCLOCK_READING_EST_ERROR = 1 << 3,   /* est_error_ns is valid */
	VMCLOCK_READING_MONOTONIC = 1 << 4,   /* the page promises not to step back */
	VMCLOCK_READING_LEAP_SECOND = 1 << 5, /* it is 23:59:60, and .utc repeats 23:59:59 */
	VMCLOCK_READING_DISRUPTED = 1 << 6,   /* the marker changed since the last good reading */
};

/* True time was in [earliest_ns, latest_ns]. Not valid: 0 in [INT64_MIN, INT64_MAX]. */
struct vmclock_interval {
	int64_t time_ns;
	int64_t earliest_ns;
	int64_t latest_ns;
};

struct vmclock_reading {
	struct vmclock_interval tai;
	struct vmclock_interval utc;
	uint64_t max_error_ns; /* UINT64_MAX: the page gives no bound */
	uint64_t est_error_ns; /* UINT64_MAX: the page gives no estimate */
	int64_t age_ns;	       /* now - reference time of the page */
	uint64_t counter;      /* the value that was read and converted */
	uint64_t disruption_marker;
	uint32_t flags;		/* enum vmclock_reading_flags */
	uint8_t clock_status;	/* VMCLOCK_STATUS_* */
	uint8_t leap_indicator; /* VMCLOCK_LEAP_* */
};

/*
 * Opens a page file or device and maps it read-only. For NULL the best, at this moment, of
 * /dev/vmclock_host, /run/vmclock/page, /dev/vmclock0 that can be opened: SYNCHRONIZED before
 * FREERUNNING before the rest, and in this order among equals.
 * -errno of open(2) or mmap(2); -EPROTO: not a vmclock page of version 1, or truncated;
 * -EOPNOTSUPP: a counter that this machine or library lacks, or a time without epoch;
 * -EINVAL: unknown flags.
 */
int vmclock_open(const char *path, unsigned int flags, struct vmclock **out);
void vmclock_close(struct vmclock *clock);

/*
 * Reads the clock. 0 only when the page says SYNCHRONIZED or FREERUNNING. A page that gives no
 * maximum error is read too; the interval is then infinite.
 * -ENODATA: the page says that it has no time to rely on (clock_status tells which way);
 * -ETIMEDOUT: the page was being changed for more than 100 ms (its writer died);
 * -EPROTO: a status that no version of the page defines; -ERANGE: a time outside of 1697..2242 or a
 * period of 0; -EOPNOTSUPP: see VMCLOCK_OPEN_INSPECT.
 * After an error, times are not valid, and errors are infinite. A thread needs its own handle to
 * be told of each disruption.
 */
int vmclock_now(struct vmclock *clock, struct vmclock_reading *out);

/*
 * Waits until the page was updated since this handle last read or waited, or for timeout_ms
 * (< 0: for ever). 0; -ETIMEDOUT; -EINTR.
 */
int vmclock_wait(struct vmclock *clock, int timeout_ms);

/* One consistent copy of the page. 0, -ETIMEDOUT. */
int vmclock_read_page(struct vmclock *clock, struct vmclock_abi *page);

/* The counter that the page counts by, now. 0, -EOPNOTSUPP. */
int vmclock_read_counter(const struct vmclock *clock, uint64_t *counter);

/* 0, -EPROTO: not a page of version 1 that fits into `available` bytes. */
int vmclock_check_page(const struct vmclock_abi *page, size_t available);

/* What vmclock_now() would have said at a counter value, past or future. Errors likewise. */
int vmclock_reading_at(const struct vmclock_abi *page, uint64_t counter,
		       struct vmclock_reading *out);

/* An exact time in the page's own time type: sec + frac / 2^64. */
struct vmclock_time {
	int64_t sec;
	uint64_t frac;
};

/* The line alone, whatever the status. -ERANGE: a period of 0. */
int vmclock_time_at(const struct vmclock_abi *page, uint64_t counter, struct vmclock_time *out);

/* A guest's counter = ((host * ratio) >> frac_bits) + offset, modulo 2^64. */
struct vmclock_scale {
	uint64_t ratio;	   /* not 0; 1 with frac_bits 0: not scaled */
	uint64_t offset;   /* two's complement */
	uint8_t frac_bits; /* at most 63; 48 for VMX, 32 for SVM */
};

/*
 * The host's page for a guest's counter: counter value, period, error rates and reference time
 * change, the rest is copied. Nothing is lost: the bits that scaling shifts out of the counter
 * value go into the reference time, the period is exact within 2^-64 of itself. An error rate that
 * the page cannot hold is UINT64_MAX.
 * 0; -EINVAL: a scale out of range; -ERANGE: a period that a page cannot hold.
 */
int vmclock_convert(const struct vmclock_abi *host, const struct vmclock_scale *scale,
		    struct vmclock_abi *guest);

#ifdef __cplusplus
}
#endif

#endif
