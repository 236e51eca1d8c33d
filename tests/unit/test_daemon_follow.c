// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests whose counter is read from KVM: a page is never by a counter that is in doubt. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "kvm_world.h"
#include "lib/vmclock.h"

static void a_counter_is_taken_when_it_has_settled(void **state)
{
	(void)state;
	add_guest("web", "pid:41");
	second();
	assert_in_doubt("web", "no virtual machine");
	put("0\n", "%s/41-9/nested_run", world.kvm);
	second();
	assert_in_doubt("web", "no virtual machine"); /* no vCPU yet */
	make_vm("41-9", "-5\n", UNSCALED);
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	make_vm("41-9", "-1000000\n", UNSCALED); /* the VMM starts it only now */
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	pass(SECOND_NS / 2);
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	second();
	assert_followed("web", -1000000, 1, 0);
}

static void a_scaled_counter_is_taken_as_it_is(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "351843720888320\n");
	add_guest("web", "name:web");
	second();
	second();
	assert_followed("web", -77, 351843720888320, 48);
}

static void another_offset_is_a_disruption(void **state)
{
	(void)state;
	follow_web("pid:41");
	make_vm("41-9", "-78\n", UNSCALED);
	second();
	assert_in_doubt("web", "changed");
	second();
	assert_followed("web", -78, 1, 0);
}

static void one_of_several_reasons_is_said(void **state)
{
	(void)state;
	follow_web("pid:41");
	put("-78\n", "%s/41-9/vcpu1/tsc-offset", world.kvm);
	second();
	assert_in_doubt("web", "different counters");
	make_vm("41-9", "-77\n", UNSCALED);
	put("1\n", "%s/41-9/guest_mode", world.kvm);
	second();
	assert_in_doubt("web", "guests of its own");
	put("0\n", "%s/41-9/guest_mode", world.kvm);
	put("3\n", "%s/41-9/nested_run", world.kvm);
	second();
	assert_in_doubt("web", "has run guests of its own");
	put("0\n", "%s/41-9/nested_run", world.kvm);
	put("0x10\n", "%s/41-9/vcpu0/tsc-offset", world.kvm);
	second();
	assert_in_doubt("web", "cannot be understood");
	make_vm("41-9", "-77\n", "0\n");
	second();
	assert_in_doubt("web", "cannot be understood");
	make_vm("41-9", "-77\n", UNSCALED);
	make_vm("41-10", "-77\n", UNSCALED);
	second();
	assert_in_doubt("web", "several virtual machines");
	end_vm("41-10");
	second();
	second();
	assert_followed("web", -77, 1, 0);
	end_vm("41-9");
	make_vm("41-9", "-77\n", UNSCALED);
	clear_path(world.kvm);
	second();
	assert_in_doubt("web", "no virtual machine");
}

static void a_kernel_that_does_not_tell_is_not_believed(void **state)
{
	char path[160];

	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	snprintf(path, sizeof(path), "%s/41-9/nested_run", world.kvm);
	unlink(path);
	add_guest("web", "pid:41");
	second();
	second();
	assert_in_doubt("web", "does not say whether");
	make_vm("41-9", "-77\n", UNSCALED);
	snprintf(path, sizeof(path), "%s/41-9/vcpu1/tsc-offset", world.kvm);
	unlink(path);
	second();
	second();
	assert_in_doubt("web", "does not say what");
}

/* Numbers of processes come again, and so do names. */
static void another_process_is_another_guest(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("one", "pid:41");
	add_guest("two", "name:web");
	second();
	second();
	assert_followed("one", -77, 1, 0);
	assert_followed("two", -77, 1, 0);
	make_process(41, 9999, "other");
	second();
	assert_in_doubt("one", "no virtual machine");
	assert_in_doubt("two", "no virtual machine");
	make_process(42, 10000, "web");
	make_vm("42-3", "-500\n", UNSCALED);
	second();
	second();
	assert_in_doubt("one", "no virtual machine");
	assert_followed("two", -500, 1, 0);
	make_process(43, 10001, "web");
	make_vm("43-3", "-600\n", UNSCALED);
	end_vm("42-3");
	make_vm("42-4", "-500\n", UNSCALED);
	second();
	assert_in_doubt("two", "several processes");
}

/* What a guest sees of its page while no daemon runs. */
static uint8_t left_status(const char *name)
{
	struct vmclock_abi page;
	struct vmclock *clock;
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", world.pages, name);
	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	vmclock_close(clock);
	return page.clock_status;
}

