// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET_SNAPSHOT against what user space can see: brackets of clock_gettime() between two readings of
 * the counter, before and after.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define PAIRS 10000
#define CLOCKS 4
#define SETS 500
/* Rounding of either side, and what the kernel's own dither of its rate may do in a bracket. */
#define SLACK_NS 3

typedef struct vmclock_host_snapshot snapshot;

static const clockid_t clocks[CLOCKS] = {CLOCK_REALTIME, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC,
					 CLOCK_BOOTTIME};
static const char *const names[CLOCKS] = {"REALTIME", "RAW", "MONOTONIC", "BOOTTIME"};

/* The clock read `ns` at some counter value from `before` to `after`. */
struct bracket {
	uint64_t before;
	uint64_t after;
	int64_t ns;
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct bracket take_bracket(clockid_t clock)
{
	struct bracket b;

	b.before = read_counter();
	b.ns = read_clock(clock);
	b.after = read_counter();
	return b;
}

static int take_snapshot(int fd, snapshot *s)
{
	*s = (snapshot){.size = sizeof(*s)};
	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, s);
}

static int64_t value(const snapshot *s, int clock)
{
	const int64_t values[CLOCKS] = {s->realtime_ns, s->raw_ns, s->monotonic_ns, s->boottime_ns};

	return values[clock];
}

/* Ticks in ns, at the rate of this clock. */
static double rate_of(const snapshot *first, const snapshot *last, int clock)
{
	return (double)(value(last, clock) - value(first, clock)) /
	       (double)(last->counter_value - first->counter_value);
}

/* By how much the snapshot is outside of what the bracket allows, ns; 0: it is inside. */
static double outside(const struct bracket *b, uint64_t counter, int64_t ns, double rate)
{
	double most = (double)(int64_t)(counter - b->before) * rate;
	double least = (double)(int64_t)(counter - b->after) * rate;
	double is = (double)(ns - b->ns);

	if (is > most)
		return is - most;
	return is < least ? least - is : 0;
}

static snapshot snapshots[PAIRS];
static struct bracket around[PAIRS][2];
static int64_t widths[PAIRS];
static int64_t offsets[PAIRS];

static int collect(int fd, clockid_t clock)
{
	for (int i = 0; i < PAIRS; i++) {
		around[i][0] = take_bracket(clock);
		if (take_snapshot(fd, &snapshots[i]))
			return -errno;
		around[i][1] = take_bracket(clock);
	}
	return 0;
}

/* Brackets around the snapshot's own counter value, if they were linear in between: the centre. */
static int64_t off_centre(const struct bracket *b, uint64_t counter, int64_t ns, double rate)
{
	double centre =
		((double)(int64_t)(counter - b->before) + (double)(int64_t)(counter - b->after)) /
		2 * rate;

	return (int64_t)((double)(ns - b->ns) - centre);
}

static void test_clock(int fd, int clock)
{
	int rc = collect(fd, clocks[clock]);
	double rate = rate_of(&snapshots[0], &snapshots[PAIRS - 1], clock);
	double worst = 0;
	bool ordered = true;

	for (int i = 0; i < PAIRS && !rc; i++) {
		const snapshot *s = &snapshots[i];

		for (int side = 0; side < 2; side++) {
			double off =
				outside(&around[i][side], s->counter_value, value(s, clock), rate);
			worst = off > worst ? off : worst;
		}
		ordered = ordered && around[i][0].after <= s->counter_value &&
			  s->counter_value <= around[i][1].before;
		widths[i] = (int64_t)((double)(around[i][0].after - around[i][0].before) * rate);
		offsets[i] = off_centre(&around[i][0], s->counter_value, value(s, clock), rate);
	}
	check(rc == 0 && ordered, "%d snapshots, each between the readings around it", PAIRS);
	check(worst <= SLACK_NS, "%s at the snapshot's counter is within its brackets (%.1f ns)",
	      names[clock], worst);
	distribution("bracket", "ns", widths, PAIRS);
	distribution("snapshot - centre of the bracket", "ns", offsets, PAIRS);
}

static void set_clock_by(int64_t ns)
{
	int64_t then = read_clock(CLOCK_REALTIME) + ns;
	struct timespec ts = {then / 1000000000, then % 1000000000};

	clock_settime(CLOCK_REALTIME, &ts);
}

