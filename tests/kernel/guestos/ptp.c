// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on a PTP clock that a real ptp4l has follow a grandmaster: never believed but while it
 * does, and the page holds true time at every reading.
 *
 * True time is mock_phc's, which the grandmaster shows. The clock that is read has a crystal of its
 * own, CRYSTAL_PPB off and never at rest, and starts 5 ms off; ptp4l steers it as it would a card's
 * (ptp_stamps.c). phc2sys has CLOCK_REALTIME follow it, for comparison.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "ptp_peers.h"
#include "truth.h"

#define PHC "/sys/module/mock_phc/parameters/"
#define PAGE "/run/vmclock/page"
#define CONTROL "/run/vmclock/control"
#define CRYSTAL_PPB 20000
#define WANDER_PPB 5
#define S_NS INT64_C(1000000000)
enum { SAMPLES = 600, SAMPLES_EVERY_MS = 100, POLLS_TO_DROP = 3, TAI_S = 37 };

static const char configuration[] = "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
				    "[page]\nfile = " PAGE "\ndriver = off\n"
				    "[control]\nsocket = " CONTROL "\n"
				    "[log]\njournal = off\n"
				    "[state]\nfile = none\n"
				    "[source ptp]\ntype = phc\ndevice = /dev/ptp0\n"
				    "ptp4l = " CLIENT_SOCKET "\nmax-poll = 1 s\n";

/* As a good one does. */
static const struct claim good = {6, "0x23", TAI_S, true, true, true};

static pid_t start_daemon(void)
{
	static const char *const arguments[] = {"/vmclockd", "--config", "/run/vmclockd.conf",
						NULL};
	int fd = open("/run/vmclockd.conf", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	dprintf(fd, "%s", configuration);
	close(fd);
	return start_program(arguments);
}

/* What is told of the source. */
struct report {
	char state[24], problem[100];
	long sent, bogus;
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

static long get_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	at = at ? strchr(at + strlen(key), ':') : NULL;
	return at ? strtol(at + 1, NULL, 10) : -1;
}

/* The daemon's answer on its control socket; asked often, so without a program for it. */
static const char *ask_for_sources(void)
{
	static const char question[] = "{\"method\":\"org.vmclock.Host.GetSources\"}";
	static char text[16384];
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t used = 0;
	ssize_t length = 1;

	text[0] = '\0';
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    write(fd, question, sizeof(question)) == sizeof(question))
		while ((!used || text[used - 1]) && length > 0) {
			length = read(fd, text + used, sizeof(text) - 1 - used);
			used += length > 0 ? (size_t)length : 0;
		}
	text[used] = '\0';
	close(fd);
	return text;
}

static struct report report_now(void)
{
	const char *text = ask_for_sources();
	struct report report;

	get_word(text, "\"problem\"", report.problem, sizeof(report.problem));
	get_word(text, "\"state\"", report.state, sizeof(report.state));
	report.sent = get_number(text, "\"sent\"");
	report.bogus = get_number(text, "\"bogus\"");
	return report;
}

/* Reads the page all the time, and holds it against true time. */
static struct watcher {
	_Atomic bool stop;
	_Atomic int status; /* as last read; -1: there is no time */
	_Atomic uint64_t synchronized;
	_Atomic uint64_t bound_ns;
	uint64_t readings, wrong;
	int64_t worst_ns;
	double fullest; /* error / bound */
	struct vmclock_reading at_fullest;
} watcher = {.status = -1};

static void judge(const struct comparison *now)
{
	const struct vmclock_interval *tai = &now->reading.tai;
	int64_t side_ns =
		now->error_ns > 0 ? tai->time_ns - tai->earliest_ns : tai->latest_ns - tai->time_ns;
	double full = (double)llabs(now->error_ns) / (double)side_ns;

	watcher.readings++;
	if (now->outside && watcher.wrong++ < 5)
		note("wrong: off by %" PRId64 " ns, bound %" PRIu64 " ns", now->error_ns,
		     now->reading.max_error_ns);
	if (llabs(now->error_ns) > watcher.worst_ns)
		watcher.worst_ns = llabs(now->error_ns);
	if (full > watcher.fullest) {
		watcher.fullest = full;
		watcher.at_fullest = now->reading;
	}
	watcher.bound_ns = now->reading.max_error_ns;
	watcher.synchronized += now->reading.clock_status == VMCLOCK_STATUS_SYNCHRONIZED;
	watcher.status = now->reading.clock_status;
}

static void *watch(void *unused)
{
	struct vmclock *clock = NULL;
	struct comparison now;

	(void)unused;
	for (; !watcher.stop; sleep_ms(20)) {
		if (!clock && vmclock_open(PAGE, 0, &clock))
			clock = NULL;
		else if (truth_compare(clock, "mock_phc", 0, &now))
			judge(&now);
		else
			watcher.status = -1;
	}
	vmclock_close(clock);
	return NULL;
}

