// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on pulses that the kernel takes from a GPIO line by its own interrupt path (gpio-sim,
 * pps-gpio): the right second, close to the pulse, whichever edge marks it; and a device that goes
 * away and comes back, under another number while another pulse has its own.
 *
 * An NTP server names the seconds. A thread moves the lines at the full seconds of true time, which
 * is RATE_PPB faster than the counter. In virtual time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define BOARD "/sys/module/pps_line/parameters/"
#define CHIP "/sys/kernel/config/gpio-sim/pulses"
#define TAI_NS (INT64_C(37) * 1000000000)
#define S_NS INT64_C(1000000000)
#define RATE_PPB 15000
#define WIDTH_MS 100
#define MAX_LATENCY_US 100
/* From the write that moves the line to the interrupt's stamp, and what the page adds. */
#define LIMIT_NS 10000
/* A pulse of which nobody hears is named after so many seconds, with the look that sees it. */
#define NAMED_WITHIN_S 4

enum { LINES = 2, RISES = 0, FALLS = 1, READINGS = 400 };

/* --- the pulses --- */

static int pulls[LINES];  /* attributes that move the lines */
static _Atomic int first; /* the line that is moved at the second, the other one after it */
static _Atomic bool stop_pulses;
static int64_t late_ns; /* the latest pulse of all */

static bool make_chip(void)
{
	char name[60], chip[60], path[200];

	mkdir("/sys/kernel/config", 0755);
	if (mount("config", "/sys/kernel/config", "configfs", 0, NULL) || mkdir(CHIP, 0755) ||
	    mkdir(CHIP "/bank", 0755) || !put_text(CHIP "/bank/num_lines", "4") ||
	    !put_text(CHIP "/bank/label", "pulses") || !put_text(CHIP "/live", "1") ||
	    !get_text(CHIP "/dev_name", name, sizeof(name)) ||
	    !get_text(CHIP "/bank/chip_name", chip, sizeof(chip)))
		return false;
	for (int i = 0; i < LINES; i++) {
		snprintf(path, sizeof(path), "/sys/devices/platform/%s/%s/sim_gpio%d/pull", name,
			 chip, i);
		pulls[i] = open(path, O_WRONLY | O_CLOEXEC);
	}
	return pulls[RISES] >= 0 && pulls[FALLS] >= 0;
}

static void move(int line, bool up)
{
	const char *word = up ? "pull-up" : "pull-down";

	if (pwrite(pulls[line], word, strlen(word), 0) < 0)
		note("line %d does not move", line);
}

/* The counter at the next full second of true time that is not too near. */
static uint64_t next_second(void)
{
	struct truth now;
	int64_t ahead_ns;

	truth_read("pps_line", &now);
	ahead_ns = S_NS - now.true_ns % S_NS;
	if (ahead_ns < 10000000)
		ahead_ns += S_NS;
	/* A tick is 1 ns. */
	return now.before + (now.after - now.before) / 2 + (uint64_t)ahead_ns -
	       (uint64_t)(ahead_ns * RATE_PPB / S_NS);
}

/* Nobody is more urgent, but the interrupts' own threads. */
static void *pulse(void *unused)
{
	struct sched_param urgent = {.sched_priority = 40};

	(void)unused;
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &urgent);
	while (!stop_pulses) {
		uint64_t at = next_second(), now;

		sleep_ms((long)((at - read_counter()) / 1000000) - 2);
		do {
			now = read_counter();
		} while ((int64_t)(now - at) < 0);
		move(first, first == RISES);
		move(!first, first != RISES);
		if ((int64_t)(now - at) > late_ns)
			late_ns = (int64_t)(now - at);
		sleep_ms(WIDTH_MS);
		move(RISES, false);
		move(FALLS, true);
	}
	return NULL;
}

/* --- the daemon --- */

static pid_t server;

static pid_t start_vmclockd(const char *which, const char *edge)
{
	char configuration[500];

	snprintf(configuration, sizeof(configuration),
		 "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
		 "[source server]\ntype = ntp\naddress = 127.0.0.1\nmax-poll = 1 s\n"
		 "[source pulse]\ntype = pps\n%s\nedge = %s\n"
		 "max-error = 1 us\nmax-latency = %d us\n",
		 which, edge, MAX_LATENCY_US);
	return start_daemon(configuration);
}

static void test_accuracy(const char *name, const char *which)
{
	int64_t errors_ns[READINGS];
	pid_t daemon = start_vmclockd(which, "assert");
	struct vmclock *clock = truth_wait_for_page(PAGE, 30);
	int readings = 0, outside = 0, beyond = 0;

	for (int i = 0; clock && i < READINGS; i++, sleep_ms(10)) {
		struct comparison now;

		if (!truth_compare(clock, "pps_line", TAI_NS, &now))
			continue;
		outside += now.outside;
		beyond += llabs(now.error_ns) > LIMIT_NS + now.half_ns;
		errors_ns[readings++] = now.error_ns;
	}
	check(clock && readings == READINGS && !outside && !beyond,
	      "%s: the right second from the first page on, within %d us of the pulse", name,
	      LIMIT_NS / 1000);
	if (readings)
		distribution("error", "ns", errors_ns, readings);
	if (clock)
		vmclock_close(clock);
	check(end(daemon) == 0, "the daemon ends");
}

