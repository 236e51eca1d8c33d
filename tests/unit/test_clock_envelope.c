// SPDX-License-Identifier: GPL-2.0-or-later
/* The maximum error: true time is always in the envelope, and the envelope is tight. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/clock/envelope.h"
#include "test_clock_world.h"

#define EPOCH_NS INT64_C(1764547237000000000)

/* An oscillator, a server and an envelope that is told what the server says. */
struct setting {
	struct dice dice;
	struct oscillator oscillator;
	long double now_ns;
	double promise_ppb;
	double centre_ppb;
	double swing_least_s, swing_most_s;
	long double next_swing_ns;
	double leg_ns[2], queue_ns[2];
	double claim_ns;
	double stamp_ns; /* claimed error of the stamps, in ticks of the counter */
	bool one_sided;
	struct envelope envelope;
};

static struct setting setting;

static uint64_t counter_now(const struct setting *s)
{
	return oscillator_when(&s->oscillator, s->now_ns);
}

/* Exhausts the promise: from one end of the band to the other. */
static void pass(struct setting *s, double ns)
{
	long double until_ns = s->now_ns + (long double)ns;
	double sign;

	while (s->next_swing_ns < until_ns) {
		s->now_ns = s->next_swing_ns;
		sign = s->oscillator.pieces[s->oscillator.count - 1].rate_ppb < s->centre_ppb
			       ? 0.5
			       : -0.5;
		oscillator_turn(&s->oscillator, counter_now(s),
				s->centre_ppb + sign * s->promise_ppb);
		if (s->oscillator.count == WORLD_TURNS)
			s->next_swing_ns = INFINITY;
		s->next_swing_ns += 1e9L * (long double)dice_log_between(&s->dice, s->swing_least_s,
									 s->swing_most_s);
	}
	s->now_ns = until_ns;
}

/* A fact on either side, as wrong as the claim allows. */
static struct sample ask(struct setting *s)
{
	double error_ns = dice_bits(&s->dice) & 1 ? s->claim_ns : -s->claim_ns;
	double stamp_ns = s->stamp_ns * (dice_bits(&s->dice) & 1 ? 1 : -1);
	int64_t stamp_ticks = (int64_t)(stamp_ns / s->oscillator.ns_per_tick);
	struct sample sample = {.kind = SAMPLE_EXCHANGE, .stamp_error_ns = s->stamp_ns};

	sample.upper_error_ns = sample.lower_error_ns = s->claim_ns;
	sample.c_before = counter_now(s) + (uint64_t)stamp_ticks;
	pass(s, s->leg_ns[0] + dice_exponential(&s->dice, s->queue_ns[0]));
	sample.t_before_ns = EPOCH_NS + (int64_t)ceill(s->now_ns + (long double)error_ns);
	sample.t_after_ns = sample.t_before_ns - 1;
	if (error_ns > 0) { /* so that rounding stays within the claim */
		sample.t_before_ns--;
		sample.t_after_ns--;
	}
	sample.upper_error_ns += 1;
	sample.lower_error_ns += 1;
	pass(s, s->leg_ns[1] + dice_exponential(&s->dice, s->queue_ns[1]));
	sample.c_after = counter_now(s) + 1 + (uint64_t)stamp_ticks;
	if (s->one_sided && dice_bits(&s->dice) & 1)
		sample.upper_error_ns = INFINITY;
	else if (s->one_sided && dice_bits(&s->dice) & 1)
		sample.lower_error_ns = INFINITY;
	return sample;
}

/* By how much true time lies outside at a counter value; <= 0: inside. */
static double miss(const struct setting *s, uint64_t counter)
{
	struct interval in;
	double error_ns;

	if (!envelope_at(&s->envelope, counter, &in))
		return 0;
	error_ns = (double)oscillator_error(&s->oscillator, counter, in.base_ns, 0);
	return fmax(error_ns + in.lo_ns, -error_ns - in.hi_ns);
}