/* The crystal is never at rest. */
static void *wander(void *unused)
{
	unsigned int seed = 20261123;
	int ppb = CRYSTAL_PPB;
	char text[20];

	(void)unused;
	for (; !watcher.stop; sleep_ms(1000)) {
		ppb += (int)(rand_r(&seed) / 64 % (2 * WANDER_PPB + 1)) - WANDER_PPB;
		snprintf(text, sizeof(text), "%d", ppb);
		put_text(PHC "crystal_ppb", text);
	}
	return NULL;
}

static bool is_used(const struct report *report)
{
	return !strcmp(report->state, "selected") && !report->problem[0];
}

static bool becomes_used(void)
{
	for (int i = 0; i < 240; i++, sleep_ms(500)) {
		struct report report = report_now();

		if (is_used(&report) && watcher.status == VMCLOCK_STATUS_SYNCHRONIZED)
			return true;
	}
	return false;
}

/* Of a clock that is used: the reason comes with the first poll that can know. */
static void check_named(const char *when, const char *why, int polls)
{
	struct report first = report_now(), now = first;

	while (!strstr(now.problem, why) && now.sent <= first.sent + polls) {
		sleep_ms(100);
		now = report_now();
	}
	check(strstr(now.problem, why) && now.sent <= first.sent + polls,
	      "%s: named within %d polls: '%s' (%ld)", when, polls, now.problem,
	      now.sent - first.sent);
}

/* How often the page's bound did not grow from one second to the next. */
static int seconds_without_growth(void)
{
	uint64_t was_ns = watcher.bound_ns;
	int count = 0;

	for (int i = 0; i < 10; i++) {
		sleep_ms(1000);
		count += watcher.bound_ns <= was_ns;
		was_ns = watcher.bound_ns;
	}
	return count;
}

/* From then on the page lives on what it knew: wider all the time, and soon it says so. */
static void check_not_believed(const char *when)
{
	uint64_t synchronized;

	sleep_ms(8000);
	for (int i = 0; i < 100 && watcher.status == VMCLOCK_STATUS_SYNCHRONIZED; i++)
		sleep_ms(100);
	check(watcher.status == VMCLOCK_STATUS_FREERUNNING, "%s: the page says FREERUNNING", when);
	synchronized = watcher.synchronized;
	check(seconds_without_growth() == 0 && watcher.synchronized == synchronized,
	      "%s: and its bound grows every second", when);
}

static void test_no_grandmaster(pid_t *client)
{
	struct report now;

	sleep_ms(5000);
	now = report_now();
	check(strstr(now.problem, "ptp4l cannot be asked"), "without ptp4l: '%s'", now.problem);
	*client = start_client(NULL);
	sleep_ms(20000);
	now = report_now();
	check(strstr(now.problem, "follows no grandmaster"), "without a grandmaster: '%s'",
	      now.problem);
	check(watcher.synchronized == 0 && watcher.readings == 0,
	      "a clock that runs free gives the page no time");
}

static int64_t clock_ns[SAMPLES], card_ns[SAMPLES], page_ns[SAMPLES], bound_ns[SAMPLES];

static int64_t counter_ns(void)
{
	return (int64_t)read_counter(); /* a tick is 1 ns here */
}

/* CLOCK_REALTIME or the PTP clock itself, against true time. */
static int64_t off_by(clockid_t id, int64_t scale_ns)
{
	struct truth truth;
	struct timespec now;
	int64_t before, after, middle;

	before = counter_ns();
	clock_gettime(id, &now);
	after = counter_ns();
	truth_read("mock_phc", &truth);
	middle = (int64_t)(truth.before + (truth.after - truth.before) / 2);
	return llabs(now.tv_sec * S_NS + now.tv_nsec + scale_ns - truth.true_ns + middle -
		     (before + after) / 2);
}

/* Side by side, and without a verdict. */
static void compare(void)
{
	int fd = open("/dev/ptp0", O_RDONLY);
	clockid_t card = (~(clockid_t)fd << 3) | 3;
	struct vmclock *page = truth_wait_for_page(PAGE, 1);
	pid_t phc2sys = start_phc2sys();
	struct comparison now;
	int n = 0;

	sleep_ms(60000);
	for (int i = 0; page && i < SAMPLES; i++, sleep_ms(SAMPLES_EVERY_MS)) {
		if (!truth_compare(page, "mock_phc", 0, &now))
			continue;
		page_ns[n] = llabs(now.error_ns);
		bound_ns[n] = (int64_t)now.reading.max_error_ns;
		card_ns[n] = off_by(card, 0);
		clock_ns[n++] = off_by(CLOCK_REALTIME, TAI_S * S_NS);
	}
	end_program(phc2sys, SIGTERM);
	vmclock_close(page);
	close(fd);
	check(n > 0, "page and clocks can be compared");
	if (!n)
		return;
	distribution("ptp4l: the PTP clock - truth", "ns", card_ns, n);
	distribution("phc2sys: CLOCK_REALTIME - truth", "ns", clock_ns, n);
	distribution("vmclockd: page - truth", "ns", page_ns, n);
	distribution("vmclockd: bound of the page", "ns", bound_ns, n);
}

