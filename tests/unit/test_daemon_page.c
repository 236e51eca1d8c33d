// SPDX-License-Identifier: GPL-2.0-or-later
/* From a publication through the page to a reader: the same line, and errors never rounded down. */
#include <errno.h>
#include <math.h>
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

#include "daemon/publish/page_file.h"
#include "fake_counter.h"
#include "lib/vmclock.h"
#include "own_directory.h"
#include "test_clock_world.h"

#define TAI_NS INT64_C(1764547237000000000)

static char path[64];
static struct page_file page;
static struct page_resume resume;
static char message[400];
static const struct page_calendar calendar = {.tai_offset_s = 37};

static void set_hz(double hz)
{
	fake_counter.nominal_hz = hz;
	fake_counter.ns_per_tick = 1e9 / hz;
}

/* As if no daemon had lived yet. */
static void remove_files(void)
{
	char journal[80];

	snprintf(journal, sizeof(journal), "%s.journal", path);
	unlink(path);
	unlink(journal);
}

static int start(void **state)
{
	if (make_directory(state))
		return -1;
	snprintf(path, sizeof(path), "%s/page", directory);
	set_hz(1e9);
	fake_counter_value = 5000000000;
	message[0] = '\0';
	return 0;
}

static int stop(void **state)
{
	page_file_close(&page);
	return remove_directory(state);
}

static int open_page(void)
{
	return page_file_open(&page, path, &fake_counter, true, &resume, message, sizeof(message));
}

static struct publication publication_at(uint64_t value)
{
	return (struct publication){.line = {.counter = value, .time_ns = TAI_NS, .frac_ns = 0.25},
				    .est_error_ns = 12.3,
				    .est_rate_error_ppb = 4.5,
				    .max_error_ns = 100.7,
				    .max_rate_error_ppb = 1001,
				    .status = DISCIPLINE_SYNCHRONIZED};
}

static double publish(const struct publication *p)
{
	double raised_ns;

	assert_int_equal(page_file_publish(&page, p, &calendar, &raised_ns), 0);
	return raised_ns;
}

static void read_back(struct vmclock_abi *copy)
{
	struct vmclock *clock;

	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, copy), 0);
	vmclock_close(clock);
}

/* Page's line minus the publication's, ns, at a counter value. */
static long double line_difference(const struct vmclock_abi *copy, const struct publication *p,
				   uint64_t at)
{
	long double nominal_ns = (long double)counter_diff(at, p->line.counter) *
				 (1e9L / (long double)fake_counter.nominal_hz);
	long double since_ns = (long double)p->line.frac_ns +
			       nominal_ns * (1 + (long double)p->line.rate_ppb * 1e-9L);
	struct vmclock_time time;

	assert_int_equal(vmclock_time_at(copy, at, &time), 0);
	return (long double)(time.sec - p->line.time_ns / 1000000000) * 1e9L -
	       (long double)(p->line.time_ns % 1000000000) +
	       ldexpl((long double)time.frac, -64) * 1e9L - since_ns;
}

static void draw(struct dice *dice, struct publication *p)
{
	set_hz(dice_log_between(dice, 1e6, 1e10));
	fake_counter_value = dice_bits(dice);
	*p = publication_at(fake_counter_value);
	p->line.time_ns += (int64_t)(dice_bits(dice) >> 6);
	p->line.frac_ns = dice_unit(dice) * 0.9999999;
	p->line.rate_ppb = dice_between(dice, -5e5, 5e5);
	p->max_error_ns = dice_log_between(dice, 1e-3, 1e12);
	p->max_rate_error_ppb = dice_log_between(dice, 1e-6, 5e5);
	p->est_error_ns = dice_log_between(dice, 1e-3, 1e9);
	p->est_rate_error_ppb = dice_log_between(dice, 1e-9, 5e5);
	p->disrupted = true;
}

/* What a reader is told at any distance: the line, and no less error than the publication's. */
static void readers_get_the_line_and_no_smaller_errors(void **state)
{
	struct dice dice = {11};

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct publication p;
		struct vmclock_abi copy;

		remove_files();
		draw(&dice, &p);
		assert_int_equal(open_page(), 0);
		publish(&p);
		read_back(&copy);
		for (int k = 0; k < 10; k++) {
			double age_s = dice_log_between(&dice, 1e-9, 3600) *
				       (dice_bits(&dice) & 1 ? 1 : -1);
			uint64_t at = fake_counter_value +
				      (uint64_t)(int64_t)(age_s * fake_counter.nominal_hz);
			double age_exact_s = (double)counter_diff(at, fake_counter_value) /
					     fake_counter.nominal_hz;
			double need_ns = p.max_error_ns + p.max_rate_error_ppb * fabs(age_exact_s);
			double est_ns = p.est_error_ns + p.est_rate_error_ppb * fabs(age_exact_s);
			struct vmclock_reading reading;

			assert_true(fabsl(line_difference(&copy, &p, at)) < 0.1L);
			assert_int_equal(vmclock_reading_at(&copy, at, &reading), 0);
			assert_true((double)reading.max_error_ns >= need_ns);
			assert_true((double)reading.max_error_ns <= need_ns * (1 + 1e-6) + 6);
			assert_true((double)reading.est_error_ns >= est_ns * (1 - 1e-12));
			assert_true(reading.flags & VMCLOCK_READING_MAX_ERROR);
		}
		page_file_close(&page);
	}
}

