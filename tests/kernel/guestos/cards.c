// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd and the life of network cards, against the kernel that has them (netdevsim, bonding,
 * veth): the clock of an interface that comes late, is renamed, goes and comes back under another
 * number, or is that of a bond's active port; an NTP server behind a link that goes down and up.
 *
 * A server on the loopback is always there, so that there is a page; it is held against true time,
 * which the cards' clocks show in TAI. In virtual time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define TAI_NS (INT64_C(37) * 1000000000)
#define CARDS "/sys/bus/netdevsim/"
#define WORLD                                                \
	"[clock]\ncounter-check = kernel\ntai-offset = 37\n" \
	"[source always]\ntype = ntp\naddress = 127.0.0.1\n" \
	"max-poll = 1 s\n"
/* What is told by the kernel is followed sooner than any poll would. */
#define AT_ONCE_MS 500
/* For the page to be seen with what has changed. */
#define SETTLE_MS 3000
#define FD_TO_CLOCK(fd) ((clockid_t)(~(unsigned int)(fd) << 3 | 3))
enum { POLLS_TO_NAME = 3, POLL_S = 64 };

static struct truth_watch watch;

/* --- clocks --- */

/* Shows true time, but for what setting it takes. */
static bool set_clock(int number)
{
	struct timespec now;
	struct truth truth;
	int64_t tai_ns;
	char path[40];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "/dev/ptp%d", number);
	fd = open(path, O_RDWR);
	if (!truth_read("pps_line", &truth))
		return false;
	tai_ns = truth.true_ns + TAI_NS + (int64_t)(read_counter() - truth.before);
	now = (struct timespec){tai_ns / 1000000000, tai_ns % 1000000000};
	good = fd >= 0 && !clock_settime(FD_TO_CLOCK(fd), &now);
	close(fd);
	return good;
}

static bool comes_to_be(const char *address, int limit_ms)
{
	struct report now = {0};

	for (int ms = 0; ms <= limit_ms; ms += 100, sleep_ms(100)) {
		now = report_of("card");
		if (!strcmp(now.state, "selected") && !strcmp(now.address, address))
			return true;
	}
	note("card is %s as %s, not %s: %s; %s", now.state, now.address, address, now.why,
	     now.problem);
	return false;
}

static void check_named(const char *what)
{
	struct report first = report_of("card"), now = first;

	while ((!strcmp(now.state, "selected") || !now.problem[0]) &&
	       now.sent <= first.sent + POLLS_TO_NAME) {
		sleep_ms(100);
		now = report_of("card");
	}
	check(strcmp(now.state, "selected") && now.problem[0],
	      "%s: named within %d polls: %s, %s; %s", what, POLLS_TO_NAME, now.state, now.why,
	      now.problem);
}

static pid_t start_with_clock_of(const char *interface)
{
	char configuration[400];

	snprintf(configuration, sizeof(configuration),
		 WORLD "[source card]\ntype = phc\ninterface = %s\nmax-poll = 1 s\n"
		       "max-error = 100 us\n",
		 interface);
	return start_daemon(configuration);
}

static void test_clock(void)
{
	pid_t daemon = start_with_clock_of("card");

	check(truth_wait_for_page(PAGE, 30), "there is a page");
	truth_watch_begin(&watch, PAGE, "pps_line", TAI_NS);
	check_named("an interface that is not there yet");
	check(put_text(CARDS "new_device", "1 2") && set_clock(0) && set_clock(1), "a card comes");
	check(run("ip link set eth0 name card"), "a port gets the name");
	check(comes_to_be("/dev/ptp0", 5000), "its clock is used");
	check(run("ip link set card name gone") && run("ip link set eth1 name card"),
	      "another port gets the name");
	check(comes_to_be("/dev/ptp1", AT_ONCE_MS + 1000), "its clock is used at once");
	sleep_ms(SETTLE_MS);
	check(put_text(CARDS "del_device", "1"), "the card goes");
	check_named("a clock that is gone");
	sleep_ms(SETTLE_MS);
	check(put_text(CARDS "new_device", "2 1") && put_text(CARDS "new_device", "3 1") &&
		      put_text(CARDS "new_device", "4 1") && set_clock(2) &&
		      run("ip link set eth2 name card"),
	      "it comes back, after others");
	check(comes_to_be("/dev/ptp2", 5000), "it is used under its new number");
	sleep_ms(SETTLE_MS);
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
	put_text(CARDS "del_device", "2");
	put_text(CARDS "del_device", "3");
	put_text(CARDS "del_device", "4");
}