/* Which of them maps the page cannot be told. */
static void a_second_machine_of_the_name_is_noticed(void **state)
{
	(void)state;
	follow_web("name:web");
	make_process(42, 2000, "web");
	make_vm("42-3", "-99999\n", UNSCALED);
	second();
	assert_in_doubt("web", "several processes");
	end_vm("42-3");
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	second();
	assert_followed("web", -77, 1, 0);
	make_vm("41-10", "-5\n", UNSCALED);
	second();
	assert_in_doubt("web", "several virtual machines");
	end_vm("41-9");
	end_vm("41-10");
	make_vm("42-3", "-99999\n", UNSCALED);
	second();
	second();
	assert_followed("web", -99999, 1, 0);
}

/* As for `qemu-args --replace` while the machine of before runs on. */
static void a_new_guest_is_none_of_the_old_machines(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest_as("new", "name:web", true);
	assert_string_equal(guest_pages_find(&world.guests, "new")->facts.vm,
			    "name:web,after=1234");
	add_guest("old", "name:web");
	second();
	second();
	assert_followed("old", -77, 1, 0);
	assert_in_doubt("new", "no virtual machine");
	guest_pages_close(&world.guests);
	begin_life(); /* the daemon's next life knows */
	second();
	second();
	assert_followed("old", -77, 1, 0);
	assert_in_doubt("new", "no virtual machine");
	make_process(42, 1235, "web");
	make_vm("42-3", "-99999\n", UNSCALED);
	second();
	second();
	assert_followed("new", -99999, 1, 0);
	assert_in_doubt("old", "several processes");
	make_process(43, 1236, "web");
	make_vm("43-3", "-5\n", UNSCALED);
	second();
	assert_in_doubt("new", "several processes");
	assert_int_equal(guest_pages_remove(&world.guests, "new"), 0);
	add_guest_as("next", "name:other", true); /* there is none yet */
	assert_string_equal(guest_pages_find(&world.guests, "next")->facts.vm, "name:other");
}

/* Ticks are counted from the machine's start. */
static void what_ran_before_is_of_one_boot(void **state)
{
	struct guest_page *guest;

	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest_as("web", "name:web", true);
	guest = &world.guests.guests[0];
	guest_follow_confirm(&world.follow, world.now_ns);
	assert_string_equal(guest->facts.vm, "name:web,after=1234");
	strcpy(guest->facts.boot_id, "another");
	guest_follow_confirm(&world.follow, world.now_ns);
	assert_string_equal(guest->facts.vm, "name:web");
}

/* Their names are read in steps, and a page is by the names of long ago at no time. */
static void the_second_is_noticed_among_many_others(void **state)
{
	enum { MANY = 600 };
	char name[16], entry[100];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		snprintf(entry, sizeof(entry), "%s/%d-7", world.kvm, 1000 + i);
		make_process(1000 + i, 5, name);
		mkdir(entry, 0755);
	}
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", "name:web");
	pass(1);
	assert_in_doubt("web", "still being read");
	for (int i = 0; i < 25; i++)
		pass(SECOND_NS / 10);
	assert_followed("web", -77, 1, 0);
	make_process(42, 2000, "web");
	make_vm("42-3", "-99999\n", UNSCALED);
	pass(100 * SECOND_NS); /* stopped for so long */
	assert_in_doubt("web", "still being read");
	for (int i = 0; i < 13; i++)
		pass(SECOND_NS / 10);
	assert_in_doubt("web", "several processes");
}

/* KVM moves the counter some time after the host was suspended. */
static void what_was_seen_before_a_disruption_settles_anew(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", "pid:41");
	second();
	guest_pages_disrupt_all(&world.guests, "suspended");
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	second();
	assert_followed("web", -77, 1, 0);
	guest_pages_disrupt_all(&world.guests, "suspended");
	pass(1);
	assert_in_doubt("web", "suspended");
	second();
	second();
	assert_followed("web", -77, 1, 0);
}

static void a_new_life_of_the_daemon_asks_kvm_first(void **state)
{
	uint64_t writes;

	(void)state;
	follow_web("pid:41");
	guest_pages_close(&world.guests);
	assert_int_equal(left_status("web"), VMCLOCK_STATUS_UNRELIABLE);
	begin_life();
	writes = guest_pages_find(&world.guests, "web")->writes;
	publish_line(); /* it was confirmed at once: nothing was lost */
	assert_followed("web", -77, 1, 0);
	assert_int_equal(guest_pages_find(&world.guests, "web")->writes, writes + 1);
	guest_pages_close(&world.guests);
	make_vm("41-9", "-78\n", UNSCALED);
	begin_life();
	publish_line();
	assert_in_doubt("web", "changed");
	guest_pages_close(&world.guests);
	end_vm("41-9");
	begin_life();
	publish_line();
	assert_in_doubt("web", "no virtual machine");
}

