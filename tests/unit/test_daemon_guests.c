// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests' pages: the host's time by each guest's own counter, over lives of the daemon. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/publish/guest_pages.h"
#include "daemon/publish/slept.h"
#include "fake_counter.h"
#include "lib/vmclock.h"

#define TAI_NS INT64_C(1764547237000000000)
#define START UINT64_C(5000000000)

static char top[] = "/tmp/vmclock-guests-XXXXXX";
static char directory[64];
static const char *boot_id = "this-boot";
static const struct counter *counter = &fake_counter;
static int64_t world_slept_ns;
static struct guest_pages guests;
static const struct page_calendar calendar = {.tai_offset_s = 37};
static const struct vmclock_scale shifted = {.ratio = 1, .offset = (uint64_t)-4000000000};
static const struct vmclock_scale scaled = {
	.ratio = 0xd5e3a4b917c2, .offset = 1234567, .frac_bits = 47};

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	snprintf(directory, sizeof(directory), "%s/guests", top);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(top);
}

static int64_t read_slept(void)
{
	return world_slept_ns;
}

static void begin(bool continued)
{
	const struct guest_settings settings = {.directory = directory,
						.counter = counter,
						.monotonic = true,
						.continued = continued,
						.boot_id = boot_id,
						.slept_ns = read_slept};

	assert_int_equal(guest_pages_open(&guests, &settings), 0);
}

static int add(const char *name, const struct vmclock_scale *scale, const uint64_t *generation)
{
	const struct guest_start how = {.scale = scale, .generation = generation};

	return guest_pages_add(&guests, name, &how);
}

static int start(void **state)
{
	(void)state;
	fake_counter_value = START;
	world_slept_ns = 0;
	begin(true);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	while (guests.count)
		guest_pages_remove(&guests, guests.guests[0].name);
	guest_pages_close(&guests);
	return rmdir(directory) && errno != ENOENT;
}

/* As after SIGKILL: nothing is said to the pages. */
static void die(void)
{
	for (unsigned int i = 0; i < guests.count; i++)
		vmclock_writer_close(guests.guests[i].writer);
	free(guests.guests);
	guests = (struct guest_pages){.count = 0};
}

static void publish(double error_ns, bool disrupted)
{
	struct publication p = {.line = {.counter = fake_counter_value,
					 .time_ns = TAI_NS + (int64_t)(fake_counter_value - START) +
						    (int64_t)error_ns},
				.est_error_ns = 10,
				.max_error_ns = fabs(error_ns) + 100,
				.max_rate_error_ppb = 1000,
				.status = DISCIPLINE_SYNCHRONIZED,
				.disrupted = disrupted};

	guest_pages_update(&guests, &p, &calendar);
}

static struct vmclock_abi page_of(const char *name)
{
	struct vmclock_abi page;
	struct vmclock *clock;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	vmclock_close(clock);
	return page;
}

/* What the guest takes for the time, minus true time, ns. */
static int64_t error_of(const char *name, const struct vmclock_scale *s)
{
	uint64_t now =
		(uint64_t)(((unsigned __int128)fake_counter_value * s->ratio) >> s->frac_bits) +
		s->offset;
	struct vmclock_abi page = page_of(name);
	struct vmclock_reading reading;

	assert_int_equal(vmclock_reading_at(&page, now, &reading), 0);
	return reading.tai.time_ns - TAI_NS - (int64_t)(fake_counter_value - START);
}

static void assert_status(const char *name, uint8_t status)
{
	assert_int_equal(page_of(name).clock_status, status);
}

enum {
	SYNCHRONIZED = VMCLOCK_STATUS_SYNCHRONIZED,
	FREERUNNING = VMCLOCK_STATUS_FREERUNNING,
	UNRELIABLE = VMCLOCK_STATUS_UNRELIABLE
};

static void each_guest_gets_the_time_by_its_own_counter(void **state)
{
	(void)state;
	assert_int_equal(add("one", &shifted, NULL), 0);
	assert_int_equal(add("two", &scaled, NULL), 0);
	assert_status("one", UNRELIABLE);
	for (int i = 0; i < 50; i++) {
		publish(0, false);
		fake_counter_value += 123456789;
		assert_true(llabs(error_of("one", &shifted)) <= 2);
		assert_true(llabs(error_of("two", &scaled)) <= 2);
	}
	assert_status("one", SYNCHRONIZED);
	assert_true(guest_pages_find(&guests, "two")->writes == 50);
}

