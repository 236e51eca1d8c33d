// SPDX-License-Identifier: GPL-2.0-or-later
/* The made-up clock and pulse do what they say, since other tests believe them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"

#define PHC "/sys/module/mock_phc/parameters/"
#define PPS "/sys/module/mock_pps/parameters/"
#define NS_PER_S INT64_C(1000000000)

static int64_t phc_ns(const struct ptp_clock_time *t)
{
	return t->sec * NS_PER_S + t->nsec;
}

/* True time as the module knows it, minus what the clock shows, taken one after the other. */
static int64_t lag_ns(int fd)
{
	struct ptp_sys_offset_extended data = {.n_samples = 1};
	uint64_t before = 0, after = 0;
	int64_t true_ns = 0;
	char text[100];

	if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &data))
		return -errno;
	get_text(PHC "truth", text, sizeof(text));
	sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64, &before, &after, &true_ns);
	return true_ns - phc_ns(&data.ts[0][1]);
}

static void test_steps(int fd)
{
	int64_t lag = lag_ns(fd);

	check(lag > 0 && lag < NS_PER_S / 10, "the clock shows true time");
	put_text(PHC "step_ns", "-5000000000");
	lag = lag_ns(fd) - 5 * NS_PER_S;
	check(lag > 0 && lag < NS_PER_S / 10, "a step");
	put_text(PHC "step_ns", "5000000000");
	put_text(PHC "drift_ppb", "-10000000");
	sleep_ms(1000);
	lag = lag_ns(fd);
	check(lag > 9000000 && lag < 200000000, "a drift of 1 %% over a second");
	put_text(PHC "drift_ppb", "0");
}

static void test_busy(int fd)
{
	struct ptp_sys_offset_extended data = {.n_samples = 1};

	put_text(PHC "busy", "2");
	check_errno(ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &data), EBUSY, "a busy clock");
	check_errno(ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &data), EBUSY, "a busy clock");
	check_errno(ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &data), 0, "and no longer");
}

static void test_pulse_at_pin(int fd)
{
	struct ptp_pin_desc pin = {.func = PTP_PF_EXTTS};
	struct ptp_extts_request request = {.flags = PTP_ENABLE_FEATURE | PTP_RISING_EDGE};
	struct ptp_extts_event first, second;

	check_errno(ioctl(fd, PTP_PIN_SETFUNC, &pin), 0, "the pin is set up");
	check_errno(ioctl(fd, PTP_EXTTS_REQUEST, &request), 0, "stamps are asked for");
	check(read(fd, &first, sizeof(first)) == sizeof(first), "a stamp comes");
	put_text(PHC "step_ns", "250");
	check(read(fd, &second, sizeof(second)) == sizeof(second) &&
		      phc_ns(&second.t) - phc_ns(&first.t) == NS_PER_S + 250,
	      "and another at the next second, as the clock shows it");
	put_text(PHC "step_ns", "-250");
	request.flags = 0;
	check_errno(ioctl(fd, PTP_EXTTS_REQUEST, &request), 0, "no more of them");
}

static void test_removal(int fd)
{
	struct ptp_sys_offset_extended data = {.n_samples = 1};

	put_text(PHC "present", "0");
	check_errno(ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &data), ENODEV, "a clock that is gone");
	check(access("/dev/ptp0", F_OK), "its device too");
	put_text(PHC "present", "1");
	check(!access("/dev/ptp1", F_OK), "and back, under another number while it is in use");
}

static void test_clock(void)
{
	int fd;

	check_errno(load_module("/modules.test/mock_phc.ko", ""), 0, "the clock loads");
	fd = open("/dev/ptp0", O_RDWR);
	check(fd >= 0, "it has a device");
	test_steps(fd);
	test_busy(fd);
	test_pulse_at_pin(fd);
	test_removal(fd);
	close(fd);
}

static int fetch(int fd, struct pps_fdata *data)
{
	*data = (struct pps_fdata){.timeout = {.sec = 3}};
	return ioctl(fd, PPS_FETCH, data);
}

static void test_edges(int fd)
{
	uint64_t number = 0, counter = 0, before;
	int64_t second = 0, late_ns = 0, stamped_ns;
	struct pps_kparams both = {.api_version = 1, .mode = PPS_CAPTUREBOTH | PPS_TSFMT_TSPEC};
	struct pps_fdata data;
	char text[100];

	put_text(PPS "latency_ns", "20000");
	fetch(fd, &data);
	before = read_counter();
	check_errno(fetch(fd, &data), 0, "a pulse");
	get_text(PPS "edge", text, sizeof(text));
	sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64, &number, &counter, &second,
	       &late_ns);
	stamped_ns = (data.info.assert_tu.sec - second) * NS_PER_S + data.info.assert_tu.nsec;
	note("pulse %" PRIu64 ": late by %" PRId64 " ns, stamped %" PRId64 " ns after the second",
	     number, late_ns, stamped_ns);
	check(counter - before < INT64_MAX && read_counter() - counter < INT64_MAX,
	      "its counter lies before and after");
	check(stamped_ns >= late_ns + 19000, "the stamp is later than the pulse by the latency");
	check_errno(ioctl(fd, PPS_SETPARAMS, &both), 0, "both edges are asked for");
	put_text(PPS "width_ns", "100000000");
	fetch(fd, &data);
	check(!fetch(fd, &data) && data.info.clear_sequence, "the other edge");
}

static void test_pulse(void)
{
	int fd;

	check_errno(load_module("/modules.test/mock_pps.ko", ""), 0, "the pulse loads");
	fd = open("/dev/pps0", O_RDWR);
	check(fd >= 0, "it has a device");
	test_edges(fd);
	close(fd);
}

int main(void)
{
	test_clock();
	test_pulse();
	check_errno(syscall(SYS_delete_module, "mock_phc", O_NONBLOCK), 0, "the clock unloads");
	check_errno(syscall(SYS_delete_module, "mock_pps", O_NONBLOCK), 0, "the pulse unloads");
	return done();
}
