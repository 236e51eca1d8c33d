// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chronyd and phc2sys set this guest's clock by /dev/ptp0, as vmclock-guest(7) says; each in turn
 * begins with a clock that is 1 ms off. What they report is one thing, the exact comparison of both
 * clocks at one counter value another (PTP_SYS_OFFSET_PRECISE); both have to be below 1 us.
 */
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

#include <linux/ptp_clock.h>

#include "harness.h"

#define ZONE "/usr/share/zoneinfo/right/UTC"

enum { TAI_S = 37, GOOD_NS = 1000, ENOUGH = 8, PATIENCE_S = 150, LOG_SIZE = 65536 };

static int phc;

/* TAI of the PTP clock minus TAI by the system's clock, ns. */
static int64_t ahead_ns(void)
{
	struct ptp_sys_offset_precise x;

	memset(&x, 0, sizeof(x));
	if (ioctl(phc, PTP_SYS_OFFSET_PRECISE, &x))
		return INT64_MAX;
	return (x.device.sec - x.sys_realtime.sec - TAI_S) * INT64_C(1000000000) +
	       (int64_t)x.device.nsec - (int64_t)x.sys_realtime.nsec;
}

/* Off by 1 ms, and at the kernel's own rate. */
static void disturb(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY | ADJ_STATUS | ADJ_OFFSET, .status = 0};
	struct timespec now;

	adjtimex(&t);
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += 1000000;
	now.tv_sec += now.tv_nsec / 1000000000;
	now.tv_nsec %= 1000000000;
	clock_settime(CLOCK_REALTIME, &now);
}

static pid_t start(char *const words[], const char *log)
{
	pid_t child = fork();
	int fd;

	if (child)
		return child;
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	execv(words[0], words);
	_exit(127);
}

static void end(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

static const char *read_log(const char *path)
{
	static char text[LOG_SIZE];
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* What chronyd says of its clock: the sixth field of the tracking report, the last offset, s. */
static bool chrony_reports(double *offset_ns)
{
	char *words[] = {"/chronyc", "-c", "tracking", NULL};
	const char *at;

	waitpid(start(words, "/run/tracking"), NULL, 0);
	at = read_log("/run/tracking");
	for (int i = 0; i < 5 && at; i++)
		at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
	if (!at || !strncmp(read_log("/run/tracking"), "00000000", 8))
		return false;
	*offset_ns = strtod(at, NULL) * 1e9;
	return true;
}

/* What phc2sys said last: "phc offset N s2", once its servo is locked. */
static bool phc2sys_reports(double *offset_ns)
{
	const char *at = read_log("/run/phc2sys.log"), *last = NULL;

	while ((at = strstr(at, "offset")))
		last = at += strlen("offset");
	if (!last || !strstr(last, " s2 "))
		return false;
	*offset_ns = strtod(last, NULL);
	return true;
}

/* Until both what is reported and the truth were good several times in a row. */
static void wait_until_good(const char *who, bool (*reports)(double *))
{
	int64_t reported[ENOUGH], real[ENOUGH];
	double offset_ns = 0;
	int n = 0;

	for (int i = 0; i < PATIENCE_S * 2 && n < ENOUGH; i++) {
		sleep_ms(500);
		if (!reports(&offset_ns))
			continue;
		reported[n] = llabs((int64_t)offset_ns);
		real[n] = llabs(ahead_ns());
		n = reported[n] < GOOD_NS && real[n] < GOOD_NS ? n + 1 : 0;
	}
	check(n == ENOUGH, "%s keeps this guest's clock within 1 us of /dev/ptp0", who);
	if (n == ENOUGH) {
		distribution("offset reported", "ns", reported, n);
		distribution("/dev/ptp0 and system clock at one counter value", "ns", real, n);
	} else {
		note("last reported %.0f ns, in truth %" PRId64 " ns", offset_ns, ahead_ns());
	}
}

static void note_lines(const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		note("%.*s", (int)n, text);
	}
}

/* chronyd wants to know whom it runs as. */
static void make_user(void)
{
	FILE *file;

	mkdir("/etc", 0755);
	file = fopen("/etc/passwd", "we");
	fputs("root:x:0:0::/:/bin/sh\n", file);
	fclose(file);
}

static void with_chronyd(void)
{
	char *words[] = {"/chronyd", "-d", "-u", "root", "-f", "/run/chrony.conf", NULL};
	FILE *file = fopen("/run/chrony.conf", "we");
	pid_t chronyd;

	fprintf(file, "refclock PHC /dev/ptp0 poll 0 dpoll -2 tai\n%s\nmakestep 0.1 3\n"
		      "pidfile /run/chronyd.pid\nbindcmdaddress /run/chrony/chronyd.sock\n",
		access(ZONE, F_OK) ? "leapseclist /usr/share/zoneinfo/leap-seconds.list"
				   : "leapsectz right/UTC");
	fclose(file);
	mkdir("/run/chrony", 0750);
	disturb();
	chronyd = start(words, "/run/chronyd.log");
	wait_until_good("chronyd", chrony_reports);
	end(chronyd);
	note_lines(read_log("/run/chronyd.log"));
}

static void with_phc2sys(void)
{
	char *words[] = {"/phc2sys", "-s", "/dev/ptp0", "-c", "CLOCK_REALTIME", "-O", "-37", "-m",
			 "-R", "4", NULL};
	pid_t phc2sys;

	disturb();
	phc2sys = start(words, "/run/phc2sys.log");
	wait_until_good("phc2sys", phc2sys_reports);
	end(phc2sys);
}

int main(void)
{
	phc = open("/dev/ptp0", O_RDONLY | O_CLOEXEC);
	make_user();
	with_chronyd();
	with_phc2sys();
	return done();
}
