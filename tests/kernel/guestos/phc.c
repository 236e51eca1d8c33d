// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on a PTP hardware clock that lies: it is dropped and named within three polls, the page
 * holds true time all the while, and the clock is used again when it has recovered.
 *
 * Beside it stands CLOCK_REALTIME, which the kernel says is right within 1 ms; nothing changes
 * that.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define PHC "/sys/module/mock_phc/parameters/"
#define POLLS_TO_DROP 3

#define COMMON                                               \
	"[clock]\ncounter-check = kernel\ntai-offset = 37\n" \
	"[source host]\ntype = system\nmax-poll = 1 s\n"
static const char with_clock[] =
	COMMON "[source phc]\ntype = phc\nclock-name = mock PHC\ntimescale = tai\n"
	       "max-error = 2 us\n";
static const char with_pin[] = COMMON "[source phc]\ntype = extts\nclock-name = mock PHC\npin = 0\n"
				      "max-error = 2 us\n";

/* The kernel's word for CLOCK_REALTIME, which it takes back after a while. */
static void claim(void)
{
	struct timex t = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
			  .maxerror = 1000,
			  .esterror = 10};

	adjtimex(&t);
}

static struct truth_watch watch;

static void end_daemon(pid_t child)
{
	check(end(child) == 0, "the daemon ends");
}

static struct report report_now(void)
{
	return report_of("phc");
}

static bool is_used(const struct report *report)
{
	return !strcmp(report->state, "selected");
}

static bool becomes_used(void)
{
	for (int i = 0; i < 120; i++) {
		struct report report = report_now();

		if (is_used(&report))
			return true;
		claim();
		sleep_ms(500);
	}
	return false;
}

/* The clock shows true time again: what it was moved by in all is taken back. */
static void recover(void)
{
	char text[40], back[44];

	put_text(PHC "busy", "0");
	put_text(PHC "drift_ppb", "0");
	get_text(PHC "step_ns", text, sizeof(text));
	snprintf(back, sizeof(back), "%" PRId64, -(int64_t)strtoll(text, NULL, 10));
	put_text(PHC "step_ns", back);
	put_text(PHC "present", "1");
}

static void test_fault(const char *name, const char *parameter, const char *value)
{
	struct report first, now;

	put_text(parameter, value);
	/* Polls are counted from the first report on: the fault is there at each of them. */
	first = now = report_now();
	while (is_used(&now) && now.sent <= first.sent + POLLS_TO_DROP) {
		sleep_ms(100);
		now = report_now();
	}
	check(!is_used(&now), "%s: dropped within %d polls", name, POLLS_TO_DROP);
	check(now.why[0] || now.problem[0], "%s: and named: %s, %s; %s", name, now.state, now.why,
	      now.problem);
	for (int i = 0; i < 12; i++) {
		claim();
		sleep_ms(1000);
	}
	recover();
	check(becomes_used(), "%s: used again after recovery", name);
}

static void test_clock(void)
{
	pid_t daemon = start_daemon(with_clock);

	check(becomes_used(), "the clock is used");
	truth_watch_begin(&watch, PAGE, "mock_phc", 0);
	test_fault("busy", PHC "busy", "-1");
	test_fault("gone", PHC "present", "0");
	test_fault("a step of 10 ms", PHC "step_ns", "10000000");
	test_fault("a drift of 100 ppm", PHC "drift_ppb", "100000");
	check(truth_watch_end(&watch) && watch.readings > 1000, "the page holds true time always");
	end_daemon(daemon);
}

/* The pulse at the clock's pin: the clock shows another time altogether, and it does not matter. */
static void test_pin(void)
{
	pid_t daemon;

	put_text(PHC "step_ns", "-123456789012345678");
	put_text(PHC "drift_ppb", "3000");
	daemon = start_daemon(with_pin);
	check(becomes_used(), "the pulse at its pin is used");
	truth_watch_begin(&watch, PAGE, "mock_phc", 0);
	for (int i = 0; i < 10; i++) {
		claim();
		sleep_ms(1000);
	}
	check(truth_watch_end(&watch) && watch.readings > 1000, "and the page holds true time");
	end_daemon(daemon);
}

int main(void)
{
	claim();
	check_errno(load_module("/modules.test/mock_phc.ko", ""), 0, "the clock loads");
	test_clock();
	test_pin();
	check(!syscall(SYS_delete_module, "mock_phc", O_NONBLOCK), "the clock unloads");
	return done();
}
