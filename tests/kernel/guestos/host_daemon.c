// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockd in a machine where the truth is a made-up PTP clock, and what it makes of the clock. */
#include "host_daemon.h"

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
#include <unistd.h>

#include "harness.h"
#include "vmclock_line.h"

#define SAMPLES 6000
#define LOG "/run/daemon.log"
#define PARAMETERS "/sys/module/mock_phc/parameters/"

static const char configuration[] = "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
				    "[page]\nlease = 3 s\n"
				    "[host]\n%s"
				    "[control]\nsocket = none\n"
				    "[log]\njournal = off\n"
				    "[state]\nfile = none\n"
				    "[source truth]\ntype = phc\ndevice = /dev/ptp0\n"
				    "timescale = tai\nmax-error = 100 ns\n";

void truth_appears(void)
{
	check(load_module("/modules.test/mock_phc.ko", "precise=1") == 0, "the module loads");
	check(put_text(PARAMETERS "step_ns", "3000000") &&
		      put_text(PARAMETERS "drift_ppb", "25000"),
	      "true time is 3 ms ahead of the clock and 25 ppm faster");
}

static void write_configuration(const char *host_section)
{
	FILE *file;

	mkdir("/run", 0755);
	mkdir("/run/vmclock", 0755);
	file = fopen("/run/vmclockd.conf", "w");
	fprintf(file, configuration, host_section);
	fclose(file);
}

pid_t start_daemon(const char *host_section)
{
	pid_t child;

	write_configuration(host_section);
	child = fork();
	if (!child) {
		int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(log, 2);
		execl("/vmclockd", "vmclockd", "--config", "/run/vmclockd.conf", NULL);
		_exit(127);
	}
	return child;
}

void stop_daemon(pid_t daemon)
{
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
}

static char *read_log(void)
{
	static char log[65536];
	int fd = open(LOG, O_RDONLY);
	ssize_t length = read(fd, log, sizeof(log) - 1);

	close(fd);
	log[length > 0 ? length : 0] = '\0';
	return log;
}

void show_log(void)
{
	char *rest = read_log();
	const char *line;

	while ((line = strsep(&rest, "\n")))
		if (line[0])
			note("%s", line);
}

int said(const char *text)
{
	int count = 0;

	for (const char *at = read_log(); (at = strstr(at, text)); at++)
		count++;
	return count;
}

bool comes_to_say(const char *text, int before, int seconds)
{
	for (int i = 0; i < 10 * seconds && said(text) <= before; i++)
		sleep_ms(100);
	return said(text) > before;
}

bool difference(int fd, int status, int64_t *ahead_ns, struct vmclock_host_snapshot *snapshot)
{
	struct vmclock_abi page;
	struct vmclock_line line;
	vmclock_instant utc;

	*snapshot = (struct vmclock_host_snapshot){.size = sizeof(*snapshot)};
	if (ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, snapshot) ||
	    pread(fd, &page, sizeof(page), 0) != sizeof(page) || page.clock_status != status)
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

void check_followed(int fd, int64_t limit_ns)
{
	static int64_t apart_ns[SAMPLES];
	struct vmclock_host_snapshot first, now;
	int64_t ahead_ns, worst_ns;
	int missed = 0, sets = 0, n = 0;

	difference(fd, VMCLOCK_STATUS_SYNCHRONIZED, &ahead_ns, &first);
	for (int i = 0; i < SAMPLES; i++) {
		sleep_ms(10);
		if (!difference(fd, VMCLOCK_STATUS_SYNCHRONIZED, &ahead_ns, &now)) {
			missed++;
			continue;
		}
		sets += now.clock_was_set_seq != first.clock_was_set_seq;
		apart_ns[n++] = llabs(ahead_ns);
	}
	check(missed == 0, "the page is SYNCHRONIZED all the time (%d missed)", missed);
	check(sets == 0, "the clock was not set meanwhile");
	distribution("CLOCK_REALTIME - page for a minute", "ns", apart_ns, n);
	worst_ns = n ? apart_ns[n * 99 / 100] : INT64_MAX;
	check(worst_ns <= limit_ns,
	      "CLOCK_REALTIME is within %" PRId64 " ns of the page for 99 %% of the time",
	      limit_ns);
}

void check_kernel_state(void)
{
	struct timex t = kernel_state();

	check(!(t.status & STA_UNSYNC), "the kernel says that its clock is synchronised");
	check(t.tai == TAI_S, "the kernel knows TAI (%d s)", t.tai);
	check(t.maxerror > 0 && t.maxerror < 100 && t.esterror < 10,
	      "the kernel tells errors of the right size (%ld us, %ld us)", t.maxerror, t.esterror);
}

struct timex kernel_state(void)
{
	struct timex t = {0};

	adjtimex(&t);
	return t;
}
