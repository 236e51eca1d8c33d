// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockd on the driver: killed, hung, ended, started again; the module loaded before or after. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
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

#include <vmclock.h>

#include "harness.h"

#define FILE_PAGE "/run/vmclock/page"
#define TAI_S 37
#define LEASE_MS 3000

enum {
	SYNCHRONIZED = VMCLOCK_STATUS_SYNCHRONIZED,
	FREERUNNING = VMCLOCK_STATUS_FREERUNNING,
	UNRELIABLE = VMCLOCK_STATUS_UNRELIABLE
};

static const char configuration[] = "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
				    "[page]\nlease = 3 s\n"
				    "[control]\nsocket = /run/vmclock/control\n"
				    "[log]\njournal = off\n"
				    "[state]\nfile = none\n"
				    "[source host]\ntype = system\nmax-poll = 1 s\n";

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* This machine's own clock is the truth here, and says that it is good to 1 ms, or nothing. */
static void claim(bool synchronized)
{
	struct timex t = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
			  .status = synchronized ? 0 : STA_UNSYNC,
			  .maxerror = 1000,
			  .esterror = 10};

	adjtimex(&t);
}

static pid_t start_daemon(void)
{
	pid_t child = fork();

	if (!child) {
		int log = open("/run/daemon.log", O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(log, 2);
		execl("/vmclockd", "vmclockd", "--config", "/run/vmclockd.conf", NULL);
		_exit(127);
	}
	return child;
}

static int end_daemon(pid_t child, int signal)
{
	int status = -1;

	kill(child, signal);
	waitpid(child, &status, 0);
	return status;
}

/* What a page says now; all zero: there is none. */
static struct vmclock_abi page_at(const char *path)
{
	struct vmclock_abi page = {0};
	int fd = open(path, O_RDONLY);

	if (fd >= 0 && pread(fd, &page, sizeof(page), 0) != sizeof(page))
		page.clock_status = 0;
	close(fd);
	return page;
}

/* Waits for a status, as long as it takes within reason: this machine may be slow. */
static bool becomes(const char *path, uint8_t status)
{
	for (int i = 0; i < 3000; i++) {
		if (page_at(path).clock_status == status)
			return true;
		if (i % 300 == 0)
			claim(true);
		sleep_ms(10);
	}
	return false;
}

static struct vmclock_host_state state_now(void)
{
	struct vmclock_host_state state = {.size = sizeof(state)};
	int fd = open(DEVICE, O_RDONLY);

	ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state);
	close(fd);
	return state;
}

/* A reader that waits in poll(2) for each update, all the time, and what it was told. */
static struct watcher {
	struct vmclock *clock;
	_Atomic bool stop;
	_Atomic uint8_t status;	    /* last seen */
	_Atomic int64_t changed_ns; /* when it became that, CLOCK_MONOTONIC */
	_Atomic uint32_t seen;
	uint64_t readings;
	uint64_t outside;
	uint64_t backwards;
	uint64_t timeouts; /* half-written for 100 ms */
	uint64_t markers;
	int64_t last_tai_ns;
	uint64_t last_marker;
	int64_t worst_ns;
} watcher;

static void judge(struct watcher *w, const struct vmclock_reading *r, int64_t before, int64_t after)
{
	int64_t early_ns = before - r->tai.time_ns;
	int64_t late_ns = r->tai.time_ns - after;

	w->readings++;
	if (r->tai.latest_ns < before || r->tai.earliest_ns > after)
		w->outside++;
	if (w->last_marker == r->disruption_marker && r->tai.time_ns < w->last_tai_ns)
		w->backwards++;
	w->markers += w->last_marker != r->disruption_marker;
	w->last_marker = r->disruption_marker;
	w->last_tai_ns = r->tai.time_ns;
	if (early_ns > w->worst_ns)
		w->worst_ns = early_ns;
	if (late_ns > w->worst_ns)
		w->worst_ns = late_ns;
}

static void look(struct watcher *w)
{
	int64_t tai_ns = TAI_S * INT64_C(1000000000);
	int64_t before = now_ns(CLOCK_REALTIME) + tai_ns;
	struct vmclock_reading reading;
	int rc = vmclock_now(w->clock, &reading);

	if (!rc)
		judge(w, &reading, before, now_ns(CLOCK_REALTIME) + tai_ns);
	w->timeouts += rc == -ETIMEDOUT;
	if (reading.clock_status != w->status) {
		w->changed_ns = now_ns(CLOCK_MONOTONIC);
		w->status = reading.clock_status;
	}
	w->seen++;
}

static void *watch(void *context)
{
	struct watcher *w = context;

	while (!w->stop) {
		vmclock_wait(w->clock, 100);
		look(w);
	}
	return NULL;
}