static void test_edge(void)
{
	pid_t daemon = start_vmclockd("device = /dev/pps0", "clear");
	struct report now = {0};

	for (int i = 0; i < 300 && !strstr(now.problem, "try edge = assert"); i++, sleep_ms(100))
		now = report_of("pulse");
	check(strstr(now.problem, "try edge = assert"),
	      "an edge that it does not take is named: %s", now.problem);
	end(daemon);
}

/* --- its life --- */

static struct truth_watch watch;

/* It is not used any more within so many seconds, and why is told. */
static void check_named(const char *what)
{
	struct report now = report_of("pulse");

	for (int i = 0;
	     i < 10 * NAMED_WITHIN_S && (!strcmp(now.state, "selected") || !now.problem[0]);
	     i++, sleep_ms(100))
		now = report_of("pulse");
	check(strcmp(now.state, "selected") && now.problem[0], "%s: named: %s, %s; %s", what,
	      now.state, now.why, now.problem);
}

static void check_back(const char *what, const char *address)
{
	bool used = becomes("pulse", "selected", 60);
	struct report now = report_of("pulse");

	check(used && !strcmp(now.address, address), "%s: it is used as %s (%s)", what, address,
	      now.address);
}

/* Its path is the same when it is back, and what was opened before would be silent for ever. */
static void test_same_number(void)
{
	pid_t daemon = start_vmclockd("device = /dev/pps0", "assert");

	check_back("a pulse", "/dev/pps0");
	truth_watch_begin(&watch, PAGE, "pps_line", TAI_NS);
	put_text(BOARD "present", "0");
	check_named("gone");
	put_text(BOARD "present", "1");
	check_back("back", "/dev/pps0");
	put_text(BOARD "present", "0");
	put_text(BOARD "present", "1");
	sleep_ms(1500);
	check_back("gone and back at once", "/dev/pps0");
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
}

/* Another pulse, 0.3 s after the second, has its number when it comes back. */
static void test_other_number(void)
{
	pid_t daemon = start_vmclockd("pps-name = pps-gpio.0", "assert");

	check_back("a pulse by its name", "/dev/pps0");
	truth_watch_begin(&watch, PAGE, "pps_line", TAI_NS);
	put_text(BOARD "present", "0");
	check(!load_module("/modules.test/mock_pps.ko", "offset_ns=300000000"), "another comes");
	check_named("gone, another has its number");
	put_text(BOARD "present", "1");
	check_back("back under another number", "/dev/pps1");
	check(!syscall(SYS_delete_module, "mock_pps", O_NONBLOCK), "the other one goes");
	put_text(BOARD "present", "0");
	check_named("gone once more");
	put_text(BOARD "present", "3");
	check_back("and back", "/dev/pps0");
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
	put_text(BOARD "present", "1");
}

static void test_late(void)
{
	pid_t daemon;

	put_text(BOARD "present", "0");
	daemon = start_vmclockd("pps-name = pps-gpio.0", "assert");
	check_named("not there yet");
	put_text(BOARD "present", "1");
	check_back("late", "/dev/pps0");
	check(end(daemon) == 0, "the daemon ends");
}

int main(void)
{
	char parameters[40];
	pthread_t thread;

	loopback_up();
	snprintf(parameters, sizeof(parameters), "rate_ppb=%d", RATE_PPB);
	check(make_chip(), "there are GPIO lines");
	check(!load_module("/modules.test/pps_line.ko", parameters), "the board loads");
	check(put_text(BOARD "present", "1") && !access("/dev/pps0", F_OK),
	      "pps-gpio takes a line");
	pthread_create(&thread, NULL, pulse, NULL);
	server = start("ntp-responder --listen 127.0.0.1:123 --root-dispersion 20ms");
	test_accuracy("a line that rises", "device = /dev/pps0");
	put_text(BOARD "present", "3");
	first = FALLS;
	test_accuracy("a line that falls", "pps-name = pps-gpio.1");
	first = RISES;
	put_text(BOARD "present", "1");
	test_edge();
	test_same_number();
	test_other_number();
	test_late();
	stop_pulses = true;
	pthread_join(thread, NULL);
	put_text(BOARD "present", "0");
	check(!syscall(SYS_delete_module, "pps_line", O_NONBLOCK), "the board goes");
	note("pulses were at most %" PRId64 " ns late", late_ns);
	end(server);
	return done();
}
