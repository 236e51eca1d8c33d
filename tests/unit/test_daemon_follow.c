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

#include "daemon/publish/guest_follow.h"
#include "daemon/publish/kvm_counter.h"
#include "lib/vmclock.h"

#define SECOND_NS INT64_C(1000000000)

static char top[64], kvm[80], proc[80], pages[80];
static struct guest_pages guests;
static struct guest_follow follow;
static int64_t now_ns;
static uint64_t counter_value = 5000000000;
static const struct page_calendar calendar = {.tai_offset_s = 37};

static uint64_t read_fake(void)
{
	return counter_value;
}

static const struct counter counter = {.name = "tsc",
				       .page_id = VMCLOCK_COUNTER_X86_TSC,
				       .nominal_hz = 1e9,
				       .ns_per_tick = 1,
				       .read = read_fake};

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...)
{
	char path[300];
	va_list arguments;
	FILE *file;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void clear(const char *path)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	assert_int_equal(system(command), 0);
}

/* As KVM has it for two vCPUs, on a processor that can scale. */
static void make_vm(const char *entry, const char *offset, const char *ratio)
{
	put("0\n", "%s/%s/nested_run", kvm, entry);
	put("0\n", "%s/%s/guest_mode", kvm, entry);
	for (int i = 0; i < 2; i++) {
		put(offset, "%s/%s/vcpu%d/tsc-offset", kvm, entry, i);
		put(ratio, "%s/%s/vcpu%d/tsc-scaling-ratio", kvm, entry, i);
		put("48\n", "%s/%s/vcpu%d/tsc-scaling-ratio-frac-bits", kvm, entry, i);
	}
}

static void end_vm(const char *entry)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", kvm, entry);
	clear(path);
}

static void make_process(int pid, unsigned int start, const char *name)
{
	char text[200], path[160];
	FILE *file;

	snprintf(text, sizeof(text),
		 "%d (qemu) (x)) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 3 0 "
		 "%u 1 1\n",
		 pid, start);
	put(text, "%s/%d/stat", proc, pid);
	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, pid);
	file = fopen(path, "w");
	fprintf(file, "/usr/bin/qemu-system-x86_64%c-name%cguest=%s,debug-threads=on%c-S%c", 0, 0,
		name, 0, 0);
	fclose(file);
}

static void begin(void)
{
	const struct guest_settings settings = {.directory = pages,
						.counter = &counter,
						.monotonic = true,
						.continued = true,
						.boot_id = "this-boot"};

	assert_int_equal(guest_pages_open(&guests, &settings), 0);
	guest_follow_close(&follow);
	follow = (struct guest_follow){
		.guests = &guests, .kvm_directory = kvm, .proc_directory = proc};
	guest_follow_confirm(&follow, now_ns);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/vmclock-follow-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(kvm, sizeof(kvm), "%s/kvm", top);
	snprintf(proc, sizeof(proc), "%s/proc", top);
	snprintf(pages, sizeof(pages), "%s/guests", top);
	mkdir(kvm, 0755);
	now_ns = 1000 * SECOND_NS;
	begin();
	make_process(41, 1234, "web");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_follow_close(&follow);
	guest_pages_close(&guests);
	clear(top);
	return 0;
}

static void publish(void)
{
	struct publication p = {
		.line = {.counter = counter_value, .time_ns = 1764547237 * SECOND_NS},
		.max_error_ns = 100,
		.status = DISCIPLINE_SYNCHRONIZED};

	guest_pages_update(&guests, &p, &calendar);
}

static void pass(int64_t ns)
{
	bool known;

	now_ns += ns;
	guest_follow_round(&follow, now_ns, &known);
	publish();
}

/* A second of the daemon's life. */
static void second(void)
{
	pass(SECOND_NS);
}

static void add_as(const char *name, const char *vm, bool is_new)
{
	struct guest_start start = {0};
	char kept[GUEST_VM_MAX];

	assert_int_equal(guest_follow_resolve(&follow, vm, is_new, kept), 0);
	start.vm = kept;
	assert_int_equal(guest_pages_add(&guests, name, &start), 0);
}

