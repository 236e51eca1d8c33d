// SPDX-License-Identifier: GPL-2.0-or-later
/* Line arithmetic and guest conversion, against arithmetic with big numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmp.h>

#include <vmclock.h>

#include "lib/vmclock_line.h"

enum { ROUNDS = 20000 };

_Static_assert(sizeof(unsigned long) == 8, "GMP's ui functions take 64 bits here");

static uint64_t random_state = 1;

static uint64_t random64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* As many small numbers as large ones. */
static uint64_t random_bits(unsigned int max_bits)
{
	unsigned int bits = (unsigned int)(random64() % (max_bits + 1));

	return bits ? random64() >> (64 - bits) : 0;
}

static int64_t random_ticks(unsigned int max_bits)
{
	int64_t ticks = (int64_t)random_bits(max_bits);

	return random64() & 1 ? -ticks : ticks;
}

static uint64_t random_counter(void)
{
	switch (random64() % 4) {
	case 0:
		return (1ULL << 63) + (uint64_t)random_ticks(10);
	case 1:
		return (uint64_t)random_ticks(10); /* on both sides of the wrap */
	default:
		return random_bits(63);
	}
}

/* A counter between 1 MHz and 5 GHz, in the middle of some day. */
static struct vmclock_abi random_page(void)
{
	uint64_t hz = 1000000 + random64() % 4999000000ULL;
	vmclock_u128 scaled = ((vmclock_u128)1 << 127) / hz;
	struct vmclock_abi page = {
		.time_type = VMCLOCK_TIME_TAI,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
		.flags = VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID,
		.counter_value = random_counter(),
		.time_sec = 1000000000 + random64() % 4000000000ULL,
		.time_frac_sec = random64(),
		.time_maxerror_nanosec = random_bits(30),
	};

	page.counter_period_shift = 63;
	while (scaled >> 64) {
		scaled >>= 1;
		page.counter_period_shift--;
	}
	page.counter_period_frac_sec = (uint64_t)scaled;
	page.counter_period_esterror_rate_frac_sec = page.counter_period_frac_sec >> 30;
	page.counter_period_maxerror_rate_frac_sec =
		page.counter_period_frac_sec / (1000 + random_bits(20));
	return page;
}

/* out = (sec + frac / 2^64) s, in 2^-(64 + shift) s */
static void set_time(mpz_t out, uint64_t sec, uint64_t frac, unsigned int shift)
{
	mpz_set_si(out, (int64_t)sec);
	mpz_mul_2exp(out, out, 64);
	mpz_add_ui(out, out, frac);
	mpz_mul_2exp(out, out, shift);
}

/* The page's time at `ticks` from its reference, in 2^-(64 + its shift) s. */
static void exact_time(mpz_t out, const struct vmclock_abi *page, int64_t ticks)
{
	mpz_t span;

	mpz_init_set_si(span, ticks);
	mpz_mul_ui(span, span, page->counter_period_frac_sec);
	set_time(out, page->time_sec, page->time_frac_sec, page->counter_period_shift);
	mpz_add(out, out, span);
	mpz_clear(span);
}

static void the_line_is_exact_to_the_last_bit(void **state)
{
	mpz_t exact, computed;

	(void)state;
	mpz_inits(exact, computed, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_abi page = {
			.time_sec = random_bits(40),
			.time_frac_sec = random64(),
			.counter_value = random_counter(),
			.counter_period_frac_sec = random64() | 1,
			.counter_period_shift = (uint8_t)(random64() % 140),
		};
		int64_t ticks = i & 1 ? random_ticks(63) : random_ticks(20);
		struct vmclock_time t;

		assert_int_equal(vmclock_time_at(&page, page.counter_value + (uint64_t)ticks, &t),
				 0);
		exact_time(exact, &page, ticks);
		mpz_fdiv_q_2exp(exact, exact, page.counter_period_shift);
		set_time(computed, (uint64_t)t.sec, t.frac, 0);
		assert_int_equal(mpz_cmp(exact, computed), 0);
	}
	mpz_clears(exact, computed, NULL);
}

static void ten_years_cost_less_than_a_tenth_of_a_ns(void **state)
{
	const uint64_t hz = 2551234567, years_s = 10ULL * 366 * 86400;
	struct vmclock_abi page = {
		.counter_value = (1ULL << 63) - 1000,
		.counter_period_frac_sec = (uint64_t)(((vmclock_u128)1 << 95) / hz),
		.counter_period_shift = 31,
		.time_sec = 1700000000,
		.time_frac_sec = 12345,
	};
	struct vmclock_time t;
	mpz_t error;

	(void)state;
	mpz_init(error);
	assert_int_equal(vmclock_time_at(&page, page.counter_value + hz * years_s, &t), 0);
	set_time(error, (uint64_t)t.sec - years_s - page.time_sec, t.frac - page.time_frac_sec, 0);
	mpz_mul_ui(error, error, 10000000000UL); /* in 0.1 ns */
	mpz_abs(error, error);
	mpz_fdiv_q_2exp(error, error, 64);
	assert_int_equal(mpz_get_ui(error), 0);
	mpz_clear(error);
}

