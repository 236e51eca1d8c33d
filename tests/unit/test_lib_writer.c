// SPDX-License-Identifier: GPL-2.0-or-later
/* What a writer publishes, refuses, continues and repairs. */
#include "test_lib_support.h"

#include "lib/journal.h"

#define AT(field) ((off_t)offsetof(struct vmclock_abi, field))

static struct vmclock_abi page_of(const struct place *place)
{
	struct vmclock_abi page;
	int fd = open(place->page, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &page, sizeof(page), 0), (ssize_t)sizeof(page));
	close(fd);
	return page;
}

static ino_t inode_of(const struct place *place)
{
	struct stat st;

	assert_int_equal(stat(place->page, &st), 0);
	return st.st_ino;
}

static int open_rc(const struct place *place, uint8_t counter_id)
{
	struct vmclock_writer *writer;
	int rc = vmclock_writer_open(place->page, counter_id, raw_ns, &writer);

	assert_true((rc == 0) == (writer != NULL));
	vmclock_writer_close(writer);
	return rc;
}

/* A page with a line of now, its writer gone; returns the page. */
static struct vmclock_abi leave_a_page(const struct place *place)
{
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);

	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	vmclock_writer_close(writer);
	return page_of(place);
}

static void a_new_page_is_whole_readable_and_unreliable(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock_reference current;
	struct vmclock_abi page = page_of(place);
	struct stat st;

	assert_int_equal(vmclock_check_page(&page, 4096), 0);
	assert_int_equal(page.size, 4096);
	assert_int_equal(page.counter_id, VMCLOCK_COUNTER_INVALID);
	assert_int_equal(page.time_type, VMCLOCK_TIME_TAI);
	assert_int_equal(page.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_int_equal(page.seq_count & 1, 0);
	assert_int_equal(vmclock_writer_current(writer, &current), -ENODATA);
	assert_int_equal(stat(place->page, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, 4096);
	assert_int_equal(stat(place->journal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	vmclock_writer_close(writer);
}

/* All but the padding at the end. */
static void assert_same_reference(const struct vmclock_reference *a,
				  const struct vmclock_reference *b)
{
	assert_memory_equal(a, b, offsetof(struct vmclock_reference, disrupt) + sizeof(a->disrupt));
}

static void what_is_published_is_what_the_page_says(void **state)
{
	struct place *place = *state;
	struct vmclock_reference reference = true_reference(raw_ns()), current;
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock_abi before = page_of(place), page;
	double raised_ns = 5;

	reference.period_esterror = 12;
	reference.time_esterror_nanosec = 34;
	reference.leap_indicator = VMCLOCK_LEAP_PRE_NEG;
	reference.smearing_hint = VMCLOCK_SMEARING_NOON_LINEAR;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, &raised_ns), 0);
	page = page_of(place);
	assert_true(raised_ns == 0);
	assert_int_equal(page.seq_count, before.seq_count + 2);
	assert_int_equal(page.disruption_marker, before.disruption_marker);
	assert_int_equal(page.flags, reference.flags);
	assert_int_equal(page.clock_status, reference.clock_status);
	assert_int_equal(page.leap_second_smearing_hint, reference.smearing_hint);
	assert_int_equal((int16_t)page.tai_offset_sec, -37);
	assert_int_equal(page.leap_indicator, reference.leap_indicator);
	assert_int_equal(page.counter_period_shift, reference.counter_period_shift);
	assert_int_equal(page.counter_value, reference.counter_value);
	assert_int_equal(page.counter_period_frac_sec, reference.counter_period_frac_sec);
	assert_int_equal(page.counter_period_esterror_rate_frac_sec, 12);
	assert_int_equal(page.counter_period_maxerror_rate_frac_sec, reference.period_maxerror);
	assert_int_equal(page.time_sec, reference.time_sec);
	assert_int_equal(page.time_frac_sec, reference.time_frac_sec);
	assert_int_equal(page.time_esterror_nanosec, 34);
	assert_int_equal(page.time_maxerror_nanosec, 1000);
	assert_int_equal(vmclock_writer_current(writer, &current), 0);
	assert_same_reference(&current, &reference);
	vmclock_writer_close(writer);
}

/* Time by the page at a counter value, and how much later another page has it, in ns. */
static double later_ns(const struct vmclock_abi *a, const struct vmclock_abi *b, uint64_t counter)
{
	struct vmclock_time t, u;

	vmclock_time_at(a, counter, &t);
	vmclock_time_at(b, counter, &u);
	return (double)(u.sec - t.sec) * 1e9 + ((double)u.frac - (double)t.frac) * 1e9 / 0x1p64;
}

static void a_line_behind_is_raised_and_its_error_with_it(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);
	double raised_ns;

	shift_reference(&reference, -5000);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 10000, &raised_ns), 0);
	after = page_of(place);
	assert_true(raised_ns > 4990 && raised_ns < 5010);
	assert_true(later_ns(&before, &after, after.counter_value) > -0.001);
	assert_in_range(after.time_maxerror_nanosec, 1000 + (uint64_t)raised_ns,
			1002 + (uint64_t)raised_ns);
	vmclock_writer_close(writer);
}

