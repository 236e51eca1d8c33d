// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's page tells the guest, by its own counter, what the host's page tells the host. */
#include "test_lib_support.h"

static uint64_t now; /* the host's counter */

static uint64_t read_now(void)
{
	return now;
}

static const struct vmclock_scale scales[] = {
	{.ratio = 1},
	{.ratio = 1, .offset = 12345678901234567},
	{.ratio = 1, .offset = (uint64_t)-4000000000000},
	{.ratio = 0xd5e3a4b917c2ULL, .offset = 77, .frac_bits = 47},	 /* faster, VMX */
	{.ratio = 0x4a2f91c3ULL, .offset = 1ULL << 63, .frac_bits = 32}, /* slower, SVM */
};

static uint64_t guest_now(const struct vmclock_scale *s)
{
	return (uint64_t)(((unsigned __int128)now * s->ratio) >> s->frac_bits) + s->offset;
}

static struct vmclock_writer *open_guest(const struct place *place,
					 const struct vmclock_scale *scale)
{
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open_guest(place->page, VMCLOCK_COUNTER_X86_TSC, read_now,
						   scale, &writer),
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

/* Guest's time minus true time, ns, now; one ns of it may be the guest's tick. */
static int64_t guest_error_ns(const struct vmclock_abi *page, const struct vmclock_scale *scale,
			      uint64_t *bound_ns)
{
	struct vmclock_reading reading;

	assert_int_equal(vmclock_reading_at(page, guest_now(scale), &reading), 0);
	*bound_ns = reading.max_error_ns;
	return reading.tai.time_ns - (int64_t)START_S * 1000000000 - (int64_t)now;
}

static void the_guest_gets_the_hosts_time_by_its_own_counter(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct vmclock_writer *writer;
		struct vmclock_reference reference;
		uint64_t bound_ns;

		now = 1000000000000 + i;
		writer = open_guest(place, &scales[i]);
		reference = true_reference(now);
		reference.disrupt = true;
		assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
		for (int k = 0; k < 100; k++) {
			struct vmclock_abi page = page_of(place);
			int64_t error_ns = guest_error_ns(&page, &scales[i], &bound_ns);

			assert_true(error_ns >= -5 && error_ns <= 5);
			assert_true(bound_ns >= 1000 && (uint64_t)llabs(error_ns) <= bound_ns);
			now += 1000003 * (uint64_t)k;
		}
		vmclock_writer_close(writer);
		unlink(place->page);
		unlink(place->journal);
	}
}

static void a_guest_never_sees_time_go_back(void **state)
{
	struct place *place = *state;
	const struct vmclock_scale *scale = &scales[3];
	struct vmclock_writer *writer;
	struct vmclock_reference reference;
	uint64_t bound_ns;
	double raised_ns;

	now = 5000000000;
	writer = open_guest(place, scale);
	for (int i = 0; i < 200; i++) {
		struct vmclock_abi before = page_of(place), after;
		struct vmclock_time was = {0}, is;
		bool any = !vmclock_time_at(&before, guest_now(scale), &was);
		unsigned long long faster = (unsigned int)i * 31 % 11;

		reference = true_reference(now);
		shift_reference(&reference, (i * 7919) % 301 - 150);
		/* Lines of other rates meet at the guest's counter only. */
		reference.counter_period_frac_sec += faster * TICK_PPM;
		reference.period_maxerror = 12 * TICK_PPM;
		assert_int_equal(vmclock_writer_publish(writer, &reference, 100000, &raised_ns), 0);
		after = page_of(place);
		assert_int_equal(vmclock_time_at(&after, guest_now(scale), &is), 0);
		assert_true(!any || is.sec > was.sec || (is.sec == was.sec && is.frac >= was.frac));
		assert_true((uint64_t)llabs(guest_error_ns(&after, scale, &bound_ns)) <= bound_ns);
		now += 1000000;
	}
	assert_true(page_of(place).disruption_marker != 0);
	vmclock_writer_close(writer);
}