static void a_page_is_unreliable_until_the_scale_is_known(void **state)
{
	(void)state;
	assert_int_equal(add("one", NULL, NULL), 0);
	publish(0, false);
	assert_status("one", UNRELIABLE);
	assert_int_equal(guest_pages_set(&guests, "one", &shifted), 0);
	assert_status("one", UNRELIABLE);
	publish(0, false);
	assert_status("one", SYNCHRONIZED);
	assert_true(llabs(error_of("one", &shifted)) <= 2);
}

static void a_line_that_cannot_be_told_takes_the_old_one_away(void **state)
{
	static const struct vmclock_scale still = {.ratio = 1, .frac_bits = 63};

	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	assert_status("one", SYNCHRONIZED);
	assert_int_equal(vmclock_writer_rescale(guests.guests[0].writer, &still), 0);
	publish(0, false);
	assert_int_equal(guest_pages_find(&guests, "one")->error, -ERANGE);
	assert_status("one", UNRELIABLE);
	assert_int_equal(vmclock_writer_rescale(guests.guests[0].writer, &shifted), 0);
	publish(0, false);
	assert_status("one", SYNCHRONIZED);
}

static void a_line_that_the_host_gave_up_is_taken_away_at_once(void **state)
{
	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	die();
	begin(false);
	assert_status("one", UNRELIABLE);
	publish(0, false);
	assert_status("one", SYNCHRONIZED);
}

static void another_scale_is_a_disruption_of_that_guest_alone(void **state)
{
	uint64_t one, two;

	(void)state;
	add("one", &shifted, NULL);
	add("two", &shifted, NULL);
	publish(0, false);
	one = page_of("one").disruption_marker;
	two = page_of("two").disruption_marker;
	assert_int_equal(guest_pages_set(&guests, "one", &scaled), 0);
	assert_status("one", UNRELIABLE); /* and not by the old one until there is a line */
	assert_true(page_of("one").disruption_marker != one);
	publish(0, false);
	assert_true(page_of("one").disruption_marker != one);
	assert_true(page_of("two").disruption_marker == two);
	assert_true(llabs(error_of("one", &scaled)) <= 2);
	publish(0, true);
	assert_true(page_of("two").disruption_marker != two);
}

static void a_step_back_is_raised_or_a_disruption(void **state)
{
	uint64_t marker;

	(void)state;
	add("one", &scaled, NULL);
	publish(500, false);
	marker = page_of("one").disruption_marker;
	publish(0, false);
	assert_true(llabs(error_of("one", &scaled) - 500) <= 2);
	assert_true(page_of("one").disruption_marker == marker);
	publish(-2e6, false);
	assert_true(llabs(error_of("one", &scaled) + 2000000) <= 2);
	assert_true(page_of("one").disruption_marker != marker);
}

static void the_next_life_goes_on_with_them(void **state)
{
	uint64_t marker;

	(void)state;
	add("one", &scaled, NULL);
	add("two", NULL, NULL);
	publish(0, false);
	publish(0, false);
	marker = page_of("one").disruption_marker;
	die();
	assert_status("one", SYNCHRONIZED);
	fake_counter_value += 1000000;
	begin(true);
	assert_int_equal(guests.count, 2);
	assert_false(guest_pages_find(&guests, "two")->facts.known);
	publish(0, false);
	assert_true(llabs(error_of("one", &scaled)) <= 2);
	assert_true(page_of("one").disruption_marker == marker);
	assert_status("two", UNRELIABLE);
	die();
	begin(false); /* the host's line is a new one */
	assert_status("one", UNRELIABLE);
	publish(0, false);
	assert_true(page_of("one").disruption_marker != marker);
}

static void an_end_leaves_them_freerunning(void **state)
{
	(void)state;
	add("one", &scaled, NULL);
	publish(0, false);
	guest_pages_close(&guests);
	assert_status("one", FREERUNNING);
	begin(true);
}

