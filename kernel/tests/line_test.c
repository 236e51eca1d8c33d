// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: the line arithmetic that the driver shares with user space, at all of its edges. */
#include <kunit/test.h>

/* The source is part of this module too: under another name, for the driver may be built in. */
#ifndef LINE_SUITE
#define LINE_SUITE "vmclock_line"
#define vmclock_line_convert tested_line_convert
#endif
#include "vmclock_line.c"

#include "line_vectors.h"

static void expect_instant(struct kunit *test, int i, vmclock_instant got, u64 sec, u64 frac)
{
	KUNIT_ASSERT_EQ_MSG(test, (u64)vmclock_instant_sec(got), sec, "vector %d", i);
	KUNIT_ASSERT_EQ_MSG(test, vmclock_instant_frac(got), frac, "vector %d", i);
}

static void instants_are_put_together(struct kunit *test)
{
	vmclock_instant instant = vmclock_instant_from(U64_MAX, 1);

	KUNIT_EXPECT_EQ(test, vmclock_instant_sec(instant), -1);
	KUNIT_EXPECT_EQ(test, vmclock_instant_frac(instant), 1);
	KUNIT_EXPECT_TRUE(test, instant < 0);
	KUNIT_EXPECT_TRUE(test, vmclock_instant_from(1, 0) > vmclock_instant_from(0, U64_MAX));
}

/* Every shift and age, each sign; rounded down, never towards zero. */
static void spans_are_rounded_down(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(span_vectors); i++) {
		const struct span_vector *v = &span_vectors[i];
		struct vmclock_line line = { .period = v->period, .shift = v->shift };

		expect_instant(test, i, vmclock_line_span(&line, (s64)v->ticks), v->sec, v->frac);
	}
}

static void counter_and_time_may_wrap(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(at_vectors); i++) {
		const struct at_vector *v = &at_vectors[i];
		struct vmclock_line line = {
			.counter = v->counter,
			.period = v->period,
			.shift = v->shift,
			.origin = vmclock_instant_from(v->origin_sec, v->origin_frac),
		};

		expect_instant(test, i, vmclock_line_at(&line, v->now), v->sec, v->frac);
	}
}

static void lengths_in_ns_are_rounded_up(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(span_ns_vectors); i++) {
		const struct span_ns_vector *v = &span_ns_vectors[i];
		vmclock_u128 span = ((vmclock_u128)v->sec << 64) | v->frac;

		KUNIT_ASSERT_EQ_MSG(test, vmclock_span_ns_up(span), v->ns, "vector %d",
				    i);
	}
}

/* Never less than the error has grown, and at most 1 ns more than that rounded up. */
static void growth_is_never_too_small(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(growth_vectors); i++) {
		const struct growth_vector *v = &growth_vectors[i];
		u64 grown_ns = vmclock_line_growth_ns(v->rate, v->shift, (s64)v->ticks);

		KUNIT_ASSERT_GE_MSG(test, grown_ns, v->ns, "vector %d", i);
		KUNIT_ASSERT_LE_MSG(test, grown_ns - v->ns, 1, "vector %d", i);
	}
}

static int convert(const struct convert_vector *v, struct vmclock_line *guest, u64 *est, u64 *max)
{
	struct vmclock_line host = {
		.counter = v->counter,
		.period = v->period,
		.shift = v->shift,
		.origin = vmclock_instant_from(v->sec, v->frac),
	};
	struct vmclock_line_scale scale = {
		.ratio = v->ratio,
		.offset = v->offset,
		.frac_bits = v->frac_bits,
	};

	return vmclock_line_convert(&host, v->est, v->max, &scale, guest, est, max);
}

static void conversion_loses_nothing(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(convert_vectors); i++) {
		const struct convert_vector *v = &convert_vectors[i];
		struct vmclock_line guest = {};
		u64 est = 0;
		u64 max = 0;

		KUNIT_ASSERT_EQ_MSG(test, convert(v, &guest, &est, &max), v->rc, "vector %d", i);
		if (v->rc)
			continue;
		KUNIT_ASSERT_EQ_MSG(test, guest.counter, v->guest_counter, "vector %d", i);
		KUNIT_ASSERT_EQ_MSG(test, guest.period, v->guest_period, "vector %d", i);
		KUNIT_ASSERT_EQ_MSG(test, guest.shift, v->guest_shift, "vector %d", i);
		KUNIT_ASSERT_EQ_MSG(test, est, v->guest_est, "vector %d", i);
		KUNIT_ASSERT_EQ_MSG(test, max, v->guest_max, "vector %d", i);
		expect_instant(test, i, guest.origin, v->guest_sec, v->guest_frac);
	}
}

static struct kunit_case line_cases[] = {
	KUNIT_CASE(instants_are_put_together),
	KUNIT_CASE(spans_are_rounded_down),
	KUNIT_CASE(counter_and_time_may_wrap),
	KUNIT_CASE(lengths_in_ns_are_rounded_up),
	KUNIT_CASE(growth_is_never_too_small),
	KUNIT_CASE(conversion_loses_nothing),
	{},
};

static struct kunit_suite line_suite = {
	.name = LINE_SUITE,
	.test_cases = line_cases,
};

kunit_test_suite(line_suite);
