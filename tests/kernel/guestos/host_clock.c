// SPDX-License-Identifier: GPL-2.0-or-later
/* The page before anybody has set it: it follows the host's own clock. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "timekeeper.h"

#define NS_PS 1000LL
#define GOAL_PS (20 * NS_PS)
#define SETTLE_S 30 /* only a page that never arrives takes so long */
#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static const volatile struct vmclock_abi *page;
static uint64_t counter_rate; /* Hz */
static int device;

static int adjust(unsigned int modes, long freq, long offset)
{
	struct timex tx = {.modes = modes, .freq = freq, .offset = offset};

	if (modes == ADJ_TAI)
		tx.constant = offset;
	if (modes == ADJ_STATUS)
		tx.status = (int)offset;
	return adjtimex(&tx);
}

static struct vmclock_host_state state_of(void)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	check(!ioctl(device, VMCLOCK_HOST_GET_REFERENCE, &state), "GET_REFERENCE");
	return state;
}

static bool offered(void)
{
	struct vmclock_host_info info = {.size = sizeof(info)};

	return !ioctl(device, VMCLOCK_HOST_GET_INFO, &info) &&
	       info.features & VMCLOCK_HOST_FEATURE_PAGE_FROM_HOST;
}

/* Waits until the page says this; a page that never does fails the test, whatever the machine. */
static bool becomes(int status)
{
	for (int i = 0; i < SETTLE_S * 100 && page->clock_status != status; i++)
		sleep_ms(10);
	return page->clock_status == status;
}

/* What the page, the timekeeper and a snapshot say at the snapshot's counter. */
struct moment {
	struct vmclock_abi page;
	struct timekeeper tk;
	struct vmclock_host_snapshot snapshot;
	int64_t page_ps;     /* page - what NTP wants CLOCK_TAI to be */
	int64_t later_ps;    /* the same a second later, if nothing changes */
	int64_t snapshot_ps; /* snapshot, rounded down to ns - what the clock says */
	int64_t host_ps;     /* page - CLOCK_TAI */
};

/* Nothing changes between the first reading and the last: else once more. */
static void look(struct moment *m)
{
	struct timekeeper again;
	uint64_t counter;
	uint64_t later;
	instant tai;

	do {
		timekeeper_read(&m->tk);
		m->snapshot = (struct vmclock_host_snapshot){.size = sizeof(m->snapshot)};
		if (ioctl(device, VMCLOCK_HOST_GET_SNAPSHOT, &m->snapshot))
			note("no snapshot: %s", strerror(errno));
		m->page = page_copy(page, &counter);
		timekeeper_read(&again);
	} while (again.updates != m->tk.updates);

	counter = m->snapshot.counter_value;
	m->page_ps = instant_ps(page_at(&m->page, counter) - timekeeper_wants(&m->tk, counter));
	later = counter + counter_rate;
	m->later_ps = instant_ps(page_at(&m->page, later) - timekeeper_wants(&m->tk, later));
	m->host_ps = instant_ps(page_at(&m->page, counter) - timekeeper_says(&m->tk, counter));
	tai = (instant)m->snapshot.realtime_ns + (instant)m->tk.tai_offset * 1000000000;
	m->snapshot_ps = instant_ps(
		(((tai / 1000000000) << 64) + ((tai % 1000000000) << 64) / 1000000000) -
		timekeeper_says(&m->tk, counter));
}

static int64_t size(int64_t ps)
{
	return ps < 0 ? -ps : ps;
}

/* Waits until the page is where it should be, and stays there. */
static bool settled(void)
{
	struct moment m;

	for (long i = 0; i < SETTLE_S * 20; i++) {
		look(&m);
		if (size(m.page_ps) <= GOAL_PS && size(m.later_ps - m.page_ps) <= 2)
			return true;
		sleep_ms(50);
	}
	return false;
}

/* --- A reader that never sees time go back, unless the marker says so. --- */

struct watcher {
	pthread_t thread;
	atomic_bool stop;
	long readings;
	long steps_back;
	long markers;
};

