// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters of guests that move: noticed within a glance, and given up if it happens too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "kvm_world.h"
#include "lib/vmclock.h"

static void move_to(const char *entry, int64_t offset)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", (long long)offset);
	for (int i = 0; i < 2; i++)
		put(text, "%s/%s/vcpu%d/tsc-offset", world.kvm, entry, i);
}

static void a_reset_is_noticed_at_the_next_glance(void **state)
{
	bool known;

	(void)state;
	follow_web("pid:41");
	pass(GUEST_FOLLOW_GLANCE_NS);
	assert_followed("web", -77, 1, 0);
	move_to("41-9", -78);
	world.now_ns += GUEST_FOLLOW_GLANCE_NS;
	assert_int_equal(guest_follow_round(&world.follow, world.now_ns, &known),
			 GUEST_FOLLOW_GLANCE_NS);
	assert_in_doubt("web", "changed"); /* also without a line to be published */
	second();
	second();
	assert_followed("web", -78, 1, 0);
}

/* The round that would have noticed it may be late, or come after the line. */
static void no_line_is_by_a_counter_that_was_seen_long_before(void **state)
{
	(void)state;
	follow_web("pid:41");
	move_to("41-9", -78);
	world.now_ns += GUEST_FOLLOW_GLANCE_NS;
	publish_line();
	assert_in_doubt("web", "changed");
}

static void what_moves_while_it_settles_settles_anew(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", "pid:41");
	pass(1);
	for (int i = 0; i < 5; i++)
		pass(SECOND_NS / 10);
	move_to("41-9", -78); /* and back, between two looks */
	pass(SECOND_NS / 10);
	move_to("41-9", -77);
	for (int i = 0; i < 5; i++)
		pass(SECOND_NS / 10);
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	for (int i = 0; i < 15; i++)
		pass(SECOND_NS / 10);
	assert_followed("web", -77, 1, 0);
}

/* The file that was open says what it said. */
static void another_machine_in_its_place_is_read_anew(void **state)
{
	(void)state;
	follow_web("pid:41");
	end_vm("41-9");
	make_vm("41-9", "-78\n", UNSCALED);
	second();
	assert_in_doubt("web", "changed");
	second();
	second();
	assert_followed("web", -78, 1, 0);
}

static void a_file_that_says_nothing_is_no_counter(void **state)
{
	(void)state;
	follow_web("pid:41");
	move_to("41-9", -77);
	put("", "%s/41-9/vcpu0/tsc-offset", world.kvm);
	put("", "%s/41-9/vcpu1/tsc-offset", world.kvm);
	pass(GUEST_FOLLOW_GLANCE_NS);
	assert_in_doubt("web", "cannot be understood");
}

static void make_many(int count)
{
	char name[16], entry[16], vm[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		snprintf(entry, sizeof(entry), "%d-7", 1000 + i);
		snprintf(vm, sizeof(vm), "pid:%d", 1000 + i);
		make_process(1000 + i, 5, name);
		make_vm(entry, "-1\n", UNSCALED);
		add_guest(name, vm);
	}
}

static unsigned int synchronized(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < world.guests.count; i++)
		count += guest_page_status(&world.guests.guests[i]) == VMCLOCK_STATUS_SYNCHRONIZED;
	return count;
}

/* More of them than are looked at in a second. */
static void none_of_many_has_to_wait_for_its_turn(void **state)
{
	enum { MANY = 400 };
	char entry[16];

	(void)state;
	make_many(MANY);
	for (int i = 0; i < 40; i++)
		pass(GUEST_FOLLOW_GLANCE_NS);
	assert_int_equal(synchronized(), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(entry, sizeof(entry), "%d-7", 1000 + i);
		move_to(entry, -2);
	}
	pass(GUEST_FOLLOW_GLANCE_NS);
	assert_int_equal(synchronized(), 0);
	for (int i = 0; i < 40; i++)
		pass(GUEST_FOLLOW_GLANCE_NS);
	assert_int_equal(synchronized(), MANY);
}