/* Nobody looks any more whether its counter is still the same. */
static void an_end_leaves_one_that_is_followed_unreliable(void **state)
{
	const struct guest_start how = {.scale = &scaled, .vm = "name:web"};
	uint64_t marker;

	(void)state;
	assert_int_equal(guest_pages_add(&guests, "one", &how), 0);
	publish(0, false);
	publish(0, false);
	marker = page_of("one").disruption_marker;
	guest_pages_close(&guests);
	assert_status("one", UNRELIABLE);
	begin(true);
	publish(0, false); /* it was looked at before */
	assert_status("one", SYNCHRONIZED);
	assert_true(page_of("one").disruption_marker == marker);
	assert_true(llabs(error_of("one", &scaled)) <= 2);
}

static void a_page_whose_scale_was_lost_is_unreliable(void **state)
{
	static const char *const texts[] = {
		"",
		"1 5 1 0\n",
		"2 this-boot known 5 0 3 0 - -\n\n",
		"2 this-boot known 5 1 64 0 - -\n\n",
		"2 this-boot known 5 1 0 1 - -\n\n",
		"2 this-boot known 05 1 0 0 - -\n\n",
		"2 this-boot known 5 1 0 0 - -\n",
		"2 this-boot known -5 1 0 0 - -\n\n",
		"2 this-boot known 5 1 0 0 x -\n\n",
		"2 this-boot perhaps 5 1 0 0 - -\n\n",
		"2 this-boot known 5 1 0 0 - -\n\nmore\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char path[128];
		FILE *file;

		add("one", &scaled, NULL);
		publish(0, false);
		die();
		snprintf(path, sizeof(path), "%s/one.guest", directory);
		file = fopen(path, "w");
		fputs(texts[i], file);
		fclose(file);
		begin(true);
		assert_int_equal(guest_pages_find(&guests, "one")->error, -EINVAL);
		publish(0, false);
		assert_status("one", UNRELIABLE);
		assert_int_equal(guest_pages_set(&guests, "one", &shifted), 0);
		publish(0, false);
		assert_status("one", SYNCHRONIZED);
		guest_pages_remove(&guests, "one");
	}
}

static void disrupt(const char *name, const struct guest_disruption *how)
{
	assert_int_equal(guest_pages_disrupt(&guests, name, how), 0);
}

static void a_disrupted_page_is_unreliable_until_the_new_scale(void **state)
{
	const struct guest_disruption migrated = {.why = "migrated \x1b away"};
	uint64_t marker;

	(void)state;
	add("one", &shifted, NULL);
	add("two", &shifted, NULL);
	publish(0, false);
	marker = page_of("one").disruption_marker;
	disrupt("one", &migrated);
	assert_status("one", UNRELIABLE);
	assert_status("two", SYNCHRONIZED);
	assert_true(page_of("one").disruption_marker != marker);
	assert_true(page_of("one").counter_period_frac_sec == 0);
	assert_string_equal(guest_pages_find(&guests, "one")->facts.why, "migrated ? away");
	publish(0, false);
	assert_status("one", UNRELIABLE);
	die();
	begin(true);
	publish(0, false);
	assert_status("one", UNRELIABLE);
	marker = page_of("one").disruption_marker;
	assert_int_equal(guest_pages_set(&guests, "one", &scaled), 0);
	publish(0, false);
	assert_true(llabs(error_of("one", &scaled)) <= 2);
	assert_true(page_of("one").disruption_marker != marker);
	assert_string_equal(guest_pages_find(&guests, "one")->facts.why, "");
	assert_int_equal(guest_pages_disrupt(&guests, "three", &migrated), -ENOENT);
}

static uint64_t warning_of(const char *name)
{
	return page_of(name).flags &
	       (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT);
}

