// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chronyd's PHC refclock, phc2sys and vmclockd on one PTP clock, in a machine in virtual time: each
 * in turn steers the machine's clock, and vmclockd's page is there beside all of them.
 *
 * The PTP clock (tests/kernel/modules/mock_phc.c) counts TAI, RATE_PPB faster than the machine's
 * counter, and that rate changes each second by up to WANDER_PPB; each reading of it is off by up
 * to NOISE_NS. The truth is what it counts. Prints distributions, passes and fails nothing.
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

#include "harness.h"
#include "truth.h"

#define PAGE "/run/vmclock/page"
#define CONFIG "/run/config"
#define RATE_PPB 25000
#define NOISE_NS 173
#define WANDER_PPB 2
#define TAI_NS (INT64_C(37) * 1000000000)
enum { SETTLE_S = 120, SAMPLES = 3000, EVERY_MS = 100, ARGUMENTS = 12 };

struct contestant {
	const char *name;
	const char *arguments[ARGUMENTS];
	const char *configuration;
};

static const char source[] =
	"[clock]\ncounter-check = kernel\ntai-offset = 37\n"
	"[control]\nsocket = none\n[log]\njournal = off\n[state]\nfile = none\n"
	"[source phc]\ntype = phc\nclock-name = mock PHC\ntimescale = tai\n"
	"max-error = 200 ns\nmax-poll = 1 s\n";

#define CHRONYD                                                    \
	{                                                          \
		"/chronyd", "-d", "-u", "root", "-f", CONFIG, NULL \
	}
#define CHRONY_COMMON "makestep 0.1 3\nport 0\ncmdport 0\npidfile /run/chronyd.pid\n"

static const struct contestant contestants[] = {
	{"chronyd, refclock PHC", CHRONYD, CHRONY_COMMON "refclock PHC /dev/ptp0 offset -37\n"},
	{"chronyd, refclock PHC poll 0", CHRONYD,
	 CHRONY_COMMON "refclock PHC /dev/ptp0 offset -37 poll 0\n"},
	{"phc2sys",
	 {"/phc2sys", "-s", "/dev/ptp0", "-c", "CLOCK_REALTIME", "-O", "-37", "-q", NULL},
	 ""},
	{"vmclockd, clock = adjtimex",
	 {"/vmclockd", "--config", CONFIG, NULL},
	 "[host]\nclock = adjtimex\n[page]\nfile = /run/vmclock/second\ndriver = off\n"},
};

static void write_file(const char *path, const char *text, const char *more)
{
	FILE *file = fopen(path, "w");

	fprintf(file, "%s%s", text, more);
	fclose(file);
}

static pid_t start(const char *const *arguments)
{
	pid_t child = fork();

	if (!child) {
		int log = open("/run/log", O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(log, 1);
		dup2(log, 2);
		setenv("LD_LIBRARY_PATH", "/libraries", 1);
		execv(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

/* The same walk for everybody: it begins anew with each of them. */
static pid_t start_wander(void)
{
	pid_t child = fork();
	unsigned int seed = 20261123;
	int rate_ppb = RATE_PPB;
	char text[20];

	for (; !child; sleep_ms(1000)) {
		rate_ppb += (int)(rand_r(&seed) / 64 % (2 * WANDER_PPB + 1)) - WANDER_PPB;
		snprintf(text, sizeof(text), "%d", rate_ppb);
		put_text("/sys/module/mock_phc/parameters/rate_ppb", text);
	}
	return child;
}

/* The machine's clock as it was at its start: 100 us off, at its own rate. */
static void spoil_clock(void)
{
	struct truth truth;
	struct timex reset = {.modes = ADJ_FREQUENCY | ADJ_STATUS | ADJ_TICK, .tick = 10000};
	struct timespec now;

	adjtimex(&reset);
	truth_read("mock_phc", &truth);
	truth.true_ns += 100000 - TAI_NS;
	now = (struct timespec){truth.true_ns / 1000000000, truth.true_ns % 1000000000};
	clock_settime(CLOCK_REALTIME, &now);
}

/* CLOCK_REALTIME - truth, from one snapshot of the clock and its counter; ns. */
static bool clock_error(int fd, int64_t *error_ns)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};
	struct truth truth;
	int64_t since;

	if (ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot) || !truth_read("mock_phc", &truth))
		return false;
	/* A tick is 1 ns here. */
	since = (int64_t)(snapshot.counter_value - truth.before - (truth.after - truth.before) / 2);
	*error_ns = snapshot.realtime_ns + TAI_NS -
		    (truth.true_ns + since + since * RATE_PPB / 1000000000);
	return true;
}

static int64_t clock_ns[SAMPLES], page_ns[SAMPLES];

static void measure(const struct contestant *who, int fd, struct vmclock *page)
{
	struct comparison now;
	pid_t child, wander;
	int n = 0;

	write_file(CONFIG, who->configuration, who->arguments[0][1] == 'v' ? source : "");
	spoil_clock();
	wander = start_wander();
	child = start(who->arguments);
	sleep_ms(SETTLE_S * 1000);
	for (int i = 0; i < SAMPLES; i++, sleep_ms(EVERY_MS)) {
		if (!clock_error(fd, &clock_ns[n]) || !truth_compare(page, "mock_phc", 0, &now))
			continue;
		clock_ns[n] = llabs(clock_ns[n]);
		page_ns[n++] = llabs(now.error_ns);
	}
	check(!waitpid(child, NULL, WNOHANG), "%s runs", who->name);
	end(child);
	end(wander);
	if (!n)
		return;
	distribution("  CLOCK_REALTIME - truth", "ns", clock_ns, n);
	distribution("  vmclockd's page - truth, meanwhile", "ns", page_ns, n);
}

int main(void)
{
	static const char *const vmclockd[] = {"/vmclockd", "--config", "/run/page.conf", NULL};
	char parameters[80];
	struct vmclock *page;
	pid_t daemon;
	int fd;

	mkdir("/run/vmclock", 0755);
	snprintf(parameters, sizeof(parameters),
		 "rate_ppb=%d noise_ns=%d before_ns=300 after_ns=300", RATE_PPB, NOISE_NS);
	check(!load_driver() && !load_module("/modules.test/mock_phc.ko", parameters),
	      "the modules load");
	fd = open(DEVICE, O_RDONLY);
	write_file("/run/page.conf", source, "[page]\nfile = " PAGE "\ndriver = off\n");
	daemon = start(vmclockd);
	page = truth_wait_for_page(PAGE, 30);
	check(page, "there is a page");
	for (unsigned int i = 0; page && i < sizeof(contestants) / sizeof(contestants[0]); i++)
		measure(&contestants[i], fd, page);
	end(daemon);
	return done();
}
