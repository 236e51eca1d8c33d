// SPDX-License-Identifier: GPL-2.0-or-later
/* [host] clock = adjtimex on a stock kernel: CLOCK_REALTIME follows the page, and lets go. */
#include <fcntl.h>
#include <sys/timex.h>
#include <unistd.h>

#include "harness.h"
#include "host_daemon.h"

#define SETTLE_S 60

static void check_letting_go(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = 7 << 16};

	adjtimex(&t);
	check(comes_to_say("has changed the rate of the clock", 0, 20),
	      "another rate than ours is noticed, and said");
	sleep_ms(3000);
	check(kernel_state().freq == 7 << 16, "and left as it is");
	check(said("left alone") == 1, "it is said once");
}

int main(void)
{
	pid_t daemon;
	int fd;

	check_errno(load_driver(), 0, "the driver is loaded");
	truth_appears();
	daemon = start_daemon("clock = kernel\n");
	check(comes_to_say("does not offer STEER_HOST", 0, 60),
	      "that this kernel cannot follow by itself is said");
	check(comes_to_say("synchronized: ", 0, 60), "the page goes on without");
	check(kernel_state().freq == 0 && kernel_state().status & STA_UNSYNC,
	      "the clock is left alone");
	stop_daemon(daemon);
	daemon = start_daemon("clock = auto\n");
	check(comes_to_say("host clock: following by adjtimex", 0, 60),
	      "the clock comes to follow");
	check(said("host clock: set") == 0, "without having been set");
	sleep_ms(SETTLE_S * 1000);
	fd = open(DEVICE, O_RDONLY);
	check_followed(fd, 200);
	check_kernel_state();
	check_letting_go();
	close(fd);
	stop_daemon(daemon);
	return done();
}