static void *watch(void *data)
{
	struct watcher *w = data;
	struct vmclock_abi was;
	struct vmclock_abi is;
	uint64_t counter;
	instant before;
	instant now;

	was = page_copy(page, &counter);
	before = page_at(&was, counter);
	while (!atomic_load(&w->stop)) {
		is = page_copy(page, &counter);
		now = page_at(&is, counter);
		w->readings++;
		if (is.disruption_marker != was.disruption_marker)
			w->markers++;
		else if (now < before && is.clock_status == VMCLOCK_STATUS_FREERUNNING)
			w->steps_back++;
		was = is;
		before = now;
		usleep(20); /* the machine's only processor is for the others too */
	}
	return NULL;
}

static void start_watching(struct watcher *w)
{
	*w = (struct watcher){.readings = 0};
	pthread_create(&w->thread, NULL, watch, w);
}

static void stop_watching(struct watcher *w, const char *what)
{
	atomic_store(&w->stop, true);
	pthread_join(w->thread, NULL);
	check(w->readings > 0 && w->steps_back == 0,
	      "%s: time goes back in none of %ld readings, %ld new markers", what, w->readings,
	      w->markers);
}

/* --- Accuracy. --- */

#define MOMENTS 50

static int64_t page_error[MOMENTS];
static int64_t host_error[MOMENTS];
static int64_t snapshot_error[MOMENTS];

/* Looks that often, with pauses, and prints what was seen. Returns the greatest error of the page. */
static int64_t collect(const char *what, int n, long pause_ms)
{
	int64_t worst = 0;
	struct moment m;
	char title[100];

	for (int i = 0; i < n; i++) {
		if (pause_ms)
			sleep_ms(pause_ms);
		look(&m);
		page_error[i] = m.page_ps;
		host_error[i] = m.host_ps;
		snapshot_error[i] = m.snapshot_ps;
		worst = size(m.page_ps) > worst ? size(m.page_ps) : worst;
	}
	snprintf(title, sizeof(title), "%s: page - (REALTIME + ntp_error)", what);
	distribution(title, "ps", page_error, n);
	snprintf(title, sizeof(title), "%s: page - REALTIME", what);
	distribution(title, "ps", host_error, n);
	check(snapshot_error[0] > -2 * NS_PS && snapshot_error[n - 1] <= 0,
	      "%s: the snapshot is REALTIME, rounded down to ns", what);
	return worst;
}

static long random_ppm(long limit)
{
	return random() % (2 * limit + 1) - limit;
}

/* Rates of the range that NTP has, each looked at from the moment that it is set. */
static void test_rates(const char *what, long pause_ms)
{
	unsigned int updates = 0;
	int64_t worst = 0;
	unsigned int seq;
	int64_t seen;
	long ppm;

	for (int i = 0; i < 4; i++) {
		ppm = i < 3 ? random_ppm(500) : 0;
		adjust(ADJ_FREQUENCY, ppm * 65536, 0);
		check(settled(), "%s, %ld ppm: the page arrives", what, ppm);
		seq = page->seq_count;
		seen = collect(what, pause_ms > 100 ? 5 : 50, pause_ms);
		worst = seen > worst ? seen : worst;
		updates += (page->seq_count - seq) / 2;
	}
	/* Few, as a machine that is slow may still have had something to slew. */
	check(updates <= 4, "%s: a line that is straight is published once (%u more)", what,
	      updates);
	check(worst <= GOAL_PS, "%s: the page is within %lld ns (%.3f)", what, GOAL_PS / NS_PS,
	      (double)worst / NS_PS);
}

/* A moment of a page that has said the same for two seconds: nothing is being slewed. */
static void look_steady(struct moment *m)
{
	uint32_t seq;

	for (int i = 0; i < SETTLE_S; i++) {
		look(m);
		seq = m->page.seq_count;
		sleep_ms(2000);
		look(m);
		if (m->page.seq_count == seq && size(m->page_ps) <= GOAL_PS)
			return;
	}
}

/* From one to the next the period changes by exactly what NTP was told. */
static void test_period(void)
{
	long double ratio;
	struct moment slow;
	struct moment fast;

	adjust(ADJ_FREQUENCY, 0, 0);
	check(settled(), "the page arrives");
	look_steady(&slow);
	adjust(ADJ_FREQUENCY, 100 * 65536, 0);
	check(settled(), "the page arrives");
	look_steady(&fast);
	ratio = (long double)fast.page.counter_period_frac_sec /
		(long double)slow.page.counter_period_frac_sec;
	check(ratio > 1.0001L - 1e-10L && ratio < 1.0001L + 1e-10L,
	      "100 ppm more make the period 100 ppm longer (%.13Lf)", ratio);
	adjust(ADJ_FREQUENCY, 0, 0);
}

