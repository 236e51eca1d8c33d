// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on a pulse of the kernel's, whose second an NTP server names that is off by up to 0.3 s:
 * in ten starts, the page never shows the wrong second, from its first moment on.
 *
 * Where the server admits its error the pulse gives the time inside it; where it does not, the
 * operator trusts the pulse.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmclock.h>

#include "harness.h"

#define TRUTH "/sys/module/mock_pps/parameters/truth"
#define PAGE "/run/vmclock/page"
#define CONFIG "/run/vmclockd.conf"
#define TAI_NS (INT64_C(37) * 1000000000)
/* An emulated machine may be late by this, and more is no promise of ours. */
#define MAX_LATENCY_MS 100
enum { STARTS = 10, READINGS = 400 };

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "the loopback is up");
	close(fd);
}

static pid_t start_server(int offset_ms, int claim_ms)
{
	char offset[20], claim[20];
	pid_t child;

	snprintf(offset, sizeof(offset), "%d ms", offset_ms);
	snprintf(claim, sizeof(claim), "%d ms", claim_ms);
	child = fork();
	if (!child) {
		execl("/ntp-responder", "ntp-responder", "--listen", "127.0.0.1:123", "--offset",
		      offset, "--root-dispersion", claim, NULL);
		_exit(127);
	}
	return child;
}

static pid_t start_daemon(bool trust)
{
	int fd = open(CONFIG, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	pid_t child;

	dprintf(fd,
		"[clock]\ncounter-check = kernel\ntai-offset = 37\n"
		"[page]\nfile = " PAGE "\ndriver = off\n"
		"[control]\nsocket = none\n[log]\njournal = off\n[state]\nfile = none\n"
		"[source server]\ntype = ntp\naddress = 127.0.0.1\nmax-poll = 1 s\n"
		"[source pulse]\ntype = pps\ndevice = /dev/pps0\nmax-jitter = 50 ms\n"
		"max-error = 10 us\nmax-latency = %d ms\ntrust = %s\n",
		MAX_LATENCY_MS, trust ? "on" : "off");
	close(fd);
	unlink(PAGE);
	child = fork();
	if (!child) {
		dup2(1, 2); /* its log is part of what is printed */
		execl("/vmclockd", "vmclockd", "--config", CONFIG, NULL);
		_exit(127);
	}
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

static bool read_truth(int64_t *true_ns)
{
	uint64_t before, after;
	char text[100];

	return get_text(TRUTH, text, sizeof(text)) &&
	       sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64, &before, &after, true_ns) == 3;
}

/* What one start has shown. */
struct seen {
	int readings, outside, wrong_second;
	int64_t first_ns, last_ns; /* errors of the page */
};

/* True time is read between two readings of the page; the narrowest say how far that is off. */
static void look(struct vmclock *clock, struct seen *seen)
{
	struct vmclock_reading before, after;
	int64_t true_ns, error_ns;

	if (vmclock_now(clock, &before) || !read_truth(&true_ns) || vmclock_now(clock, &after))
		return;
	true_ns += TAI_NS;
	error_ns = before.tai.time_ns + (after.tai.time_ns - before.tai.time_ns) / 2 - true_ns;
	if (!seen->readings++)
		seen->first_ns = error_ns;
	seen->last_ns = error_ns;
	seen->outside += true_ns < before.tai.earliest_ns || true_ns > after.tai.latest_ns;
	seen->wrong_second += llabs(error_ns) > 400000000;
}

static struct vmclock *wait_for_page(void)
{
	struct vmclock_reading reading;
	struct vmclock *clock;

	for (int i = 0; i < 3000; i++, sleep_ms(10)) {
		if (vmclock_open(PAGE, 0, &clock))
			continue;
		if (!vmclock_now(clock, &reading))
			return clock;
		vmclock_close(clock);
	}
	return NULL;
}

static void test_start(int number, int64_t errors_ns[STARTS])
{
	bool trust = number % 2;
	int offset_ms = (trust ? 300 : 180) * (2 * number - STARTS + 1) / (STARTS - 1);
	int claim_ms = trust ? 1 : abs(offset_ms) + 2;
	pid_t server = start_server(offset_ms, claim_ms), daemon = start_daemon(trust);
	struct vmclock *clock = wait_for_page();
	struct seen seen = {0};

	for (int i = 0; clock && i < READINGS; i++, sleep_ms(10))
		look(clock, &seen);
	if (clock)
		vmclock_close(clock);
	errors_ns[number] = llabs(seen.first_ns);
	check(seen.readings > READINGS / 2 && !seen.wrong_second && !seen.outside,
	      "a server %+d ms off%s: the right second from the first page on", offset_ms,
	      trust ? " that does not say so" : "");
	note("%d readings, %d of the wrong second, %d outside of the bound; error %" PRId64
	     " ns in the first, %" PRId64 " ns in the last",
	     seen.readings, seen.wrong_second, seen.outside, seen.first_ns, seen.last_ns);
	end(daemon);
	end(server);
}

int main(void)
{
	int64_t errors_ns[STARTS];

	mkdir("/run/vmclock", 0755);
	loopback_up();
	check_errno(load_module("/modules.test/mock_pps.ko", ""), 0, "the pulse loads");
	for (int i = 0; i < STARTS; i++)
		test_start(i, errors_ns);
	distribution("error of the first page", "ns", errors_ns, STARTS);
	return done();
}