static void a_line_ahead_is_left_alone(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);
	double raised_ns;

	shift_reference(&reference, 5000);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, &raised_ns), 0);
	after = page_of(place);
	assert_true(raised_ns == 0);
	assert_true(later_ns(&before, &after, after.counter_value) > 4999);
	assert_int_equal(after.time_maxerror_nanosec, 1000);
	assert_true(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	vmclock_writer_close(writer);
}

static void a_line_too_far_behind_is_refused_and_nothing_changes(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;
	struct vmclock_reference reference = true_reference(raw_ns()), current;
	struct vmclock_writer *writer = open_writer(place);
	double raised_ns;

	shift_reference(&reference, -5000);
	assert_int_equal(vmclock_writer_publish(writer, &reference, 4000, &raised_ns), -ESTALE);
	after = page_of(place);
	assert_true(raised_ns == 0);
	assert_int_equal(after.seq_count & 1, 0);
	after.seq_count = before.seq_count;
	assert_memory_equal(&after, &before, sizeof(after));
	assert_int_equal(vmclock_writer_current(writer, &current), 0);
	assert_int_equal(current.counter_value, before.counter_value);
	vmclock_writer_close(writer);
}

static void only_a_disruption_steps_back_and_says_so_once(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;
	struct vmclock_reference reference = true_reference(raw_ns());
	struct vmclock_writer *writer = open_writer(place);

	shift_reference(&reference, -1000000);
	reference.disrupt = true;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	after = page_of(place);
	assert_int_equal(after.disruption_marker, before.disruption_marker + 1);
	assert_true(later_ns(&before, &after, after.counter_value) < -999000);
	assert_false(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	reference.disrupt = false;
	assert_int_equal(vmclock_writer_publish(writer, &reference, 0, NULL), 0);
	before = after;
	after = page_of(place);
	assert_int_equal(after.disruption_marker, before.disruption_marker);
	assert_true(after.flags & VMCLOCK_FLAG_TIME_MONOTONIC);
	vmclock_writer_close(writer);
}

static void expect_refused(struct vmclock_writer *writer, struct vmclock_reference reference,
			   int rc)
{
	struct vmclock_reference before, after;

	assert_int_equal(vmclock_writer_current(writer, &before), 0);
	assert_int_equal(vmclock_writer_publish(writer, &reference, UINT64_MAX, NULL), rc);
	assert_int_equal(vmclock_writer_current(writer, &after), 0);
	assert_same_reference(&before, &after);
}

#define REFUSED(rc, ...)                                               \
	do {                                                           \
		struct vmclock_reference r = true_reference(raw_ns()); \
		__VA_ARGS__;                                           \
		expect_refused(writer, r, rc);                         \
	} while (0)

static void what_a_page_must_not_say_is_refused(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer;

	leave_a_page(place);
	writer = open_writer(place);
	REFUSED(-EINVAL, r.flags |= VMCLOCK_FLAG_NOTIFICATION_PRESENT);
	REFUSED(-EINVAL, r.flags |= VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT);
	REFUSED(-EINVAL, r.flags |= 1ULL << 40);
	REFUSED(-EINVAL, r.clock_status = 5);
	REFUSED(-EINVAL, r.leap_indicator = 6);
	REFUSED(-EINVAL, r.smearing_hint = 3);
	REFUSED(-ERANGE, r.counter_period_frac_sec = 0);
	REFUSED(-ERANGE, r.counter_period_shift = 128);
	REFUSED(-ERANGE, r.time_sec = 1ULL << 33);
	REFUSED(-ERANGE, r.tai_offset_sec = 1001);
	REFUSED(-ERANGE, r.tai_offset_sec = -1001);
	REFUSED(-ERANGE, r.counter_value += 1000000000);
	REFUSED(-ESTALE, r.counter_value -= (1ULL << 62) + 1000000000);
	vmclock_writer_close(writer);
}

static void two_writers_cannot_fight(void **state)
{
	struct place *place = *state;
	struct vmclock_writer *writer = open_writer(place);

	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EBUSY);
	assert_int_equal(vmclock_page_downgrade(place->page, VMCLOCK_STATUS_UNRELIABLE), -EBUSY);
	vmclock_writer_close(writer);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), 0);
}