static void test_slew(const char *what, unsigned int modes, long offset)
{
	struct watcher w;
	bool arrived;

	start_watching(&w);
	check(adjust(modes, 0, offset) >= 0, "%s begins", what);
	sleep_ms(300);
	collect(what, 40, 50);
	if (modes & ADJ_OFFSET && modes != ADJ_OFFSET_SINGLESHOT)
		adjust(ADJ_OFFSET, 0, 0);
	arrived = settled();
	stop_watching(&w, what);
	check(arrived, "%s: the page arrives", what);
	check(w.markers == 0, "%s: without a new marker", what);
}

/* In the middle of a slew, the opposite is asked for, and then nothing more. */
static void test_reversed_slew(void)
{
	struct watcher w;

	start_watching(&w);
	adjust(ADJ_OFFSET_SINGLESHOT, 0, 3000);
	sleep_ms(2300);
	adjust(ADJ_OFFSET_SINGLESHOT, 0, -3000);
	collect("a slew reversed", 20, 50);
	sleep_ms(1500);
	adjust(ADJ_OFFSET_SINGLESHOT, 0, 0);
	collect("a slew cancelled", 20, 50);
	check(settled(), "a slew reversed and cancelled: the page arrives");
	stop_watching(&w, "a slew reversed and cancelled");
}

#define GUEST_OFFSET 123456789ULL
#define GUEST_RATIO 0xc000000000000000ULL /* of 2^63: 1.5 */

static uint64_t guest_counter(uint64_t counter)
{
	return (uint64_t)(((unsigned __int128)counter * GUEST_RATIO) >> 63) + GUEST_OFFSET;
}

/* A guest's page is the same line for another counter, whoever makes the line. */
static void test_guest(void)
{
	struct vmclock_guest_config config = {.size = sizeof(config),
					      .flags = VMCLOCK_GUEST_SCALE,
					      .offset = GUEST_OFFSET,
					      .ratio = GUEST_RATIO,
					      .frac_bits = 63};
	int fd = ioctl(device, VMCLOCK_HOST_CREATE_GUEST, &config);
	const volatile struct vmclock_abi *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	struct vmclock_abi guest;
	struct vmclock_abi host;
	uint64_t counter;
	int64_t off_ps;

	check(fd >= 0 && map != MAP_FAILED, "a guest has a page");
	adjust(ADJ_FREQUENCY, 50 * 65536, 0);
	check(settled(), "the page arrives");
	guest = page_copy(map, &counter);
	host = page_copy(page, &counter);
	off_ps = instant_ps(page_at(&guest, guest_counter(counter)) - page_at(&host, counter));
	check(guest.clock_status == VMCLOCK_STATUS_FREERUNNING && guest.flags == host.flags &&
		      size(off_ps) <= NS_PS,
	      "which follows the host's clock too (%" PRId64 " ps)", off_ps);
	adjust(ADJ_FREQUENCY, 0, 0);
	munmap((void *)map, 4096);
	close(fd);
}

static void test_accuracy(void)
{
	struct watcher w;

	test_period();
	test_rates("idle", 700);
	start_watching(&w);
	test_rates("busy", 20);
	stop_watching(&w, "busy");
	test_slew("slewing 2 ms forward", ADJ_OFFSET_SINGLESHOT, 2000);
	test_slew("slewing 1 ms back", ADJ_OFFSET_SINGLESHOT, -1000);
	test_reversed_slew();
	adjust(ADJ_STATUS, 0, STA_PLL | STA_NANO);
	test_slew("a phase-locked loop, 300 us", ADJ_OFFSET | ADJ_NANO, 300000);
	test_slew("a phase-locked loop, -300 us", ADJ_OFFSET | ADJ_NANO, -300000);
	adjust(ADJ_STATUS, 0, 0);
	adjust(ADJ_FREQUENCY, 0, 0);
}

/* --- The clock is set, and what TAI has to do with it. --- */

static void set_by_ns(long long ns)
{
	struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};

	tx.time.tv_sec = ns / 1000000000 - (ns % 1000000000 < 0);
	tx.time.tv_usec = ns % 1000000000 + (ns % 1000000000 < 0 ? 1000000000 : 0);
	check(adjtimex(&tx) >= 0, "the clock is set by %lld ns", ns);
}

