// SPDX-License-Identifier: GPL-2.0-or-later
/* A reference that is handed on is never wrong where it arrives, and as wide as the way was. */
#include "test_lib_support.h"

#include <endian.h>
#include <vmclock_export.h>

#define NS_PER_S 1000000000LL

static uint64_t seed = 88172645463325252;

static uint64_t random_number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t below(uint64_t limit)
{
	return random_number() % limit;
}

/* A page of host A: true time is START_S seconds + the counter's ns, off by error_ns. */
static struct vmclock_abi page_of_a(uint64_t counter, int64_t error_ns)
{
	struct vmclock_reference r = true_reference(counter);

	shift_reference(&r, error_ns);
	return (struct vmclock_abi){
		.magic = htole32(VMCLOCK_MAGIC),
		.size = htole32(4096),
		.version = htole16(1),
		.counter_id = VMCLOCK_COUNTER_X86_TSC,
		.time_type = VMCLOCK_TIME_TAI,
		.disruption_marker = htole64(42),
		.flags = htole64(r.flags | VMCLOCK_FLAG_TIME_ESTERROR_VALID),
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
		.tai_offset_sec = htole16((uint16_t)-37),
		.counter_period_shift = r.counter_period_shift,
		.counter_value = htole64(counter),
		.counter_period_frac_sec = htole64(r.counter_period_frac_sec),
		.counter_period_maxerror_rate_frac_sec = htole64(r.period_maxerror),
		.time_sec = htole64(r.time_sec),
		.time_frac_sec = htole64(r.time_frac_sec),
		.time_maxerror_nanosec = htole64(r.time_maxerror_nanosec),
		.vm_generation_counter = htole64(9),
	};
}

/* As it goes through a socket. */
static struct vmclock_export hand_over(const struct vmclock_abi *page, uint64_t counter)
{
	struct vmclock_export sent, received;
	uint8_t wire[sizeof(sent)];

	assert_int_equal(vmclock_export(page, counter, &sent), 0);
	memcpy(wire, &sent, sizeof(wire));
	assert_int_equal(vmclock_export_check(wire, sizeof(wire), &received), 0);
	assert_memory_equal(&sent, &received, sizeof(sent));
	return received;
}

static struct vmclock_writer *open_at_b(const struct place *place, uint64_t (*read_counter)(void),
					const struct vmclock_scale *scale)
{
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open_guest(place->page, VMCLOCK_COUNTER_X86_TSC,
						   read_counter, scale, &writer),
			 0);
	return writer;
}

static struct vmclock_abi page_of(const struct place *place)
{
	struct vmclock_abi page;
	struct vmclock *clock;

