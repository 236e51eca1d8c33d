// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules by which the host's clock follows the reference, and stops doing so. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "reference.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define SECOND ((vmclock_instant)1 << 64)

/* A line that the clock is on, 100 ppm from nominal. */
static struct vmclock_line here(int fd)
{
	return line_through(host_clock(fd), 100000000);
}

static struct timex kernel_state(void)
{
	struct timex state = {.modes = 0};

	adjtimex(&state);
	return state;
}

static void test_refused(int fd)
{
	struct vmclock_line line = here(fd);
	struct vmclock_line off = line;
	struct vmclock_line fast = line_through(host_clock(fd), 600000000);
	struct vmclock_host_reference ref = reference(&line);
	struct timex before = kernel_state();
	struct timex after;

	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	ref.line.flags &= ~VMCLOCK_FLAG_TAI_OFFSET_VALID;
	check_errno(set_reference(fd, ref), EINVAL, "nobody knows the TAI offset");
	ref = reference(&line);
	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	ref.line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	check_errno(set_reference(fd, ref), EINVAL, "a line that is UNRELIABLE");
	check_errno(steer(fd, &fast), ERANGE, "600 ppm from nominal");
	off.origin += 10 * SECOND;
	check_errno(steer(fd, &off), ERANGE, "10 s off, only slewing");
	check_errno(steer_step(fd, &off, 20000 * MS), ERANGE, "10 s off, stepping above 20 s");
	off.origin = 30 * SECOND;
	check_errno(steer_step(fd, &off, 0), ERANGE, "1970");
	after = kernel_state();
	check(after.freq == before.freq && after.status == before.status && after.tai == 0 &&
		      after.maxerror >= before.maxerror,
	      "nothing of this has changed the clock");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "or is being done");
}

static void test_status(int fd)
{
	struct vmclock_line line = here(fd);
	struct vmclock_host_reference ref = reference(&line);
	struct timespec real, tai;
	struct timex now;

	check_errno(steer_step(fd, &line, 0), 0, "STEER_STEP");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP, "is being done");
	now = kernel_state();
	check(!(now.status & STA_UNSYNC) && now.tai == TAI_OFFSET, "synchronized, with the TAI offset");
	check(now.maxerror >= 5 && now.maxerror < 1000 && now.esterror == 1,
	      "with the errors of the reference: %ld and %ld us", now.maxerror, now.esterror);
	/* A kHz that the kernel does not know of is 1 ppm here; faster counter, slower clock. */
	check(now.freq > 98 << 16 && now.freq < 102 << 16, "with its rate: %ld / 65536 ppm", now.freq);
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_TAI, &tai);
	check(tai.tv_sec - real.tv_sec == TAI_OFFSET, "CLOCK_TAI is TAI");
	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	ref.line.clock_status = VMCLOCK_STATUS_FREERUNNING;
	check_errno(set_reference(fd, ref), 0, "FREERUNNING");
	check(kernel_state().status & STA_UNSYNC, "is not synchronized");
}

static void test_pending(int fd)
{
	struct timex left = {.modes = ADJ_OFFSET_SS_READ};
	struct vmclock_line line = here(fd);
	int64_t sum;

	check_errno(steer(fd, &line), 0, "STEER");
	line.origin += SECOND / 1000;
	check_errno(steer(fd, &line), 0, "a reference that is 1 ms ahead");
	sum = state_of(fd).host_minus_reference_ns + outstanding_ps(fd) / 1000;
	check(sum > -50 && sum < 50, "what it is off is outstanding: but for %" PRId64 " ns", sum);
	adjtimex(&left);
	check(left.offset > 990 && left.offset <= 1000, "adjtime() reads %ld us", left.offset);
	sleep_ms(1000);
	sum = state_of(fd).pending_phase_ns;
	check(sum > 490000 && sum < 510000, "half of it after a second: %" PRId64 " ns", sum);
}

/* What other programs may do without steering. */
static void test_harmless(int fd)
{
	struct timex harmless = {.modes = ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TIMECONST,
				 .maxerror = 77,
				 .constant = 7};
	struct vmclock_line line = here(fd);
	int64_t off;

	check_errno(steer_step(fd, &line, 0), 0, "STEER_STEP");
	check(adjtimex(&harmless) >= 0, "somebody sets status and errors");
	sleep_ms(2000);
	off = error_ps(fd, &line);
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP && off > -50000 && off < 50000,
	      "the clock goes on to follow: %" PRId64 " ps", off);
}