/* What KVM still says then may be the counter of before. */
static void a_disruption_ends_the_following_until_it_is_asked_for(void **state)
{
	const struct guest_disruption stopped = {.why = "migrating"};

	(void)state;
	follow_web("pid:41");
	assert_int_equal(guest_pages_disrupt(&world.guests, "web", &stopped), 0);
	second();
	second();
	second();
	assert_in_doubt("web", "migrating");
	assert_int_equal(guest_pages_bind(&world.guests, "web", "name:web"), 0);
	second();
	second();
	assert_followed("web", -77, 1, 0);
}

static void all_of_many_guests_are_looked_at(void **state)
{
	enum { MANY = 100 };
	char name[16], entry[16], text[16];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		snprintf(entry, sizeof(entry), "%d-7", 1000 + i);
		snprintf(text, sizeof(text), "%d\n", -i);
		make_process(1000 + i, 5, name);
		make_vm(entry, text, UNSCALED);
		snprintf(entry, sizeof(entry), "pid:%d", 1000 + i);
		add_guest(name, entry);
	}
	for (int i = 0; i < 22; i++)
		pass(SECOND_NS / 10);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		assert_followed(name, -i, 1, 0);
	}
}

static void senseless_machines_are_refused(void **state)
{
	static const char *const texts[] = {"",		"pid:",	   "pid:0",  "pid:-1",
					    "pid:41:5", "pid:41x", "name:",  "name:a b",
					    "name:a,b", "41",	   "vm:web", "pid:99999999999"};
	char vm[GUEST_VM_MAX], longest[GUEST_VM_MAX + 8];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(guest_vm_resolve(&world.follow, texts[i], false, vm), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "name:", 5);
	longest[GUEST_VM_MAX] = '\0';
	assert_int_equal(guest_vm_resolve(&world.follow, longest, false, vm), -EINVAL);
	assert_int_equal(guest_vm_resolve(&world.follow, "pid:40", false, vm), -ENOENT);
	assert_int_equal(guest_vm_resolve(&world.follow, "pid:41", false, vm), 0);
	assert_string_equal(vm, "pid:41:1234");
	world.follow.kvm_directory = "";
	assert_int_equal(guest_vm_resolve(&world.follow, "pid:41", false, vm), -EOPNOTSUPP);
}

static void assert_name(const char *arguments, size_t length, const char *expected)
{
	char name[KVM_NAME_MAX];

	if (!expected) {
		assert_int_equal(kvm_arguments_name(arguments, length, name), -ENOENT);
		return;
	}
	assert_int_equal(kvm_arguments_name(arguments, length, name), 0);
	assert_string_equal(name, expected);
}

#define ARGUMENTS(text) text, sizeof(text) - 1

static void names_are_found_among_arguments(void **state)
{
	char longest[10 + KVM_NAME_MAX] = "-name";

	(void)state;
	assert_name(ARGUMENTS("qemu\0-name\0web\0"), "web");
	assert_name(ARGUMENTS("qemu\0-name\0guest=web\0"), "web");
	assert_name(ARGUMENTS("qemu\0-S\0--name\0web,process=x\0"), "web");
	assert_name(ARGUMENTS("qemu\0-name\0guest=web2,process=x\0-name\0web\0"), "web2");
	assert_name(ARGUMENTS("qemu\0-name\0"), NULL);
	assert_name(ARGUMENTS("qemu\0-name\0\0"), NULL);
	assert_name(ARGUMENTS("qemu\0-name\0guest=,\0"), NULL);
	assert_name(ARGUMENTS("qemu\0web\0"), NULL);
	assert_name(ARGUMENTS("qemu\0-name\0web"), NULL);
	assert_name("", 0, NULL);
	memset(longest + 6, 'x', KVM_NAME_MAX);
	assert_name(longest, 6 + KVM_NAME_MAX + 1, NULL);
	longest[6 + KVM_NAME_MAX - 1] = '\0';
	assert_name(longest, 6 + KVM_NAME_MAX, longest + 6);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kvm_world_make, kvm_world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_counter_is_taken_when_it_has_settled),
		CASE(a_scaled_counter_is_taken_as_it_is),
		CASE(another_offset_is_a_disruption),
		CASE(one_of_several_reasons_is_said),
		CASE(a_kernel_that_does_not_tell_is_not_believed),
		CASE(another_process_is_another_guest),
		CASE(a_second_machine_of_the_name_is_noticed),
		CASE(a_new_guest_is_none_of_the_old_machines),
		CASE(what_ran_before_is_of_one_boot),
		CASE(the_second_is_noticed_among_many_others),
		CASE(what_was_seen_before_a_disruption_settles_anew),
		CASE(a_new_life_of_the_daemon_asks_kvm_first),
		CASE(a_disruption_ends_the_following_until_it_is_asked_for),
		CASE(all_of_many_guests_are_looked_at),
		CASE(senseless_machines_are_refused),
		cmocka_unit_test(names_are_found_among_arguments),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
