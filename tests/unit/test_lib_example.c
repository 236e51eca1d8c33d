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

static int run_example(const struct place *place, char *output, size_t size)
{
	char command[512];
	FILE *pipe;
	size_t n;

	snprintf(command, sizeof(command), "%s %s 2>&1", EXAMPLE, place->page);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(output, 1, size - 1, pipe);
	output[n] = '\0';
	return pclose(pipe);
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
					    "vmclock_writer_set_generation"};
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
		cmocka_unit_test(the_shared_library_shows_its_interface_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