static void a_warning_stays_until_it_is_taken_back_or_comes_true(void **state)
{
	struct guest_disruption how = {.warn_only = true, .warning = VMCLOCK_FLAG_DISRUPTION_SOON};
	uint64_t marker;

	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	marker = page_of("one").disruption_marker;
	disrupt("one", &how);
	assert_true(warning_of("one") == VMCLOCK_FLAG_DISRUPTION_SOON);
	publish(0, false);
	assert_true(warning_of("one") == VMCLOCK_FLAG_DISRUPTION_SOON);
	die();
	begin(true);
	assert_true(warning_of("one") == VMCLOCK_FLAG_DISRUPTION_SOON);
	publish(0, false);
	assert_true(warning_of("one") == VMCLOCK_FLAG_DISRUPTION_SOON);
	assert_status("one", SYNCHRONIZED);
	assert_true(page_of("one").disruption_marker == marker);
	how.warning = 0;
	disrupt("one", &how);
	assert_true(warning_of("one") == 0);
	how.warning = VMCLOCK_FLAG_DISRUPTION_IMMINENT;
	disrupt("one", &how);
	assert_true(warning_of("one") == VMCLOCK_FLAG_DISRUPTION_IMMINENT);
	how = (struct guest_disruption){.why = "here it is"};
	disrupt("one", &how);
	assert_true(warning_of("one") == 0);
	how = (struct guest_disruption){.warning = VMCLOCK_FLAG_TIME_MONOTONIC};
	assert_int_equal(guest_pages_disrupt(&guests, "one", &how), -EINVAL);
}