static void error_growth_is_never_too_small_and_at_most_one_ns_too_large(void **state)
{
	mpz_t exact, told;

	(void)state;
	mpz_inits(exact, told, NULL);
	/* 1.000000002 ns, of which the part above 1 ns is in the bits shifted out */
	assert_int_equal(vmclock_line_growth_ns(73786976295, 2, 1), 2);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t rate = random_bits(64);
		uint8_t shift = (uint8_t)(random64() % 80);
		int64_t ticks = random_ticks(62);
		uint64_t growth_ns = vmclock_line_growth_ns(rate, shift, ticks);

		mpz_set_si(exact, ticks);
		mpz_abs(exact, exact);
		mpz_mul_ui(exact, exact, rate);
		mpz_mul_ui(exact, exact, 1000000000);
		if (growth_ns == VMCLOCK_LINE_FOREVER_NS) {
			mpz_fdiv_q_2exp(exact, exact, 64 + 32 + shift);
			assert_true(mpz_cmp_ui(exact, 999999999) >= 0);
			continue;
		}
		mpz_set_ui(told, growth_ns);
		mpz_mul_2exp(told, told, 64 + shift);
		assert_true(mpz_cmp(told, exact) >= 0);
		mpz_set_ui(told, growth_ns - 1);
		mpz_mul_2exp(told, told, 64 + shift);
		mpz_sub(told, told, exact);
		/* beyond one ns only by the unit of 2^-64 s that makes it safe */
		mpz_fdiv_q_2exp(told, told, shift);
		assert_true(mpz_cmp_ui(told, 1000000000) <= 0);
	}
	mpz_clears(exact, told, NULL);
}

/* A guest between 16 times slower and faster than its host. */
static struct vmclock_scale random_scale(void)
{
	static const uint8_t often[] = {48, 48, 32, 63, 0, 1};
	uint8_t frac_bits =
		random64() & 1 ? often[random64() % sizeof(often)] : (uint8_t)(random64() % 64);
	uint64_t one = 1ULL << frac_bits;
	uint64_t ratio = frac_bits < 4 ? 1 + random64() % 16 : one / 16 + random64() % one;

	if (frac_bits >= 4 && frac_bits < 60 && (random64() & 1))
		ratio = one + random64() % (15 * one);
	return (struct vmclock_scale){ratio, random64(), frac_bits};
}

static uint64_t guest_counter(uint64_t host, const struct vmclock_scale *scale)
{
	mpz_t product, low;
	uint64_t counter;

	mpz_init_set_ui(product, host);
	mpz_init(low);
	mpz_mul_ui(product, product, scale->ratio);
	mpz_fdiv_q_2exp(product, product, scale->frac_bits);
	mpz_add_ui(product, product, scale->offset);
	mpz_fdiv_r_2exp(low, product, 64);
	counter = mpz_get_ui(low);
	mpz_clears(product, low, NULL);
	return counter;
}

/* What a guest reads when its host reads the page's counter + ticks. */
static int64_t guest_ticks(const struct vmclock_abi *host, const struct vmclock_abi *guest,
			   const struct vmclock_scale *scale, int64_t ticks)
{
	uint64_t counter = guest_counter(host->counter_value + (uint64_t)ticks, scale);

	return (int64_t)(counter - guest->counter_value);
}

enum { SCALE = 127 }; /* times below are in 2^-(64 + SCALE) s */

static void scaled_time(mpz_t out, const struct vmclock_abi *page, int64_t ticks)
{
	exact_time(out, page, ticks);
	mpz_mul_2exp(out, out, SCALE - (unsigned int)page->counter_period_shift);
}

/* Half a unit of the guest's period for each tick, and 2^-64 s of the reference. */
static void rounding_of(mpz_t out, const struct vmclock_abi *guest, int64_t ticks)
{
	mpz_t unit;

	mpz_set_si(out, ticks);
	mpz_abs(out, out);
	mpz_mul_2exp(out, out, SCALE - 1 - (unsigned int)guest->counter_period_shift);
	mpz_init_set_ui(unit, 1);
	mpz_mul_2exp(unit, unit, SCALE);
	mpz_add(out, out, unit);
	mpz_clear(unit);
}

