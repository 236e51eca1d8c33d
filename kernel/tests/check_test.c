// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: what a reference is refused for, with the values on both sides of every limit. */
#include <kunit/test.h>

/*
 * The source is part of this module too, counting by a counter that stands where a test puts it.
 * The names are others because the driver may be built in beside it.
 */
#define vmclock_counter_id fake_counter_id
#define vmclock_counter_hz fake_counter_hz
#define vmclock_counter_read fake_counter_read
#define vmclock_steer_check fake_steer_check
#define vmclock_reference_check tested_reference_check
#include "../check.c"

#include "period_vectors.h"

#define COUNTER_ID VMCLOCK_COUNTER_X86_TSC

static u64 counter_hz;
static u64 counter_now;

u8 fake_counter_id(void)
{
	return COUNTER_ID;
}

u64 fake_counter_hz(void)
{
	return counter_hz;
}

u64 fake_counter_read(void)
{
	return counter_now;
}

/* As in a kernel that cannot do it. */
int fake_steer_check(const struct vmclock_host_reference *ref)
{
	return ref->host_clock == VMCLOCK_HOST_CLOCK_NONE ? 0 : -EOPNOTSUPP;
}

/* A counter of 2^30 Hz, whose period is a power of two. */
static int set_up(struct kunit *test)
{
	counter_hz = 1ULL << 30;
	counter_now = 1ULL << 50;
	return 0;
}

static struct vmclock_host_reference good(void)
{
	struct vmclock_host_reference ref = {
		.size = sizeof(ref),
		.line = {
			.counter_value = counter_now,
			.counter_period_frac_sec = 1ULL << 63,
			.counter_period_shift = 29,
			.time_sec = 1795392000,
			.tai_offset_sec = -37,
			.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
			.time_type = VMCLOCK_TIME_TAI,
			.counter_id = COUNTER_ID,
		},
		.lease_ns = NSEC_PER_SEC,
	};

	return ref;
}

/* What becomes of a good reference with one field changed. */
#define WITH(field, value)                                  \
	({                                                  \
		struct vmclock_host_reference ref = good(); \
		ref.field = (value);                        \
		vmclock_reference_check(&ref);              \
	})

static int with_host_clock(u32 host_clock, u64 step_threshold_ns)
{
	struct vmclock_host_reference ref = good();

	ref.host_clock = host_clock;
	ref.step_threshold_ns = step_threshold_ns;
	return vmclock_reference_check(&ref);
}

static int with_period(u64 period, u8 shift)
{
	struct vmclock_host_reference ref = good();

	ref.line.counter_period_frac_sec = period;
	ref.line.counter_period_shift = shift;
	return vmclock_reference_check(&ref);
}

static void a_good_one_is_accepted(struct kunit *test)
{
	struct vmclock_host_reference ref = good();

	KUNIT_EXPECT_EQ(test, vmclock_reference_check(&ref), 0);
	memset(&ref, 0, sizeof(ref));
	KUNIT_EXPECT_EQ(test, vmclock_reference_check(&ref), -EINVAL);
}

static void unknown_request_flags_and_padding(struct kunit *test)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		u32 flag = 1U << bit;
		int rc = flag == VMCLOCK_HOST_REF_DISRUPT ? 0 : -EINVAL;

		KUNIT_ASSERT_EQ_MSG(test, WITH(flags, flag), rc, "bit %d", bit);
		KUNIT_ASSERT_EQ_MSG(test, WITH(pad, flag), -EINVAL, "bit %d", bit);
	}
}

static void unknown_page_flags(struct kunit *test)
{
	u64 allowed = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_DISRUPTION_SOON |
		      VMCLOCK_FLAG_DISRUPTION_IMMINENT | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
		      VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
		      VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC;
	int bit;

	KUNIT_EXPECT_EQ(test, WITH(line.flags, allowed), 0);
	for (bit = 0; bit < 64; bit++) {
		u64 flag = 1ULL << bit;

		KUNIT_ASSERT_EQ_MSG(test, WITH(line.flags, flag), flag & allowed ? 0 : -EINVAL,
				    "bit %d", bit);
	}
}

static void unknown_numbers(struct kunit *test)
{
	int n;

	for (n = 0; n <= U8_MAX; n++) {
		bool status = n >= VMCLOCK_STATUS_INITIALIZING && n <= VMCLOCK_STATUS_UNRELIABLE;
		bool leap = n <= VMCLOCK_LEAP_POST_NEG;
		bool smearing = n <= VMCLOCK_SMEARING_UTC_SLS;

		KUNIT_ASSERT_EQ_MSG(test, WITH(line.clock_status, n), status ? 0 : -EINVAL, "%d",
				    n);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.leap_indicator, n), leap ? 0 : -EINVAL, "%d",
				    n);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.smearing_hint, n), smearing ? 0 : -EINVAL,
				    "%d", n);
	}
}

/* UTC above all: the page is TAI. */
static void another_time_or_counter(struct kunit *test)
{
	int n;

	for (n = 0; n <= U8_MAX; n++) {
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.time_type, n),
				    n == VMCLOCK_TIME_TAI ? 0 : -EINVAL, "%d", n);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_id, n),
				    n == COUNTER_ID ? 0 : -EINVAL, "%d", n);
	}
}