static int clock_set(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return settimeofday(&now, NULL);
}

static int modes(int modes, long freq, long tick)
{
	struct timex txc = {.modes = (unsigned int)modes, .freq = freq, .tick = tick};

	return adjtimex(&txc) < 0 ? -1 : 0;
}

static int set_frequency(void)
{
	return modes(ADJ_FREQUENCY, 10 << 16, 0);
}

static int set_tick(void)
{
	return modes(ADJ_TICK, 0, 10000);
}

static int set_offset(void)
{
	return modes(ADJ_OFFSET, 0, 0);
}

static int shift_clock(void)
{
	return modes(ADJ_SETOFFSET, 0, 0);
}

static int slew_clock(void)
{
	return modes(ADJ_OFFSET_SINGLESHOT, 0, 0);
}

static int switch_clocksource(void)
{
	return put_text(CLOCKSOURCE, "hpet") && put_text(CLOCKSOURCE, "tsc") ? 0 : -1;
}

/*
 * Processes are frozen and run again. In virtual time the machine does not come back from more than
 * that; and the driver ends it before the kernel would, for the line is void whether the machine
 * falls asleep or not.
 */
static int rehearse_sleep(void)
{
	bool good =
		put_text("/sys/power/pm_test", "freezer") && put_text("/sys/power/state", "freeze");

	return put_text("/sys/power/pm_test", "none") && good ? 0 : -1;
}

/* It ends, says so, does not begin again by itself, and does when it is told to. */
static void test_end(int fd, const char *what, int (*interfere)(void))
{
	struct vmclock_line line = here(fd);
	struct vmclock_host_reference none;

	line.origin += SECOND / 10000;
	check_errno(steer(fd, &line), 0, "the clock follows");
	check_errno(interfere(), 0, what);
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "it does not any more");
	sleep_ms(50);
	check(state_of(fd).pending_phase_ns == 0, "no phase is corrected any more");
	line = here(fd);
	check_errno(steer(fd, &line), 0, "the page is set none the less");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "the clock is left alone");
	none = reference(&line);
	check_errno(set_reference(fd, none), 0, "NONE");
	line = here(fd);
	check_errno(steer(fd, &line), 0, "STEER");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER, "the clock follows again");
	check_errno(set_reference(fd, none), 0, "NONE");
}

static void test_other_clocksource(int fd)
{
	struct vmclock_line line = here(fd);

	check(put_text(CLOCKSOURCE, "hpet"), "the clocksource is not the counter");
	check_errno(steer(fd, &line), ENODEV, "STEER");
	check(put_text(CLOCKSOURCE, "tsc"), "it is again");
	check_errno(steer(fd, &line), 0, "STEER");
}

static void test_lease(int fd)
{
	struct vmclock_line line = here(fd);
	struct vmclock_host_reference ref = reference(&line);
	long freq;

	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	ref.lease_ns = 100 * MS;
	check_errno(set_reference(fd, ref), 0, "a lease of 100 ms");
	freq = kernel_state().freq;
	sleep_ms(1200);
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "when it has lapsed the clock is left alone");
	check(kernel_state().freq == freq, "its rate stays");
}

static int disrupt(int fd, uint32_t reason)
{
	struct vmclock_host_disrupt request = {.size = sizeof(request), .reason = reason};

	return ioctl(fd, VMCLOCK_HOST_DISRUPT, &request);
}

/* The clock on the line, and then the line 1 ms ahead of it. */
static struct vmclock_line slewing(int fd)
{
	struct vmclock_line line = here(fd);

	check_errno(set_reference(fd, reference(&line)), 0, "NONE");
	check_errno(steer_step(fd, &line, 0), 0, "the clock follows");
	line.origin += SECOND / 1000;
	check_errno(steer(fd, &line), 0, "a reference that is 1 ms ahead");
	return line;
}

/* The writer says so, and no more: the line holds, and the clock goes on to it. */
static void test_marker(int fd)
{
	struct vmclock_line line = slewing(fd);
	uint64_t marker = state_of(fd).disruption_marker;
	int64_t off;

	check_errno(disrupt(fd, VMCLOCK_HOST_REASON_WRITER), 0, "DISRUPT, reason WRITER");
	sleep_ms(3000);
	off = error_ps(fd, &line);
	check(state_of(fd).disruption_marker != marker, "the marker is another one");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER && off > -50000 && off < 50000,
	      "the clock went on to the line: %" PRId64 " ps", off);
}