static void check_guest_time(const struct vmclock_abi *host, const struct vmclock_abi *guest,
			     const struct vmclock_scale *scale, int64_t ticks)
{
	int64_t their_ticks = guest_ticks(host, guest, scale, ticks);
	mpz_t lag, theirs, limit;

	mpz_inits(lag, theirs, limit, NULL);
	scaled_time(lag, host, ticks);
	scaled_time(theirs, guest, their_ticks);
	mpz_sub(lag, lag, theirs);
	rounding_of(limit, guest, their_ticks);
	mpz_neg(limit, limit);
	assert_true(mpz_cmp(lag, limit) >= 0);
	mpz_neg(limit, limit);
	mpz_set_ui(theirs, guest->counter_period_frac_sec);
	mpz_mul_2exp(theirs, theirs, SCALE - (unsigned int)guest->counter_period_shift);
	mpz_add(limit, limit, theirs);
	assert_true(mpz_cmp(lag, limit) < 0);
	mpz_clears(lag, theirs, limit, NULL);
}

/* So far that the product with a ratio never leaves the host's 64 bits. */
static int64_t random_distance(uint64_t counter)
{
	int64_t ticks = random_ticks(55);

	if (ticks < 0 && (uint64_t)-ticks > counter)
		return (int64_t)-counter;
	return (int64_t)counter + ticks < 0 ? 0 : ticks;
}

static void guest_time_is_host_time_within_one_guest_tick(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_abi host = random_page(), guest;
		struct vmclock_scale scale = random_scale();

		host.counter_value = random_bits(63);
		assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
		check_guest_time(&host, &guest, &scale, 0);
		check_guest_time(&host, &guest, &scale, random_distance(host.counter_value));
	}
}

static void the_guest_period_is_exact_within_64_bits(void **state)
{
	mpz_t theirs, exact;

	(void)state;
	mpz_inits(theirs, exact, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_abi host = random_page(), guest;
		struct vmclock_scale scale = random_scale();

		assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
		assert_true(guest.counter_period_frac_sec >> 63); /* 64 bits of it */
		/* |guest * ratio - host * 2^frac_bits| <= half a unit * ratio, all in 2^-191 s */
		mpz_set_ui(theirs, guest.counter_period_frac_sec);
		mpz_mul_ui(theirs, theirs, scale.ratio);
		mpz_mul_2exp(theirs, theirs, SCALE - (unsigned int)guest.counter_period_shift);
		mpz_set_ui(exact, host.counter_period_frac_sec);
		mpz_mul_2exp(exact, exact, scale.frac_bits);
		mpz_mul_2exp(exact, exact, SCALE - (unsigned int)host.counter_period_shift);
		mpz_sub(theirs, theirs, exact);
		mpz_abs(theirs, theirs);
		mpz_set_ui(exact, scale.ratio);
		mpz_mul_2exp(exact, exact, SCALE - 1 - (unsigned int)guest.counter_period_shift);
		assert_true(mpz_cmp(theirs, exact) <= 0);
	}
	mpz_clears(theirs, exact, NULL);
}

/* guest_rate - host_rate, in halves of the guest's unit times the ratio */
static void rate_excess(mpz_t out, const struct vmclock_abi *host, uint64_t host_rate,
			const struct vmclock_abi *guest, uint64_t guest_rate,
			const struct vmclock_scale *scale)
{
	mpz_t exact;

	mpz_init_set_ui(exact, host_rate);
	mpz_mul_2exp(exact, exact, scale->frac_bits);
	mpz_mul_2exp(exact, exact, SCALE - (unsigned int)host->counter_period_shift);
	mpz_set_ui(out, guest_rate);
	mpz_mul_ui(out, out, scale->ratio);
	mpz_mul_2exp(out, out, SCALE - (unsigned int)guest->counter_period_shift);
	mpz_sub(out, out, exact);
	mpz_fdiv_q_ui(out, out, scale->ratio);
	mpz_fdiv_q_2exp(out, out, SCALE - 1 - (unsigned int)guest->counter_period_shift);
	mpz_clear(exact);
}

static void the_guest_error_rates_are_rounded_up(void **state)
{
	mpz_t halves;

	(void)state;
	mpz_init(halves);
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_abi host = random_page(), guest;
		struct vmclock_scale scale = random_scale();

		assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
		rate_excess(halves, &host, host.counter_period_esterror_rate_frac_sec, &guest,
			    guest.counter_period_esterror_rate_frac_sec, &scale);
		assert_true(mpz_cmp_si(halves, 0) >= 0 && mpz_cmp_si(halves, 1) <= 0);
		/* one unit more, in which the rounding of the period by half a unit has room */
		rate_excess(halves, &host, host.counter_period_maxerror_rate_frac_sec, &guest,
			    guest.counter_period_maxerror_rate_frac_sec, &scale);
		assert_true(mpz_cmp_si(halves, 2) >= 0 && mpz_cmp_si(halves, 3) <= 0);
	}
	mpz_clear(halves);
}

