// SPDX-License-Identifier: GPL-2.0-or-later
/* Counter backends: x86 TSC, arm64 virtual counter, CLOCK_MONOTONIC_RAW. */
#include "counter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vmclock-abi.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOCKSOURCE_DIR "/sys/devices/system/clocksource/clocksource0/"

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t read_monotonic_raw(void)
{
	return clock_ns(CLOCK_MONOTONIC_RAW);
}

static bool file_has_word(const char *path, const char *word)
{
	char text[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t word_length = strlen(word);
	bool found = false;
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	for (char *at = text; (at = strstr(at, word)) && !found; at += word_length)
		found = (at == text || strchr(" \t\n", at[-1])) &&
			(!at[word_length] || strchr(" \t\n", at[word_length]));
	return found;
}

#if defined(__x86_64__)

/* lfence before: not earlier than what precedes; after: nothing that follows starts before it. */
static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The kernel takes a TSC out of this list when it finds it unstable. */
static bool kernel_offers_tsc(void)
{
	return file_has_word(CLOCKSOURCE_DIR "available_clocksource", "tsc");
}

static bool kernel_uses_tsc(void)
{
	return file_has_word(CLOCKSOURCE_DIR "current_clocksource", "tsc");
}

/* The narrowest of several TSC readings around one of MONOTONIC_RAW. */
static void pair_with_raw(uint64_t *tsc, uint64_t *raw_ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t before = read_tsc();
		uint64_t raw = read_monotonic_raw();
		uint64_t width = read_tsc() - before;

		if (width < best) {
			best = width;
			*tsc = before + width / 2;
			*raw_ns = raw;
		}
	}
}

/*
 * CLOCK_MONOTONIC_RAW runs at the kernel's own idea of the TSC's frequency. 50 ms give it to about
 * 1 ppm; the filter learns the rest, only +-500 ppm are asked for.
 */
static double measure_tsc_hz(void)
{
	uint64_t tsc0 = 0, raw0 = 0, tsc1 = 0, raw1 = 0;
	struct timespec pause = {.tv_nsec = 50000000};

	pair_with_raw(&tsc0, &raw0);
	nanosleep(&pause, NULL);
	pair_with_raw(&tsc1, &raw1);
	if (raw1 <= raw0)
		return 0;
	/* Whole kHz, as the kernel keeps it: the same nominal after every start. */
	return 1e3 * (double)(int64_t)((double)(tsc1 - tsc0) * 1e6 / (double)(raw1 - raw0) + 0.5);
}

static int check_tsc(enum counter_check check, char *message, size_t message_size)
{
	if (!kernel_offers_tsc()) {
		snprintf(message, message_size,
			 "the kernel has given up the TSC (it is not in " CLOCKSOURCE_DIR
			 "available_clocksource): see its log for 'unstable'; no time can be kept "
			 "with it on this machine");
		return -ENODEV;
	}
	if (check == COUNTER_CHECK_KERNEL) {
		if (kernel_uses_tsc())
			return 0;
		snprintf(message, message_size,
			 "counter-check = kernel wants the TSC as the kernel's "
			 "clocksource; " CLOCKSOURCE_DIR "current_clocksource says otherwise");
		return -ENODEV;
	}
	if (file_has_word("/proc/cpuinfo", "constant_tsc") &&
	    file_has_word("/proc/cpuinfo", "nonstop_tsc"))
		return 0;
	snprintf(message, message_size,
		 "counter-check = strict wants a TSC that is constant and nonstop, /proc/cpuinfo "
		 "lists not both; in a virtual machine use counter-check = kernel");
	return -ENODEV;
}

static int open_tsc(enum counter_check check, struct counter *out, char *message, size_t size)
{
	int err = check_tsc(check, message, size);

	if (err)
		return err;
	*out = (struct counter){.name = "tsc",
				.page_id = VMCLOCK_COUNTER_X86_TSC,
				.nominal_hz = measure_tsc_hz(),
				.read = read_tsc};
	return 0;
}

#else

static int open_tsc(enum counter_check check, struct counter *out, char *message, size_t size)
{
	(void)check;
	(void)out;
	snprintf(message, size, "counter = tsc: this machine is not an x86");
	return -ENODEV;
}

#endif

#if defined(__aarch64__)

static uint64_t read_vcnt(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value) : : "memory");
	return value;
}

static int open_vcnt(struct counter *out, char *message, size_t size)
{
	uint64_t hz;

	(void)message;
	(void)size;
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	*out = (struct counter){.name = "vcnt",
				.page_id = VMCLOCK_COUNTER_ARM_VCNT,
				.nominal_hz = (double)hz,
				.read = read_vcnt};
	return 0;
}

#else

static int open_vcnt(struct counter *out, char *message, size_t size)
{
	(void)out;
	snprintf(message, size, "counter = vcnt: this machine is not an arm64");
	return -ENODEV;
}

#endif

static int open_monotonic_raw(struct counter *out)
{
	*out = (struct counter){.name = "monotonic-raw",
				.page_id = VMCLOCK_COUNTER_INVALID,
				.nominal_hz = 1e9,
				.read = read_monotonic_raw};
	return 0;
}

int counter_open(enum counter_kind kind, enum counter_check check, struct counter *out,
		 char *message, size_t message_size)
{
	int err = -EINVAL;

	message[0] = '\0';
	if (kind == COUNTER_TSC)
		err = open_tsc(check, out, message, message_size);
	else if (kind == COUNTER_VCNT)
		err = open_vcnt(out, message, message_size);
	else if (kind == COUNTER_MONOTONIC_RAW)
		err = open_monotonic_raw(out);
	if (err)
		return err;
	if (!(out->nominal_hz >= 1e6 && out->nominal_hz <= 1e11)) {
		snprintf(message, message_size, "counter %s claims %.0f Hz: not believable",
			 out->name, out->nominal_hz);
		return -ENODEV;
	}
	out->ns_per_tick = 1e9 / out->nominal_hz;
	return 0;
}

bool counter_still_trusted(const struct counter *counter)
{
#if defined(__x86_64__)
	if (counter->page_id == VMCLOCK_COUNTER_X86_TSC)
		return kernel_offers_tsc();
#endif
	(void)counter;
	return true;
}