static void begin(struct setting *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->dice.state = seed;
	s->promise_ppb = 1000;
	s->next_swing_ns = INFINITY;
	s->leg_ns[0] = s->leg_ns[1] = 50e3;
	s->queue_ns[0] = s->queue_ns[1] = 20e3;
	oscillator_begin(&s->oscillator, 1e9, 1000, EPOCH_NS, 0);
	envelope_init(&s->envelope, 1, s->promise_ppb, 1024, NULL);
}

static void begin_adversary(struct setting *s, uint64_t seed)
{
	double hz;
	int late;

	begin(s, seed);
	hz = dice_log_between(&s->dice, 1e7, 5e9);
	late = (int)(dice_bits(&s->dice) & 1);
	s->promise_ppb = dice_log_between(&s->dice, 1, 1e5);
	s->centre_ppb = dice_between(&s->dice, -1, 1) * (5e5 - s->promise_ppb / 2);
	s->swing_least_s = dice_log_between(&s->dice, 0.3, 10);
	s->swing_most_s = s->swing_least_s * dice_log_between(&s->dice, 1, 1000);
	s->next_swing_ns = 0;
	s->leg_ns[late] = dice_log_between(&s->dice, 100, 1e8);
	s->leg_ns[!late] = dice_bits(&s->dice) & 1 ? 0 : s->leg_ns[late];
	s->queue_ns[late] = dice_log_between(&s->dice, 1, 1e7);
	s->queue_ns[!late] = 0;
	s->claim_ns = dice_bits(&s->dice) & 1 ? floor(dice_log_between(&s->dice, 1, 1e7)) : 0;
	s->one_sided = dice_bits(&s->dice) & 1;
	oscillator_begin(&s->oscillator, hz,
			 dice_bits(&s->dice) & 1 ? (uint64_t)-1 - (dice_bits(&s->dice) >> 28)
						 : (UINT64_C(1) << 63) - 12345,
			 EPOCH_NS, s->centre_ppb + s->promise_ppb / 2);
	envelope_init(&s->envelope, 1e9 / hz, s->promise_ppb,
		      dice_log_between(&s->dice, 600, 14400), NULL);
}

static void true_time_is_never_lost_to_an_adversary(void **state)
{
	struct setting *s = &setting;

	(void)state;
	for (uint64_t seed = 1; seed <= 1500; seed++) {
		double poll_ns, worst = 0;

		begin_adversary(s, seed);
		poll_ns = dice_log_between(&s->dice, 0.1e9, 256e9);
		for (int i = 0; i < 200; i++) {
			struct sample sample = ask(s);

			assert_int_equal(envelope_add(&s->envelope, &sample), 0);
			worst = fmax(worst, miss(s, sample.c_after + 1));
			if (dice_bits(&s->dice) % 64 == 0)
				pass(s, 600e9); /* stalled */
			pass(s, dice_between(&s->dice, 0, 2 * poll_ns));
			worst = fmax(worst, miss(s, counter_now(s)));
		}
		assert_true(worst <= 1e-3);
	}
}

/* The rate is within its interval as well: readers extrapolate by it. */
static void the_true_rate_is_always_in_the_rate_interval(void **state)
{
	struct setting *s = &setting;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		begin_adversary(s, seed);
		for (int i = 0; i < 100; i++) {
			struct sample sample = ask(s);
			struct interval in;
			double rate_ppb;

			envelope_add(&s->envelope, &sample);
			pass(s, dice_log_between(&s->dice, 0.1e9, 64e9));
			rate_ppb = s->oscillator.pieces[s->oscillator.count - 1].rate_ppb;
			if (envelope_at(&s->envelope, counter_now(s), &in))
				assert_true(in.rate_lo_ppb <= rate_ppb + 1e-6 &&
					    in.rate_hi_ppb >= rate_ppb - 1e-6);
		}
	}
}