static void the_guest_bound_is_the_host_bound(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_abi host = random_page(), guest;
		struct vmclock_scale scale = random_scale();
		int64_t ticks, theirs;
		struct vmclock_reading a, b;

		host.counter_value = random_bits(62);
		ticks = random_distance(host.counter_value);
		assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
		theirs = guest_ticks(&host, &guest, &scale, ticks);
		if (vmclock_reading_at(&host, host.counter_value + (uint64_t)ticks, &a))
			continue;
		assert_int_equal(
			vmclock_reading_at(&guest, guest.counter_value + (uint64_t)theirs, &b), 0);
		if (a.max_error_ns == UINT64_MAX)
			continue;
		/* Its counter may be one tick of 16 us behind, in which 1000 ppm make 16 ns. */
		assert_true(b.max_error_ns + 17 >= a.max_error_ns);
		assert_true(b.max_error_ns <= a.max_error_ns + 17);
		assert_int_equal(guest.time_maxerror_nanosec - host.time_maxerror_nanosec,
				 guest.time_frac_sec != host.time_frac_sec);
	}
}

static void an_unscaled_guest_only_differs_in_its_counter(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct vmclock_abi host = random_page(), guest;
		struct vmclock_scale scale = {.ratio = 1, .offset = random64()};
		struct vmclock_time a, b;
		uint64_t ticks = (uint64_t)random_ticks(50);

		assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
		assert_int_equal(guest.counter_value, host.counter_value + scale.offset);
		assert_int_equal(guest.time_maxerror_nanosec, host.time_maxerror_nanosec);
		vmclock_time_at(&host, host.counter_value + ticks, &a);
		vmclock_time_at(&guest, guest.counter_value + ticks, &b);
		assert_int_equal(a.sec, b.sec);
		assert_int_equal(a.frac, b.frac);
	}
}

static void a_scale_or_result_out_of_range_is_refused(void **state)
{
	struct vmclock_abi host = random_page(), guest;
	struct vmclock_scale scale = {.ratio = 0, .frac_bits = 48};

	(void)state;
	assert_int_equal(vmclock_convert(&host, &scale, &guest), -EINVAL);
	scale = (struct vmclock_scale){.ratio = 1, .frac_bits = 64};
	assert_int_equal(vmclock_convert(&host, &scale, &guest), -EINVAL);
	scale = (struct vmclock_scale){.ratio = 1, .frac_bits = 63}; /* half a minute a tick */
	assert_int_equal(vmclock_convert(&host, &scale, &guest), -ERANGE);
	scale = (struct vmclock_scale){.ratio = 1};
	host.counter_period_frac_sec = 0;
	assert_int_equal(vmclock_convert(&host, &scale, &guest), -ERANGE);
	host.counter_period_frac_sec = 1;
	host.counter_period_shift = 128;
	assert_int_equal(vmclock_convert(&host, &scale, &guest), -ERANGE);
}

/* What has no bound has none for the guest either, whose page must learn that. */
static void an_error_rate_that_does_not_fit_is_none(void **state)
{
	struct vmclock_abi host = random_page(), guest;
	struct vmclock_scale scale = {.ratio = 1};

	(void)state;
	host.flags |= VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID;
	host.counter_period_frac_sec = 1; /* 63 bits are put before it, and before the rates */
	host.counter_period_shift = 40;
	host.counter_period_esterror_rate_frac_sec = 2;
	host.counter_period_maxerror_rate_frac_sec = UINT64_MAX;
	assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
	assert_int_equal(guest.counter_period_esterror_rate_frac_sec, UINT64_MAX);
	assert_int_equal(guest.counter_period_maxerror_rate_frac_sec, UINT64_MAX);
	host.counter_period_esterror_rate_frac_sec = 1;
	host.counter_period_maxerror_rate_frac_sec = 1;
	assert_int_equal(vmclock_convert(&host, &scale, &guest), 0);
	assert_int_equal(guest.counter_period_esterror_rate_frac_sec, UINT64_C(1) << 63);
	assert_int_equal(guest.counter_period_maxerror_rate_frac_sec, (UINT64_C(1) << 63) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_exact_to_the_last_bit),
		cmocka_unit_test(ten_years_cost_less_than_a_tenth_of_a_ns),
		cmocka_unit_test(error_growth_is_never_too_small_and_at_most_one_ns_too_large),
		cmocka_unit_test(guest_time_is_host_time_within_one_guest_tick),
		cmocka_unit_test(the_guest_period_is_exact_within_64_bits),
		cmocka_unit_test(the_guest_error_rates_are_rounded_up),
		cmocka_unit_test(the_guest_bound_is_the_host_bound),
		cmocka_unit_test(an_unscaled_guest_only_differs_in_its_counter),
		cmocka_unit_test(a_scale_or_result_out_of_range_is_refused),
		cmocka_unit_test(an_error_rate_that_does_not_fit_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
