// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The clock's rate at a fixed frequency, against the one that the kernel says it has: the length of
 * a tick over the cycles in it.
 *
 * Up to Linux 7.2 what the multiplier leaves over in each tick is added to ntp_error, which the
 * dithering then follows: a drift away from that rate. tick_rate=exact: there is none, within 0.01
 * ppb; else it is only told.
 *
 * And a frequency counts from the moment on at which it is set, in whatever way that is asked for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <unistd.h>

#include "harness.h"
#include "timekeeper.h"

#define SNAPSHOTS 1000
#define MINUTES 10
#define LIMIT_PPB 0.01

/* The mean of many snapshots, and the first of them, which they are counted from. */
struct mean {
	uint64_t counter;
	int64_t realtime_ns;
	double counted; /* the mean of what is beyond */
	double shown_ns;
};

static bool snapshot(int fd, struct vmclock_host_snapshot *out)
{
	*out = (struct vmclock_host_snapshot){.size = sizeof(*out)};
	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, out) == 0;
}

static bool mean_of_many(int fd, struct mean *out)
{
	struct vmclock_host_snapshot now;
	double counted = 0, shown_ns = 0;

	for (int i = 0; i < SNAPSHOTS; i++) {
		if (!snapshot(fd, &now))
			return false;
		if (!i)
			*out = (struct mean){now.counter_value, now.realtime_ns, 0, 0};
		counted += (double)(now.counter_value - out->counter);
		shown_ns += (double)(now.realtime_ns - out->realtime_ns);
		sleep_ms(10 + i % 7);
	}
	out->counted = counted / SNAPSHOTS;
	out->shown_ns = shown_ns / SNAPSHOTS;
	return true;
}

/* Whole numbers as far as they are large. */
static double off_ns(const struct timekeeper *tk, const struct mean *from, const struct mean *to)
{
	uint64_t cycles = to->counter - from->counter;
	unsigned __int128 wanted = (unsigned __int128)cycles * tk->ntp_tick / tk->cycles;
	__int128 shown = (__int128)(to->realtime_ns - from->realtime_ns) << 32;
	double per_cycle_ns = (double)tk->ntp_tick / (double)tk->cycles / 0x1p32;

	return (double)(shown - (__int128)wanted) / 0x1p32 + (to->shown_ns - from->shown_ns) -
	       (to->counted - from->counted) * per_cycle_ns;
}

static void set_frequency(long units)
{
	struct timex t = {.modes = ADJ_FREQUENCY, .freq = units};

	check(adjtimex(&t) >= 0, "the frequency is %ld / 65536 ppm", units);
	sleep_ms(3000);
}

/*
 * A processor that is left alone for seconds is not there to alternate the multiplier, and what it
 * misses is made up for later: that is not what is looked for here.
 */
static void pass_minutes(void)
{
	for (int i = 0; i < MINUTES * 60 * 20; i++)
		sleep_ms(50);
}

static void measure(int fd, long units)
{
	const char *exact = getenv("tick_rate");
	struct timekeeper before, after;
	struct mean from, to;
	double off_ppb;

	set_frequency(units);
	if (!timekeeper_read(&before) || !mean_of_many(fd, &from)) {
		check(false, "clock and timekeeper can be read");
		return;
	}
	pass_minutes();
	mean_of_many(fd, &to);
	timekeeper_read(&after);
	check(after.ntp_tick == before.ntp_tick && after.cycles == before.cycles,
	      "the kernel says the same rate throughout: %" PRIu64 " / %" PRIu64 " ns / 2^32",
	      after.ntp_tick, after.cycles);
	off_ppb = off_ns(&before, &from, &to) / (MINUTES * 60.0);
	note("drift from ntp_tick / cycle_interval over %d minutes: %.4f ppb; beyond ntp_tick, the "
	     "kernel adds %.4f ppb",
	     MINUTES, off_ppb, (double)before.beyond_tick / (double)before.ntp_tick * 1e9);
	if (exact && !strcmp(exact, "exact"))
		check(off_ppb < LIMIT_PPB && off_ppb > -LIMIT_PPB, "below %.2f ppb", LIMIT_PPB);
}

/* More than dithering does: one unit of mult is below 0.1 ppm. */
static void test_immediate(unsigned int modes, const char *what)
{
	struct timex t = {.modes = modes, .freq = 100 << 16};
	struct timekeeper before = {0}, after = {0};
	bool done;

	set_frequency(0);
	done = timekeeper_read(&before) && adjtimex(&t) >= 0 && timekeeper_read(&after);
	check(done && after.mult > before.mult + before.mult / 20000,
	      "%s is immediate: from %" PRIu32 " to %" PRIu32, what, before.mult, after.mult);
}

int main(void)
{
	int fd;

	check_errno(load_driver(), 0, "the driver is loaded");
	check_errno(load_module("/modules.test/timekeeper.ko", ""), 0, "the timekeeper is shown");
	check(timekeeper_counts(), "the counter is the clocksource");
	fd = open(DEVICE, O_RDONLY);
	measure(fd, 809086); /* 12.345678 ppm */
	test_immediate(ADJ_FREQUENCY, "a frequency");
	test_immediate(ADJ_FREQUENCY | ADJ_NANO, "a frequency, with nanoseconds");
	test_immediate(ADJ_FREQUENCY | ADJ_MICRO, "a frequency, with microseconds");
	set_frequency(0);
	close(fd);
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