/* The line is void: the clock keeps its rate, slews no further, and waits to be told. */
static void test_void(int fd, uint32_t reason, const char *what)
{
	struct vmclock_line line = slewing(fd);
	struct vmclock_host_state state;
	long freq = kernel_state().freq;
	int64_t before, after;

	check_errno(disrupt(fd, reason), 0, what);
	state = state_of(fd);
	check(state.host_clock == VMCLOCK_HOST_CLOCK_NONE, "the clock is not steered any more");
	check(!(state.valid & VMCLOCK_HOST_STATE_REFERENCE), "there is no line");
	sleep_ms(50);
	check(state_of(fd).pending_phase_ns == 0, "no phase is corrected any more");
	before = error_ps(fd, &line);
	sleep_ms(3000);
	after = error_ps(fd, &line);
	check(kernel_state().freq == freq && after - before < 2000000 && before - after < 2000000,
	      "its rate stays: %" PRId64 " ps in 3 s", after - before);
	check_errno(steer(fd, &line), 0, "a new line is taken");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_NONE, "for the page only");
	check_errno(set_reference(fd, reference(&line)), 0, "NONE");
	check_errno(steer(fd, &line), 0, "STEER");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER, "the clock follows again");
}

/* Without having been steered, a disruption takes nothing from who steers next. */
static void test_disrupted_before(int fd)
{
	struct vmclock_line line = here(fd);

	check_errno(set_reference(fd, reference(&line)), 0, "NONE");
	check_errno(disrupt(fd, VMCLOCK_HOST_REASON_COUNTER), 0, "DISRUPT of a page alone");
	check_errno(steer_step(fd, &line, 0), 0, "STEER_STEP");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP, "is being done");
}

static void test_disrupt(int fd)
{
	test_marker(fd);
	test_void(fd, VMCLOCK_HOST_REASON_MIGRATION, "DISRUPT, reason MIGRATION");
	test_void(fd, VMCLOCK_HOST_REASON_COUNTER, "DISRUPT, reason COUNTER");
	test_void(fd, VMCLOCK_HOST_REASON_SUSPEND, "DISRUPT, reason SUSPEND");
	test_disrupted_before(fd);
}

static int writer_again(int fd)
{
	struct vmclock_line line;

	close(fd);
	fd = open(DEVICE, O_RDWR);
	line = here(fd);
	check_errno(steer(fd, &line), 0, "another writer's STEER");
	check(state_of(fd).host_clock == VMCLOCK_HOST_CLOCK_STEER, "begins anew");
	return fd;
}

/* A daemon that says PRE_POS, and the old offset, until two seconds after the leap. */
static void test_leap(int fd, int leap, uint64_t midnight_utc)
{
	struct vmclock_line line = here(fd);
	struct timex now = {.modes = ADJ_TAI, .constant = TAI_OFFSET};
	int64_t greatest = 0;
	struct vmclock_host_reference ref;

	adjtimex(&now);
	line.origin = ((vmclock_instant)(midnight_utc + TAI_OFFSET - 4)) * SECOND + SECOND / 3;
	for (int n = 0; n < 60; n++) {
		int64_t off;

		ref = reference(&line);
		ref.host_clock = VMCLOCK_HOST_CLOCK_STEER_STEP;
		ref.step_threshold_ns = n ? 900 * MS : 0;
		ref.line.leap_indicator = leap > 0 ? VMCLOCK_LEAP_PRE_POS : VMCLOCK_LEAP_PRE_NEG;
		if (n > 45) {
			ref.line.tai_offset_sec = (int16_t)(-TAI_OFFSET - leap);
			ref.line.leap_indicator = VMCLOCK_LEAP_NONE;
		}
		if (set_reference(fd, ref))
			check(false, "the line is given again");
		sleep_ms(137);
		off = state_of(fd).host_minus_reference_ns;
		off = off < 0 ? -off : off;
		greatest = off > greatest ? off : greatest;
	}
	now = kernel_state();
	check(now.tai == TAI_OFFSET + leap, "the kernel's TAI offset is %d", now.tai);
	check(greatest < 50, "throughout CLOCK_TAI is within %" PRId64 " ns of the reference", greatest);
	sleep_ms(2000);
	ref.line.leap_indicator = VMCLOCK_LEAP_NONE;
	check_errno(set_reference(fd, ref), 0, "the line is given again");
	check(state_of(fd).host_minus_reference_ns < 50 && kernel_state().tai == TAI_OFFSET + leap,
	      "and stays there");
}