/* Waits for another marker than this. */
static bool marker_changes(uint64_t marker)
{
	for (int i = 0; i < SETTLE_S * 100 && page->disruption_marker == marker; i++)
		sleep_ms(10);
	return page->disruption_marker != marker;
}

static void test_step(const char *what, long long ns)
{
	uint64_t marker = page->disruption_marker;
	struct vmclock_abi is;
	uint64_t counter;
	struct moment m;

	set_by_ns(ns);
	check(marker_changes(marker), "%s: a new marker", what);
	is = page_copy(page, &counter);
	look(&m);
	check(size(m.page_ps) <= GOAL_PS, "%s: the page is there at once (%.3f ns)", what,
	      (double)m.page_ps / NS_PS);
	check(state_of().disruption_reason == VMCLOCK_HOST_REASON_HOST_CLOCK,
	      "%s: GET_REFERENCE says why", what);
	check(!(is.flags & VMCLOCK_FLAG_TIME_MONOTONIC) || is.seq_count != page->seq_count,
	      "%s: what stepped does not promise to be monotonic", what);
	for (int i = 0; i < SETTLE_S * 10 && !(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC); i++)
		sleep_ms(100);
	check(page->flags & VMCLOCK_FLAG_TIME_MONOTONIC, "%s: but promises it again", what);
}

/* What TAI hardly shows is no disruption. */
static void test_small_step(void)
{
	uint64_t marker = page->disruption_marker;
	struct watcher w;
	bool arrived;

	start_watching(&w);
	set_by_ns(-5000);
	arrived = settled();
	stop_watching(&w, "a clock set back by 5 us");
	check(arrived && page->disruption_marker == marker,
	      "5 us back: the page arrives without a new marker");
}

static void test_setting(void)
{
	test_step("an hour forward", 3600000000000LL);
	test_step("an hour back", -3600000000000LL);
	test_step("20 us back", -20000);
	test_small_step();
}

static void test_tai_offset(void)
{
	uint64_t marker = page->disruption_marker;

	adjust(ADJ_TAI, 0, 38);
	check(marker_changes(marker) && (int16_t)page->tai_offset_sec == -38,
	      "another TAI offset is another TAI: a new marker");
	marker = page->disruption_marker;
	adjust(ADJ_TAI, 0, 37);
	check(marker_changes(marker) && (int16_t)page->tai_offset_sec == -37, "and back");
}

/* Until this second of the clock, with 10 ms to spare. */
static void wait_until(time_t sec)
{
	struct timespec then = {sec, 10000000};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &then, NULL);
}

#define MIDNIGHT 1798761600 /* at the end of 2026 */

/* The kernel inserts no leap second before it has seen a second in which none was asked for. */
static void over_the_last_leap_second(void)
{
	for (int i = 0; i < SETTLE_S * 100 && adjust(ADJ_STATUS, 0, 0) != TIME_OK; i++)
		sleep_ms(10);
}

/* The kernel inserts 23:59:60 by repeating 23:59:59; TAI goes on. */
static void test_leap_second(int offset_after)
{
	struct timespec before = {MIDNIGHT - 6, 0};
	struct vmclock_abi was;
	struct watcher w;
	uint64_t counter;
	struct moment m;

	over_the_last_leap_second();
	clock_settime(CLOCK_REALTIME, &before);
	sleep_ms(100);
	adjust(ADJ_STATUS, 0, STA_INS);
	for (int i = 0; i < 400 && page->leap_indicator != VMCLOCK_LEAP_PRE_POS; i++)
		sleep_ms(10);
	was = page_copy(page, &counter);
	check(was.leap_indicator == VMCLOCK_LEAP_PRE_POS, "a leap second to come is announced");
	start_watching(&w);
	wait_until(MIDNIGHT + 1);
	stop_watching(&w, "a leap second");
	check((int16_t)page->tai_offset_sec == -offset_after,
	      "the leap second is in the TAI offset (%d)", (int16_t)page->tai_offset_sec);
	check(page->disruption_marker == was.disruption_marker,
	      "it is no disruption, for TAI goes on");
	look(&m);
	m.page_ps += m.tk.tai_offset * 1000000000000LL; /* whatever the kernel's is */
	check(size(m.page_ps - offset_after * 1000000000000LL) <= GOAL_PS,
	      "and the page with it (%.3f ns)",
	      (double)(m.page_ps - offset_after * 1000000000000LL) / NS_PS);
	adjust(ADJ_STATUS, 0, 0);
	for (int i = 0; i < SETTLE_S * 100 && page->leap_indicator != VMCLOCK_LEAP_NONE; i++)
		sleep_ms(10);
	check(page->leap_indicator == VMCLOCK_LEAP_NONE, "nothing is announced any more");
}