static void another_counter_is_a_disruption(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer;
	struct vmclock_reference reference;
	struct vmclock_abi before, after;
	uint64_t bound_ns;

	now = 5000000000;
	writer = open_guest(place, &scales[1]);
	reference = true_reference(now);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	before = page_of(place);
	assert_int_equal(vmclock_writer_rescale(writer, &scales[2]), 0);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	after = page_of(place);
	assert_true(after.disruption_marker != before.disruption_marker);
	assert_false(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	assert_true(llabs(guest_error_ns(&after, &scales[2], &bound_ns)) <= 5);
	before = after;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	after = page_of(place);
	assert_true(after.disruption_marker == before.disruption_marker);
	assert_true(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	vmclock_writer_close(writer);
}

/* A guest's counter far ahead of the host's is not the future; one that is in the future is. */
static void the_next_writer_continues_by_the_guests_counter(void **state)
{
	struct place *place = *state;
	const struct vmclock_scale *scale = &scales[1];
	struct vmclock_reference reference;
	struct vmclock_writer *writer;
	struct vmclock_abi before, after;

	now = 5000000000;
	writer = open_guest(place, scale);
	reference = true_reference(now);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	vmclock_writer_close(writer);
	before = page_of(place);
	now += 1000000;
	writer = open_guest(place, scale);
	after = page_of(place);
	assert_int_equal(after.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	assert_true(after.disruption_marker == before.disruption_marker);
	vmclock_writer_close(writer);
	now = 1000; /* the counters began again */
	writer = open_guest(place, scale);
	after = page_of(place);
	assert_int_equal(after.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_true(after.disruption_marker != before.disruption_marker);
	vmclock_writer_close(writer);
}

static void scales_out_of_range_are_refused(void **state)
{
	static const struct vmclock_scale wrong[] = {{.ratio = 0}, {.ratio = 1, .frac_bits = 64}};
	struct place *place = *state;
	struct vmclock_writer *writer;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(vmclock_writer_open_guest(place->page, VMCLOCK_COUNTER_X86_TSC,
							   read_now, &wrong[i], &writer),
				 -EINVAL);
		assert_null(writer);
		writer = open_guest(place, &scales[0]);
		assert_int_equal(vmclock_writer_rescale(writer, &wrong[i]), -EINVAL);
		vmclock_writer_close(writer);
	}
}

/* A tick of the guest's so short, or so long, that the page has no number for it. */
static void what_a_page_cannot_hold_is_refused_unchanged(void **state)
{
	const struct vmclock_scale absurd = {.ratio = 1, .frac_bits = 63};
	struct place *place = *state;
	struct vmclock_writer *writer = open_guest(place, &absurd);
	struct vmclock_abi before = page_of(place), after;
	struct vmclock_reference reference;

	now = 5000000000;
	reference = true_reference(now);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), -ERANGE);
	after = page_of(place);
	assert_memory_equal(&before, &after, sizeof(before));
	vmclock_writer_close(writer);
}

/* What the daemon publishes when nothing may be concluded any more. */
static void that_nothing_is_known_reaches_every_guest(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct vmclock_writer *writer;
		struct vmclock_reference reference;
		uint64_t marker;

		now = 5000000000;
		writer = open_guest(place, &scales[i]);
		reference = true_reference(now);
		assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
		marker = page_of(place).disruption_marker;
		reference.clock_status = VMCLOCK_STATUS_UNRELIABLE;
		reference.period_maxerror = reference.period_esterror = UINT64_MAX;
		reference.time_maxerror_nanosec = reference.time_esterror_nanosec = UINT64_MAX;
		reference.disrupt = true;
		assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
		assert_int_equal(page_of(place).clock_status, VMCLOCK_STATUS_UNRELIABLE);
		assert_true(page_of(place).disruption_marker != marker);
		vmclock_writer_close(writer);
		unlink(place->page);
		unlink(place->journal);
	}
}

static void a_disrupted_page_has_no_line_until_the_next_reference(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer;
	struct vmclock_reference reference, current;
	struct vmclock_abi before, after;

	now = 5000000000;
	writer = open_guest(place, &scales[1]);
	reference = true_reference(now);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(vmclock_writer_warn(writer, VMCLOCK_FLAG_DISRUPTION_IMMINENT), 0);
	vmclock_writer_set_generation(writer, 77);
	before = page_of(place);
	vmclock_writer_disrupt(writer);
	after = page_of(place);
	assert_int_equal(after.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_true(after.disruption_marker == before.disruption_marker + 1);
	assert_true(after.flags == VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
	assert_true(after.vm_generation_counter == 77);
	assert_true(after.counter_period_frac_sec == 0 && after.time_sec == 0);
	assert_memory_equal(&before, &after, offsetof(struct vmclock_abi, seq_count));
	assert_int_equal(vmclock_writer_current(writer, &current), -ENODATA);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(page_of(place).clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	vmclock_writer_close(writer);
}

static void warnings_and_generation_are_beside_those_of_the_reference(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer;
	struct vmclock_reference reference, current;

	now = 5000000000;
	writer = open_guest(place, &scales[0]);
	reference = true_reference(now);
	reference.flags |= VMCLOCK_FLAG_DISRUPTION_SOON;
	assert_int_equal(vmclock_writer_warn(writer, VMCLOCK_FLAG_TIME_MONOTONIC), -EINVAL);
	assert_int_equal(vmclock_writer_warn(writer, VMCLOCK_FLAG_DISRUPTION_IMMINENT), 0);
	vmclock_writer_set_generation(writer, 1);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_true(page_of(place).flags == (reference.flags | VMCLOCK_FLAG_DISRUPTION_IMMINENT |
					     VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT));
	assert_int_equal(vmclock_writer_warn(writer, 0), 0);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	vmclock_writer_close(writer);
	writer = open_guest(place, &scales[0]); /* the next writer goes on with the generation */
	assert_int_equal(vmclock_writer_current(writer, &current), 0);
	assert_int_equal(vmclock_writer_publish(writer, &current, 0, NULL), 0);
	assert_true(page_of(place).flags ==
		    (reference.flags | VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT));
	assert_true(page_of(place).vm_generation_counter == 1);
	now = 1000; /* another boot: the page is void, the generation is still the guest's */
	vmclock_writer_close(writer);
	writer = open_guest(place, &scales[0]);
	assert_int_equal(page_of(place).clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_true(page_of(place).vm_generation_counter == 1);
	vmclock_writer_close(writer);
}

#define page_test(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		page_test(the_guest_gets_the_hosts_time_by_its_own_counter),
		page_test(a_guest_never_sees_time_go_back),
		page_test(another_counter_is_a_disruption),
		page_test(the_next_writer_continues_by_the_guests_counter),
		page_test(that_nothing_is_known_reaches_every_guest),
		page_test(a_disrupted_page_has_no_line_until_the_next_reference),
		page_test(warnings_and_generation_are_beside_those_of_the_reference),
		page_test(scales_out_of_range_are_refused),
		page_test(what_a_page_cannot_hold_is_refused_unchanged),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
