// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page survives any death of its writer: after each single store in turn, and at random.
 *
 * A reader process looks on all the time and knows true time, so that it can tell a wrong reading
 * from a right one, and a step back. The library is built to call vmclock_store_hook() after every
 * store into the page or its journal.
 */
#include "test_lib_support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { PHASE_ERROR_NS = 20000, RATE_ERROR_PPM = 50 };

/* Shared by all processes of a test. */
struct stage {
	uint64_t stores; /* made since armed */
	uint64_t die_at; /* after this store; 0: never */
	uint32_t stop;
	uint64_t readings;
	uint64_t wrong;	     /* true time outside of the interval */
	uint64_t backwards;  /* earlier than the reading before it */
	uint64_t hung;	     /* calls that took longer than they may */
	uint64_t timeouts;   /* -ETIMEDOUT, as they may while no writer lives */
	uint64_t unreliable; /* -ENODATA */
	uint64_t disrupted;  /* readings with a new marker */
	uint64_t other;	     /* errors that must not be */
};

static struct stage *stage;

void vmclock_store_hook(void);

void vmclock_store_hook(void)
{
	if (++stage->stores == stage->die_at)
		kill(getpid(), SIGKILL);
}

static int stage_setup(void **state)
{
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	return stage == MAP_FAILED ? -1 : place_setup(state);
}

static int stage_teardown(void **state)
{
	munmap(stage, sizeof(*stage));
	return place_teardown(state);
}

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % limit;
}

/*
 * A line that is wrong by as much as it admits, in a direction that changes every time. Its
 * reference lies anywhere in the last second, so that a mixture of two lines is wrong by more.
 */
static struct vmclock_reference next_reference(void)
{
	struct vmclock_reference reference = true_reference(raw_ns() - random_below(1000000000));
	uint64_t rate_error = random_below(RATE_ERROR_PPM) * TICK_PPM;

	shift_reference(&reference, (int64_t)random_below(2 * PHASE_ERROR_NS) - PHASE_ERROR_NS);
	reference.time_maxerror_nanosec = PHASE_ERROR_NS + 1;
	reference.period_maxerror = (RATE_ERROR_PPM + 1) * TICK_PPM;
	if (random_below(2))
		reference.counter_period_frac_sec += rate_error;
	else
		reference.counter_period_frac_sec -= rate_error;
	return reference;
}

static void publish(struct vmclock_writer *writer)
{
	struct vmclock_reference reference = next_reference();

	if (vmclock_writer_publish(writer, &reference, 10000000, NULL) != 0)
		_exit(3);
}

static struct vmclock_writer *open_in_child(const struct place *place)
{
	struct vmclock_writer *writer;

	if (vmclock_writer_open(place->page, VMCLOCK_COUNTER_INVALID, raw_ns, &writer) != 0)
		_exit(2);
	return writer;
}

/* The one moment after which the process is to die; 0: it only counts. */
static void arm(uint64_t die_at)
{
	stage->stores = 0;
	stage->die_at = die_at;
}

/* Lives of a writer, each in a process of its own. */
static void open_and_publish(const struct place *place, uint64_t die_at)
{
	struct vmclock_writer *writer;

	arm(0);
	writer = open_in_child(place);
	publish(writer);
	arm(die_at);
	publish(writer);
}

static void open_only(const struct place *place, uint64_t die_at)
{
	arm(die_at);
	open_in_child(place);
}

static void publish_for_ever(const struct place *place, uint64_t die_at)
{
	struct vmclock_writer *writer;

	arm(die_at);
	writer = open_in_child(place);
	random_state += (uint64_t)getpid();
	for (;;)
		publish(writer);
}