static void the_page_says_tai_and_what_its_flags_promise(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi copy;

	(void)state;
	assert_int_equal(open_page(), 0);
	publish(&p);
	publish(&p);
	read_back(&copy);
	assert_int_equal(copy.time_type, VMCLOCK_TIME_TAI);
	assert_int_equal((int16_t)copy.tai_offset_sec, -37);
	assert_int_equal(copy.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	assert_int_equal(copy.flags,
			 VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
				 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
				 VMCLOCK_FLAG_TIME_ESTERROR_VALID |
				 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC);
	assert_int_equal(copy.counter_id, VMCLOCK_COUNTER_X86_TSC);
	assert_int_equal(copy.seq_count % 2, 0);
}

static void the_period_uses_all_bits_of_its_field(void **state)
{
	static const double frequencies[] = {1e6, 1.92e7, 1e9, 2.1e9, 4294967296.0, 1e10};

	(void)state;
	for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
		struct publication p = publication_at(fake_counter_value);
		struct vmclock_abi copy;

		remove_files();
		set_hz(frequencies[i]);
		assert_int_equal(open_page(), 0);
		publish(&p);
		read_back(&copy);
		assert_true(copy.counter_period_frac_sec >= UINT64_C(1) << 61);
		page_file_close(&page);
	}
}

static void a_first_page_and_a_disruption_change_the_marker(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi before, after;

	(void)state;
	assert_int_equal(open_page(), 0);
	assert_false(resume.valid);
	read_back(&before);
	publish(&p);
	read_back(&after);
	assert_true(after.disruption_marker != before.disruption_marker);
	before = after;
	publish(&p);
	read_back(&after);
	assert_true(after.disruption_marker == before.disruption_marker);
	p.disrupted = true;
	p.line.time_ns -= 1000000000;
	assert_true(publish(&p) <= 0);
	read_back(&after);
	assert_true(after.disruption_marker != before.disruption_marker);
	assert_true(line_difference(&after, &p, fake_counter_value) < 0.1L);
}

static void a_line_that_steps_back_is_raised_and_its_error_with_it(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi copy;
	double raised_ns;

	(void)state;
	assert_int_equal(open_page(), 0);
	publish(&p);
	p.line.time_ns -= 500;
	raised_ns = publish(&p);
	assert_true(raised_ns > 499.9 && raised_ns < 500.1);
	read_back(&copy);
	assert_true(fabsl(line_difference(&copy, &p, fake_counter_value) - 500) < 0.1L);
	assert_true((double)copy.time_maxerror_nanosec >= p.max_error_ns + 500);
}

static void a_step_back_of_more_than_a_ms_is_a_disruption(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi before, after;

	(void)state;
	assert_int_equal(open_page(), 0);
	publish(&p);
	read_back(&before);
	p.line.time_ns -= 2000000;
	assert_true(publish(&p) <= 0);
	read_back(&after);
	assert_true(after.disruption_marker != before.disruption_marker);
	assert_true(fabsl(line_difference(&after, &p, fake_counter_value)) < 0.1L);
}

static void each_status_reaches_the_reader(void **state)
{
	static const uint8_t wanted[] = {[DISCIPLINE_UNRELIABLE] = VMCLOCK_STATUS_UNRELIABLE,
					 [DISCIPLINE_SYNCHRONIZED] = VMCLOCK_STATUS_SYNCHRONIZED,
					 [DISCIPLINE_FREERUNNING] = VMCLOCK_STATUS_FREERUNNING};
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi copy;

	(void)state;
	assert_int_equal(open_page(), 0);
	for (int i = 0; i < 3; i++) {
		p.status = (enum discipline_status)i;
		publish(&p);
		read_back(&copy);
		assert_int_equal(copy.clock_status, wanted[i]);
	}
}

static void an_infinite_error_is_no_small_one(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_reading reading;
	struct vmclock_abi copy;

	(void)state;
	assert_int_equal(open_page(), 0);
	p.max_error_ns = INFINITY;
	publish(&p);
	read_back(&copy);
	assert_int_equal(vmclock_reading_at(&copy, fake_counter_value, &reading), 0);
	assert_true(reading.max_error_ns == UINT64_MAX);
	p.max_error_ns = NAN;
	publish(&p);
	read_back(&copy);
	assert_int_equal(vmclock_reading_at(&copy, fake_counter_value, &reading), 0);
	assert_true(reading.max_error_ns == UINT64_MAX);
}

