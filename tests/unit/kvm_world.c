// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual machines as KVM's debugfs and /proc show them, made up in a directory. */
#include "kvm_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake_counter.h"

struct kvm_world world;

void put(const char *text, const char *format, ...)
{
	char path[300];
	va_list arguments;
	FILE *file;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	for (char *slash = path + strlen(world.top) + 1; (slash = strchr(slash, '/'));
	     *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

void clear_path(const char *path)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	assert_int_equal(system(command), 0);
}

void make_vm(const char *entry, const char *offset, const char *ratio)
{
	put("0\n", "%s/%s/nested_run", world.kvm, entry);
	put("0\n", "%s/%s/guest_mode", world.kvm, entry);
	for (int i = 0; i < 2; i++) {
		put(offset, "%s/%s/vcpu%d/tsc-offset", world.kvm, entry, i);
		put(ratio, "%s/%s/vcpu%d/tsc-scaling-ratio", world.kvm, entry, i);
		put("48\n", "%s/%s/vcpu%d/tsc-scaling-ratio-frac-bits", world.kvm, entry, i);
	}
}

void end_vm(const char *entry)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", world.kvm, entry);
	clear_path(path);
}

void make_process(int pid, unsigned int start, const char *name)
{
	char text[200], path[160];
	FILE *file;

	snprintf(text, sizeof(text),
		 "%d (qemu) (x)) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 3 0 "
		 "%u 1 1\n",
		 pid, start);
	put(text, "%s/%d/stat", world.proc, pid);
	snprintf(path, sizeof(path), "%s/%d/cmdline", world.proc, pid);
	file = fopen(path, "w");
	fprintf(file, "/usr/bin/qemu-system-x86_64%c-name%cguest=%s,debug-threads=on%c-S%c", 0, 0,
		name, 0, 0);
	fclose(file);
}

static int64_t world_slept_ns(void)
{
	return world.slept_ns;
}

void begin_life(void)
{
	const struct guest_settings settings = {.directory = world.pages,
						.counter = &fake_counter,
						.monotonic = true,
						.continued = true,
						.boot_id = "this-boot",
						.slept_ns = world_slept_ns};

	assert_int_equal(guest_pages_open(&world.guests, &settings), 0);
	guest_follow_close(&world.follow);
	world.follow = (struct guest_follow){
		.guests = &world.guests, .kvm_directory = world.kvm, .proc_directory = world.proc};
	guest_follow_confirm(&world.follow, world.now_ns);
}

int kvm_world_make(void **state)
{
	(void)state;
	strcpy(world.top, "/tmp/vmclock-follow-XXXXXX");
	if (!mkdtemp(world.top))
		return -1;
	snprintf(world.kvm, sizeof(world.kvm), "%s/kvm", world.top);
	snprintf(world.proc, sizeof(world.proc), "%s/proc", world.top);
	snprintf(world.pages, sizeof(world.pages), "%s/guests", world.top);
	mkdir(world.kvm, 0755);
	world.now_ns = 1000 * SECOND_NS;
	world.slept_ns = 0;
	fake_counter_value = 5000000000;
	begin_life();
	make_process(41, 1234, "web");
	return 0;
}

int kvm_world_end(void **state)
{
	(void)state;
	guest_follow_close(&world.follow);
	guest_pages_close(&world.guests);
	clear_path(world.top);
	return 0;
}

void publish_line(void)
{
	static const struct page_calendar calendar = {.tai_offset_s = 37};
	struct publication p = {
		.line = {.counter = fake_counter_value, .time_ns = 1764547237 * SECOND_NS},
		.max_error_ns = 100,
		.status = DISCIPLINE_SYNCHRONIZED};

	guest_follow_publish(&world.follow, &p, &calendar, world.now_ns);
}

void pass(int64_t ns)
{
	bool known;

	world.now_ns += ns;
	guest_follow_round(&world.follow, world.now_ns, &known);
	publish_line();
}

void second(void)
{
	pass(SECOND_NS);
}

void add_guest_as(const char *name, const char *vm, bool is_new)
{
	struct guest_start start = {0};
	char kept[GUEST_VM_MAX];

	assert_int_equal(guest_vm_resolve(&world.follow, vm, is_new, kept), 0);
	start.vm = kept;
	assert_int_equal(guest_pages_add(&world.guests, name, &start), 0);
}

void add_guest(const char *name, const char *vm)
{
	add_guest_as(name, vm, false);
}

uint8_t status_of(const char *name)
{
	return guest_page_status(guest_pages_find(&world.guests, name));
}

void assert_followed(const char *name, int64_t offset, uint64_t ratio, int frac_bits)
{
	const struct guest_facts *facts = &guest_pages_find(&world.guests, name)->facts;

	assert_int_equal(status_of(name), VMCLOCK_STATUS_SYNCHRONIZED);
	assert_true(facts->known && facts->scale.offset == (uint64_t)offset);
	assert_true(facts->scale.ratio == ratio && facts->scale.frac_bits == frac_bits);
}

void assert_in_doubt(const char *name, const char *why)
{
	const struct guest_facts *facts = &guest_pages_find(&world.guests, name)->facts;

	assert_int_equal(status_of(name), VMCLOCK_STATUS_UNRELIABLE);
	assert_false(facts->known);
	assert_non_null(strstr(facts->why, why));
}

void follow_web(const char *vm)
{
	make_vm("41-9", "-77\n", UNSCALED);
	add_guest("web", vm);
	second();
	second();
	assert_followed("web", -77, 1, 0);
}
