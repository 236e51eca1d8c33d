/* SPDX-License-Identifier: MIT */
/*
 * Line arithmetic, exact in fixed point; for user space and for the kernel driver alike.
 *
 * An instant is a signed 128-bit number of seconds / 2^64. A line maps counter values to instants.
 * No floating point, and no 128-bit division: a kernel has neither.
 */
#ifndef VMCLOCK_LINE_H
#define VMCLOCK_LINE_H

#include <linux/types.h>

typedef unsigned __int128 vmclock_u128;
typedef __int128 vmclock_instant; /* seconds / 2^64 */

/* instant(c) = origin + (c - counter) * period / 2^shift */
struct vmclock_line {
	__u64 counter;
	__u64 period; /* seconds / 2^(64 + shift) per tick */
	__u8 shift;
	vmclock_instant origin;
};

/* A guest's counter = ((host * ratio) >> frac_bits) + offset, modulo 2^64. */
struct vmclock_line_scale {
	__u64 ratio; /* not 0 */
	__u64 offset;
	__u8 frac_bits; /* at most 63 */
};

static inline __u64 vmclock_line_scale_counter(const struct vmclock_line_scale *scale, __u64 host)
{
	return (__u64)(((vmclock_u128)host * scale->ratio) >> scale->frac_bits) + scale->offset;
}

#define VMCLOCK_LINE_FOREVER_NS (~0ULL)

static inline vmclock_instant vmclock_instant_from(__u64 sec, __u64 frac)
{
	return (vmclock_instant)(((vmclock_u128)sec << 64) | frac);
}

static inline __s64 vmclock_instant_sec(vmclock_instant instant)
{
	return (__s64)(instant >> 64);
}

static inline __u64 vmclock_instant_frac(vmclock_instant instant)
{
	return (__u64)instant;
}

/* |product| < 2^127, so that a shift by 127 already leaves only the sign. */
static inline unsigned int vmclock_line_shift(__u8 shift)
{
	return shift < 127 ? shift : 127;
}

/*
 * What `ticks` of either sign add to the origin, rounded down to 2^-64 s. The product is taken
 * modulo 2^128, but |ticks| <= 2^63 and period < 2^64 leave it exact.
 */
static inline vmclock_instant vmclock_line_span(const struct vmclock_line *line, __s64 ticks)
{
	vmclock_u128 product = (vmclock_u128)(vmclock_instant)ticks * line->period;

	return (vmclock_instant)product >> vmclock_line_shift(line->shift);
}

/* Unsigned addition: an absurd page gives an absurd time, never undefined behaviour. */
static inline vmclock_instant vmclock_line_at(const struct vmclock_line *line, __u64 counter)
{
	vmclock_instant span = vmclock_line_span(line, (__s64)(counter - line->counter));

	return (vmclock_instant)((vmclock_u128)line->origin + (vmclock_u128)span);
}

/* A length in seconds / 2^64 as ns, rounded up to more than it; 136 years and more: for ever. */
static inline __u64 vmclock_span_ns_up(vmclock_u128 span)
{
	__u64 sec = (__u64)(span >> 64);

	if (sec >> 32)
		return VMCLOCK_LINE_FOREVER_NS;
	return sec * 1000000000 + (__u64)(((vmclock_u128)(__u64)span * 1000000000) >> 64) + 1;
}

/*
 * How far an error of `rate` (the unit of the period) grows within `ticks`, in ns, rounded up. The
 * added unit of 2^-64 s makes up for the bits shifted out.
 */
static inline __u64 vmclock_line_growth_ns(__u64 rate, __u8 shift, __s64 ticks)
{
	__u64 distance = ticks < 0 ? -(__u64)ticks : (__u64)ticks;
	vmclock_u128 product = (vmclock_u128)rate * distance;

	return vmclock_span_ns_up((product >> vmclock_line_shift(shift)) + 1);
}

/*
 * The line and the error rates that belong to it (same unit) for a guest's counter. The bits that
 * the scaling shifts out of the counter value go into the origin; the period is rounded to nearest
 * at 64 significant bits, the rates up, and max_rate by one unit more than that, which covers the
 * rounding of the period. A rate that the page cannot hold is ~0, as one that says "no bound" is.
 * 0; -EINVAL: ratio 0 or frac_bits above 63; -ERANGE: a period that the page cannot hold.
 */
int vmclock_line_convert(const struct vmclock_line *host, __u64 est_rate, __u64 max_rate,
			 const struct vmclock_line_scale *scale, struct vmclock_line *guest,
			 __u64 *guest_est_rate, __u64 *guest_max_rate);

#endif