static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += lseek(fd, 0, SEEK_CUR) >= 0;
	return count;
}

/* A module's file that is open keeps the module. */
static void no_file_of_kvm_is_kept_open_for_nothing(void **state)
{
	const struct guest_disruption stopped = {.why = "migrating"};
	const struct vmclock_scale by_hand = {.ratio = 1};
	int before;

	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", "pid:41");
	before = open_files();
	second();
	assert_int_equal(open_files(), before + 1);
	second();
	assert_int_equal(open_files(), before + 1);
	assert_int_equal(guest_pages_disrupt(&world.guests, "web", &stopped), 0);
	assert_int_equal(open_files(), before);
	assert_int_equal(guest_pages_bind(&world.guests, "web", "pid:41:1234"), 0);
	second();
	assert_int_equal(open_files(), before + 1);
	assert_int_equal(guest_pages_set(&world.guests, "web", &by_hand), 0);
	assert_int_equal(open_files(), before);
	assert_int_equal(guest_pages_bind(&world.guests, "web", "pid:41:1234"), 0);
	second();
	end_vm("41-9");
	second();
	second();
	assert_int_equal(open_files(), before);
}

/* KVM moves the counter of a guest that has to be faster than the processor can make it. */
static void a_counter_that_moves_again_and_again_is_given_up(void **state)
{
	int moves = 0;

	(void)state;
	follow_web("pid:41");
	while (status_of("web") == VMCLOCK_STATUS_SYNCHRONIZED) {
		assert_true(moves++ <= GUEST_FOLLOW_MOVES_MAX);
		move_to("41-9", 1000 * moves);
		pass(GUEST_FOLLOW_GLANCE_NS);
		assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
		second();
		second();
	}
	assert_int_equal(moves, GUEST_FOLLOW_MOVES_MAX + 1);
	assert_in_doubt("web", "again and again");
	for (int i = 0; i < 10000; i++)
		second();
	assert_in_doubt("web", "again and again");
	assert_int_equal(guest_pages_bind(&world.guests, "web", "pid:41:1234"), 0);
	second();
	second();
	assert_followed("web", 1000 * moves, 1, 0);
}

/* Busy, it is never seen at rest. */
static void a_counter_that_never_rests_is_given_up_with_the_reason(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", "name:web");
	for (int i = 0; i < 30; i++) {
		move_to("41-9", i);
		second();
		assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	}
	assert_in_doubt("web", "again and again");
	end_vm("41-9");
	make_process(42, 2000, "web");
	make_vm("42-9", "-500\n", UNSCALED);
	second();
	second();
	second();
	assert_followed("web", -500, 1, 0);
}

static void a_machine_may_be_reset_every_now_and_then(void **state)
{
	(void)state;
	follow_web("pid:41");
	for (int i = 0; i < 100; i++) {
		pass(GUEST_FOLLOW_FORGIVE_NS);
		move_to("41-9", i);
		second();
		second();
		second();
		assert_followed("web", i, 1, 0);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kvm_world_make, kvm_world_end)

int main(void)
{
	const struct rlimit files = {.rlim_cur = 1024, .rlim_max = 1024};
	const struct CMUnitTest tests[] = {
		CASE(a_reset_is_noticed_at_the_next_glance),
		CASE(no_line_is_by_a_counter_that_was_seen_long_before),
		CASE(what_moves_while_it_settles_settles_anew),
		CASE(another_machine_in_its_place_is_read_anew),
		CASE(a_file_that_says_nothing_is_no_counter),
		CASE(none_of_many_has_to_wait_for_its_turn),
		CASE(no_file_of_kvm_is_kept_open_for_nothing),
		CASE(a_counter_that_moves_again_and_again_is_given_up),
		CASE(a_counter_that_never_rests_is_given_up_with_the_reason),
		CASE(a_machine_may_be_reset_every_now_and_then),
	};

	setrlimit(RLIMIT_NOFILE, &files);
	return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
