// SPDX-License-Identifier: GPL-2.0-or-later
/* The control interface's methods about guests, from the call to the file and to the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "control_fake.h"
#include "daemon/control/method.h"

#define HOST "org.vmclock.Host"
#define SERVICE "org.varlink.service"

static char top[64];
static char directory[80];
static struct guest_pages *guests = &control_fake.daemon.guests;

static int setup(void **state)
{
	struct daemon *daemon = &control_fake.daemon;
	const struct guest_settings settings = {.directory = directory,
						.counter = &daemon->counter,
						.monotonic = true,
						.continued = true,
						.boot_id = ""};

	(void)state;
	control_fake_init();
	strcpy(top, "/tmp/vmclock-guests-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(directory, sizeof(directory), "%s/guests", top);
	daemon->follow = (struct guest_follow){
		.guests = guests, .kvm_directory = "", .proc_directory = "/proc"};
	daemon->page.any = true;
	daemon->page.last = control_fake.totals.last;
	return guest_pages_open(guests, &settings);
}

static int teardown(void **state)
{
	(void)state;
	while (guests->count)
		guest_pages_remove(guests, guests->guests[0].name);
	guest_pages_close(guests);
	rmdir(directory);
	return rmdir(top);
}

static json_t *ask(uid_t uid, const char *method, const char *parameters)
{
	struct connection c = {.daemon = &control_fake.daemon, .uid = uid};
	char text[512];
	json_t *reply;

	snprintf(text, sizeof(text), "{\"method\":\"" HOST ".%s\",\"parameters\":{%s}}", method,
		 parameters);
	assert_int_equal(method_answer(&c, text, strlen(text)), 0);
	reply = json_loads(c.out.data, 0, NULL);
	varlink_output_free(&c.out);
	assert_non_null(reply);
	return reply;
}

static void assert_answer(json_t *reply, const char *error, const char *parameter)
{
	const char *got = json_string_value(json_object_get(reply, "error"));
	json_t *parameters = json_object_get(reply, "parameters");

	if (error && parameter)
		assert_string_equal(json_string_value(json_object_get(parameters, "parameter")),
				    parameter);
	if (error)
		assert_string_equal(got, error);
	else if (got)
		fail_msg("%s", got);
	json_decref(reply);
}

static void fine(const char *method, const char *parameters)
{
	assert_answer(ask(0, method, parameters), NULL, NULL);
}

static json_t *first_guest(void)
{
	json_t *reply = ask(1000, "GetGuests", "");
	json_t *list = json_object_get(json_object_get(reply, "parameters"), "guests");
	json_t *guest = json_incref(json_array_get(list, 0));

	json_decref(reply);
	return guest;
}

static void guests_come_change_and_go(void **state)
{
	json_t *guest;

	(void)state;
	assert_null(first_guest());
	fine("AddGuest", "\"name\":\"web\"");
	guest = first_guest();
	assert_string_equal(json_string_value(json_object_get(guest, "name")), "web");
	assert_true(json_is_null(json_object_get(guest, "offset")));
	assert_true(json_is_false(json_object_get(guest, "kept")));
	json_decref(guest);
	fine("SetGuest", "\"name\":\"web\",\"offset\":\"-5\",\"ratio\":\"3\",\"frac_bits\":1");
	guest = first_guest();
	assert_string_equal(json_string_value(json_object_get(guest, "offset")),
			    "18446744073709551611");
	assert_string_equal(json_string_value(json_object_get(guest, "ratio")), "3");
	assert_int_equal(json_integer_value(json_object_get(guest, "frac_bits")), 1);
	assert_true(json_is_true(json_object_get(guest, "kept")));
	/* At once, not only with the next line. */
	assert_int_equal(json_integer_value(json_object_get(guest, "writes")), 1);
	assert_int_equal(access(json_string_value(json_object_get(guest, "page")), F_OK), 0);
	json_decref(guest);
	fine("RemoveGuest", "\"name\":\"web\"");
	assert_null(first_guest());
}

static void assert_member(const char *name, const char *value)
{
	json_t *guest = first_guest();

	assert_string_equal(json_string_value(json_object_get(guest, name)), value);
	json_decref(guest);
}