/* The watcher saw it; how long after `since_ns`, or -1. */
static int64_t watcher_saw(uint8_t status, int64_t since_ns)
{
	for (int i = 0; i < 3000; i++) {
		if (watcher.status == status)
			return watcher.changed_ns > since_ns ? watcher.changed_ns - since_ns : 0;
		sleep_ms(10);
	}
	return -1;
}

static void test_both_pages(void)
{
	struct vmclock_abi driver, file;
	struct vmclock_host_state state;

	check(becomes(DEVICE, SYNCHRONIZED), "the daemon's line is on the driver's page");
	check(becomes(FILE_PAGE, SYNCHRONIZED), "and on the page file");
	for (int i = 0; i < 100; i++) {
		driver = page_at(DEVICE);
		file = page_at(FILE_PAGE);
		if (driver.counter_value == file.counter_value)
			break;
	}
	check(driver.counter_value == file.counter_value && driver.time_sec == file.time_sec &&
		      driver.counter_period_frac_sec == file.counter_period_frac_sec,
	      "it is the same line");
	state = state_now();
	check(state.valid & VMCLOCK_HOST_STATE_WRITER && state.lease_left_ns > 0 &&
		      state.lease_left_ns <= LEASE_MS * MS,
	      "the kernel knows its writer, and the lease");
	check(open(DEVICE, O_RDWR) < 0 && errno == EBUSY, "there can be no second writer");
	check(unload_driver() < 0, "the module cannot be unloaded while the daemon uses it");
}

/* One life: it begins where the last one was cut off, and is cut off. */
static bool die_once(pid_t *daemon, unsigned int *random, int64_t *woken_ns, const char **fault)
{
	struct vmclock_abi page;
	int64_t killed_ns;

	sleep_ms(rand_r(random) % 400);
	killed_ns = now_ns(CLOCK_MONOTONIC);
	end_daemon(*daemon, SIGKILL);
	page = page_at(DEVICE);
	if (page.seq_count % 2)
		*fault = "seq_count is odd";
	else if (page.clock_status != FREERUNNING)
		*fault = "the page is not FREERUNNING";
	*woken_ns = watcher_saw(FREERUNNING, killed_ns);
	if (*woken_ns < 0)
		*fault = "who polls was not woken";
	*daemon = start_daemon();
	claim(true);
	if (watcher_saw(SYNCHRONIZED, 0) < 0)
		*fault = "the next life does not synchronize";
	return !*fault;
}

/* What vmclockctl prints on standard output has `wanted` in it. */
static void check_ctl(const char *command, const char *argument, const char *wanted)
{
	static char text[8192];
	int ends[2];
	ssize_t length;
	pid_t child;

	if (pipe(ends))
		return;
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		execl("/vmclockctl", "vmclockctl", command, argument, NULL);
		_exit(127);
	}
	close(ends[1]);
	waitpid(child, NULL, 0);
	length = read(ends[0], text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	close(ends[0]);
	check(strstr(text, wanted), "vmclockctl %s says '%s'", command, wanted);
	if (!strstr(text, wanted))
		note("%s", text);
}

static void test_ctl(void)
{
	check_ctl("status", NULL, "Page         /dev/vmclock_host of the kernel driver");
	check_ctl("status", NULL, "Lease        3.00 s");
	check_ctl("status", NULL, "Copy         /run/vmclock/page");
	check_ctl("page", DEVICE, "driver: line set ");
	check_ctl("page", NULL, "driver: open for writing");
	check_ctl("now", DEVICE, "Status       SYNCHRONIZED");
}

static void test_kills(pid_t *daemon, int kills)
{
	int64_t woken_us[200];
	uint64_t marker = page_at(DEVICE).disruption_marker;
	const char *fault = NULL;
	unsigned int random = 1;
	int n = 0;

	while (n < kills && die_once(daemon, &random, &woken_us[n], &fault)) {
		woken_us[n] /= 1000;
		n++;
	}
	check(n == kills, "%d of %d kills left an even, FREERUNNING page, pollers woken: %s", n,
	      kills, fault ? fault : "all well");
	check(page_at(DEVICE).disruption_marker == marker, "each next life continued the line");
	if (n)
		distribution("from the kill until a poller has read FREERUNNING", "us", woken_us,
			     n);
}

static void test_hang(pid_t daemon)
{
	uint64_t marker = page_at(DEVICE).disruption_marker;
	int64_t hung_ns = now_ns(CLOCK_MONOTONIC);
	int64_t took_ns;

	kill(daemon, SIGSTOP);
	took_ns = watcher_saw(FREERUNNING, hung_ns);
	check(took_ns >= 0, "the page of a daemon that hangs becomes FREERUNNING");
	note("%" PRId64 " ms after it was stopped, with a lease of %d ms", took_ns / 1000000,
	     LEASE_MS);
	kill(daemon, SIGCONT);
	claim(true);
	check(watcher_saw(SYNCHRONIZED, 0) >= 0, "it goes on when the daemon does");
	check(page_at(DEVICE).disruption_marker == marker, "with the same line");
}