/* --- When it begins and ends. --- */

static void test_before_tai_is_known(void)
{
	check(offered(), "GET_INFO offers a page from the host");
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE,
	      "where nobody has set the TAI offset, the page is UNRELIABLE");
	check(!(state_of().valid & (VMCLOCK_HOST_STATE_FROM_HOST | VMCLOCK_HOST_STATE_DIFFERENCE)),
	      "and GET_REFERENCE knows no line");
}

static void test_beginning(void)
{
	const uint64_t wanted = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_TIME_MONOTONIC;
	uint64_t marker = page->disruption_marker;
	struct vmclock_host_state state;
	struct pollfd pfd = {.fd = device, .events = POLLIN};
	char buffer[64];

	pread(device, buffer, sizeof(buffer), 0);
	adjust(ADJ_TAI, 0, 37);
	check(poll(&pfd, 1, SETTLE_S * 1000) == 1, "who waits is woken when it is set");
	check(becomes(VMCLOCK_STATUS_FREERUNNING), "the page is then FREERUNNING");
	check(page->flags == wanted, "with a TAI offset, and without errors (%#" PRIx64 ")",
	      (uint64_t)page->flags);
	check((int16_t)page->tai_offset_sec == -37 && page->leap_indicator == VMCLOCK_LEAP_NONE &&
		      page->time_type == VMCLOCK_TIME_TAI && page->disruption_marker == marker,
	      "UTC is 37 s behind it");
	state = state_of();
	check((state.valid & VMCLOCK_HOST_STATE_FROM_HOST) &&
		      !(state.valid & VMCLOCK_HOST_STATE_REFERENCE) && !state.set_by_pid &&
		      state.line.counter_value == page->counter_value,
	      "GET_REFERENCE says that nobody has set it");
}

/* The page is NTP's line: the difference is what NTP still has to correct. */
static void test_host_fields(void)
{
	const uint32_t wanted = VMCLOCK_HOST_STATE_HOST_CLOCK | VMCLOCK_HOST_STATE_DIFFERENCE;
	struct vmclock_host_state state = state_of();
	double ppm;

	check((state.valid & wanted) == wanted, "GET_REFERENCE has the fields of the host's clock");
	check(!(state.valid & VMCLOCK_HOST_STATE_PENDING_PHASE) && !state.pending_phase_ns,
	      "but not what no kernel tells a module");
	check(llabs(state.host_minus_reference_ns + (state.ntp_error_frac_ns >> 32)) <= 20,
	      "host - page is what NTP has to correct: %" PRId64 " ns, %.3f ns",
	      (int64_t)state.host_minus_reference_ns,
	      (double)state.ntp_error_frac_ns / 4294967296.0);
	adjust(ADJ_FREQUENCY, 0, 0);
	sleep_ms(50);
	ppm = (double)state_of().host_rate_offset;
	adjust(ADJ_FREQUENCY, 250 * 65536, 0);
	sleep_ms(50);
	ppm = ((double)state_of().host_rate_offset - ppm) / 4294967296.0 * 1e6;
	check(ppm > 249.99 && ppm < 250.01, "the rate offset follows adjtimex (%.6f ppm)", ppm);
	adjust(ADJ_FREQUENCY, 0, 0);
}

static void test_clocksource(void)
{
	uint64_t marker = page->disruption_marker;
	uint32_t seq = state_of().clocksource_seq;

	check(put_text(CLOCKSOURCE, "hpet"), "the clocksource becomes hpet");
	check(becomes(VMCLOCK_STATUS_UNRELIABLE) && page->disruption_marker != marker,
	      "the page is UNRELIABLE with a new marker");
	check(!offered(), "GET_INFO does not offer it any more");
	check(!(state_of().valid & VMCLOCK_HOST_STATE_HOST_CLOCK) &&
		      state_of().clocksource_seq != seq &&
		      state_of().disruption_reason == VMCLOCK_HOST_REASON_HOST_CLOCK,
	      "nor GET_REFERENCE the host's fields");
	check(put_text(CLOCKSOURCE, "tsc"), "the clocksource becomes tsc again");
	check(becomes(VMCLOCK_STATUS_FREERUNNING) && offered(), "the page follows it again");
	check(settled(), "and arrives");
}