static void a_next_life_resumes_line_and_bound(void **state)
{
	struct dice dice = {12};

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct publication p;
		double error_ns;

		remove_files();
		draw(&dice, &p);
		p.max_error_ns = dice_log_between(&dice, 1e-3, 1e9);
		assert_int_equal(open_page(), 0);
		publish(&p);
		page_file_close(&page);
		fake_counter_value += 1000000;
		assert_int_equal(open_page(), 0);
		assert_true(resume.valid);
		assert_true(resume.line.counter == p.line.counter);
		error_ns = line_minus(&p.line, fake_counter.ns_per_tick, p.line.counter,
				      resume.line.time_ns, resume.line.frac_ns);
		assert_true(fabs(error_ns) < 0.01);
		assert_true(fabs(resume.line.rate_ppb - p.line.rate_ppb) < 1e-6);
		error_ns = (double)(p.line.time_ns - resume.bound.base_ns) + p.line.frac_ns;
		assert_true(resume.bound.lo_ns <= error_ns - p.max_error_ns + 0.01);
		assert_true(resume.bound.hi_ns >= error_ns + p.max_error_ns - 0.01);
		assert_true(resume.bound.rate_lo_ppb <=
			    p.line.rate_ppb - p.max_rate_error_ppb + 1e-9);
		assert_true(resume.bound.rate_hi_ppb >=
			    p.line.rate_ppb + p.max_rate_error_ppb - 1e-9);
		page_file_close(&page);
	}
}

static void an_unreliable_page_is_not_resumed(void **state)
{
	struct publication p = publication_at(fake_counter_value);

	(void)state;
	assert_int_equal(open_page(), 0);
	p.status = DISCIPLINE_UNRELIABLE;
	publish(&p);
	page_file_close(&page);
	assert_int_equal(open_page(), 0);
	assert_false(resume.valid);
}

static void a_page_from_the_counters_future_is_not_resumed(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	struct vmclock_abi copy;

	(void)state;
	assert_int_equal(open_page(), 0);
	publish(&p);
	page_file_close(&page);
	fake_counter_value = 1000;
	assert_int_equal(open_page(), 0);
	assert_false(resume.valid);
	read_back(&copy);
	assert_int_equal(copy.clock_status, VMCLOCK_STATUS_UNRELIABLE);
}

static void a_second_writer_is_told_so(void **state)
{
	struct page_file second;

	(void)state;
	assert_int_equal(open_page(), 0);
	assert_int_equal(page_file_open(&second, path, &fake_counter, true, &resume, message,
					sizeof(message)),
			 -EBUSY);
	assert_non_null(strstr(message, path));
	assert_non_null(strstr(message, "another writer"));
	assert_null(second.writer);
}

static void a_symbolic_link_is_refused_by_name(void **state)
{
	char other[96];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", directory);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(open_page(), -ELOOP);
	assert_non_null(strstr(message, path));
	assert_non_null(strstr(message, "symbolic link"));
}

static void a_missing_directory_is_named(void **state)
{
	(void)state;
	assert_int_equal(page_file_open(&page, "/tmp/vmclock-no-such-directory/page", &fake_counter,
					true, &resume, message, sizeof(message)),
			 -ENOENT);
	assert_non_null(strstr(message, "/tmp/vmclock-no-such-directory/page"));
	assert_non_null(strstr(message, "directory is missing"));
}

static void something_else_in_its_place_is_left_alone(void **state)
{
	FILE *file = fopen(path, "w");
	struct stat st;

	(void)state;
	assert_non_null(file);
	fputs("my thesis", file);
	fclose(file);
	assert_int_equal(open_page(), -EEXIST);
	assert_non_null(strstr(message, "something else"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 9);
}

static void publishing_without_a_page_is_an_error(void **state)
{
	struct publication p = publication_at(fake_counter_value);
	double raised_ns;

	(void)state;
	assert_int_equal(open_page(), 0);
	page_file_close(&page);
	assert_int_equal(page_file_publish(&page, &p, &calendar, &raised_ns), -EBADF);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(readers_get_the_line_and_no_smaller_errors),
		CASE(the_page_says_tai_and_what_its_flags_promise),
		CASE(the_period_uses_all_bits_of_its_field),
		CASE(a_first_page_and_a_disruption_change_the_marker),
		CASE(a_line_that_steps_back_is_raised_and_its_error_with_it),
		CASE(a_step_back_of_more_than_a_ms_is_a_disruption),
		CASE(each_status_reaches_the_reader),
		CASE(an_infinite_error_is_no_small_one),
		CASE(a_next_life_resumes_line_and_bound),
		CASE(an_unreliable_page_is_not_resumed),
		CASE(a_page_from_the_counters_future_is_not_resumed),
		CASE(a_second_writer_is_told_so),
		CASE(a_symbolic_link_is_refused_by_name),
		CASE(a_missing_directory_is_named),
		CASE(something_else_in_its_place_is_left_alone),
		CASE(publishing_without_a_page_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
