// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the system clock follow a line that /dev/vmclock_host is given, and let go of it when
 * something else changes the clock?
 *
 * The line begins where the clock is, so that it moves by less than a millisecond. Its frequency is
 * put back at the end. What disciplines the clock otherwise should not run meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <unistd.h>

#include <linux/vmclock-abi.h>
#include <linux/vmclock_host.h>

#include "kselftest.h"

#define NSEC_PER_SEC	1000000000LL
#define LIMIT_NS	1000
#define PPM		50
/* Of the fraction of ns in a period; a cycle is shorter than 256 ns */
#define PERIOD_BITS	56

/* TAI, ns, at a counter value; so many ns / 2^PERIOD_BITS per cycle */
struct line {
	__u64 counter;
	__s64 tai_ns;
	__u64 period;
};

static struct vmclock_host_info info = { .size = sizeof(info) };
static int fd;
static int tai_offset;

static void need_driver(void)
{
	fd = open("/dev/vmclock_host", O_RDWR);
	if (fd < 0)
		ksft_exit_skip("/dev/vmclock_host cannot be opened: %s\n", strerror(errno));
	if (ioctl(fd, VMCLOCK_HOST_GET_INFO, &info))
		ksft_exit_fail_msg("GET_INFO: %s\n", strerror(errno));
	if (!(info.features & VMCLOCK_HOST_FEATURE_STEER_HOST))
		ksft_exit_skip("the kernel does not follow references\n");
}

static struct vmclock_host_state state(void)
{
	struct vmclock_host_state now = { .size = sizeof(now) };

	if (ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &now))
		ksft_exit_fail_msg("GET_REFERENCE: %s\n", strerror(errno));
	return now;
}

static struct vmclock_host_snapshot snapshot(void)
{
	struct vmclock_host_snapshot now = { .size = sizeof(now) };

	if (ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &now))
		ksft_exit_fail_msg("GET_SNAPSHOT: %s\n", strerror(errno));
	return now;
}

static __u64 nominal_period(void)
{
	return ((__uint128_t)NSEC_PER_SEC << PERIOD_BITS) / info.counter_nominal_hz;
}

/* Through the present, with a rate that is that far from nominal */
static struct line line_from_here(int ppm)
{
	struct vmclock_host_snapshot now = snapshot();
	struct line line = {
		.counter = now.counter_value,
		.tai_ns = now.realtime_ns + tai_offset * NSEC_PER_SEC,
		.period = nominal_period(),
	};

	line.period += (__s64)(line.period / 1000000) * ppm;
	return line;
}

static __s64 line_at(const struct line *line, __u64 counter)
{
	__u64 cycles = counter - line->counter;

	return line->tai_ns + (__s64)((__uint128_t)cycles * line->period >> PERIOD_BITS);
}

/* The clock minus the line, at one and the same counter value */
static __s64 error_ns(const struct line *line)
{
	struct vmclock_host_snapshot now = snapshot();

	return now.realtime_ns + tai_offset * NSEC_PER_SEC - line_at(line, now.counter_value);
}

static bool is_near(__s64 value, __s64 limit)
{
	return value >= -limit && value <= limit;
}

/* The period in s / 2^(64 + shift) */
static __u64 period_frac_sec(const struct line *line, int shift)
{
	return ((__uint128_t)line->period << (shift + 64 - PERIOD_BITS)) / NSEC_PER_SEC;
}

static int set_line(const struct line *line, __u32 host_clock)
{
	int shift = 63 - __builtin_clzll(info.counter_nominal_hz);
	struct vmclock_host_reference ref = {
		.size = sizeof(ref),
		.flags = VMCLOCK_HOST_REF_DISRUPT,
		.line = {
			.counter_value = line->counter,
			.counter_period_frac_sec = period_frac_sec(line, shift),
			.counter_period_shift = shift,
			.time_sec = line->tai_ns / NSEC_PER_SEC,
			.time_frac_sec = (__u64)(((__uint128_t)
					(line->tai_ns % NSEC_PER_SEC) << 64) / NSEC_PER_SEC),
			.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID,
			.tai_offset_sec = -tai_offset,
			.clock_status = VMCLOCK_STATUS_FREERUNNING,
			.time_type = VMCLOCK_TIME_TAI,
			.counter_id = info.counter_id,
		},
		.lease_ns = info.lease_max_ns,
		.host_clock = host_clock,
	};

	return ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref) ? -errno : 0;
}

static int steer(const struct line *line)
{
	return set_line(line, VMCLOCK_HOST_CLOCK_STEER);
}

static bool follows(void)
{
	return state().host_clock == VMCLOCK_HOST_CLOCK_STEER;
}

static long frequency(void)
{
	struct timex now = { .modes = 0 };

	adjtimex(&now);
	return now.freq;
}

static void set_frequency(long freq)
{
	struct timex txc = { .modes = ADJ_FREQUENCY, .freq = freq };

	adjtimex(&txc);
}

static void test_rate(void)
{
	struct line line = line_from_here(PPM);
	__s64 off;

	ksft_test_result(!steer(&line) && follows(), "the clock follows a line\n");
	sleep(2);
	off = error_ns(&line);
	ksft_test_result(is_near(off, LIMIT_NS), "it has the line's rate: %lld ns off\n",
			 (long long)off);
	/* The kernel's own nominal rate may be a little off that of the counter */
	ksft_test_result(is_near(frequency() / 65536 - PPM, 2), "adjtimex() reads it: %ld ppm\n",
			 frequency() / 65536);
}

static void test_phase(void)
{
	struct line line = line_from_here(0);
	__s64 off;

	line.tai_ns += 200000;
	ksft_test_result(!steer(&line) && state().pending_phase_ns > 100000,
			 "a phase of 200 us is pending\n");
	sleep(3);
	off = error_ns(&line);
	ksft_test_result(is_near(off, LIMIT_NS), "it is slewed: %lld ns off\n", (long long)off);
}

static void test_refused(void)
{
	struct line line = line_from_here(600);

	ksft_test_result(steer(&line) == -ERANGE && follows(), "a rate of 600 ppm is refused\n");
}

static void test_end(void)
{
	struct line line = line_from_here(0);

	set_frequency(0);
	ksft_test_result(!follows(), "adjtimex() ends it\n");
	ksft_test_result(!steer(&line) && !follows(), "it does not begin again by itself\n");
	ksft_test_result(!set_line(&line, VMCLOCK_HOST_CLOCK_NONE) && !steer(&line) && follows(),
			 "but when it is told to\n");
}

static void test_close(void)
{
	long freq = frequency();

	close(fd);
	ksft_test_result(frequency() == freq, "without a writer the rate stays\n");
}

int main(void)
{
	struct timex txc = { .modes = 0 };

	ksft_print_header();
	need_driver();
	if (!(state().valid & VMCLOCK_HOST_STATE_HOST_CLOCK))
		ksft_exit_skip("the clocksource is not the counter\n");
	adjtimex(&txc);
	tai_offset = txc.tai ? txc.tai : 37;
	ksft_set_plan(10);
	test_rate();
	test_phase();
	test_refused();
	test_end();
	test_close();
	set_frequency(txc.freq);
	ksft_finished();
}