static void unknown_ways_to_steer(struct kunit *test)
{
	u32 last = VMCLOCK_HOST_CLOCK_STEER_STEP;

	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_NONE, 0), 0);
	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_NONE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_STEER, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, with_host_clock(last + 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, with_host_clock(U32_MAX, 0), -EINVAL);
}

/* A kernel that cannot says so; it is not taken for a mistake. */
static void steering_that_the_kernel_lacks(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_STEER, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_STEER_STEP, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, with_host_clock(VMCLOCK_HOST_CLOCK_STEER_STEP, U64_MAX),
			-EOPNOTSUPP);
}

static void tai_offset_beyond_limits(struct kunit *test)
{
	int sec;

	for (sec = S16_MIN; sec <= S16_MAX; sec++)
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.tai_offset_sec, sec),
				    abs(sec) <= 1000 ? 0 : -ERANGE, "%d s", sec);
}

static void time_beyond_limits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, WITH(line.time_sec, 0), 0);
	KUNIT_EXPECT_EQ(test, WITH(line.time_sec, (1ULL << 33) - 1), 0);
	KUNIT_EXPECT_EQ(test, WITH(line.time_sec, 1ULL << 33), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(line.time_sec, U64_MAX), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(line.time_frac_sec, U64_MAX), 0);
}

static void splice_and_lease_beyond_limits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, WITH(splice_max_ns, 999999999), 0);
	KUNIT_EXPECT_EQ(test, WITH(splice_max_ns, 1000000000), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(splice_max_ns, U64_MAX), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, 0), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, 999999), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, 1000000), 0);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, 86400000000000), 0);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, 86400000000001), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(lease_ns, U64_MAX), -ERANGE);
	KUNIT_EXPECT_EQ(test, WITH(unreliable_above_ns, U64_MAX), 0);
}

/* Counters of 1 Hz to nearly 2^40 Hz; the last units within 1000 ppm, and the first beyond. */
static void period_beyond_limits(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(limit_vectors); i++) {
		const struct limit_vector *v = &limit_vectors[i];

		counter_hz = v->hz;
		KUNIT_ASSERT_EQ_MSG(test, with_period(v->least - 1, v->shift), -ERANGE, "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, with_period(v->least, v->shift), 0, "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, with_period(v->most, v->shift), 0, "%d", i);
		if (v->most != U64_MAX)
			KUNIT_ASSERT_EQ_MSG(test, with_period(v->most + 1, v->shift), -ERANGE,
					    "%d", i);
	}
}

/* The period of a power of two fits at each shift below 30; the longest there is, at 30 still. */
static void period_at_every_shift(struct kunit *test)
{
	int shift;

	for (shift = 0; shift <= U8_MAX; shift++) {
		u64 period = shift < 30 ? 1ULL << (34 + shift) : U64_MAX;

		KUNIT_ASSERT_EQ_MSG(test, with_period(period, shift), shift <= 30 ? 0 : -ERANGE,
				    "shift %d", shift);
		KUNIT_ASSERT_EQ_MSG(test, with_period(0, shift), -ERANGE, "shift %d", shift);
	}
}

/* At most 2^62 ticks old, and at most 1 ms ahead of a counter that may have any value. */
static void counter_too_old_or_too_new(struct kunit *test)
{
	static const u64 nows[] = { 0, 1, 1ULL << 50, 1ULL << 62, 1ULL << 63, U64_MAX };
	u64 ahead = (1ULL << 30) / 1000;
	u64 old = 1ULL << 62;
	int i;

	for (i = 0; i < ARRAY_SIZE(nows); i++) {
		u64 now = counter_now = nows[i];

		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now), 0, "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now + ahead), 0, "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now + ahead + 1), -ERANGE,
				    "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now + (1ULL << 63)), -ERANGE,
				    "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now - old), 0, "%d", i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now - old - 1), -ESTALE, "%d",
				    i);
		KUNIT_ASSERT_EQ_MSG(test, WITH(line.counter_value, now + (1ULL << 63) + 1),
				    -ESTALE, "%d", i);
	}
}

static struct kunit_case check_cases[] = {
	KUNIT_CASE(a_good_one_is_accepted),
	KUNIT_CASE(unknown_request_flags_and_padding),
	KUNIT_CASE(unknown_page_flags),
	KUNIT_CASE(unknown_numbers),
	KUNIT_CASE(another_time_or_counter),
	KUNIT_CASE(unknown_ways_to_steer),
	KUNIT_CASE(steering_that_the_kernel_lacks),
	KUNIT_CASE(tai_offset_beyond_limits),
	KUNIT_CASE(time_beyond_limits),
	KUNIT_CASE(splice_and_lease_beyond_limits),
	KUNIT_CASE(period_beyond_limits),
	KUNIT_CASE(period_at_every_shift),
	KUNIT_CASE(counter_too_old_or_too_new),
	{},
};

static struct kunit_suite check_suite = {
	.name = "vmclock_check",
	.init = set_up,
	.test_cases = check_cases,
};

kunit_test_suite(check_suite);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The vmclock-host authors");
MODULE_DESCRIPTION("KUnit tests of vmclock_host");