static void what_is_no_page_of_ours_is_left_alone(void **state)
{
	struct place *place = *state;
	char other[128];

	snprintf(other, sizeof(other), "%s/other", place->dir);
	assert_int_equal(symlink(other, place->page), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -ELOOP);
	unlink(place->page);
	assert_int_equal(mkdir(place->page, 0700), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EEXIST);
	rmdir(place->page);
	assert_int_equal(mkfifo(place->page, 0600), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EEXIST);
	unlink(place->page);
	leave_a_page(place);
	poke(place->page, 0, "text", 4);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EEXIST);
	assert_int_equal(truncate(place->page, 100), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EEXIST);
	assert_int_equal(truncate(place->page, 0), 0); /* what a crashed machine leaves */
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), 0);
	assert_int_equal(link(place->page, other), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -EPERM);
	unlink(other);
	unlink(place->journal);
	assert_int_equal(symlink(other, place->journal), 0);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), -ELOOP);
}

static void a_page_that_cannot_be_made_is_an_error(void **state)
{
	struct vmclock_writer *writer;
	char name[4200];

	(void)state;
	assert_int_equal(vmclock_writer_open("/nowhere/page", 1, raw_ns, &writer), -ENOENT);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vmclock_writer_open(name, 1, raw_ns, &writer), -ENAMETOOLONG);
	assert_int_equal(vmclock_page_downgrade("/nowhere/page", VMCLOCK_STATUS_UNRELIABLE),
			 -ENOENT);
}

static void what_a_dead_creator_left_is_no_obstacle(void **state)
{
	struct place *place = *state;
	char temporary[128];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", place->page);
	fd = open(temporary, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(open_rc(place, VMCLOCK_COUNTER_INVALID), 0);
	assert_int_equal(access(temporary, F_OK), -1);
}

static void a_page_of_this_boot_is_continued_in_place(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;
	ino_t inode = inode_of(place);
	struct vmclock_reference current;
	struct vmclock_writer *writer = open_writer(place);

	after = page_of(place);
	assert_memory_equal(&before, &after, sizeof(before)); /* opening changes nothing */
	assert_int_equal(inode_of(place), inode);
	assert_int_equal(vmclock_writer_current(writer, &current), 0);
	assert_int_equal(current.counter_value, before.counter_value);
	assert_int_equal(current.time_maxerror_nanosec, before.time_maxerror_nanosec);
	assert_int_equal(current.clock_status, VMCLOCK_STATUS_SYNCHRONIZED);
	vmclock_writer_close(writer);
}

static void expect_given_up(const struct place *place, const struct vmclock_abi *before)
{
	ino_t inode = inode_of(place);
	struct vmclock_writer *writer = open_writer(place);
	struct vmclock_abi page = page_of(place);
	struct vmclock_reference current;

	assert_int_equal(page.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_int_not_equal(page.disruption_marker, before->disruption_marker);
	assert_int_equal(page.seq_count & 1, 0);
	assert_int_not_equal(page.seq_count, before->seq_count);
	assert_int_equal(page.flags, 0);
	assert_int_equal(inode_of(place), inode);
	assert_int_equal(vmclock_writer_current(writer, &current), -ENODATA);
	vmclock_writer_close(writer);
}

static void a_page_without_journal_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place);

	unlink(place->journal);
	expect_given_up(place, &before);
}

static void a_page_whose_journal_lost_its_head_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place);

	poke(place->journal, 8, "?", 1);
	expect_given_up(place, &before);
}