static void a_generation_is_on_the_page_from_when_it_is_told(void **state)
{
	const struct guest_disruption restored = {.new_generation = true, .generation = 12};
	const uint64_t generation = 7;

	(void)state;
	add("none", &shifted, NULL);
	add("one", NULL, &generation);
	assert_true(page_of("one").vm_generation_counter == 7);
	assert_int_equal(guest_pages_set(&guests, "one", &shifted), 0);
	publish(0, false);
	assert_true(page_of("one").vm_generation_counter == 7);
	disrupt("one", &restored);
	assert_true(page_of("one").vm_generation_counter == 12);
	die();
	begin(true);
	assert_int_equal(guest_pages_set(&guests, "one", &shifted), 0);
	publish(0, false);
	assert_true(page_of("one").vm_generation_counter == 12);
	assert_true(page_of("one").flags & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
	assert_false(page_of("none").flags & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
}

static void a_scale_of_another_boot_is_not_believed(void **state)
{
	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	die();
	boot_id = "another-boot";
	begin(true);
	publish(0, false);
	assert_status("one", UNRELIABLE);
	assert_int_equal(guest_pages_find(&guests, "one")->error, 0);
	boot_id = ""; /* one that cannot be told from others is another one, too */
	die();
	begin(true);
	assert_int_equal(guest_pages_set(&guests, "one", &shifted), 0);
	publish(0, false);
	assert_status("one", SYNCHRONIZED);
	die();
	begin(true);
	publish(0, false);
	assert_status("one", UNRELIABLE);
	boot_id = "this-boot";
}

/* In which KVM moves the counters of its guests. */
static void a_scale_from_before_a_sleep_is_not_believed(void **state)
{
	static const struct {
		int64_t before_ns, after_ns;
		bool believed;
	} lives[] = {{7000000000, 7000400000, true},
		     {0, 30000000, false},
		     {SLEPT_UNKNOWN_NS, SLEPT_UNKNOWN_NS, true},
		     {0, SLEPT_UNKNOWN_NS, false},
		     {SLEPT_UNKNOWN_NS, 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		world_slept_ns = lives[i].before_ns;
		add("one", &shifted, NULL);
		publish(0, false);
		die();
		world_slept_ns = lives[i].after_ns;
		begin(true);
		publish(0, false);
		if (lives[i].believed)
			assert_status("one", SYNCHRONIZED);
		else
			assert_status("one", UNRELIABLE);
		if (!lives[i].believed)
			assert_non_null(strstr(guests.guests[0].facts.why, "slept"));
		guest_pages_remove(&guests, "one");
	}
}

/* One that was said after the sleep is, in all lives to come. */
static void a_scale_from_after_a_sleep_is_believed(void **state)
{
	(void)state;
	add("one", &shifted, NULL);
	world_slept_ns = 5000000000;
	assert_int_equal(guest_pages_set(&guests, "one", &scaled), 0);
	for (int life = 0; life < 2; life++) {
		die();
		begin(true);
		publish(0, false);
		assert_status("one", SYNCHRONIZED);
	}
}

static void the_machine_does_not_sleep_while_it_is_asked(void **state)
{
	int64_t slept = slept_ns();

	(void)state;
	assert_true(slept >= 0 || slept == SLEPT_UNKNOWN_NS);
	if (slept >= 0)
		assert_true(slept_since(slept + 60000000000, slept_ns));
	assert_true(slept_since(0, NULL));
	assert_false(slept_since(SLEPT_UNKNOWN_NS, NULL));
}

static void leave_note(const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/one.disrupted", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The page is being opened: the note was looked for already. */
static uint64_t read_late(void)
{
	leave_note("restored\n");
	return fake_counter_value;
}

/* vmclockctl succeeds while the page is not locked yet. */
static void what_is_disrupted_while_the_daemon_starts_stays_so(void **state)
{
	struct counter late = fake_counter;

	(void)state;
	late.read = read_late;
	add("one", &shifted, NULL);
	publish(0, false);
	die();
	counter = &late;
	begin(true);
	counter = &fake_counter;
	guests.home.counter = counter;
	assert_status("one", UNRELIABLE);
	publish(0, false);
	assert_status("one", UNRELIABLE);
	assert_string_equal(guests.guests[0].facts.why, "restored");
	die();
	begin(true);
	publish(0, false);
	assert_status("one", UNRELIABLE);
}

/* What vmclockctl leaves when it is told of a disruption and no daemon runs. */
static void what_was_disrupted_without_a_daemon_stays_so(void **state)
{
	const struct guest_disruption soon = {.warn_only = true,
					      .warning = VMCLOCK_FLAG_DISRUPTION_SOON};
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/one.disrupted", directory);
	for (int life = 0; life < 2; life++) {
		add("one", &shifted, NULL);
		publish(0, false);
		strcpy(guests.guests[0].facts.vm, "name:one"); /* as if it were followed */
		disrupt("one", &soon);
		die();
		leave_note("restored\n");
		begin(true);
		publish(0, false);
		assert_status("one", UNRELIABLE);
		assert_string_equal(guest_pages_find(&guests, "one")->facts.why, "restored");
		assert_string_equal(guest_pages_find(&guests, "one")->facts.vm, "");
		assert_true(warning_of("one") == 0);
		assert_int_equal(access(path, F_OK), -1);
		die();
		begin(true);
		assert_status("one", UNRELIABLE);
		guest_pages_remove(&guests, "one");
	}
}

/* Killed with the command under way: what was being taken back is not believed again. */
static void a_death_in_a_disruption_leaves_no_old_counter(void **state)
{
	const struct guest_disruption now = {.why = "migrated"};
	struct guest_facts kept;

	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	/* As far as it is kept, and not yet on the page. */
	vmclock_writer_close(guests.guests[0].writer);
	guests.guests[0].writer = NULL;
	assert_int_equal(guest_pages_disrupt(&guests, "one", &now), 0);
	assert_int_equal(guest_store_read(directory, "one", &kept), 0);
	assert_false(kept.known);
	die();
	begin(true);
	publish(0, false);
	assert_status("one", UNRELIABLE);
}

static void a_broken_counter_of_the_host_disrupts_all(void **state)
{
	(void)state;
	add("one", &shifted, NULL);
	add("two", &scaled, NULL);
	publish(0, false);
	guest_pages_disrupt_all(&guests, "the counter went back");
	publish(0, true);
	assert_status("one", UNRELIABLE);
	assert_status("two", UNRELIABLE);
	assert_string_equal(guests.guests[0].facts.why, "the counter went back");
}

/* It is the page that counts: a full file system must not keep a guest believing. */
static void a_disruption_that_cannot_be_kept_is_on_the_page(void **state)
{
	const struct guest_disruption now = {.why = "migrated"};
	char kept[sizeof(guests.home.directory)];

	(void)state;
	add("one", &shifted, NULL);
	publish(0, false);
	memcpy(kept, guests.home.directory, sizeof(kept));
	strcpy(guests.home.directory, "/proc/none");
	assert_int_equal(guest_pages_disrupt(&guests, "one", &now), -ENOENT);
	memcpy(guests.home.directory, kept, sizeof(kept));
	publish(0, false);
	assert_status("one", UNRELIABLE);
}

static void whoever_maps_a_removed_page_is_told(void **state)
{
	struct vmclock_abi page;
	struct vmclock *clock;
	char path[128];

	(void)state;
	add("one", &shifted, NULL);
	add("two", &shifted, NULL);
	publish(0, false);
	snprintf(path, sizeof(path), "%s/one", directory);
	assert_int_equal(vmclock_open(path, 0, &clock), 0);
	assert_int_equal(guest_pages_remove(&guests, "one"), 0);
	assert_int_equal(vmclock_read_page(clock, &page), 0);
	assert_int_equal(page.clock_status, UNRELIABLE);
	vmclock_close(clock);
	assert_int_equal(access(path, F_OK), -1);
	assert_null(guest_pages_find(&guests, "one"));
	publish(0, false);
	assert_status("two", SYNCHRONIZED);
	assert_int_equal(guest_pages_remove(&guests, "one"), -ENOENT);
}

static void bad_names_and_scales_are_refused(void **state)
{
	static const char *const names[] = {"",	  ".",		 "..",	  "../x",	"a/b",
					    ".x", "a.guest",	 "a.new", "a.journal",	"a b",
					    "\n", "caf\xc3\xa9", "a.tmp", "a.disrupted"};
	static const struct vmclock_scale none = {.ratio = 0}, wide = {.ratio = 1, .frac_bits = 64};
	static const struct vmclock_scale still = {.ratio = 1, .frac_bits = 48},
					  racing = {.ratio = 1 << 20};
	char longest[GUEST_NAME_MAX + 1] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(add(names[i], &shifted, NULL), -EINVAL);
	memset(longest, 'x', GUEST_NAME_MAX);
	assert_int_equal(add(longest, NULL, NULL), -EINVAL);
	assert_int_equal(add(longest + 1, NULL, NULL), 0);
	assert_int_equal(add("a.b-c_D9", NULL, NULL), 0);
	assert_int_equal(add("a.b-c_D9", NULL, NULL), -EEXIST);
	assert_int_equal(add("x", &none, NULL), -EINVAL);
	assert_int_equal(add("x", &wide, NULL), -EINVAL);
	assert_int_equal(add("x", &still, NULL), -ERANGE);
	assert_int_equal(add("x", &racing, NULL), -ERANGE);
	assert_int_equal(guest_pages_set(&guests, "a.b-c_D9", &none), -EINVAL);
	assert_int_equal(guest_pages_set(&guests, "a.b-c_D9", &still), -ERANGE);
	assert_int_equal(guest_pages_set(&guests, "x", &shifted), -ENOENT);
	assert_int_equal(guests.count, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_guest_gets_the_time_by_its_own_counter),
		CASE(a_page_is_unreliable_until_the_scale_is_known),
		CASE(another_scale_is_a_disruption_of_that_guest_alone),
		CASE(a_line_that_the_host_gave_up_is_taken_away_at_once),
		CASE(a_line_that_cannot_be_told_takes_the_old_one_away),
		CASE(a_step_back_is_raised_or_a_disruption),
		CASE(the_next_life_goes_on_with_them),
		CASE(an_end_leaves_them_freerunning),
		CASE(an_end_leaves_one_that_is_followed_unreliable),
		CASE(a_page_whose_scale_was_lost_is_unreliable),
		CASE(a_disrupted_page_is_unreliable_until_the_new_scale),
		CASE(a_warning_stays_until_it_is_taken_back_or_comes_true),
		CASE(a_generation_is_on_the_page_from_when_it_is_told),
		CASE(a_scale_of_another_boot_is_not_believed),
		CASE(a_scale_from_before_a_sleep_is_not_believed),
		CASE(a_scale_from_after_a_sleep_is_believed),
		cmocka_unit_test(the_machine_does_not_sleep_while_it_is_asked),
		CASE(what_is_disrupted_while_the_daemon_starts_stays_so),
		CASE(what_was_disrupted_without_a_daemon_stays_so),
		CASE(a_death_in_a_disruption_leaves_no_old_counter),
		CASE(a_broken_counter_of_the_host_disrupts_all),
		CASE(a_disruption_that_cannot_be_kept_is_on_the_page),
		CASE(whoever_maps_a_removed_page_is_told),
		CASE(bad_names_and_scales_are_refused),
	};

	return cmocka_run_group_tests_name("guests", tests, make_directory, remove_directory);
}
