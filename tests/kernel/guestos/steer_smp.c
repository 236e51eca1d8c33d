// SPDX-License-Identifier: GPL-2.0-or-later
/* The clock that follows while processors go and come, and after sleep; on two of them. */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "harness.h"
#include "idle.h"
#include "reference.h"

#define PROCESSOR "/sys/devices/system/cpu/cpu1/online"
#define TIMES 5
#define LIMIT_PS 1000000

/* At what speed this machine runs decides nothing here. */
static bool comes_near(int fd, const struct vmclock_line *line)
{
	int64_t off = INT64_MAX;

	for (int n = 0; n < 600 && (off > LIMIT_PS || off < -LIMIT_PS); n++) {
		sleep_ms(100);
		off = error_ps(fd, line);
	}
	note("it is %" PRId64 " ps off", off);
	return off <= LIMIT_PS && off >= -LIMIT_PS;
}

static bool goes_on(int fd, struct vmclock_line *line, struct moment *before)
{
	struct moment now;

	*line = line_from(line, read_counter());
	if (steer(fd, line))
		return false;
	now = host_clock(fd);
	if (now.tai < before->tai)
		return false;
	*before = now;
	return state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER;
}

/* Whichever processor had the tick to itself. */
static void test_processors(int fd)
{
	struct moment before = host_clock(fd);
	struct vmclock_line line = line_through(before, 80000000);
	bool good = true;

	check_errno(steer_step(fd, &line, 0), 0, "the clock follows");
	for (int n = 0; n < TIMES; n++) {
		good &= put_text(PROCESSOR, "0") && goes_on(fd, &line, &before);
		sleep_ms(200);
		good &= put_text(PROCESSOR, "1") && goes_on(fd, &line, &before);
		sleep_ms(200);
	}
	check(good, "%d times a processor goes and comes: it follows, never backwards", TIMES);
	check(comes_near(fd, &line), "it is on the line");
}

static void test_sleep(int fd)
{
	struct vmclock_line line = line_through(host_clock(fd), 80000000);
	struct vmclock_host_state state;

	check_errno(steer_step(fd, &line, 0), 0, "the clock follows");
	check(idle(), "the machine sleeps and wakes");
	state = state_of(fd);
	check(state.host_clock == VMCLOCK_HOST_CLOCK_NONE, "the clock follows no more");
	check(!(state.valid & VMCLOCK_HOST_STATE_REFERENCE), "and there is no line");
	line = line_through(host_clock(fd), 80000000);
	check_errno(steer(fd, &line), 0, "a new line is taken");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "for the page only");
	check_errno(set_reference(fd, reference(&line)), 0, "NONE");
	check_errno(steer_step(fd, &line, 0), 0, "STEER_STEP");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP, "the clock follows again");
	check(comes_near(fd, &line), "it is on the line");
}

int main(void)
{
	int fd;

	check_errno(load_driver(), 0, "the driver is loaded");
	fd = open(DEVICE, O_RDWR);
	check(wait_for_counter(), "the counter becomes the clocksource");
	test_processors(fd);
	test_sleep(fd);
	close(fd);
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
