// SPDX-License-Identifier: GPL-2.0-or-later
/* [host] clock = adjtimex on a stock kernel: CLOCK_REALTIME follows the page, and lets go. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "vmclock_line.h"

#define TAI_S 37
#define SAMPLES 6000
#define SETTLE_S 60
#define LOG "/run/daemon.log"

/* The truth is a PTP clock that this machine's own clock knows nothing of. */
static const char configuration[] = "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
				    "[host]\nclock = adjtimex\n"
				    "[control]\nsocket = none\n"
				    "[log]\njournal = off\n"
				    "[state]\nfile = none\n"
				    "[source truth]\ntype = phc\ndevice = /dev/ptp0\n"
				    "timescale = tai\nmax-error = 100 ns\n";

static pid_t start_daemon(void)
{
	pid_t child = fork();

	if (!child) {
		int log = open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(log, 2);
		execl("/vmclockd", "vmclockd", "--config", "/run/vmclockd.conf", NULL);
		_exit(127);
	}
	return child;
}

static int said(const char *text)
{
	static char log[65536];
	int fd = open(LOG, O_RDONLY);
	ssize_t length = read(fd, log, sizeof(log) - 1);
	int count = 0;

	close(fd);
	log[length > 0 ? length : 0] = '\0';
	for (const char *at = log; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static bool comes_to_say(const char *text, int seconds)
{
	for (int i = 0; i < 10 * seconds && !said(text); i++)
		sleep_ms(100);
	return said(text);
}

/* CLOCK_REALTIME - the page, both at the counter value of one snapshot, ns. */
static bool difference(int fd, int64_t *ahead_ns, struct vmclock_host_snapshot *snapshot)
{
	struct vmclock_abi page;
	struct vmclock_line line;
	vmclock_instant utc;

	*snapshot = (struct vmclock_host_snapshot){.size = sizeof(*snapshot)};
	if (ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, snapshot) ||
	    pread(fd, &page, sizeof(page), 0) != sizeof(page) ||
	    page.clock_status != VMCLOCK_STATUS_SYNCHRONIZED)
		return false;
	line = (struct vmclock_line){
		.counter = page.counter_value,
		.period = page.counter_period_frac_sec,
		.shift = page.counter_period_shift,
		.origin = vmclock_instant_from(page.time_sec, page.time_frac_sec)};
	utc = vmclock_line_at(&line, snapshot->counter_value) - vmclock_instant_from(TAI_S, 0);
	*ahead_ns = snapshot->realtime_ns - vmclock_instant_sec(utc) * INT64_C(1000000000) -
		    (int64_t)(((vmclock_u128)vmclock_instant_frac(utc) * 1000000000) >> 64);
	return true;
}

static struct timex kernel_state(void)
{
	struct timex t = {0};

	adjtimex(&t);
	return t;
}

/* Page and clock for a minute: how far apart, whether the clock was set, whether a page missed. */
static void measure(int fd)
{
	static int64_t apart_ns[SAMPLES];
	struct vmclock_host_snapshot first, now;
	int64_t ahead_ns, worst_ns;
	int missed = 0, sets = 0, n = 0;

	difference(fd, &ahead_ns, &first);
	for (int i = 0; i < SAMPLES; i++) {
		sleep_ms(10);
		if (!difference(fd, &ahead_ns, &now)) {
			missed++;
			continue;
		}
		sets += now.clock_was_set_seq != first.clock_was_set_seq;
		apart_ns[n++] = llabs(ahead_ns);
	}
	check(missed == 0, "the page is SYNCHRONIZED all the time (%d missed)", missed);
	check(sets == 0, "the clock was not set meanwhile");
	distribution("CLOCK_REALTIME - page after 60 s", "ns", apart_ns, n);
	worst_ns = n ? apart_ns[n * 99 / 100] : INT64_MAX;
	check(worst_ns <= 200, "CLOCK_REALTIME is within 200 ns of the page for 99 %% of the time");
}

static void check_kernel_state(void)
{
	struct timex t = kernel_state();

	check(!(t.status & STA_UNSYNC), "the kernel says that its clock is synchronised");
	check(t.tai == TAI_S, "the kernel knows TAI (%d s)", t.tai);
	check(t.maxerror > 0 && t.maxerror < 100 && t.esterror < 10,
	      "the kernel tells errors of the right size (%ld us, %ld us)", t.maxerror, t.esterror);
}

static void check_letting_go(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = 7 << 16};

	adjtimex(&t);
	check(comes_to_say("has changed the rate of the clock", 20),
	      "another rate than ours is noticed, and said");
	sleep_ms(3000);
	check(kernel_state().freq == 7 << 16, "and left as it is");
	check(said("left alone") == 1, "it is said once");
}

static void write_configuration(void)
{
	FILE *file = fopen("/run/vmclockd.conf", "w");

	fputs(configuration, file);
	fclose(file);
}

int main(void)
{
	pid_t daemon;
	int fd;

	mkdir("/run", 0755);
	mkdir("/run/vmclock", 0755);
	write_configuration();
	check(load_driver() == 0 && load_module("/modules.test/mock_phc.ko", "precise=1") == 0,
	      "the modules load");
	check(put_text("/sys/module/mock_phc/parameters/step_ns", "3000000") &&
		      put_text("/sys/module/mock_phc/parameters/drift_ppb", "25000"),
	      "true time is 3 ms ahead of the clock and 25 ppm faster");
	daemon = start_daemon();
	check(comes_to_say("host clock: following", 60), "the clock comes to follow");
	check(said("host clock: set") == 0, "without having been set");
	sleep_ms(SETTLE_S * 1000);
	fd = open(DEVICE, O_RDONLY);
	measure(fd);
	check_kernel_state();
	check_letting_go();
	close(fd);
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
	return done();
}