static pid_t begin_grandmaster(void)
{
	pid_t child = start_grandmaster();

	for (int i = 0; i < 100 && !grandmaster_claims(&good); i++)
		sleep_ms(100);
	return child;
}

static void test_lost_grandmaster(pid_t *grandmaster)
{
	end_program(*grandmaster, SIGKILL);
	check_named("a grandmaster that is lost", "ptp4l has had no sync", 3);
	check_not_believed("a grandmaster that is lost");
	check_named("later", "follows no grandmaster", 3);
	*grandmaster = begin_grandmaster();
	check(becomes_used(), "it is followed again when it is back");
}

/* What it announces reaches us with its next announcement, a second later. */
static void test_claim(const char *what, struct claim claim, const char *why)
{
	check(grandmaster_claims(&claim), "a grandmaster that announces %s", what);
	if (why) {
		check_named(what, why, 5);
		check_not_believed(what);
	} else {
		sleep_ms(10000);
		check(becomes_used(), "%s: it is followed", what);
	}
	grandmaster_claims(&good);
	check(becomes_used(), "%s: and after that", what);
}

static void test_claims(void)
{
	test_claim("another TAI - UTC", (struct claim){6, "0x23", 36, true, true, true},
		   "says that TAI - UTC is 36 s, and it is 37 s");
	test_claim("no valid UTC", (struct claim){6, "0x23", 36, false, true, true}, NULL);
	test_claim("a time that nothing can be traced to",
		   (struct claim){248, "0x23", TAI_S, true, true, false},
		   "the grandmaster (class 248) follows nothing itself");
	test_claim("class 6 alone", (struct claim){6, "0x23", TAI_S, true, true, false}, NULL);
	test_claim("that it is traceable alone",
		   (struct claim){52, "0x23", TAI_S, true, true, true}, NULL);
	test_claim("a time scale of its own", (struct claim){6, "0x23", TAI_S, true, false, true},
		   "time scale is its own");
}

/* Such a clock still serves the estimate, but not the bound. */
static void test_no_accuracy(void)
{
	struct claim claim = good;

	claim.accuracy = "0xfe";
	check(grandmaster_claims(&claim), "a grandmaster that announces no accuracy");
	check_named("no accuracy", "does not state its accuracy: set max-error", 5);
	check(seconds_without_growth() == 0, "no accuracy: the bound grows every second");
	grandmaster_claims(&good);
	check(becomes_used(), "no accuracy: and after that");
}

static void test_client(pid_t *client)
{
	struct report before;

	end_program(*client, SIGKILL);
	check_named("ptp4l killed", "ptp4l cannot be asked", 3);
	*client = start_client("--free_running=1");
	sleep_ms(20000);
	check_named("ptp4l with free_running", "has not locked the clock", 3);
	check_not_believed("ptp4l with free_running");
	end_program(*client, SIGTERM);
	*client = start_client(NULL);
	check(becomes_used(), "it is followed by an ordinary ptp4l again");
	before = report_now();
	kill(*client, SIGSTOP);
	check_named("ptp4l that hangs", "does not answer", 3);
	check_not_believed("ptp4l that hangs");
	kill(*client, SIGCONT);
	check(becomes_used(), "it is followed when it goes on");
	check(report_now().bogus > before.bogus, "late answers were counted (%ld)",
	      report_now().bogus - before.bogus);
}

int main(void)
{
	pthread_t watching, wandering;
	pid_t daemon, client = 0, grandmaster;

	mkdir("/run/vmclock", 0755);
	check(load_module("/modules.test/mock_phc.ko", "") == 0, "the clock loads");
	put_text(PHC "rate_ppb", "25000");
	put_text(PHC "step_ns", "5000000");
	check(peers_join(), "a veth joins the two");
	pthread_create(&wandering, NULL, wander, NULL);
	pthread_create(&watching, NULL, watch, NULL);
	daemon = start_daemon();
	test_no_grandmaster(&client);
	grandmaster = begin_grandmaster();
	check(becomes_used(), "a grandmaster that is locked to true time is followed");
	compare();
	test_lost_grandmaster(&grandmaster);
	test_claims();
	test_no_accuracy();
	test_client(&client);
	watcher.stop = true;
	pthread_join(watching, NULL);
	pthread_join(wandering, NULL);
	note("%" PRIu64 " readings; error at most %" PRId64 " ns, and at most %.0f %% of the bound "
	     "(%" PRIu64 " ns, status %d)",
	     watcher.readings, watcher.worst_ns, watcher.fullest * 100,
	     watcher.at_fullest.max_error_ns, watcher.at_fullest.clock_status);
	check(watcher.readings > 1000 && watcher.wrong == 0,
	      "the page holds true time at every reading");
	end_program(daemon, SIGTERM);
	end_program(client, SIGTERM);
	end_program(grandmaster, SIGTERM);
	show_peers();
	return done();
}
