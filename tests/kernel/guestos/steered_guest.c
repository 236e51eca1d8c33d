// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest whose clock ptp_vmclock steers by its page, while this program is the hypervisor. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "reference.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define STEER "/sys/module/ptp_vmclock/parameters/steer"
#define SECOND ((vmclock_instant)1 << 64)

static volatile struct vmclock_abi *page;

/* The sequence count is odd while the page changes. */
static void publish(const struct vmclock_line *line, uint64_t marker, uint8_t status)
{
	__atomic_store_n(&page->seq_count, page->seq_count + 1, __ATOMIC_SEQ_CST);
	page->disruption_marker = marker;
	page->flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID |
		      VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID;
	page->clock_status = status;
	page->tai_offset_sec = -TAI_OFFSET;
	page->counter_period_shift = line->shift;
	page->counter_value = line->counter;
	page->counter_period_frac_sec = line->period;
	page->time_sec = (uint64_t)vmclock_instant_sec(line->origin);
	page->time_frac_sec = vmclock_instant_frac(line->origin);
	page->time_maxerror_nanosec = 20000;
	page->time_esterror_nanosec = 3000;
	__atomic_store_n(&page->seq_count, page->seq_count + 1, __ATOMIC_SEQ_CST);
}

static void make_page(void)
{
	int fd = open("/dev/mock_vmclock", O_RDWR);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	page->magic = VMCLOCK_MAGIC;
	page->size = 4096;
	page->version = 1;
	page->counter_id = VMCLOCK_COUNTER_X86_TSC;
	page->time_type = VMCLOCK_TIME_TAI;
	close(fd);
}

static bool device_appears(void)
{
	int fd = open("/dev/mock_vmclock", O_WRONLY);
	bool good = write(fd, "1", 1) == 1;

	close(fd);
	return good;
}

static int load(const char *path)
{
	int fd = open(path, O_RDONLY);
	long rc = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return (int)rc;
}

static int64_t off_ns(int fd, const struct vmclock_line *line)
{
	int64_t off = (error_ps(fd, line) + 500) / 1000;

	return off < 0 ? -off : off;
}

/* For how long it is further off than 100 ns, ms; 10 s: always. */
static int64_t until_right_ms(int fd, const struct vmclock_line *line)
{
	uint64_t begin = read_counter();

	for (int n = 0; n < 1000 && off_ns(fd, line) > 100; n++)
		sleep_ms(10);
	return (int64_t)((read_counter() - begin) * 1000 / counter_hz());
}

static int64_t most_off_ns(int fd, const struct vmclock_line *line, int times)
{
	int64_t most = 0;

	for (int n = 0; n < times; n++) {
		int64_t off = off_ns(fd, line);

		most = off > most ? off : most;
		sleep_ms(23);
	}
	return most;
}

static bool steers(void)
{
	char text[4];

	return get_text(STEER, text, sizeof(text)) && text[0] == 'Y';
}

static int64_t realtime_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* The driver comes first, while the clocksource is another one. */
static struct vmclock_line test_boot(int fd)
{
	struct moment then = {.counter = read_counter(), .tai = 1900000037 * SECOND};
	struct vmclock_line line = line_through(then, 234567891);
	int64_t took_ms;

	check(put_text(CLOCKSOURCE, "hpet"), "the clocksource is not the counter of the page");
	publish(&line, 1, VMCLOCK_STATUS_SYNCHRONIZED);
	check(device_appears(), "the device appears");
	check(steers(), "steering is on by default");
	sleep_ms(1500);
	check(realtime_sec() < 1900000000 - 3600 * 24, "the clock is left alone meanwhile");
	check(put_text(CLOCKSOURCE, "tsc"), "the clocksource is the counter");
	took_ms = until_right_ms(fd, &line);
	note("within 100 ns of the page after %" PRId64 " ms", took_ms);
	check(took_ms <= 2000, "the clock is within 100 ns of the page after at most 2 s");
	return line;
}

static void test_status(void)
{
	struct timex now = {.modes = 0};

	adjtimex(&now);
	check(!(now.status & STA_UNSYNC) && now.tai == TAI_OFFSET && now.esterror == 3,
	      "the kernel knows that it is synchronized, to what, and TAI");
}

