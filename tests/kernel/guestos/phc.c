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
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "truth.h"

#define PHC "/sys/module/mock_phc/parameters/"
#define PAGE "/run/vmclock/page"
#define POLLS_TO_DROP 3

static const char common[] = "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
			     "[page]\nfile = " PAGE "\ndriver = off\n"
			     "[control]\nsocket = /run/vmclock/control\n"
			     "[log]\njournal = off\n"
			     "[state]\nfile = none\n"
			     "[source host]\ntype = system\nmax-poll = 1 s\n";
static const char with_clock[] =
	"[source phc]\ntype = phc\nclock-name = mock PHC\ntimescale = tai\n"
	"max-error = 2 us\n";
static const char with_pin[] = "[source phc]\ntype = extts\nclock-name = mock PHC\npin = 0\n"
			       "max-error = 2 us\n";

/* The kernel's word for CLOCK_REALTIME, which it takes back after a while. */
static void claim(void)
{
	struct timex t = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
			  .maxerror = 1000,
			  .esterror = 10};

	adjtimex(&t);
}

static pid_t start_daemon(const char *source)
{
	int fd = open("/run/vmclockd.conf", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	pid_t child;

	dprintf(fd, "%s%s", common, source);
	close(fd);
	child = fork();
	if (!child) {
		dup2(1, 2); /* its log is part of what is printed */
		execl("/vmclockd", "vmclockd", "--config", "/run/vmclockd.conf", NULL);
		_exit(127);
	}
	return child;
}

static void end_daemon(pid_t child)
{
	int status = -1;

	kill(child, SIGTERM);
	waitpid(child, &status, 0);
	check(status == 0, "the daemon ends");
}

static const char *ask_for_sources(void)
{
	static char text[16384];
	size_t used = 0;
	ssize_t length;
	int ends[2];
	pid_t child;

	text[0] = '\0';
	if (pipe(ends))
		return text;
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		execl("/vmclockctl", "vmclockctl", "sources", "--json", NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((length = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = '\0';
	close(ends[0]);
	waitpid(child, NULL, 0);
	return text;
}

/* What is told of the source `phc`: its state, its last problem, how often it was asked. */
struct report {
	char state[24];
	char problem[100];
	char why[100];
	long sent;
};

static void get_word(const char *text, const char *key, char *out, int size)
{
	const char *at = strstr(text, key);

	out[0] = '\0';
	at = at ? strchr(at + strlen(key), ':') : NULL;
	at = at ? strchr(at, '"') : NULL;
	if (at)
		snprintf(out, (size_t)size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

static struct report report_now(void)
{
	const char *text = strstr(ask_for_sources(), "\"phc\"");
	const char *sent = text ? strstr(text, "\"sent\"") : NULL;
	struct report report = {.sent = -1};

	if (!text)
		return report;
	get_word(text, "\"problem\"", report.problem, sizeof(report.problem));
	get_word(text, "\"state\"", report.state, sizeof(report.state));
	get_word(text, "\"why\"", report.why, sizeof(report.why));
	sent = sent ? strchr(sent, ':') : NULL;
	if (sent)
		report.sent = strtol(sent + 1, NULL, 10);
	return report;
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

/* Reads the page all the time, and holds it against the truth of the mock. */
static struct watcher {
	_Atomic bool stop;
	uint64_t readings, unreadable, wrong;
	int64_t worst_ns, widest_ns;
} watcher;

static void judge(const struct comparison *now)
{
	const struct vmclock_interval *tai = &now->reading.tai;

	watcher.readings++;
	if (now->outside && watcher.wrong++ < 5)
		note("wrong: off by %" PRId64 " ns, bound %" PRIu64 " ns", now->error_ns,
		     now->reading.max_error_ns);
	if (llabs(now->error_ns) > watcher.worst_ns)
		watcher.worst_ns = llabs(now->error_ns);
	if (tai->latest_ns - tai->time_ns > watcher.widest_ns)
		watcher.widest_ns = tai->latest_ns - tai->time_ns;
}

static void *watch(void *unused)
{
	struct vmclock *clock;

	(void)unused;
	if (vmclock_open(PAGE, 0, &clock))
		return NULL;
	while (!watcher.stop) {
		struct comparison now;

		if (truth_compare(clock, "mock_phc", 0, &now))
			judge(&now);
		else
			watcher.unreadable++;
		sleep_ms(5);
	}
	vmclock_close(clock);
	return NULL;
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
	pthread_t thread;

	check(becomes_used(), "the clock is used");
	pthread_create(&thread, NULL, watch, NULL);
	test_fault("busy", PHC "busy", "-1");
	test_fault("gone", PHC "present", "0");
	test_fault("a step of 10 ms", PHC "step_ns", "10000000");
	test_fault("a drift of 100 ppm", PHC "drift_ppb", "100000");
	watcher.stop = true;
	pthread_join(thread, NULL);
	note("%" PRIu64 " readings, %" PRIu64 " without a time; error at most %" PRId64
	     " ns, bound at most %" PRId64 " ns",
	     watcher.readings, watcher.unreadable, watcher.worst_ns, watcher.widest_ns);
	check(watcher.readings > 1000 && watcher.wrong == 0, "the page holds true time always");
	end_daemon(daemon);
}

/* The pulse at the clock's pin: the clock shows another time altogether, and it does not matter. */
static void test_pin(void)
{
	pid_t daemon;
	pthread_t thread;

	put_text(PHC "step_ns", "-123456789012345678");
	put_text(PHC "drift_ppb", "3000");
	watcher = (struct watcher){0};
	daemon = start_daemon(with_pin);
	check(becomes_used(), "the pulse at its pin is used");
	pthread_create(&thread, NULL, watch, NULL);
	for (int i = 0; i < 10; i++) {
		claim();
		sleep_ms(1000);
	}
	watcher.stop = true;
	pthread_join(thread, NULL);
	note("%" PRIu64 " readings; error at most %" PRId64 " ns, bound at most %" PRId64 " ns",
	     watcher.readings, watcher.worst_ns, watcher.widest_ns);
	check(watcher.readings > 1000 && watcher.wrong == 0, "and the page holds true time");
	end_daemon(daemon);
}

int main(void)
{
	mkdir("/run/vmclock", 0755);
	claim();
	check_errno(load_module("/modules.test/mock_phc.ko", ""), 0, "the clock loads");
	test_clock();
	test_pin();
	check(!syscall(SYS_delete_module, "mock_phc", O_NONBLOCK), "the clock unloads");
	return done();
}
