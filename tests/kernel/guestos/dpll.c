// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on a card whose DPLL loses its lock, as the kernel tells it: the clock is not used while
 * it is unlocked, has no bound in holdover, and is trusted again when it is locked. In virtual
 * time.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define CARD "/sys/module/mock_dpll/parameters/"
#define UNLOCKED "1"
#define LOCKED "2"
#define LOCKED_AND_READY "3"
#define HOLDOVER "4"
enum { POLLS_TO_NAME = 3 };

/* True once the problem has the word, three polls at most after this is called. */
static bool is_named(const char *word, struct report *now)
{
	struct report first = *now = report_of("card");

	while (!strstr(now->problem, word) && now->sent <= first.sent + POLLS_TO_NAME) {
		sleep_ms(100);
		*now = report_of("card");
	}
	return strstr(now->problem, word);
}

static void let_polls_pass(int polls)
{
	long from = report_of("card").sent;

	while (report_of("card").sent < from + polls)
		sleep_ms(100);
}

static void test_lock(void)
{
	struct report now;

	check(becomes("card", "selected", 60), "locked: the clock is used");
	put_text(CARD "eec", UNLOCKED);
	let_polls_pass(POLLS_TO_NAME);
	check(becomes("card", "selected", 0),
	      "the network's frequency is no matter of the clock's");
	put_text(CARD "pps", UNLOCKED);
	check(is_named("DPLL is not locked", &now), "unlocked: named within %d polls: %s, %s; %s",
	      POLLS_TO_NAME, now.state, now.why, now.problem);
	let_polls_pass(POLLS_TO_NAME);
	now = report_of("card");
	check(strcmp(now.state, "selected"), "unlocked: not used: %s", now.state);
	put_text(CARD "pps", LOCKED);
	check(becomes("card", "selected", 60), "locked again: used");
	put_text(CARD "pps", HOLDOVER);
	check(is_named("DPLL has lost its input", &now), "holdover: named within %d polls: %s, %s; %s",
	      POLLS_TO_NAME, now.state, now.why, now.problem);
	let_polls_pass(POLLS_TO_NAME);
	put_text(CARD "pps", LOCKED_AND_READY);
	let_polls_pass(POLLS_TO_NAME);
	check(becomes("card", "selected", 60), "locked and ready: used");
	now = report_of("card");
	check(!now.problem[0], "and nothing is wrong any more");
}

int main(void)
{
	struct truth_watch watch;
	pid_t server, daemon;

	loopback_up();
	check(!load_module("/modules.test/mock_dpll.ko", ""), "the card loads");
	server = start("ntp-responder --listen 127.0.0.1:123 --root-dispersion 1ms");
	daemon = start_daemon("[clock]\ncounter-check = kernel\ntai-offset = 37\n"
			      "[source always]\ntype = ntp\naddress = 127.0.0.1\nmax-poll = 1 s\n"
			      "[source card]\ntype = phc\nclock-name = mock DPLL card\n"
			      "timescale = tai\nmax-error = 1 us\nmax-poll = 1 s\ndpll = on\n");
	check(truth_wait_for_page(PAGE, 30), "there is a page");
	truth_watch_begin(&watch, PAGE, "mock_dpll", 0);
	test_lock();
	check(truth_watch_end(&watch), "the page holds true time all the while");
	check(end(daemon) == 0, "the daemon ends");
	end(server);
	check(!syscall(SYS_delete_module, "mock_dpll", O_NONBLOCK), "the card goes");
	return done();
}