static void a_page_of_another_boot_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_journal journal;
	struct vmclock_abi before = leave_a_page(place);

	assert_int_equal(vmclock_journal_open(&journal, place->page, geteuid(), getegid()), 0);
	strcpy(journal.boot_id, "another boot");
	vmclock_journal_start(&journal);
	vmclock_journal_close(&journal);
	expect_given_up(place, &before);
}

static void a_page_in_the_counters_future_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place);
	uint64_t later = raw_ns() + 3600000000000;

	poke(place->page, AT(counter_value), &later, sizeof(later));
	expect_given_up(place, &before);
}

static void a_torn_page_with_a_damaged_journal_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place);

	before.seq_count--; /* in the middle of the update */
	poke32(place->page, AT(seq_count), before.seq_count);
	poke(place->journal, 100, "?", 1);
	expect_given_up(place, &before);
}

static void a_torn_page_whose_journal_is_of_another_update_is_given_up(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place);

	before.seq_count += 3;
	poke32(place->page, AT(seq_count), before.seq_count);
	expect_given_up(place, &before);
}

static void a_page_for_another_counter_is_replaced_and_the_old_one_unreliable(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), page;
	struct vmclock *old = open_reader(place);
	struct vmclock_writer *writer;

	assert_int_equal(vmclock_writer_open(place->page, VMCLOCK_COUNTER_X86_TSC, raw_ns, &writer),
			 0);
	page = page_of(place);
	assert_int_equal(page.counter_id, VMCLOCK_COUNTER_X86_TSC);
	assert_int_equal(page.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_int_equal(vmclock_read_page(old, &page), 0);
	assert_int_equal(page.counter_id, VMCLOCK_COUNTER_INVALID);
	assert_int_equal(page.clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_int_not_equal(page.disruption_marker, before.disruption_marker);
	vmclock_close(old);
	vmclock_writer_close(writer);
}

static void downgrading_keeps_the_line(void **state)
{
	struct place *place = *state;
	struct vmclock_abi before = leave_a_page(place), after;

	assert_int_equal(vmclock_page_downgrade(place->page, VMCLOCK_STATUS_SYNCHRONIZED), -EINVAL);
	assert_int_equal(vmclock_page_downgrade(place->page, VMCLOCK_STATUS_FREERUNNING), 0);
	after = page_of(place);
	assert_int_equal(after.clock_status, VMCLOCK_STATUS_FREERUNNING);
	assert_int_equal(after.seq_count, before.seq_count + 2);
	after.clock_status = before.clock_status;
	after.seq_count = before.seq_count;
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(vmclock_page_downgrade(place->page, VMCLOCK_STATUS_UNRELIABLE), 0);
	assert_int_equal(page_of(place).clock_status, VMCLOCK_STATUS_UNRELIABLE);
	assert_int_equal(vmclock_page_downgrade(place->page, VMCLOCK_STATUS_FREERUNNING), 0);
	assert_int_equal(page_of(place).clock_status, VMCLOCK_STATUS_UNRELIABLE);
}

#define page_test(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		page_test(a_new_page_is_whole_readable_and_unreliable),
		page_test(what_is_published_is_what_the_page_says),
		page_test(a_line_behind_is_raised_and_its_error_with_it),
		page_test(a_line_ahead_is_left_alone),
		page_test(a_line_too_far_behind_is_refused_and_nothing_changes),
		page_test(only_a_disruption_steps_back_and_says_so_once),
		page_test(what_a_page_must_not_say_is_refused),
		page_test(two_writers_cannot_fight),
		page_test(what_is_no_page_of_ours_is_left_alone),
		page_test(a_page_that_cannot_be_made_is_an_error),
		page_test(what_a_dead_creator_left_is_no_obstacle),
		page_test(a_page_of_this_boot_is_continued_in_place),
		page_test(a_page_without_journal_is_given_up),
		page_test(a_page_whose_journal_lost_its_head_is_given_up),
		page_test(a_page_of_another_boot_is_given_up),
		page_test(a_page_in_the_counters_future_is_given_up),
		page_test(a_torn_page_with_a_damaged_journal_is_given_up),
		page_test(a_torn_page_whose_journal_is_of_another_update_is_given_up),
		page_test(a_page_for_another_counter_is_replaced_and_the_old_one_unreliable),
		page_test(downgrading_keeps_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