static void add(const char *name, const char *vm)
{
	add_as(name, vm, false);
}

static uint8_t status_of(const char *name)
{
	return guest_page_status(guest_pages_find(&guests, name));
}

static void assert_followed(const char *name, int64_t offset, uint64_t ratio, int frac_bits)
{
	const struct guest_facts *facts = &guest_pages_find(&guests, name)->facts;

	assert_int_equal(status_of(name), VMCLOCK_STATUS_SYNCHRONIZED);
	assert_true(facts->known && facts->scale.offset == (uint64_t)offset);
	assert_true(facts->scale.ratio == ratio && facts->scale.frac_bits == frac_bits);
}

static void assert_in_doubt(const char *name, const char *why)
{
	const struct guest_facts *facts = &guest_pages_find(&guests, name)->facts;

	assert_int_equal(status_of(name), VMCLOCK_STATUS_UNRELIABLE);
	assert_false(facts->known);
	assert_non_null(strstr(facts->why, why));
}

static void a_counter_is_taken_when_it_has_settled(void **state)
{
	(void)state;
	add("web", "pid:41");
	second();
	assert_in_doubt("web", "no virtual machine");
	put("0\n", "%s/41-9/nested_run", kvm);
	second();
	assert_in_doubt("web", "no virtual machine"); /* no vCPU yet */
	make_vm("41-9", "-5\n", "281474976710656\n");
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	make_vm("41-9", "-1000000\n", "281474976710656\n"); /* the VMM starts it only now */
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
	add("web", "name:web");
	second();
	second();
	assert_followed("web", -77, 351843720888320, 48);
}

static void another_offset_is_a_disruption(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "pid:41");
	second();
	second();
	assert_followed("web", -77, 1, 0);
	make_vm("41-9", "-78\n", "281474976710656\n");
	second();
	assert_in_doubt("web", "changed");
	second();
	assert_followed("web", -78, 1, 0);
}

static void one_of_several_reasons_is_said(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "pid:41");
	second();
	second();
	put("-78\n", "%s/41-9/vcpu1/tsc-offset", kvm);
	second();
	assert_in_doubt("web", "different counters");
	make_vm("41-9", "-77\n", "281474976710656\n");
	put("1\n", "%s/41-9/guest_mode", kvm);
	second();
	assert_in_doubt("web", "guests of its own");
	put("0\n", "%s/41-9/guest_mode", kvm);
	put("3\n", "%s/41-9/nested_run", kvm);
	second();
	assert_in_doubt("web", "has run guests of its own");
	put("0\n", "%s/41-9/nested_run", kvm);
	put("0x10\n", "%s/41-9/vcpu0/tsc-offset", kvm);
	second();
	assert_in_doubt("web", "cannot be understood");
	make_vm("41-9", "-77\n", "0\n");
	second();
	assert_in_doubt("web", "cannot be understood");
	make_vm("41-9", "-77\n", "281474976710656\n");
	make_vm("41-10", "-77\n", "281474976710656\n");
	second();
	assert_in_doubt("web", "several virtual machines");
	end_vm("41-10");
	second();
	second();
	assert_followed("web", -77, 1, 0);
	end_vm("41-9");
	make_vm("41-9", "-77\n", "281474976710656\n");
	clear(kvm);
	second();
	assert_in_doubt("web", "no virtual machine");
}

static void a_kernel_that_does_not_tell_is_not_believed(void **state)
{
	char path[160];

	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	snprintf(path, sizeof(path), "%s/41-9/nested_run", kvm);
	unlink(path);
	add("web", "pid:41");
	second();
	second();
	assert_in_doubt("web", "does not say whether");
	make_vm("41-9", "-77\n", "281474976710656\n");
	snprintf(path, sizeof(path), "%s/41-9/vcpu1/tsc-offset", kvm);
	unlink(path);
	second();
	second();
	assert_in_doubt("web", "does not say what");
}