static void a_disruption_is_told_and_listed(void **state)
{
	(void)state;
	fine("AddGuest", "\"name\":\"web\",\"offset\":\"5\",\"generation\":\"1\"");
	assert_member("status", "synchronized");
	assert_member("generation", "1");
	fine("DisruptGuest", "\"name\":\"web\",\"warning\":\"soon\",\"reason\":\"move\"");
	assert_member("status", "synchronized");
	assert_member("warning", "soon");
	assert_member("why", "move");
	fine("DisruptGuest", "\"name\":\"web\",\"warning\":\"none\"");
	assert_member("warning", "none");
	assert_member("why", "");
	fine("DisruptGuest", "\"name\":\"web\",\"reason\":\"moved\",\"generation\":\"new\"");
	assert_member("status", "unreliable");
	assert_member("why", "moved");
	assert_true(guests->guests[0].facts.generation != 1);
	fine("SetGuest", "\"name\":\"web\",\"offset\":\"6\"");
	assert_member("status", "synchronized");
	assert_member("why", "");
}

static void a_guest_is_bound_to_a_machine_of_kvm(void **state)
{
	struct guest_follow *follow = &control_fake.daemon.follow;

	(void)state;
	assert_answer(ask(0, "AddGuest", "\"name\":\"web\",\"vm\":\"name:web\""),
		      HOST ".GuestFailed", NULL);
	assert_int_equal(guests->count, 0);
	follow->kvm_directory = top;
	fine("AddGuest", "\"name\":\"new\",\"vm\":\"name:new\",\"new\":true");
	fine("RemoveGuest", "\"name\":\"new\"");
	fine("AddGuest", "\"name\":\"web\",\"vm\":\"name:web\",\"new\":false");
	assert_member("vm", "name:web");
	assert_member("status", "unreliable");
	fine("SetGuest", "\"name\":\"web\",\"offset\":\"6\"");
	assert_true(guests->guests[0].facts.vm[0] == '\0');
	assert_member("status", "synchronized");
	fine("SetGuest", "\"name\":\"web\",\"vm\":\"name:other\"");
	assert_member("vm", "name:other");
	assert_member("status", "unreliable");
	fine("DisruptGuest", "\"name\":\"web\"");
	assert_true(guests->guests[0].facts.vm[0] == '\0');
}

/* A driver that keeps two pages. */
static int list_two(int fd, unsigned long request, void *argument)
{
	static const struct vmclock_host_guest two[] = {
		{.id = 3,
		 .creator_pid = 41,
		 .offset = (uint64_t)-5,
		 .ratio = 7,
		 .frac_bits = 2,
		 .vm_generation_counter = 9,
		 .disruption_marker = 11,
		 .clock_status = VMCLOCK_STATUS_FREERUNNING},
		{.id = 4, .ratio = 1, .clock_status = VMCLOCK_STATUS_UNRELIABLE},
	};
	struct vmclock_host_guests *list = argument;

	assert_int_equal(fd, 5);
	assert_int_equal(request, VMCLOCK_HOST_LIST_GUESTS);
	assert_int_equal(list->size, sizeof(*list));
	assert_true(list->capacity >= 2 && list->capacity <= VMCLOCK_HOST_LIST_MAX);
	memcpy((void *)(uintptr_t)list->entries, two, sizeof(two));
	list->count = 2;
	return 0;
}

static void guests_that_the_driver_keeps_are_shown(void **state)
{
	static const struct page_kernel_ops ops = {.ioctl = list_two};
	struct page_kernel *kernel = &control_fake.daemon.page.kernel;
	json_t *reply, *list, *one;

	(void)state;
	reply = ask(1000, "GetGuests", "");
	list = json_object_get(json_object_get(reply, "parameters"), "driver_guests");
	assert_true(json_is_array(list) && json_array_size(list) == 0);
	json_decref(reply);
	kernel->ops = &ops;
	kernel->fd = 5;
	reply = ask(1000, "GetGuests", "");
	list = json_object_get(json_object_get(reply, "parameters"), "driver_guests");
	assert_int_equal(json_array_size(list), 2);
	one = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(one, "creator_pid")), 41);
	assert_string_equal(json_string_value(json_object_get(one, "offset")),
			    "18446744073709551611");
	assert_string_equal(json_string_value(json_object_get(one, "status")), "freerunning");
	assert_string_equal(json_string_value(json_object_get(one, "generation")), "9");
	one = json_array_get(list, 1);
	assert_true(json_is_null(json_object_get(one, "creator_pid")));
	assert_true(json_is_null(json_object_get(one, "generation")));
	json_decref(reply);
	kernel->fd = -1;
}