/* The daemon lives and renews its lease, but has nothing to say that would be SYNCHRONIZED. */
static void test_silence(void)
{
	int64_t took_ns;

	claim(false);
	took_ns = watcher_saw(FREERUNNING, now_ns(CLOCK_MONOTONIC));
	check(took_ns >= 0, "without a source the page becomes FREERUNNING");
	sleep_ms(LEASE_MS + 1000);
	check(state_now().lease_left_ns > 0, "and its lease is renewed all the same");
	check(page_at(DEVICE).clock_status == FREERUNNING &&
		      page_at(FILE_PAGE).clock_status == FREERUNNING,
	      "as FREERUNNING, on both pages");
	claim(true);
	check(watcher_saw(SYNCHRONIZED, 0) >= 0, "the source is back");
}

static void report_watcher(pthread_t thread)
{
	watcher.stop = true;
	pthread_join(thread, NULL);
	vmclock_close(watcher.clock);
	note("a reader that polls: %" PRIu64 " readings, at most %" PRId64
	     " us from the machine's clock",
	     watcher.readings, watcher.worst_ns / 1000);
	check(watcher.readings > 0 && !watcher.outside, "%" PRIu64 " readings outside the bound",
	      watcher.outside);
	check(!watcher.backwards, "%" PRIu64 " readings went backwards", watcher.backwards);
	check(!watcher.timeouts, "%" PRIu64 " readings found an update half done",
	      watcher.timeouts);
}

static void test_lives(void)
{
	pthread_t thread;
	pid_t daemon = start_daemon();

	test_both_pages();
	check(!vmclock_open(NULL, 0, &watcher.clock), "libvmclock opens the device");
	pthread_create(&thread, NULL, watch, &watcher);
	test_ctl();
	test_kills(&daemon, 40);
	test_hang(daemon);
	test_silence();
	check(end_daemon(daemon, SIGTERM) == 0, "the daemon ends when asked to");
	check(page_at(DEVICE).clock_status == FREERUNNING &&
		      page_at(FILE_PAGE).clock_status == FREERUNNING,
	      "both pages are FREERUNNING then");
	report_watcher(thread);
}

static void test_late_module(void)
{
	uint64_t marker;
	pid_t daemon;

	check_errno(unload_driver(), 0, "nobody holds the module now");
	daemon = start_daemon();
	claim(true);
	check(becomes(FILE_PAGE, SYNCHRONIZED), "without the module there is the file");
	marker = page_at(FILE_PAGE).disruption_marker;
	check_errno(load_driver(), 0, "the module is loaded while the daemon runs");
	check(becomes(DEVICE, SYNCHRONIZED), "its page has the line by itself");
	check(page_at(FILE_PAGE).clock_status == SYNCHRONIZED &&
		      page_at(FILE_PAGE).disruption_marker == marker,
	      "the file goes on undisturbed");
	end_daemon(daemon, SIGTERM);
}

/* Another process has the device; then it is gone. */
static void test_rival(void)
{
	int rival = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct vmclock_host_reference ref = good_reference(1);
	pid_t daemon;

	ref.flags = VMCLOCK_HOST_REF_DISRUPT;
	check_errno(rival, 0, "somebody else opens the device");
	check_errno(ioctl(rival, VMCLOCK_HOST_SET_REFERENCE, &ref), 0, "and sets its page");
	daemon = start_daemon();
	claim(true);
	check(becomes(FILE_PAGE, SYNCHRONIZED), "the daemon has the file meanwhile");
	close(rival);
	for (int i = 0; i < 3000 && page_at(DEVICE).time_sec < 1000; i++)
		sleep_ms(10);
	check(page_at(DEVICE).time_sec > 1000, "it takes the device when it is free");
	end_daemon(daemon, SIGTERM);
}

static void show_log(void)
{
	char line[300];
	FILE *log = fopen("/run/daemon.log", "r");

	while (log && fgets(line, sizeof(line), log))
		printf("# %s", line);
	if (log)
		fclose(log);
}

int main(void)
{
	FILE *file = fopen("/run/vmclockd.conf", "w");

	fputs(configuration, file);
	fclose(file);
	mkdir("/run/vmclock", 0755);
	check_errno(load_driver(), 0, "the module loads");
	claim(true);
	test_lives();
	test_late_module();
	test_rival();
	show_log();
	return done();
}