/* Numbers of processes come again, and so do names. */
static void another_process_is_another_guest(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("one", "pid:41");
	add("two", "name:web");
	second();
	second();
	assert_followed("one", -77, 1, 0);
	assert_followed("two", -77, 1, 0);
	make_process(41, 9999, "other");
	second();
	assert_in_doubt("one", "no virtual machine");
	assert_in_doubt("two", "no virtual machine");
	make_process(42, 10000, "web");
	make_vm("42-3", "-500\n", "281474976710656\n");
	second();
	second();
	assert_in_doubt("one", "no virtual machine");
	assert_followed("two", -500, 1, 0);
	make_process(43, 10001, "web");
	make_vm("43-3", "-600\n", "281474976710656\n");
	end_vm("42-3");
	make_vm("42-4", "-500\n", "281474976710656\n");
	second();
	assert_in_doubt("two", "several processes");
}

/* What a guest sees of its page while no daemon runs. */
static uint8_t left_status(const char *name)
{
	struct vmclock_abi page;
	struct vmclock *clock;
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", pages, name);
	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	vmclock_close(clock);
	return page.clock_status;
}

/* Which of them maps the page cannot be told. */
static void a_second_machine_of_the_name_is_noticed(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "name:web");
	second();
	second();
	assert_followed("web", -77, 1, 0);
	make_process(42, 2000, "web");
	make_vm("42-3", "-99999\n", "281474976710656\n");
	second();
	assert_in_doubt("web", "several processes");
	end_vm("42-3");
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	second();
	assert_followed("web", -77, 1, 0);
	make_vm("41-10", "-5\n", "281474976710656\n");
	second();
	assert_in_doubt("web", "several virtual machines");
	end_vm("41-9");
	end_vm("41-10");
	make_vm("42-3", "-99999\n", "281474976710656\n");
	second();
	second();
	assert_followed("web", -99999, 1, 0);
}

/* As for `qemu-args --replace` while the machine of before runs on. */
static void a_new_guest_is_none_of_the_old_machines(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add_as("new", "name:web", true);
	assert_string_equal(guest_pages_find(&guests, "new")->facts.vm, "name:web,after=1234");
	add("old", "name:web");
	second();
	second();
	assert_followed("old", -77, 1, 0);
	assert_in_doubt("new", "no virtual machine");
	guest_pages_close(&guests);
	begin(); /* the daemon's next life knows */
	second();
	second();
	assert_followed("old", -77, 1, 0);
	assert_in_doubt("new", "no virtual machine");
	make_process(42, 1235, "web");
	make_vm("42-3", "-99999\n", "281474976710656\n");
	second();
	second();
	assert_followed("new", -99999, 1, 0);
	assert_in_doubt("old", "several processes");
	make_process(43, 1236, "web");
	make_vm("43-3", "-5\n", "281474976710656\n");
	second();
	assert_in_doubt("new", "several processes");
	assert_int_equal(guest_pages_remove(&guests, "new"), 0);
	add_as("next", "name:other", true); /* there is none yet */
	assert_string_equal(guest_pages_find(&guests, "next")->facts.vm, "name:other");
}

/* Ticks are counted from the machine's start. */
static void what_ran_before_is_of_one_boot(void **state)
{
	struct guest_page *guest;

	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add_as("web", "name:web", true);
	guest = &guests.guests[0];
	guest_follow_confirm(&follow, now_ns);
	assert_string_equal(guest->facts.vm, "name:web,after=1234");
	strcpy(guest->facts.boot_id, "another");
	guest_follow_confirm(&follow, now_ns);
	assert_string_equal(guest->facts.vm, "name:web");
}

/* Their names are read in steps, and a page is by the names of long ago at no time. */
static void the_second_is_noticed_among_many_others(void **state)
{
	enum { MANY = 600 };
	char name[16], entry[100];
	int64_t wait_ns = 1;
	bool known;
	int rounds = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		snprintf(entry, sizeof(entry), "%s/%d-7", kvm, 1000 + i);
		make_process(1000 + i, 5, name);
		mkdir(entry, 0755);
	}
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "name:web");
	pass(1);
	assert_in_doubt("web", "still being read");
	for (int i = 0; i < 15; i++)
		pass(SECOND_NS / 10);
	assert_followed("web", -77, 1, 0);
	make_process(42, 2000, "web");
	make_vm("42-3", "-99999\n", "281474976710656\n");
	pass(100 * SECOND_NS); /* stopped for so long */
	assert_in_doubt("web", "still being read");
	while (wait_ns != SECOND_NS && rounds++ < 10) {
		wait_ns = guest_follow_round(&follow, now_ns, &known);
		now_ns += wait_ns;
	}
	assert_int_equal(rounds, 2);
	assert_in_doubt("web", "several processes");
}