/* Late facts: what arrives out of order is carried forward, never back. */
static void samples_out_of_order_do_no_harm(void **state)
{
	struct setting *s = &setting;
	struct sample held;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		begin_adversary(s, seed);
		held = ask(s);
		for (int i = 0; i < 100; i++) {
			struct sample sample = ask(s);

			assert_int_equal(envelope_add(&s->envelope, &sample), 0);
			pass(s, dice_log_between(&s->dice, 1e3, 16e9));
			if (i % 3 == 2) {
				assert_int_equal(envelope_add(&s->envelope, &held), 0);
				held = sample;
			}
			assert_true(miss(s, counter_now(s)) <= 1e-3);
		}
	}
}

static void a_promise_that_comes_and_goes_does_no_harm(void **state)
{
	struct setting *s = &setting;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		begin_adversary(s, seed);
		for (int i = 0; i < 100; i++) {
			struct sample sample = ask(s);

			assert_int_equal(envelope_add(&s->envelope, &sample), 0);
			envelope_set_promise(&s->envelope,
					     s->promise_ppb * (dice_bits(&s->dice) & 1 ? 1 : 3),
					     dice_log_between(&s->dice, 600, 14400));
			pass(s, dice_log_between(&s->dice, 0.1e9, 64e9));
			assert_true(miss(s, counter_now(s)) <= 1e-3);
		}
	}
}

/* Every deduction made under the narrow one is unmade, however wrong it was. */
static void a_promise_that_the_operator_widens_holds_at_once(void **state)
{
	struct setting *s = &setting;
	int wrong_before = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		begin_adversary(s, seed);
		envelope_init(&s->envelope, s->oscillator.ns_per_tick, s->promise_ppb / 8,
			      s->envelope.window_s, NULL);
		for (int i = 0; i < 100; i++) {
			struct sample sample = ask(s);

			envelope_add(&s->envelope, &sample); /* some contradict it */
			pass(s, dice_log_between(&s->dice, 0.1e9, 16e9));
		}
		wrong_before += miss(s, counter_now(s)) > 1e-3;
		envelope_widen_promise(&s->envelope, s->promise_ppb);
		assert_true(miss(s, counter_now(s)) <= 1e-3);
		for (int i = 0; i < 50; i++) {
			struct sample sample;

			pass(s, dice_log_between(&s->dice, 0.1e9, 64e9));
			assert_true(miss(s, counter_now(s)) <= 1e-3);
			sample = ask(s);
			assert_int_equal(envelope_add(&s->envelope, &sample), 0);
		}
	}
	assert_true(wrong_before > 3); /* else nothing was shown */
}

/* The oscillator keeps the narrow one from then on only: pairs across that moment do not. */
static void a_promise_that_the_operator_narrows_counts_for_what_comes(void **state)
{
	struct setting *s = &setting;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		double before_ppb;

		begin_adversary(s, seed);
		before_ppb = s->promise_ppb;
		for (int i = 0; i < 200; i++) {
			struct sample sample = ask(s);

			assert_int_equal(envelope_add(&s->envelope, &sample), 0);
			if (i == 60) {
				envelope_narrow_promise(&s->envelope, before_ppb, before_ppb / 16);
				s->centre_ppb += dice_between(&s->dice, -0.46, 0.46) * before_ppb;
				s->promise_ppb = before_ppb / 16;
				s->next_swing_ns = s->now_ns;
			}
			pass(s, dice_log_between(&s->dice, 0.1e9, 64e9));
			assert_true(miss(s, counter_now(s)) <= 1e-3);
		}
	}
}

static void a_narrowed_promise_is_in_full_force_after_its_span(void **state)
{
	struct setting *s = &setting;
	struct interval in;

	(void)state;
	begin(s, 7);
	for (int i = 0; i < 3000; i++) {
		struct sample sample = ask(s);

		if (i == 1000)
			envelope_narrow_promise(&s->envelope, 1000, 100);
		assert_int_equal(envelope_add(&s->envelope, &sample), 0);
		assert_true(envelope_at(&s->envelope, sample.c_after, &in));
		if (i == 1010)
			assert_true(in.rate_hi_ppb - in.rate_lo_ppb >= 2000);
		pass(s, 1e9);
	}
	assert_true(in.rate_hi_ppb - in.rate_lo_ppb < 500);
}