/* Each update 400 us away and with another rate. */
static void test_follows(int fd, struct vmclock_line *line)
{
	int64_t most;

	for (int n = 0; n < 5; n++) {
		struct moment now = {.counter = read_counter()};

		now.tai = vmclock_line_at(line, now.counter) + SECOND / (n & 1 ? 2500 : -2500);
		*line = line_through(now, n * 50000000);
		publish(line, 1, VMCLOCK_STATUS_SYNCHRONIZED);
		sleep_ms(2000);
		most = off_ns(fd, line);
		check(most <= 100, "2 s after an update it is %" PRId64 " ns off", most);
	}
	most = most_off_ns(fd, line, 400);
	check(most <= 100, "for 9 s after the last one at most %" PRId64 " ns", most);
}

/* Migration: another time, another rate, another marker. */
static void test_disruption(int fd, struct vmclock_line *line)
{
	struct moment now = {.counter = read_counter()};
	int64_t took_ms;

	now.tai = vmclock_line_at(line, now.counter) + 5 * SECOND;
	*line = line_through(now, -100000000);
	publish(line, 2, VMCLOCK_STATUS_SYNCHRONIZED);
	took_ms = until_right_ms(fd, line);
	note("right again %" PRId64 " ms after a disruption by 5 s", took_ms);
	check(took_ms <= 1000, "a disruption is over after at most 1 s");
	sleep_ms(1000);
	check(off_ns(fd, line) <= 100, "and it stays right");
}

/* What cannot be relied on is not followed, and the clock goes on as it was. */
static void test_unreliable(int fd, struct vmclock_line *line)
{
	struct vmclock_line wrong = *line;

	wrong.origin += 100 * SECOND;
	publish(&wrong, 3, VMCLOCK_STATUS_UNRELIABLE);
	sleep_ms(1000);
	check(off_ns(fd, line) <= 100, "an unreliable page is not followed");
	publish(line, 4, VMCLOCK_STATUS_SYNCHRONIZED);
	sleep_ms(1000);
	check(off_ns(fd, line) <= 100, "a reliable one is");
}

static void test_foreign(int fd, struct vmclock_line *line)
{
	struct timex foreign = {.modes = ADJ_FREQUENCY, .freq = 10 << 16};
	struct moment now = {0};

	check(adjtimex(&foreign) >= 0, "something else in the guest steers the clock");
	sleep_ms(500);
	check(!steers(), "steering is off");
	now.counter = read_counter();
	now.tai = vmclock_line_at(line, now.counter) + SECOND / 100;
	*line = line_through(now, 0);
	publish(line, 5, VMCLOCK_STATUS_SYNCHRONIZED);
	sleep_ms(1000);
	check(off_ns(fd, line) > 5000000, "and stays off");
	check(put_text(STEER, "Y"), "until it is written again");
	check(until_right_ms(fd, line) <= 1000, "then the clock is right after at most 1 s");
	check(put_text(STEER, "N"), "it can be turned off");
	line->origin += SECOND / 100;
	publish(line, 6, VMCLOCK_STATUS_SYNCHRONIZED);
	sleep_ms(1000);
	check(off_ns(fd, line) > 5000000, "then nothing is done");
	check(put_text(STEER, "Y") && until_right_ms(fd, line) <= 1000, "and on");
}

/* For a moment, as a watchdog or an administrator might. */
static void test_clocksource(int fd, const struct vmclock_line *line)
{
	check(put_text(CLOCKSOURCE, "hpet"), "the clocksource changes");
	sleep_ms(3000);
	check(put_text(CLOCKSOURCE, "tsc"), "and comes back");
	check(until_right_ms(fd, line) <= 1000 && steers(), "the clock is right after at most 1 s");
}

int main(void)
{
	struct vmclock_line line;
	int fd;

	check_errno(load_driver(), 0, "the driver is loaded, for its snapshots");
	fd = open(DEVICE, O_RDONLY);
	check(wait_for_counter(), "the counter becomes the clocksource");
	check_errno(load("/modules.test/mock_vmclock.ko"), 0, "a hypervisor");
	check_errno(load("/modules.test/ptp_vmclock.ko"), 0, "the guest's driver");
	make_page();
	line = test_boot(fd);
	test_status();
	test_follows(fd, &line);
	test_disruption(fd, &line);
	test_unreliable(fd, &line);
	test_foreign(fd, &line);
	test_clocksource(fd, &line);
	munmap((void *)page, 4096);
	check_errno(syscall(SYS_delete_module, "mock_vmclock", O_NONBLOCK), 0, "the device vanishes");
	check_errno(syscall(SYS_delete_module, "ptp_vmclock", O_NONBLOCK), 0,
		    "the guest's driver is unloaded");
	close(fd);
	return done();
}
