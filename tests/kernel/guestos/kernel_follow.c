// SPDX-License-Identifier: GPL-2.0-or-later
/* [host] clock = auto on the patched kernel: its clock is the page, whatever becomes of vmclockd.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "host_daemon.h"
#include "reference.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define BY_KERNEL "host clock: following by kernel"
#define BY_ADJTIMEX "host clock: following by adjtimex"
#define LIMIT_NS 10

/* Without the driver there is nothing that the kernel could follow; then there is. */
static pid_t check_handover(void)
{
	pid_t daemon = start_daemon("clock = auto\n");

	check(comes_to_say(BY_ADJTIMEX, 0, 60), "without the driver the clock follows by adjtimex");
	check_errno(load_driver(), 0, "the driver is loaded");
	check(comes_to_say(BY_KERNEL, 0, 60), "the kernel takes over");
	sleep_ms(10000); /* what is left of 3 ms, at 500 us a second */
	return daemon;
}

/* The log does not repeat itself within seconds, so it is no witness of this. */
static bool kernel_comes_to_follow(int fd)
{
	for (int i = 0; i < 1200 && state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE; i++)
		sleep_ms(100);
	return state_of(fd).host_clock != VMCLOCK_HOST_CLOCK_NONE;
}

/*
 * Killed, it leaves the clock at the last rate, which is the page's. A processor that sleeps for
 * seconds does not alternate the multiplier, where nothing is followed: so it does not.
 */
static pid_t check_killed(int fd, pid_t daemon)
{
	struct vmclock_host_snapshot before, after;
	int64_t ahead_ns = INT64_MAX;
	bool known;

	difference(fd, VMCLOCK_STATUS_SYNCHRONIZED, &ahead_ns, &before);
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	for (int i = 0; i < 400; i++)
		sleep_ms(50);
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "a killed daemon steers nothing");
	known = difference(fd, VMCLOCK_STATUS_FREERUNNING, &ahead_ns, &after);
	check(known && llabs(ahead_ns) <= LIMIT_NS,
	      "the clock stays on its last line: after 20 s %" PRId64 " ns away", ahead_ns);
	daemon = start_daemon("clock = auto\n");
	check(kernel_comes_to_follow(fd), "the next one has the kernel follow again");
	difference(fd, VMCLOCK_STATUS_SYNCHRONIZED, &ahead_ns, &after);
	check(after.clock_was_set_seq == before.clock_was_set_seq, "and does not set the clock");
	return daemon;
}

/* One that is stopped for longer than its lease is found out, and goes on. */
static void check_lapsed(int fd, pid_t daemon)
{
	kill(daemon, SIGSTOP);
	sleep_ms(5000);
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE,
	      "when the lease has lapsed the clock is left alone");
	kill(daemon, SIGCONT);
	check(kernel_comes_to_follow(fd), "awake, the daemon has it follow again");
	check(comes_to_say("the line was not renewed in time", 0, 10), "and says why it did not");
}

/* While the counter is not the clocksource, there is adjtimex(). */
static void check_clocksource(int fd)
{
	int adjtimex = said(BY_ADJTIMEX);

	check(put_text(CLOCKSOURCE, "hpet"), "another clocksource");
	check(comes_to_say(BY_ADJTIMEX, adjtimex, 120), "the clock follows by adjtimex");
	check(put_text(CLOCKSOURCE, "tsc"), "the counter again");
	check(kernel_comes_to_follow(fd), "the clock follows by the kernel");
	sleep_ms(20000);
	check(state_of(fd).host_clock != VMCLOCK_HOST_CLOCK_NONE && said("left alone") == 0,
	      "and is not disturbed by us");
}

static void check_letting_go(int fd)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = 7 << 16};
	struct vmclock_host_snapshot snapshot;
	int64_t ahead_ns;

	adjtimex(&t);
	check(comes_to_say("another program has set the clock, or changed its rate", 0, 20),
	      "another rate than ours is noticed, and said");
	sleep_ms(10000);
	check(kernel_state().freq == 7 << 16, "and left as it is");
	check(said("left alone") == 1, "it is said once");
	check(difference(fd, VMCLOCK_STATUS_SYNCHRONIZED, &ahead_ns, &snapshot),
	      "the page goes on");
}

int main(void)
{
	pid_t daemon;
	int fd;

	check(wait_for_counter(), "the counter becomes the clocksource");
	truth_appears();
	daemon = check_handover();
	fd = open(DEVICE, O_RDONLY);
	check_followed(fd, LIMIT_NS);
	check_kernel_state();
	daemon = check_killed(fd, daemon);
	check_lapsed(fd, daemon);
	check_clocksource(fd);
	sleep_ms(10000);
	check_followed(fd, LIMIT_NS);
	check(said("host clock: set") == 0, "the clock was never set");
	check_letting_go(fd);
	close(fd);
	stop_daemon(daemon);
	show_log();
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
