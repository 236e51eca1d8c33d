// SPDX-License-Identifier: GPL-2.0-or-later
/* The example program, and what the shared library shows to its users. */
#include "test_lib_support.h"

#include <dlfcn.h>
#include <inttypes.h>

#if defined(__x86_64__)
#define CPU_COUNTER VMCLOCK_COUNTER_X86_TSC
#elif defined(__aarch64__)
#define CPU_COUNTER VMCLOCK_COUNTER_ARM_VCNT
#endif

/* The library reads the CPU's counter for us, through a page that counts by it. */
static struct vmclock *clock_of_page;

static uint64_t cpu_counter(void)
{
	uint64_t counter = 0;

	if (clock_of_page)
		vmclock_read_counter(clock_of_page, &counter);
	return counter;
}

static int run(const char *command, char *output, size_t size)
{
	FILE *pipe;
	size_t n;

	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(output, 1, size - 1, pipe);
	output[n] = '\0';
	return pclose(pipe);
}

static int run_example(const struct place *place, char *output, size_t size)
{
	char command[512];

	snprintf(command, sizeof(command), "%s %s 2>&1", EXAMPLE, place->page);
	return run(command, output, size);
}

static void the_example_prints_the_time_of_a_page(void **state)
{
	struct place *place = *state;
	int64_t time_ns, earliest_ns, latest_ns;
	struct vmclock_reference reference;
	struct vmclock_writer *writer;
	char output[200];

	assert_int_equal(vmclock_writer_open(place->page, CPU_COUNTER, cpu_counter, &writer), 0);
	assert_int_equal(vmclock_open(place->page, 0, &clock_of_page), 0);
	assert_int_not_equal(run_example(place, output, sizeof(output)), 0);
	assert_non_null(strstr(output, "no time: "));
	reference = true_reference(cpu_counter());
	reference.time_sec = START_S + 37;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	assert_int_equal(run_example(place, output, sizeof(output)), 0);
	assert_int_equal(sscanf(output, "UTC %" SCNd64 " ns, true time in [%" SCNd64 ", %" SCNd64,
				&time_ns, &earliest_ns, &latest_ns),
			 3);
	assert_true(time_ns >= START_S * 1000000000LL);
	assert_true(earliest_ns <= time_ns - 1000 && latest_ns >= time_ns + 1000);
	vmclock_close(clock_of_page);
	vmclock_writer_close(writer);
}

#ifdef __x86_64__
/* Of its own guest's counter, as KVM has set it where there is a KVM, the page is the host's. */
static void the_example_vmm_keeps_a_page_in_its_guests_memory(void **state)
{
	struct place *place = *state;
	char command[600], output[400], memory[100];
	unsigned long long ratio, offset;
	struct vmclock_reference reference;
	struct vmclock_reading host, guest;
	struct vmclock_writer *writer;
	struct vmclock_abi page;
	unsigned int frac_bits;
	const char *line;
	FILE *file;

	assert_int_equal(vmclock_writer_open(place->page, CPU_COUNTER, cpu_counter, &writer), 0);
	assert_int_equal(vmclock_open(place->page, 0, &clock_of_page), 0);
	reference = true_reference(cpu_counter());
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	snprintf(memory, sizeof(memory), "%s/other", place->dir);
	snprintf(command, sizeof(command), "%s %s %s 2 2>&1", EXAMPLE_VMM, memory, place->page);
	assert_int_equal(run(command, output, sizeof(output)), 0);
	print_message("%s", output);
	line = strstr(output, "guest's counter");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "guest's counter = ((host * %llu) >> %u) + %llu", &ratio,
				&frac_bits, &offset),
			 3);
	assert_int_equal(ratio, 1); /* no frequency was asked for */
	/* announce() itself; an update; disrupt, generation and update */
	assert_non_null(strstr(output, "2 updates, 5 interrupts"));
	file = fopen(memory, "r");
	assert_non_null(file);
	assert_int_equal(fread(&page, sizeof(page), 1, file), 1);
	fclose(file);
	assert_int_equal(page.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	assert_true(page.flags & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
	assert_int_equal(vmclock_now(clock_of_page, &host), 0);
	assert_int_equal(vmclock_reading_at(&page, host.counter + offset, &guest), 0);
	assert_int_equal(guest.tai.time_ns, host.tai.time_ns);
	vmclock_close(clock_of_page);
	clock_of_page = NULL;
	vmclock_writer_close(writer);
}
#endif

static void the_shared_library_shows_its_interface_and_nothing_else(void **state)
{
	static const char *const shown[] = {"vmclock_open",
					    "vmclock_close",
					    "vmclock_now",
					    "vmclock_wait",
					    "vmclock_read_page",
					    "vmclock_read_counter",
					    "vmclock_check_page",
					    "vmclock_reading_at",
					    "vmclock_time_at",
					    "vmclock_convert",
					    "vmclock_writer_open",
					    "vmclock_writer_close",
					    "vmclock_writer_current",
					    "vmclock_writer_publish",
					    "vmclock_page_downgrade",
					    "vmclock_writer_open_guest",
					    "vmclock_writer_rescale",
					    "vmclock_writer_disrupt",
					    "vmclock_writer_warn",
					    "vmclock_writer_set_generation",
					    "vmclock_writer_open_memory",
					    "vmclock_writer_relay",
					    "vmclock_writer_announce",
					    "vmclock_export",
					    "vmclock_export_check",
					    "vmclock_import"};
	static const char *const hidden[] = {"vmclock_line_convert", "vmclock_journal_open",
					     "vmclock_writer_recover", "vmclock_page_refuse"};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	(void)state;
	assert_non_null(library);
	for (unsigned int i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		assert_non_null(dlsym(library, shown[i]));
	for (unsigned int i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_null(dlsym(library, hidden[i]));
	dlclose(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_example_prints_the_time_of_a_page, place_setup,
						place_teardown),
#ifdef __x86_64__
		cmocka_unit_test_setup_teardown(the_example_vmm_keeps_a_page_in_its_guests_memory,
						place_setup, place_teardown),
#endif
		cmocka_unit_test(the_shared_library_shows_its_interface_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