	assert_int_equal(vmclock_open(place->page, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	vmclock_close(clock);
	return page;
}

static uint64_t counter_of_b;

static uint64_t read_b(void)
{
	return counter_of_b;
}

/* B's counter ticks with 2^-30 s, is promised to within 100 ppm, and is up to 90 ppm fast. */
struct host_b {
	uint64_t start; /* its value when true time was 0 */
	int64_t fast_ppm;
};

static uint64_t b_at(const struct host_b *b, uint64_t true_ns)
{
	__int128 ticks = ((__int128)true_ns << 30) * (1000000 + b->fast_ppm) / 1000000 / NS_PER_S;

	return b->start + (uint64_t)ticks;
}

/* One migration: from a random page, after a random time, to a random machine and guest. */
static void migrate(struct place *place)
{
	const struct host_b b = {.start = random_number(), .fast_ppm = (int64_t)below(181) - 90};
	uint64_t counter = 1000000000000 + below(1ULL << 50),
		 exported = counter + below(1ULL << 32);
	uint64_t unsure = below(2) * NS_PER_S + 1; /* of how long it took; often not at all */
	uint64_t elapsed = below(30 * NS_PER_S), early = below(unsure), late = below(unsure);
	struct vmclock_arrival how = {
		.elapsed_min_ns = elapsed > early ? elapsed - early : 0,
		.elapsed_max_ns = elapsed + late,
		.counter_period_frac_sec = 1ULL << 63,
		.counter_period_shift = 29,
		.period_maxerror = (1ULL << 63) / 10000,
	};
	struct vmclock_scale guest = {.ratio = (1ULL << 47) + below(1ULL << 48),
				      .offset = random_number(),
				      .frac_bits = 48};
	int64_t error_ns = below(2) ? 1000 : -1000;
	struct vmclock_abi page = page_of_a(counter, error_ns);
	struct vmclock_export taken;
	struct vmclock_reference reference;
	struct vmclock_writer *writer;

	/* Its rate is off, too, by as much as it says. */
	page.counter_period_frac_sec += error_ns > 0 ? TICK_PPM : -TICK_PPM;
	taken = hand_over(&page, exported);
	counter_of_b = how.counter_now = b_at(&b, exported + elapsed);
	assert_int_equal(vmclock_import(&taken, &how, &reference), 0);
	assert_int_equal(reference.clock_status, VMCLOCK_STATUS_FREERUNNING);
	assert_true(reference.disrupt);
	assert_true(reference.time_maxerror_nanosec >=
		    1000 + (how.elapsed_max_ns - how.elapsed_min_ns) / 2);
	assert_true(reference.time_maxerror_nanosec <=
		    1000 + 4294967 / 1000 + 10 + (how.elapsed_max_ns - how.elapsed_min_ns) / 2);
	writer = open_at_b(place, read_b, &guest);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	page = page_of(place);
	for (uint64_t later = 0; later < 100 * NS_PER_S; later = later * 3 + 1 + below(NS_PER_S)) {
		uint64_t true_ns = exported + elapsed + later, at = b_at(&b, true_ns);
		int64_t truth_ns = START_S * NS_PER_S + (int64_t)true_ns;
		struct vmclock_reading reading;

		at = (uint64_t)(((unsigned __int128)at * guest.ratio) >> 48) + guest.offset;
		assert_int_equal(vmclock_reading_at(&page, at, &reading), 0);
		/* Its counter and ours are read at whole ticks. */
		assert_true(reading.tai.earliest_ns <= truth_ns + 2);
		assert_true(reading.tai.latest_ns >= truth_ns - 2);
	}
	vmclock_writer_close(writer);
	unlink(place->page);
	unlink(place->journal);
}

static void a_migration_is_never_wrong(void **state)
{
	for (int i = 0; i < 500; i++)
		migrate(*state);
}

static void over_a_kexec_the_line_goes_on(void **state)
{
	const uint64_t counter = 1000000000000, exported = counter + 5000000;
	struct vmclock_abi page = page_of_a(counter, 300);
	struct vmclock_export taken = hand_over(&page, exported);
	struct vmclock_arrival how = {.same_counter = true, .counter_now = exported + 90000000000};
	struct vmclock_reference reference;

	(void)state;
	assert_int_equal(vmclock_import(&taken, &how, &reference), 0);
	assert_false(reference.disrupt);
	assert_int_equal(reference.clock_status, VMCLOCK_STATUS_FREERUNNING);
	assert_true(reference.counter_value == counter);
	assert_true(reference.counter_period_frac_sec == TICK_NS);
	assert_true(reference.time_sec == page.time_sec);
	assert_true(reference.time_frac_sec == page.time_frac_sec);
	assert_true(reference.time_maxerror_nanosec == 1000);
	assert_true(reference.flags & VMCLOCK_FLAG_TAI_OFFSET_VALID);
	how.counter_now = exported - 1;
	assert_int_equal(vmclock_import(&taken, &how, &reference), -ESTALE);
	how.counter_now = exported + (1ULL << 62);
	assert_int_equal(vmclock_import(&taken, &how, &reference), -ESTALE);
}

static void near_a_leap_second_utc_does_not_travel(void **state)
{
	struct vmclock_abi page = page_of_a(1000, 0);
	struct vmclock_arrival how = {.elapsed_max_ns = 1000,
				      .counter_period_frac_sec = 1ULL << 63,
				      .counter_period_shift = 29};
	struct vmclock_export taken;
	struct vmclock_reference reference;

	(void)state;
	page.leap_indicator = VMCLOCK_LEAP_PRE_POS;
	taken = hand_over(&page, 2000);
	assert_int_equal(vmclock_import(&taken, &how, &reference), 0);
	assert_false(reference.flags & VMCLOCK_FLAG_TAI_OFFSET_VALID);
	how = (struct vmclock_arrival){.same_counter = true, .counter_now = 3000};
	assert_int_equal(vmclock_import(&taken, &how, &reference), 0);
	assert_true(reference.flags & VMCLOCK_FLAG_TAI_OFFSET_VALID);
}

static void what_nobody_could_rely_on_is_not_exported(void **state)
{
	const struct vmclock_abi good = page_of_a(1000, 0);
	struct vmclock_abi page = good;
	struct vmclock_export e;

	(void)state;
	page.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	assert_int_equal(vmclock_export(&page, 2000, &e), -ENODATA);
	page = good;
	page.flags &= ~(uint64_t)VMCLOCK_FLAG_PERIOD_MAXERROR_VALID;
	assert_int_equal(vmclock_export(&page, 2000, &e), -ENODATA);
	page = good;
	page.time_type = VMCLOCK_TIME_UTC;
	assert_int_equal(vmclock_export(&page, 2000, &e), -EXDEV);
	assert_int_equal(vmclock_export(&good, 999, &e), -ERANGE);
	page = good;
	page.counter_period_frac_sec = 0;
	assert_int_equal(vmclock_export(&page, 2000, &e), -ERANGE);
}

/* Each bit counts. */
static void what_was_damaged_is_refused(void **state)
{
	struct vmclock_abi page = page_of_a(1000, 0);
	struct vmclock_export e = hand_over(&page, 2000), out;
	uint8_t *bytes = (uint8_t *)&e;

	(void)state;
	for (unsigned int bit = 0; bit < 8 * sizeof(e); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_true(vmclock_export_check(&e, sizeof(e), &out) < 0);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(vmclock_export_check(&e, sizeof(e) - 1, &out), -EMSGSIZE);
	assert_int_equal(vmclock_export_check(&e, 0, &out), -EMSGSIZE);
	e.version = htole16(2);
	assert_int_equal(vmclock_export_check(&e, sizeof(e), &out), -EPROTO);
	assert_int_equal(vmclock_export_check("x", 1, &out), -EMSGSIZE);
}

static void a_senseless_arrival_is_refused(void **state)
{
	struct vmclock_abi page = page_of_a(1000, 0);
	struct vmclock_export e = hand_over(&page, 2000);
	const struct vmclock_arrival good = {
		.elapsed_max_ns = 1000, .counter_period_frac_sec = 1, .counter_period_shift = 29};
	struct vmclock_arrival how = good;
	struct vmclock_reference reference;

	(void)state;
	how.elapsed_min_ns = 1001;
	assert_int_equal(vmclock_import(&e, &how, &reference), -EINVAL);
	how = good;
	how.elapsed_max_ns = (1ULL << 53) + 1;
	assert_int_equal(vmclock_import(&e, &how, &reference), -EINVAL);
	how = good;
	how.counter_period_frac_sec = 0;
	assert_int_equal(vmclock_import(&e, &how, &reference), -EINVAL);
	how = good;
	how.counter_period_shift = 128;
	assert_int_equal(vmclock_import(&e, &how, &reference), -EINVAL);
	page.counter_period_maxerror_rate_frac_sec = ~0ULL;
	page.counter_period_shift = 0;
	e = hand_over(&page, 1ULL << 61);
	assert_int_equal(vmclock_import(&e, &good, &reference), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_migration_is_never_wrong, place_setup,
						place_teardown),
		cmocka_unit_test(over_a_kexec_the_line_goes_on),
		cmocka_unit_test(near_a_leap_second_utc_does_not_travel),
		cmocka_unit_test(what_nobody_could_rely_on_is_not_exported),
		cmocka_unit_test(what_was_damaged_is_refused),
		cmocka_unit_test(a_senseless_arrival_is_refused),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