static void only_root_may_change_guests(void **state)
{
	static const char *const methods[] = {"AddGuest", "SetGuest", "RemoveGuest",
					      "DisruptGuest"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_answer(ask(1000, methods[i], "\"name\":\"web\""),
			      SERVICE ".PermissionDenied", NULL);
}

static void senseless_parameters_are_named(void **state)
{
	static const struct {
		const char *parameters;
		const char *wrong;
	} calls[] = {
		{"\"offset\":\"1\"", "name"},
		{"\"name\":7", "name"},
		{"\"name\":\"../x\"", "name"},
		{"\"name\":\"a\",\"offset\":1", "offset"},
		{"\"name\":\"a\",\"offset\":\"\"", "offset"},
		{"\"name\":\"a\",\"offset\":\"1 \"", "offset"},
		{"\"name\":\"a\",\"offset\":\"0x1\"", "offset"},
		{"\"name\":\"a\",\"offset\":\"18446744073709551616\"", "offset"},
		{"\"name\":\"a\",\"offset\":\"-9223372036854775809\"", "offset"},
		{"\"name\":\"a\",\"ratio\":\"0\"", "ratio"},
		{"\"name\":\"a\",\"ratio\":\"-1\"", "ratio"},
		{"\"name\":\"a\",\"frac_bits\":64", "frac_bits"},
		{"\"name\":\"a\",\"frac_bits\":-1", "frac_bits"},
		{"\"name\":\"a\",\"frac_bits\":\"1\"", "frac_bits"},
		{"\"name\":\"a\",\"generation\":\"-1\"", "generation"},
		{"\"name\":\"a\",\"vm\":\"41\"", "vm"},
		{"\"name\":\"a\",\"vm\":\"name:a\",\"offset\":\"1\"", "vm"},
		{"\"name\":\"a\",\"vm\":\"name:a\",\"new\":\"yes\"", "new"},
		{"\"name\":\"a\",\"vm\":\"pid:1\",\"new\":true", "new"},
		{"\"name\":\"a\",\"new\":true", "new"},
		{"\"name\":\"a\",\"more\":1", "more"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_answer(ask(0, "AddGuest", calls[i].parameters), SERVICE ".InvalidParameter",
			      calls[i].wrong);
	assert_int_equal(guests->count, 0);
}

static void what_is_not_there_or_twice_is_said(void **state)
{
	(void)state;
	assert_answer(ask(0, "SetGuest", "\"name\":\"a\",\"offset\":\"1\""), HOST ".NoSuchGuest",
		      NULL);
	assert_answer(ask(0, "RemoveGuest", "\"name\":\"a\""), HOST ".NoSuchGuest", NULL);
	assert_answer(ask(0, "DisruptGuest", "\"name\":\"a\""), HOST ".NoSuchGuest", NULL);
	assert_answer(ask(0, "DisruptGuest", "\"name\":\"a\",\"warning\":\"later\""),
		      SERVICE ".InvalidParameter", "warning");
	fine("AddGuest", "\"name\":\"a\",\"ratio\":null");
	assert_answer(ask(0, "AddGuest", "\"name\":\"a\""), HOST ".GuestExists", NULL);
	assert_answer(ask(0, "SetGuest", "\"name\":\"a\""), SERVICE ".InvalidParameter", "offset");
	strcpy(guests->home.directory, "/proc/none");
	assert_answer(ask(0, "AddGuest", "\"name\":\"b\""), HOST ".GuestFailed", NULL);
	strcpy(guests->home.directory, directory);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(guests_come_change_and_go),
		CASE(a_disruption_is_told_and_listed),
		CASE(a_guest_is_bound_to_a_machine_of_kvm),
		CASE(guests_that_the_driver_keeps_are_shown),
		CASE(only_root_may_change_guests),
		CASE(senseless_parameters_are_named),
		CASE(what_is_not_there_or_twice_is_said),
	};

	return cmocka_run_group_tests_name("control guests", tests, NULL, NULL);
}