static int adjtime_us(long us)
{
	struct timex txc = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = us};

	return adjtimex(&txc) < 0 ? -1 : 0;
}

/* With a processor that is awake in time to see a slew end: one that is not goes on with it. */
static void pass_awake(int ms)
{
	for (int n = 0; n < ms / 20; n++)
		sleep_ms(20);
}

/* In the middle of a second, so that most of what was planned for it is not wanted any more. */
static void test_replaced(int fd, const char *what, long then_us)
{
	int64_t error_ns;
	struct timespec now;

	check_errno(adjtime_us(3000), 0, "adjtime(3 ms)");
	pass_awake(1000);
	do {
		sleep_ms(10);
		clock_gettime(CLOCK_REALTIME, &now);
	} while (now.tv_nsec > 300000000);
	check_errno(adjtime_us(then_us), 0, what);
	pass_awake(1500);
	check_errno(adjtime_us(0), 0, "adjtime(0)");
	pass_awake(1500);
	error_ns = (state_of(fd).ntp_error_frac_ns * 1000 >> 32) / 1000;
	/* 500 ppm of a sleep of 20 ms and of two ticks of at most 10 ms. */
	check(error_ns > -20000 && error_ns < 20000,
	      "it leaves an error that dithering can remove: %" PRId64 " ns", error_ns);
}

/* Without a reference: what adjtime() had planned ends with what it was planned for. */
static void test_adjtime(int fd)
{
	struct vmclock_line line = here(fd);

	check_errno(set_reference(fd, reference(&line)), 0, "NONE");
	check_errno(modes(ADJ_FREQUENCY, 0, 0), 0, "a frequency of 0");
	test_replaced(fd, "then adjtime(-3 ms)", -3000);
	test_replaced(fd, "then adjtime(0)", 0);
	test_replaced(fd, "then adjtime(10 us)", 10);
}

/* Somebody gets the TAI offset wrong, or the reference does: what it says now holds. */
static void test_tai_offset(int fd)
{
	struct timex wrong = {.modes = ADJ_TAI, .constant = 12};
	struct vmclock_host_reference ref;
	struct vmclock_line line;

	line = here(fd);
	check_errno(steer_step(fd, &line, 0), 0, "STEER_STEP");
	adjtimex(&wrong);
	check_errno(steer(fd, &line), 0, "after somebody has set the kernel's TAI offset");
	check(kernel_state().tai == TAI_OFFSET, "it is the reference's");
	check(error_ps(fd, &line) < 50000, "and CLOCK_REALTIME is where it was");
	ref = reference(&line);
	ref.line.flags &= ~VMCLOCK_FLAG_TAI_OFFSET_VALID;
	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	check_errno(set_reference(fd, ref), 0, "a line that does not tell it");
	check(kernel_state().tai == TAI_OFFSET && error_ps(fd, &line) < 50000,
	      "is taken by what the kernel knows");
}

int main(void)
{
	struct vmclock_host_info info = {.size = sizeof(info)};
	int fd;

	check_errno(load_driver(), 0, "the driver is loaded");
	fd = open(DEVICE, O_RDWR);
	check(wait_for_counter(), "the counter becomes the clocksource");
	ioctl(fd, VMCLOCK_HOST_GET_INFO, &info);
	check(info.features & VMCLOCK_HOST_FEATURE_STEER_HOST, "GET_INFO offers STEER_HOST");
	test_refused(fd);
	test_status(fd);
	test_pending(fd);
	test_harmless(fd);
	test_end(fd, "adjtimex(ADJ_FREQUENCY)", set_frequency);
	test_end(fd, "adjtimex(ADJ_TICK)", set_tick);
	test_end(fd, "adjtimex(ADJ_OFFSET)", set_offset);
	test_end(fd, "adjtimex(ADJ_SETOFFSET)", shift_clock);
	test_end(fd, "adjtime()", slew_clock);
	test_end(fd, "settimeofday()", clock_set);
	test_end(fd, "another clocksource for a moment", switch_clocksource);
	test_end(fd, "going to sleep", rehearse_sleep);
	test_other_clocksource(fd);
	test_tai_offset(fd);
	test_adjtime(fd);
	test_lease(fd);
	test_disrupt(fd);
	fd = writer_again(fd);
	test_leap(fd, 1, 1814400000);  /* 2027-07-01 */
	test_leap(fd, -1, 1830297600); /* 2028-01-01 */
	close(fd);
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