/* KVM moves the counter some time after the host was suspended. */
static void what_was_seen_before_a_disruption_settles_anew(void **state)
{
	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "pid:41");
	second();
	guest_pages_disrupt_all(&guests, "suspended");
	second();
	assert_int_equal(status_of("web"), VMCLOCK_STATUS_UNRELIABLE);
	second();
	assert_followed("web", -77, 1, 0);
	guest_pages_disrupt_all(&guests, "suspended");
	pass(1);
	assert_in_doubt("web", "suspended");
	second();
	assert_followed("web", -77, 1, 0);
}

static void a_new_life_of_the_daemon_asks_kvm_first(void **state)
{
	uint64_t writes;

	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "pid:41");
	second();
	second();
	guest_pages_close(&guests);
	assert_int_equal(left_status("web"), VMCLOCK_STATUS_UNRELIABLE);
	begin();
	writes = guest_pages_find(&guests, "web")->writes;
	publish(); /* it was confirmed at once: nothing was lost */
	assert_followed("web", -77, 1, 0);
	assert_int_equal(guest_pages_find(&guests, "web")->writes, writes + 1);
	guest_pages_close(&guests);
	make_vm("41-9", "-78\n", "281474976710656\n");
	begin();
	publish();
	assert_in_doubt("web", "changed");
	guest_pages_close(&guests);
	end_vm("41-9");
	begin();
	publish();
	assert_in_doubt("web", "no virtual machine");
}

/* What KVM still says then may be the counter of before. */
static void a_disruption_ends_the_following_until_it_is_asked_for(void **state)
{
	const struct guest_disruption stopped = {.why = "migrating"};

	(void)state;
	make_vm("41-9", "-77\n", "281474976710656\n");
	add("web", "pid:41");
	second();
	second();
	assert_int_equal(guest_pages_disrupt(&guests, "web", &stopped), 0);
	second();
	second();
	second();
	assert_in_doubt("web", "migrating");
	assert_int_equal(guest_pages_bind(&guests, "web", "name:web"), 0);
	second();
	second();
	assert_followed("web", -77, 1, 0);
}

static void all_of_many_guests_are_looked_at(void **state)
{
	enum { MANY = 100 };
	char name[16], entry[16], text[16];
	bool known;
	int64_t wait_ns = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		snprintf(entry, sizeof(entry), "%d-7", 1000 + i);
		snprintf(text, sizeof(text), "%d\n", -i);
		make_process(1000 + i, 5, name);
		make_vm(entry, text, "281474976710656\n");
		snprintf(entry, sizeof(entry), "pid:%d", 1000 + i);
		add(name, entry);
	}
	for (int i = 0; i < 12; i++) {
		wait_ns = guest_follow_round(&follow, now_ns, &known);
		now_ns += wait_ns;
	}
	assert_int_equal(wait_ns, SECOND_NS / 4);
	publish();
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
		assert_int_equal(guest_follow_resolve(&follow, texts[i], false, vm), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "name:", 5);
	longest[GUEST_VM_MAX] = '\0';
	assert_int_equal(guest_follow_resolve(&follow, longest, false, vm), -EINVAL);
	assert_int_equal(guest_follow_resolve(&follow, "pid:40", false, vm), -ENOENT);
	assert_int_equal(guest_follow_resolve(&follow, "pid:41", false, vm), 0);
	assert_string_equal(vm, "pid:41:1234");
	follow.kvm_directory = "";
	assert_int_equal(guest_follow_resolve(&follow, "pid:41", false, vm), -EOPNOTSUPP);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