/* A counter tick at +500 ppm lasts longer than a nominal one. */
static void stamp_errors_are_covered_in_true_time(void **state)
{
	struct setting *s = &setting;

	(void)state;
	begin(s, 1);
	s->stamp_ns = 100e6;
	s->leg_ns[0] = s->leg_ns[1] = s->queue_ns[0] = s->queue_ns[1] = 0;
	oscillator_begin(&s->oscillator, 1e9, 1000, EPOCH_NS, 499e3);
	for (int i = 0; i < 20; i++) {
		struct sample sample = ask(s);

		assert_int_equal(envelope_add(&s->envelope, &sample), 0);
		assert_true(miss(s, sample.c_after + 200000000) <= 1e-3);
		pass(s, 1e9);
	}
}

static void a_lan_is_bounded_within_a_tenth_of_its_round_trip(void **state)
{
	struct setting *s = &setting;
	double ratio_sum = 0;
	int count = 0;

	(void)state;
	begin(s, 1);
	s->claim_ns = 5000;
	for (int i = 0; i < 3000; i++) {
		struct sample sample = ask(s);
		struct interval in;

		envelope_add(&s->envelope, &sample);
		pass(s, 1e9);
		if (i < 100)
			continue;
		assert_true(envelope_at(&s->envelope, counter_now(s), &in));
		ratio_sum += (in.hi_ns - in.lo_ns) / 2 / (50e3 + s->claim_ns);
		count++;
	}
	assert_true(ratio_sum / count < 1.10);
	assert_true(ratio_sum / count > 0.999); /* nobody can know better */
}

static void a_broken_promise_is_a_conflict_not_a_wrong_bound(void **state)
{
	struct setting *s = &setting;
	int conflicts = 0;

	(void)state;
	begin(s, 2);
	for (int i = 0; i < 2000; i++) {
		struct sample sample;

		if (i == 1000)
			oscillator_turn(&s->oscillator, counter_now(s), 5000);
		sample = ask(s);
		if (envelope_add(&s->envelope, &sample) == -ERANGE)
			conflicts++;
		pass(s, 1e9);
	}
	assert_true(conflicts > 800);
}

static void a_server_that_steps_is_a_conflict_and_changes_nothing(void **state)
{
	struct setting *s = &setting;
	struct interval before, after;
	struct sample sample;

	(void)state;
	begin(s, 3);
	for (int i = 0; i < 100; i++) {
		sample = ask(s);
		envelope_add(&s->envelope, &sample);
		pass(s, 1e9);
	}
	sample = ask(s);
	sample.t_before_ns += 1000000;
	sample.t_after_ns += 1000000;
	assert_true(envelope_at(&s->envelope, sample.c_after, &before));
	assert_int_equal(envelope_add(&s->envelope, &sample), -ERANGE);
	assert_true(envelope_at(&s->envelope, sample.c_after, &after));
	assert_memory_equal(&before, &after, sizeof(before));
}

static void a_sample_that_contradicts_itself_is_a_conflict(void **state)
{
	struct setting *s = &setting;
	struct sample sample;

	(void)state;
	begin(s, 4);
	sample = ask(s);
	sample.t_after_ns += 1000000; /* the reply was sent after it came */
	assert_int_equal(envelope_add(&s->envelope, &sample), -ERANGE);
}

static void one_sided_facts_bound_one_side_only(void **state)
{
	struct envelope e;
	struct sample pulse = {.kind = SAMPLE_EDGE,
			       .c_before = 1000,
			       .c_after = 1000,
			       .t_before_ns = EPOCH_NS,
			       .t_after_ns = EPOCH_NS,
			       .upper_error_ns = INFINITY};
	struct interval in;

	(void)state;
	envelope_init(&e, 1, 1000, 1024, NULL);
	assert_int_equal(envelope_add(&e, &pulse), 0);
	assert_false(envelope_at(&e, 2000, &in));
	pulse.upper_error_ns = 100;
	pulse.lower_error_ns = INFINITY;
	assert_int_equal(envelope_add(&e, &pulse), 0);
	assert_true(envelope_at(&e, 1000, &in));
	assert_true(in.lo_ns >= -1e-9 && in.lo_ns <= 1e-9);
	assert_true(fabs(in.hi_ns - 100) < 1e-9);
	pulse.upper_error_ns = INFINITY;
	assert_int_equal(envelope_add(&e, &pulse), -ENODATA);
}

