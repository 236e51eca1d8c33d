// SPDX-License-Identifier: GPL-2.0-or-later
/* A page in a guest's memory says what the host's page says, whatever the guest writes there. */
#include "test_lib_support.h"

static uint64_t now = 5000000000; /* the host's counter, 1 ns a tick */
static _Alignas(4096) uint8_t memory[2 * 4096];
static unsigned int announced;
static uint32_t seq_when_announced;

static const struct vmclock_scale scale = {
	.ratio = 0xd5e3a4b917c2ULL, .offset = 77, .frac_bits = 47};

static uint64_t read_now(void)
{
	return now;
}

static uint64_t guest_now(void)
{
	return (uint64_t)(((unsigned __int128)now * scale.ratio) >> scale.frac_bits) + scale.offset;
}

static struct vmclock_abi page_in_memory(void)
{
	struct vmclock_abi page;

	memcpy(&page, memory, sizeof(page));
	assert_false(page.seq_count & 1);
	assert_int_equal(vmclock_check_page(&page, 4096), 0);
	return page;
}

static struct vmclock_writer *open_memory(void)
{
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open_memory(memory, sizeof(memory), VMCLOCK_COUNTER_X86_TSC,
						    read_now, &scale, &writer),
			 0);
	return writer;
}

static int64_t guest_error_ns(void)
{
	struct vmclock_abi page = page_in_memory();
	struct vmclock_reading reading;
	int64_t error_ns;

	assert_int_equal(vmclock_reading_at(&page, guest_now(), &reading), 0);
	error_ns = reading.tai.time_ns - (int64_t)START_S * 1000000000 - (int64_t)now;
	assert_true((uint64_t)llabs(error_ns) <= reading.max_error_ns);
	return error_ns;
}

static void whatever_was_there_becomes_a_page(void **state)
{
	struct vmclock_abi before, page;

	(void)state;
	for (int fill = 0; fill < 256; fill += 85) {
		memset(memory, fill, sizeof(memory));
		vmclock_writer_close(open_memory());
		page = page_in_memory();
		assert_int_equal(page.clock_status, VMCLOCK_STATUS_UNRELIABLE);
		assert_int_equal(page.size, 4096);
		assert_int_equal(page.counter_id, VMCLOCK_COUNTER_X86_TSC);
		assert_int_equal(memory[4096], fill);
	}
	before = page_in_memory(); /* and a page that is loaded from a snapshot another one */
	vmclock_writer_close(open_memory());
	page = page_in_memory();
	assert_true(page.disruption_marker != before.disruption_marker);
	assert_true(page.seq_count != before.seq_count);
}

static void memory_that_is_no_page_is_refused(void **state)
{
	struct vmclock_writer *writer;
	const struct vmclock_scale none = {.ratio = 0};

	(void)state;
	assert_int_equal(vmclock_writer_open_memory(memory, 4095, 1, read_now, &scale, &writer),
			 -EINVAL);
	assert_int_equal(vmclock_writer_open_memory(memory + 8, 4096, 1, read_now, &scale, &writer),
			 -EINVAL);
	assert_int_equal(vmclock_writer_open_memory(memory, 4096, 1, read_now, &none, &writer),
			 -EINVAL);
	assert_null(writer);
}

static struct vmclock_writer *open_host(const struct place *place, struct vmclock **host)
{
	struct vmclock_writer *writer;

	assert_int_equal(
		vmclock_writer_open(place->page, VMCLOCK_COUNTER_X86_TSC, read_now, &writer), 0);
	assert_int_equal(vmclock_open(place->page, VMCLOCK_OPEN_INSPECT, host), 0);
	return writer;
}

static void publish(struct vmclock_writer *writer, int64_t ns, bool disrupt)
{
	struct vmclock_reference reference = true_reference(now);

	shift_reference(&reference, ns);
	reference.disrupt = disrupt;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 1000000, NULL), 0);
}