static pid_t start(void (*life)(const struct place *, uint64_t), const struct place *place,
		   uint64_t die_at)
{
	pid_t pid;

	random_state++;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
		life(place, die_at);
		_exit(0);
	}
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void live(void (*life)(const struct place *, uint64_t), const struct place *place,
		 uint64_t die_at)
{
	int status = finish(start(life, place, die_at));

	if (die_at)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void judge(const struct vmclock_reading *r, int64_t *last_ns)
{
	int64_t truth_ns = START_S * 1000000000LL + (int64_t)r->counter;

	stage->readings++;
	stage->wrong += truth_ns < r->tai.earliest_ns || truth_ns > r->tai.latest_ns;
	if (r->flags & VMCLOCK_READING_DISRUPTED)
		stage->disrupted++;
	else
		stage->backwards += r->tai.time_ns < *last_ns;
	*last_ns = r->tai.time_ns;
}

/* 100 ms by the contract; the rest is for a machine that has other things to do. */
static bool took_too_long(int64_t start_ns)
{
	return monotonic_ns() - start_ns > 2000000000;
}

static void look_on(const struct place *place, uint64_t unused)
{
	struct vmclock_reading reading;
	struct vmclock *clock;
	int64_t last_ns = INT64_MIN;

	(void)unused;
	if (vmclock_open(place->page, VMCLOCK_OPEN_MONOTONIC_RAW, &clock) != 0)
		_exit(4);
	while (!__atomic_load_n(&stage->stop, __ATOMIC_RELAXED)) {
		int64_t start_ns = monotonic_ns();
		int rc = vmclock_now(clock, &reading);

		stage->hung += took_too_long(start_ns);
		if (!rc)
			judge(&reading, &last_ns);
		stage->timeouts += rc == -ETIMEDOUT;
		stage->unreliable += rc == -ENODATA;
		stage->other += rc && rc != -ETIMEDOUT && rc != -ENODATA;
	}
	vmclock_close(clock);
}

static void stop_looking(pid_t reader)
{
	__atomic_store_n(&stage->stop, 1, __ATOMIC_RELAXED);
	assert_int_equal(finish(reader), 0);
	assert_true(stage->readings > 0);
	assert_int_equal(stage->wrong, 0);
	assert_int_equal(stage->backwards, 0);
	assert_int_equal(stage->hung, 0);
	assert_int_equal(stage->other, 0);
	/* Nothing was lost: each repair brought the line in force back. */
	assert_int_equal(stage->unreliable, 0);
	assert_int_equal(stage->disrupted, 0);
}

static uint64_t answers(void)
{
	return __atomic_load_n(&stage->readings, __ATOMIC_RELAXED) +
	       __atomic_load_n(&stage->unreliable, __ATOMIC_RELAXED);
}

/* Until the reader has seen the page that is there now. */
static void let_it_read(void)
{
	uint64_t before = answers();

	while (answers() < before + 3)
		usleep(100);
}

static bool update_in_progress(const struct place *place)
{
	struct vmclock_abi page;
	int fd = open(place->page, O_RDONLY);

	assert_int_equal(pread(fd, &page, sizeof(page), 0), (ssize_t)sizeof(page));
	close(fd);
	return page.seq_count & 1;
}

static uint64_t count_stores(void (*life)(const struct place *, uint64_t),
			     const struct place *place)
{
	live(life, place, 0);
	return stage->stores;
}

static void an_update_may_be_cut_off_after_any_store(void **state)
{
	struct place *place = *state;
	uint64_t stores = count_stores(open_and_publish, place);
	pid_t reader = start(look_on, place, 0);
	unsigned int torn = 0;

	assert_true(stores >= 14); /* seq_count twice and 12 words of the page at least */
	for (uint64_t i = 1; i <= stores; i++) {
		live(open_and_publish, place, i);
		torn += update_in_progress(place);
		live(open_only, place, 0);
		assert_false(update_in_progress(place));
		let_it_read();
	}
	assert_int_equal(torn, 13); /* the odd seq_count and 12 words */
	stop_looking(reader);
}

static void a_repair_may_be_cut_off_after_any_store(void **state)
{
	struct place *place = *state;
	uint64_t update = count_stores(open_and_publish, place);
	pid_t reader = start(look_on, place, 0);
	uint64_t repair;

	live(open_and_publish, place, update - 3);
	repair = count_stores(open_only, place);
	assert_int_equal(repair, 13);
	for (uint64_t i = 1; i <= repair; i++) {
		live(open_and_publish, place, update - 1 - i % 10);
		assert_true(update_in_progress(place));
		live(open_only, place, i);
		live(open_only, place, 0);
		assert_false(update_in_progress(place));
		let_it_read();
	}
	stop_looking(reader);
}

static void readers_wait_at_most_100_ms_for_a_dead_writer(void **state)
{
	struct place *place = *state;
	uint64_t update = count_stores(open_and_publish, place);
	struct vmclock_reading reading;
	struct vmclock *clock;

	live(open_and_publish, place, update - 5);
	clock = open_reader(place);
	assert_int_equal(vmclock_now(clock, &reading), -ETIMEDOUT);
	live(open_only, place, 0);
	assert_int_equal(vmclock_now(clock, &reading), 0);
	vmclock_close(clock);
}

static void the_first_page_may_be_cut_off_after_any_store(void **state)
{
	struct place *place = *state;
	uint64_t stores = count_stores(open_only, place);

	for (uint64_t i = 1; i <= stores; i++) {
		struct vmclock_reading reading;
		struct vmclock *clock;

		unlink(place->page);
		unlink(place->journal);
		live(open_only, place, i);
		live(open_and_publish, place, 0);
		clock = open_reader(place);
		assert_int_equal(vmclock_now(clock, &reading), 0);
		vmclock_close(clock);
	}
}

static void downgrade(const struct place *place, uint64_t die_at)
{
	arm(die_at);
	if (vmclock_page_downgrade(place->page, VMCLOCK_STATUS_FREERUNNING) != 0)
		_exit(5);
}

static void open_and_disrupt(const struct place *place, uint64_t die_at)
{
	struct vmclock_writer *writer;

	arm(0);
	writer = open_in_child(place);
	publish(writer);
	arm(die_at);
	vmclock_writer_disrupt(writer);
}

/* Repairing brings no line back that was taken back, not even for a moment. */
static void a_disruption_that_was_cut_off_is_one(void **state)
{
	struct place *place = *state;
	uint64_t stores = count_stores(open_and_disrupt, place);
	unsigned int torn = 0;

	for (uint64_t i = 1; i < stores; i++) {
		struct vmclock_reading reading;
		struct vmclock *clock;

		live(open_and_disrupt, place, i);
		if (!update_in_progress(place))
			continue; /* it had not begun */
		torn++;
		live(downgrade, place, 0);
		clock = open_reader(place);
		assert_int_equal(vmclock_now(clock, &reading), -ENODATA);
		assert_int_equal(reading.clock_status, VMCLOCK_STATUS_UNRELIABLE);
		vmclock_close(clock);
	}
	assert_int_equal(torn, 13);
}

static void a_dead_writers_page_is_repaired_by_downgrading_it(void **state)
{
	struct place *place = *state;
	uint64_t update = count_stores(open_and_publish, place);
	struct vmclock_reading reading;
	struct vmclock *clock = open_reader(place);
	uint64_t stores;

	live(open_and_publish, place, update - 5);
	stores = count_stores(downgrade, place);
	for (uint64_t i = 1; i <= stores; i++) {
		live(open_and_publish, place, update - 5);
		live(downgrade, place, i);
		live(downgrade, place, 0);
		assert_int_equal(vmclock_now(clock, &reading), 0);
		assert_int_equal(reading.clock_status, VMCLOCK_STATUS_FREERUNNING);
		assert_false(reading.flags & VMCLOCK_READING_DISRUPTED);
	}
	vmclock_close(clock);
}

static void two_hundred_kills_at_random_do_no_harm(void **state)
{
	struct place *place = *state;
	unsigned int torn = 0;
	pid_t reader;

	live(open_and_publish, place, 0);
	reader = start(look_on, place, 0);
	for (int i = 0; i < 200; i++) {
		pid_t writer = start(publish_for_ever, place, 0);

		usleep((useconds_t)random_below(3000));
		kill(writer, SIGKILL);
		assert_true(WIFSIGNALED(finish(writer)));
		torn += update_in_progress(place);
	}
	live(open_and_publish, place, 0);
	let_it_read();
	stop_looking(reader);
	print_message("%u of 200 kills hit an update\n", torn);
}

#define death_test(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		death_test(an_update_may_be_cut_off_after_any_store),
		death_test(a_repair_may_be_cut_off_after_any_store),
		death_test(readers_wait_at_most_100_ms_for_a_dead_writer),
		death_test(the_first_page_may_be_cut_off_after_any_store),
		death_test(a_disruption_that_was_cut_off_is_one),
		death_test(a_dead_writers_page_is_repaired_by_downgrading_it),
		death_test(two_hundred_kills_at_random_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
