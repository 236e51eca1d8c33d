// SPDX-License-Identifier: MIT
/* A line for a guest's counter, which is the host's scaled and shifted. */
#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

#include "vmclock_line.h"

#define TOP_BIT (1ULL << 63)

/* value * 2^exponent, with the top bit of value set, plus a rest of less than one in value. */
struct quotient {
	__u64 value;
	int exponent;
	__u8 rest;    /* not 0: there is one */
	__u8 nearest; /* 1: it is a half or more */
};

/* hi:lo / divisor for hi < divisor. Kernels have no 128-bit division; x86 has an instruction. */
#ifdef __x86_64__
static __u64 divide(__u64 hi, __u64 lo, __u64 divisor, __u64 *rest)
{
	__u64 quotient;

	__asm__("divq %4" : "=a"(quotient), "=d"(*rest) : "a"(lo), "d"(hi), "rm"(divisor) : "cc");
	return quotient;
}
#else
static __u64 divide(__u64 hi, __u64 lo, __u64 divisor, __u64 *rest)
{
	__u64 quotient = 0;
	__u64 rem = hi;
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		__u64 carry = rem >> 63;

		rem = (rem << 1) | ((lo >> bit) & 1);
		quotient <<= 1;
		if (carry || rem >= divisor) {
			rem -= divisor;
			quotient |= 1;
		}
	}
	*rest = rem;
	return quotient;
}
#endif

/* value / ratio, neither of them 0. */
static struct quotient ratio_of(__u64 value, __u64 ratio)
{
	int value_up = __builtin_clzll(value);
	int ratio_up = __builtin_clzll(ratio);
	__u64 dividend = value << value_up;
	__u64 divisor = ratio << ratio_up;
	struct quotient q;
	__u64 rest;

	if (dividend < divisor) {
		q.value = divide(dividend, 0, divisor, &rest);
		q.exponent = ratio_up - value_up - 64;
	} else {
		q.value = divide(dividend >> 1, dividend << 63, divisor, &rest);
		q.exponent = ratio_up - value_up - 63;
	}
	q.rest = rest != 0;
	q.nearest = rest >= divisor - rest;
	return q;
}

/*
 * value / ratio * 2^exponent, rounded up to an integer; ~0, as large as can be, where a page cannot
 * hold it. No line is refused for that: the one that says "no bound" has to arrive.
 */
static __u64 scale_rate(__u64 value, __u64 ratio, int exponent)
{
	struct quotient q;
	__u64 rate;
	int down;

	if (!value)
		return 0;
	q = ratio_of(value, ratio);
	down = -(q.exponent + exponent);
	if (down < 0)
		return ~0ULL;
	if (down > 63)
		return 1;
	rate = q.value >> down;
	if ((q.value & ((1ULL << down) - 1)) || q.rest)
		rate++;
	return rate ? rate : ~0ULL; /* 0: it wrapped */
}

/* The period at 64 significant bits; its shift follows from that. */
static int scale_period(const struct vmclock_line *host, const struct vmclock_line_scale *scale,
			struct vmclock_line *guest)
{
	struct quotient q = ratio_of(host->period, scale->ratio);
	int shift;

	q.value += q.nearest;
	if (!q.value) { /* carried out at the top */
		q.value = TOP_BIT;
		q.exponent++;
	}
	shift = host->shift - scale->frac_bits - q.exponent;
	if (shift < 0 || shift > 127)
		return -ERANGE;
	guest->period = q.value;
	guest->shift = (__u8)shift;
	return 0;
}

/*
 * The guest's counter reached its integer value this long before the reference: the bits shifted
 * out, in guest ticks, times the guest's period, which is (bits * host period) / ratio.
 */
static vmclock_instant lost_time(const struct vmclock_line *host,
				 const struct vmclock_line_scale *scale, __u64 bits)
{
	vmclock_u128 product = (vmclock_u128)bits * host->period;
	__u64 hi = (__u64)(product >> 64);
	__u64 rest;
	__u64 low = divide(hi % scale->ratio, (__u64)product, scale->ratio, &rest);
	vmclock_u128 span = ((vmclock_u128)(hi / scale->ratio) << 64) | low;

	return (vmclock_instant)(span >> vmclock_line_shift(host->shift));
}

int vmclock_line_convert(const struct vmclock_line *host, __u64 est_rate, __u64 max_rate,
			 const struct vmclock_line_scale *scale, struct vmclock_line *guest,
			 __u64 *guest_est_rate, __u64 *guest_max_rate)
{
	vmclock_u128 scaled = (vmclock_u128)host->counter * scale->ratio;
	__u64 bits;
	int exponent;

	if (!scale->ratio || scale->frac_bits > 63)
		return -EINVAL;
	if (!host->period || host->shift > 127)
		return -ERANGE;
	if (scale_period(host, scale, guest))
		return -ERANGE;
	exponent = scale->frac_bits + guest->shift - host->shift;
	*guest_est_rate = scale_rate(est_rate, scale->ratio, exponent);
	*guest_max_rate = scale_rate(max_rate, scale->ratio, exponent);
	if (*guest_max_rate != ~0ULL)
		++*guest_max_rate;
	bits = (__u64)scaled & ((1ULL << scale->frac_bits) - 1);
	guest->counter = (__u64)(scaled >> scale->frac_bits) + scale->offset;
	guest->origin = (vmclock_instant)((vmclock_u128)host->origin -
					  (vmclock_u128)lost_time(host, scale, bits));
	return 0;
}