static void the_guest_gets_what_the_hosts_page_says(void **state)
{
	struct vmclock *host;
	struct vmclock_writer *writer = open_host(*state, &host), *guest = open_memory();
	uint64_t marker;

	assert_int_equal(vmclock_writer_relay(guest, host), -ENODATA);
	assert_int_equal(page_in_memory().clock_status, VMCLOCK_STATUS_UNRELIABLE);
	publish(writer, 0, false);
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	marker = page_in_memory().disruption_marker;
	for (int i = 0; i < 100; i++) {
		publish(writer, i * 37 % 11, false);
		now += 1000003;
		assert_int_equal(vmclock_writer_relay(guest, host), 0);
		assert_true(llabs(guest_error_ns()) <= 13);
	}
	assert_true(page_in_memory().disruption_marker == marker);
	assert_true(page_in_memory().flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	publish(writer, -900, true); /* the host's disruption is the guest's */
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	assert_true(page_in_memory().disruption_marker != marker);
	assert_true(llabs(guest_error_ns() + 900) <= 3);
	vmclock_writer_disrupt(writer);
	assert_int_equal(vmclock_writer_relay(guest, host), -ENODATA);
	assert_int_equal(page_in_memory().clock_status, VMCLOCK_STATUS_UNRELIABLE);
	vmclock_close(host);
	vmclock_writer_close(writer);
	vmclock_writer_close(guest);
}

static void a_line_that_cannot_be_told_takes_the_old_one_away(void **state)
{
	static const struct vmclock_scale still = {.ratio = 1, .frac_bits = 63};
	struct vmclock *host;
	struct vmclock_writer *writer = open_host(*state, &host), *guest = open_memory();
	uint64_t marker;

	publish(writer, 0, false);
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	marker = page_in_memory().disruption_marker;
	assert_int_equal(vmclock_writer_rescale(guest, &still), 0);
	assert_int_equal(vmclock_writer_relay(guest, host), -ERANGE);
	assert_int_equal(page_in_memory().clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_true(page_in_memory().disruption_marker != marker);
	vmclock_close(host);
	vmclock_writer_close(writer);
	vmclock_writer_close(guest);
}

static void a_page_by_another_counter_is_not_relayed(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer, *guest = open_memory();
	struct vmclock *host;

	assert_int_equal(
		vmclock_writer_open(place->page, VMCLOCK_COUNTER_ARM_VCNT, read_now, &writer), 0);
	assert_int_equal(vmclock_open(place->page, VMCLOCK_OPEN_INSPECT, &host), 0);
	publish(writer, 0, false);
	assert_int_equal(vmclock_writer_relay(guest, host), -EXDEV);
	assert_int_equal(page_in_memory().clock_status, VMCLOCK_STATUS_UNRELIABLE);
	vmclock_close(host);
	vmclock_writer_close(writer);
	vmclock_writer_close(guest);
}

static void what_a_guest_writes_is_never_read(void **state)
{
	struct vmclock *host;
	struct vmclock_writer *writer = open_host(*state, &host), *guest = open_memory();
	struct vmclock_abi before, after;

	for (int i = 0; i < 2; i++) {
		publish(writer, 0, false);
		assert_int_equal(vmclock_writer_relay(guest, host), 0);
	}
	before = page_in_memory();
	memset(memory, 0xff, sizeof(struct vmclock_abi));
	publish(writer, 0, false);
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	memcpy(&after, memory, sizeof(after));
	assert_true(after.seq_count == before.seq_count + 2);
	assert_true(after.disruption_marker == before.disruption_marker);
	assert_memory_equal(&after.flags, &before.flags,
			    sizeof(before) - offsetof(struct vmclock_abi, flags));
	vmclock_close(host);
	vmclock_writer_close(writer);
	vmclock_writer_close(guest);
}

static void count(void *context)
{
	unsigned int *times = context;

	++*times;
	seq_when_announced = page_in_memory().seq_count;
}

static void each_update_is_announced_while_the_page_says_so(void **state)
{
	struct vmclock *host;
	struct vmclock_writer *writer = open_host(*state, &host), *guest = open_memory();
	const uint64_t flag = VMCLOCK_FLAG_NOTIFICATION_PRESENT;

	publish(writer, 0, false);
	assert_int_equal(vmclock_writer_announce(writer, count, &announced), -EINVAL);
	assert_int_equal(vmclock_writer_announce(guest, count, &announced), 0);
	assert_int_equal(announced, 1);
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	assert_int_equal(announced, 2);
	assert_int_equal(seq_when_announced, page_in_memory().seq_count);
	assert_true(page_in_memory().flags & flag);
	vmclock_writer_disrupt(guest);
	vmclock_writer_warn(guest, VMCLOCK_FLAG_DISRUPTION_SOON);
	vmclock_writer_set_generation(guest, 5);
	assert_int_equal(announced, 5);
	assert_true(page_in_memory().flags & flag);
	assert_int_equal(vmclock_writer_announce(guest, NULL, NULL), 0);
	assert_int_equal(announced, 6);
	assert_false(page_in_memory().flags & flag);
	assert_int_equal(vmclock_writer_relay(guest, host), 0);
	assert_int_equal(announced, 6);
	vmclock_close(host);
	vmclock_writer_close(writer);
	vmclock_writer_close(guest);
}

#define page_test(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		page_test(whatever_was_there_becomes_a_page),
		page_test(memory_that_is_no_page_is_refused),
		page_test(the_guest_gets_what_the_hosts_page_says),
		page_test(a_page_by_another_counter_is_not_relayed),
		page_test(a_line_that_cannot_be_told_takes_the_old_one_away),
		page_test(what_a_guest_writes_is_never_read),
		page_test(each_update_is_announced_while_the_page_says_so),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