static void test_first_reference(void)
{
	int writer = open(DEVICE, O_RDWR);
	struct vmclock_host_reference ref = good_reference(page->time_sec - 100);
	uint64_t marker = page->disruption_marker;
	uint64_t value;

	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING, "a writer alone changes nothing");
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), 0,
		    "the first line may be far behind the host's");
	check(page->disruption_marker != marker &&
		      ref.disruption_marker == page->disruption_marker &&
		      page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED,
	      "it has a new marker then");
	check((state_of().valid & VMCLOCK_HOST_STATE_REFERENCE) &&
		      !(state_of().valid & VMCLOCK_HOST_STATE_FROM_HOST),
	      "GET_REFERENCE says that it was set");
	ref.line.time_sec -= 100;
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref), ESTALE, "the second may not");
	close(writer);
	value = page->counter_value;
	adjust(ADJ_FREQUENCY, 100 * 65536, 0);
	set_by_ns(1000000000);
	sleep_ms(500);
	check(page->clock_status == VMCLOCK_STATUS_FREERUNNING && page->counter_value == value,
	      "when the writer is gone its line stays, whatever the host's clock does");
	adjust(ADJ_FREQUENCY, 0, 0);
}

/* --- How the module is loaded. --- */

static void let_go(void)
{
	close(device);
	munmap((void *)page, 4096);
	check_errno(unload_driver(), 0, "the module unloads");
}

static void take(const char *parameters)
{
	char all[200];
	int status;

	snprintf(all, sizeof(all), "%s %s", getenv("driver_parameters") ?: "", parameters);
	check_errno(load_module("/vmclock_host.ko", all), 0, "the module loads");
	device = open(DEVICE, O_RDONLY);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0);
	if (page == MAP_FAILED)
		exit(1);
	status = page->clock_status;
	note("loaded with \"%s\": status %d", parameters, status);
}

static void test_parameters(void)
{
	check_errno(load_module("/vmclock_host.ko", "tai_offset=9"), EINVAL, "TAI - UTC below 10");
	check_errno(load_module("/vmclock_host.ko", "tai_offset=1001"), EINVAL, "and above 1000");
	take("page_from_host=0");
	sleep_ms(300);
	check(page->clock_status == VMCLOCK_STATUS_UNRELIABLE && !offered(),
	      "page_from_host=0: the page waits for a writer");
	let_go();
}

/* A kernel that was never told the TAI offset, with a module that was. */
static void test_offset_by_parameter(void)
{
	adjust(ADJ_TAI, 0, 0);
	take("tai_offset=37");
	check(becomes(VMCLOCK_STATUS_FREERUNNING) && (int16_t)page->tai_offset_sec == -37,
	      "tai_offset=37 stands in for what the kernel was not told");
	test_leap_second(38);
	adjust(ADJ_TAI, 0, 38);
	sleep_ms(300);
	check((int16_t)page->tai_offset_sec == -38, "the kernel's own is taken when it is set");
	let_go();
}

/* Where the clocksource is not the counter there is nothing to follow. */
static void test_elsewhere(void)
{
	adjust(ADJ_TAI, 0, 37);
	sleep_ms(300);
	check(!offered() && page->clock_status == VMCLOCK_STATUS_UNRELIABLE,
	      "where the clocksource is not the counter, the page is UNRELIABLE");
	check(!(state_of().valid & ~VMCLOCK_HOST_STATE_WRITER), "and GET_REFERENCE knows nothing");
	let_go();
}

int main(void)
{
	bool counts = timekeeper_counts();

	take("");
	counter_rate = counter_hz();
	if (!counts) {
		test_elsewhere();
		return done();
	}
	check_errno(load_module("/modules.test/timekeeper.ko", ""), 0, "the timekeeper is shown");
	test_before_tai_is_known();
	test_beginning();
	test_host_fields();
	test_accuracy();
	test_guest();
	test_setting();
	test_tai_offset();
	test_leap_second(38);
	test_clocksource();
	test_first_reference();
	let_go();
	test_parameters();
	test_offset_by_parameter();
	return done();
}