static void test_bond(void)
{
	pid_t daemon;

	check(put_text(CARDS "new_device", "5 2") && set_clock(0) && set_clock(1) &&
		      run("ip link add team type bond mode active-backup miimon 100") &&
		      run("ip link set eth0 master team") && run("ip link set eth1 master team") &&
		      run("ip link set team up"),
	      "a bond of two ports");
	daemon = start_with_clock_of("team");
	check(truth_wait_for_page(PAGE, 30), "there is a page");
	check(comes_to_be("/dev/ptp0", 5000), "the active port's clock is used");
	truth_watch_begin(&watch, PAGE, "pps_line", TAI_NS);
	check(run("ip link set team type bond active_slave eth1"), "the other becomes active");
	check(comes_to_be("/dev/ptp1", AT_ONCE_MS + 1000), "its clock is used at once");
	sleep_ms(SETTLE_MS);
	check(run("ip link set eth1 down"), "it goes down");
	check(comes_to_be("/dev/ptp0", AT_ONCE_MS + 1000), "the first one's is used at once");
	sleep_ms(SETTLE_MS);
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
	run("ip link del team");
	put_text(CARDS "del_device", "5");
}

/* --- links --- */

/* A process in a network of its own, which does nothing. */
static pid_t other_network(void)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		return -1;
	child = fork();
	if (!child) {
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	check(read(ready[0], &byte, 1) == 1, "there is another network");
	close(ready[0]);
	close(ready[1]);
	return child;
}

/* This process, from now on, is in the network of that one. */
static void go_to(pid_t where)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", where);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (setns(fd, CLONE_NEWNET))
		note("no way to the other network");
	close(fd);
}

static bool is_silent(int limit_ms)
{
	for (int ms = 0; ms <= limit_ms; ms += 100, sleep_ms(100))
		if (!strcmp(report_of("far").state, "unreachable"))
			return true;
	return false;
}

static void test_link(const char *what, pid_t where, const char *interface, pid_t home)
{
	struct report before, now;

	check(becomes("far", "selected", 60), "%s: the server behind the link is used", what);
	go_to(where);
	run("ip link set %s down", interface);
	go_to(home);
	check(is_silent(AT_ONCE_MS), "%s: down: it is unreachable at once", what);
	before = report_of("far");
	check(strstr(before.problem, "link"), "%s: and named: %s", what, before.problem);
	sleep_ms(3000);
	go_to(where);
	run("ip link set %s up", interface);
	go_to(home);
	now = before = report_of("far");
	/* Much sooner than the next poll would be. */
	for (int i = 0; i < 200 && now.received < before.received + 3; i++, sleep_ms(100))
		now = report_of("far");
	check(now.received >= before.received + 3, "%s: up: it is asked in a burst (%ld answers)",
	      what, now.received - before.received);
}

/* init stays in the first network. */
static void test_links(void)
{
	pid_t other = other_network(), home = getppid(), server, daemon;
	char configuration[400];

	check(run("ip link add left type veth peer name right") &&
		      run("ip link set right netns %d", other) &&
		      run("ip addr add 192.0.2.1/24 dev left") && run("ip link set left up"),
	      "a link");
	go_to(other);
	run("ip addr add 192.0.2.2/24 dev right");
	run("ip link set right up");
	server = start("ntp-responder --listen 192.0.2.2:123 --root-dispersion 1ms");
	go_to(home);
	snprintf(configuration, sizeof(configuration),
		 WORLD "[source far]\ntype = ntp\naddress = 192.0.2.2\nmin-poll = %d s\n"
		       "max-poll = %d s\n",
		 POLL_S, POLL_S);
	daemon = start_daemon(configuration);
	check(truth_wait_for_page(PAGE, 30), "there is a page");
	truth_watch_begin(&watch, PAGE, "pps_line", TAI_NS);
	test_link("this end", home, "left", home);
	test_link("the other end", other, "right", home);
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
	end(server);
	end(other);
}

int main(void)
{
	pid_t server;

	loopback_up();
	check(!load_module("/modules.test/pps_line.ko", ""), "there is a truth");
	server = start("ntp-responder --listen 127.0.0.1:123 --root-dispersion 1ms");
	test_clock();
	test_bond();
	test_links();
	end(server);
	check(!syscall(SYS_delete_module, "pps_line", O_NONBLOCK), "it goes");
	return done();
}