static void no_interval_before_the_last_fact(void **state)
{
	struct setting *s = &setting;
	struct sample sample;
	struct interval in;

	(void)state;
	begin(s, 5);
	assert_false(envelope_at(&s->envelope, 1000, &in));
	sample = ask(s);
	envelope_add(&s->envelope, &sample);
	assert_false(envelope_at(&s->envelope, sample.c_after - 1, &in));
	assert_true(envelope_at(&s->envelope, sample.c_after, &in));
}

/* Ten years of one fact: carried in one go, and in steps of nine hours. */
static void carrying_for_ten_years_loses_less_than_a_tenth_of_a_ns(void **state)
{
	struct interval one = {.counter = UINT64_MAX - 1000,
			       .base_ns = EPOCH_NS,
			       .rate_lo_ppb = 1000,
			       .rate_hi_ppb = 1000};
	struct interval many = one;
	uint64_t step = UINT64_C(31557600000000) * 3;
	long double truth_ns;

	(void)state;
	interval_carry(&one, one.counter + step * 10000, 1e9 / 3e9);
	for (int i = 0; i < 10000; i++)
		interval_carry(&many, many.counter + step, 1e9 / 3e9);
	truth_ns = (long double)step * 1e4L * (long double)(1e9 / 3e9) * (1 + 1e-6L);
	assert_true(fabsl((long double)(one.base_ns - EPOCH_NS) + (long double)one.lo_ns -
			  truth_ns) < 0.1L);
	assert_true(fabsl((long double)(many.base_ns - EPOCH_NS) + (long double)many.lo_ns -
			  truth_ns) < 0.1L);
}

/* What the promise says of two moments does not end because no sample came for hours. */
static void after_a_long_outage_the_rate_is_still_known(void **state)
{
	struct setting *s = &setting;
	struct interval in;
	struct sample sample;

	(void)state;
	begin(s, 6);
	for (int i = 0; i < 1000; i++) {
		sample = ask(s);
		envelope_add(&s->envelope, &sample);
		pass(s, 1e9);
	}
	pass(s, 7200e9);
	sample = ask(s);
	assert_int_equal(envelope_add(&s->envelope, &sample), 0);
	assert_true(envelope_at(&s->envelope, sample.c_after, &in));
	assert_true(in.rate_hi_ppb - in.rate_lo_ppb < 10e3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(true_time_is_never_lost_to_an_adversary),
		cmocka_unit_test(the_true_rate_is_always_in_the_rate_interval),
		cmocka_unit_test(samples_out_of_order_do_no_harm),
		cmocka_unit_test(a_promise_that_comes_and_goes_does_no_harm),
		cmocka_unit_test(a_promise_that_the_operator_widens_holds_at_once),
		cmocka_unit_test(a_promise_that_the_operator_narrows_counts_for_what_comes),
		cmocka_unit_test(a_narrowed_promise_is_in_full_force_after_its_span),
		cmocka_unit_test(stamp_errors_are_covered_in_true_time),
		cmocka_unit_test(a_lan_is_bounded_within_a_tenth_of_its_round_trip),
		cmocka_unit_test(a_broken_promise_is_a_conflict_not_a_wrong_bound),
		cmocka_unit_test(a_server_that_steps_is_a_conflict_and_changes_nothing),
		cmocka_unit_test(a_sample_that_contradicts_itself_is_a_conflict),
		cmocka_unit_test(one_sided_facts_bound_one_side_only),
		cmocka_unit_test(no_interval_before_the_last_fact),
		cmocka_unit_test(carrying_for_ten_years_loses_less_than_a_tenth_of_a_ns),
		cmocka_unit_test(after_a_long_outage_the_rate_is_still_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
