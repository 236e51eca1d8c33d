// SPDX-License-Identifier: GPL-2.0-or-later
/* How exactly the host's clock follows a reference, in virtual time. tick=on: the tick never stops. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "reference.h"

#define SAMPLES_MAX 4000

static int64_t values[SAMPLES_MAX];
static bool tick_on;
static uint64_t seed = 20261123;

/* xorshift64: the same numbers on every machine. */
static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Evenly in -limit..limit. */
static int64_t between(int64_t limit)
{
	return (int64_t)(any() % (uint64_t)(2 * limit + 1)) - limit;
}

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

/* A new line by a step, and a second for the dithering to begin. */
static struct vmclock_line settle(int fd, int64_t ppt)
{
	struct vmclock_line line = line_through(host_clock(fd), ppt);

	check_errno(steer_step(fd, &line, 0), 0, "the clock follows a new line");
	sleep_ms(1000);
	return line;
}

/* As a daemon would: the same line, given again every second. */
static void test_settled(int fd, int64_t ppt, int64_t limit_ns)
{
	struct vmclock_line line = settle(fd, ppt);
	int64_t bad = 0;
	int n;

	for (n = 0; n < 2000; n++) {
		struct vmclock_line now;

		sleep_ms(5 + (long)(any() % 30));
		values[n] = error_ps(fd, &line) + 500;
		if (n % 50)
			continue;
		now = line_from(&line, read_counter());
		if (steer(fd, &now))
			check(false, "the line is given again");
	}
	for (n = 0; n < 2000; n++) {
		values[n] = magnitude(values[n]);
		bad += values[n] > limit_ns * 1000;
	}
	distribution("|CLOCK_REALTIME - reference|, settled", "ps", values, 2000);
	check(bad <= 20, "at %" PRId64 " ppb from nominal 99 %% are within %" PRId64 " ns: %" PRId64
	      " of 2000 are not", ppt / 1000, limit_ns, bad);
}

/* Nobody gives the line again, and nothing wakes the processor: what the kernel does by itself. */
static void test_left_alone(int fd, int64_t limit_ns)
{
	struct vmclock_line line = settle(fd, -87654321);
	int bad = 0;
	int n;

	for (n = 0; n < 60; n++) {
		sleep_ms(1000 + (long)(any() % 1000));
		values[n] = magnitude(error_ps(fd, &line) + 500);
		bad += values[n] > limit_ns * 1000;
	}
	distribution("|CLOCK_REALTIME - reference|, left alone for 90 s", "ps", values, 60);
	check(!bad, "left alone for a minute and a half it stays within %" PRId64 " ns", limit_ns);
}

/* The time after which it has been within 50 ns for good, ms. Never backwards, never too fast. */
static void test_slew(int fd, int64_t off_ns)
{
	struct vmclock_line line = settle(fd, 12345678);
	struct moment before = host_clock(fd);
	uint64_t begin = before.counter;
	uint64_t hz = counter_hz();
	int64_t reached_ms = 0;
	bool backwards = false;
	int64_t after = 0;

	line.origin += ((vmclock_instant)off_ns << 64) / 1000000000;
	check_errno(steer(fd, &line), 0, "the reference is moved");
	for (int n = 0; n < 500; n++) {
		struct moment now;

		sleep_ms(10);
		now = host_clock(fd);
		backwards |= now.tai < before.tai;
		before = now;
		after = error_of_ps(now, &line) + 500;
		if (magnitude(after) > 50000)
			reached_ms = (int64_t)((now.counter - begin) / (hz / 1000)) + 10;
	}
	note("from %" PRId64 " ns off to within 50 ns: %" PRId64 " ms; after 5 s: %" PRId64 " ps",
	     off_ns, reached_ms, after);
	check(reached_ms <= 3000, "a millisecond is slewed within 3 s");
	check(!backwards, "meanwhile the clock never goes backwards");
}

/* What the kernel says is outstanding, together with what it shows, is the line: before and after. */
static int64_t bookkeeping_error_ps(int fd, const struct vmclock_line *line, struct moment *seen)
{
	int64_t before = outstanding_ps(fd);

	*seen = host_clock(fd);
	return error_of_ps(*seen, line) + 500 + (before + outstanding_ps(fd)) / 2;
}

static struct vmclock_line random_line(int fd)
{
	struct moment now = host_clock(fd);
	struct vmclock_line line;

	now.tai += ((vmclock_instant)between(3000000) << 64) / 1000000000;
	line = line_through(now, between(400000000));
	return line_from(&line, now.counter - any() % (10 * counter_hz()));
}

static void test_random(int fd, int count)
{
	struct moment seen = host_clock(fd);
	struct vmclock_line line;
	bool backwards = false;
	int64_t greatest = 0;
	int64_t sum = 0;
	int failed = 0;

	for (int n = 0; n < count; n++) {
		struct moment before = seen;
		int64_t error;

		line = random_line(fd);
		failed += steer(fd, &line) != 0;
		error = bookkeeping_error_ps(fd, &line, &seen);
		backwards |= seen.tai < before.tai;
		sum += error;
		if (magnitude(error) > greatest)
			greatest = magnitude(error);
		if (any() % 4 == 0)
			sleep_ms((long)(any() % 20));
	}
	note("%d random references: mean error %" PRId64 " ps, greatest %" PRId64 " ps", count,
	     sum / count, greatest);
	check(!failed, "all of them are accepted");
	check(magnitude(sum / count) < 1000, "their mean error is below 1 ns");
	check(!backwards, "the clock never goes backwards");
	sleep_ms(9000);
	note("9 s after the last of them: %" PRId64 " ps", error_ps(fd, &line) + 500);
	check(magnitude(error_ps(fd, &line) + 500) < (tick_on ? 2000 : 50000),
	      "then it is on the last line");
}

static void test_cost(int fd)
{
	struct vmclock_line line = settle(fd, 1000000);
	uint64_t hz = counter_hz();

	for (int n = 0; n < 1000; n++) {
		struct vmclock_line now = line_from(&line, read_counter());
		uint64_t begin = read_counter();

		if (steer(fd, &now))
			check(false, "the line is given again");
		values[n] = (int64_t)((read_counter() - begin) * 1000000000 / hz);
	}
	distribution("SET_REFERENCE with STEER (one instruction is one ns here)", "ns", values,
		     1000);
}

int main(void)
{
	int count = atoi(getenv("references") ?: "100000");
	const char *tick = getenv("tick");
	int fd;

	tick_on = tick && !strcmp(tick, "on");
	check_errno(load_driver(), 0, "the driver is loaded");
	fd = open(DEVICE, O_RDWR);
	check(fd >= 0, "it is open for writing");
	check(wait_for_counter(), "the counter becomes the clocksource");
	test_settled(fd, 123456789, tick_on ? 2 : 50);
	test_settled(fd, -399999999, tick_on ? 2 : 50);
	test_left_alone(fd, tick_on ? 2 : 50);
	test_slew(fd, 1000000);
	test_slew(fd, -1000000);
	test_random(fd, count);
	test_cost(fd);
	close(fd);
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