static void test_clock_set(int fd)
{
	snapshot before;
	snapshot after;
	int64_t stepped;

	take_snapshot(fd, &before);
	set_clock_by(3600000000000);
	take_snapshot(fd, &after);
	stepped = (after.realtime_ns - before.realtime_ns) -
		  (after.monotonic_ns - before.monotonic_ns);
	check(before.clock_was_set_seq != after.clock_was_set_seq,
	      "the clock is set: another clock_was_set_seq");
	check(before.clocksource_seq == after.clocksource_seq, "and the same clocksource_seq");
	check(stepped > 3599000000000 && stepped < 3601000000000,
	      "REALTIME steps by an hour, MONOTONIC does not (%" PRId64 " ns)", stepped);
	take_snapshot(fd, &before);
	check(before.clock_was_set_seq == after.clock_was_set_seq,
	      "nobody sets it: the same clock_was_set_seq");
}

static atomic_bool stop;
static atomic_long sets;

static void *set_all_the_time(void *arg)
{
	while (!atomic_load(&stop)) {
		set_clock_by(atomic_load(&sets) & 1 ? -1000000000 : 1000000000);
		atomic_fetch_add(&sets, 1);
		usleep(50);
	}
	return arg;
}

/* Derived from REALTIME, the other two must not take part in its jumps. */
static void test_race_with_setting(int fd)
{
	pthread_t thread;
	int wrong = 0;
	snapshot s;

	pthread_create(&thread, NULL, set_all_the_time, NULL);
	for (int i = 0; i < PAIRS || (atomic_load(&sets) < SETS && i < 1000 * PAIRS); i++) {
		int64_t mono = read_clock(CLOCK_MONOTONIC);
		int64_t boot = read_clock(CLOCK_BOOTTIME);

		take_snapshot(fd, &s);
		wrong += s.monotonic_ns < mono || s.monotonic_ns > read_clock(CLOCK_MONOTONIC);
		wrong += s.boottime_ns < boot || s.boottime_ns > read_clock(CLOCK_BOOTTIME);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	note("the clock was set %ld times meanwhile", atomic_load(&sets));
	check(atomic_load(&sets) >= SETS && wrong == 0,
	      "MONOTONIC and BOOTTIME stay within their brackets while the clock is set (%d)",
	      wrong);
}

/* In a process of that namespace: the boot time is not that of the machine. */
static int snapshot_is_mine(int fd)
{
	int64_t mono = read_clock(CLOCK_MONOTONIC);
	int64_t boot = read_clock(CLOCK_BOOTTIME);
	snapshot s;

	if (take_snapshot(fd, &s))
		return 2;
	return s.monotonic_ns < mono || s.monotonic_ns > read_clock(CLOCK_MONOTONIC) ||
	       s.boottime_ns < boot || s.boottime_ns > read_clock(CLOCK_BOOTTIME);
}

/* Only children are in the namespace that is made: what the function says in one of them. */
static int in_child(int (*function)(int fd), int fd)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(function(fd));
	return child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ?
		       -1 :
		       WEXITSTATUS(status);
}

static int check_in_namespace(int fd)
{
	if (unshare(CLONE_NEWTIME))
		return 3;
	if (!put_text("/proc/self/timens_offsets", "monotonic 86400 1\nboottime 604800 2\n"))
		return 4;
	return in_child(snapshot_is_mine, fd);
}

static void test_namespace(int fd)
{
	int rc = in_child(check_in_namespace, fd);

	if (rc == 3)
		skip("a time namespace", "this kernel has none");
	else
		check(rc == 0, "in a time namespace, MONOTONIC and BOOTTIME are its own (%d)", rc);
}

static void test_all(int fd)
{
	for (int clock = 0; clock < CLOCKS; clock++)
		test_clock(fd, clock);
	test_clock_set(fd);
	test_race_with_setting(fd);
	test_namespace(fd);
}

int main(void)
{
	snapshot s;
	int fd;

	check_errno(load_driver(), 0, "the module loads");
	fd = open(DEVICE, O_RDONLY);
	if (take_snapshot(fd, &s) && errno == ENODEV)
		skip("GET_SNAPSHOT", "this kernel cannot say that a snapshot is of the counter");
	else
		test_all(fd);
	close(fd);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
