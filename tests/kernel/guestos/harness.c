// SPDX-License-Identifier: GPL-2.0-or-later
/* What every test program inside a machine uses. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

void check(bool good, const char *format, ...)
{
	va_list args;

	printf("%s - ", good ? "ok" : "not ok");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

void check_errno(long rc, int wanted, const char *what)
{
	int got = rc < 0 ? errno : 0;

	check(got == wanted, "%s (%s)", what, got ? strerrorname_np(got) : "success");
}

void note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

void skip(const char *what, const char *why)
{
	note("skipped: %s: %s", what, why);
}

int done(void)
{
	fflush(stdout);
	return 0;
}

int load_module(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long rc = syscall(SYS_finit_module, fd, parameters, 0);
	int why = errno;

	close(fd);
	errno = why;
	return (int)rc;
}

int load_driver(void)
{
	return load_module("/vmclock_host.ko", getenv("driver_parameters") ?: "");
}

int unload_driver(void)
{
	return (int)syscall(SYS_delete_module, "vmclock_host", O_NONBLOCK);
}

uint64_t counter_hz(void)
{
	struct vmclock_host_info info = {.size = sizeof(info)};
	int fd = open(DEVICE, O_RDONLY);
	bool good = fd >= 0 && !ioctl(fd, VMCLOCK_HOST_GET_INFO, &info);

	close(fd);
	return good ? info.counter_nominal_hz : 0;
}

#define ALL_ERRORS                                                                 \
	(VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | \
	 VMCLOCK_FLAG_TIME_ESTERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID)

struct vmclock_host_reference good_reference(uint64_t sec)
{
	struct vmclock_host_reference ref = {
		.size = sizeof(ref),
		.line = {.counter_period_shift = 29,
			 .period_maxerror = 100,
			 .time_sec = sec,
			 .time_esterror_nanosec = 10,
			 .time_maxerror_nanosec = 100,
			 .flags = ALL_ERRORS | VMCLOCK_FLAG_TAI_OFFSET_VALID |
				  VMCLOCK_FLAG_TIME_MONOTONIC,
			 .tai_offset_sec = -37,
			 .clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
			 .time_type = VMCLOCK_TIME_TAI,
			 .counter_id = VMCLOCK_COUNTER_X86_TSC},
		.splice_max_ns = 999 * MS,
		.lease_ns = 10000 * MS,
	};

	ref.line.counter_period_frac_sec = (uint64_t)(((unsigned __int128)1 << 93) / counter_hz());
	ref.line.counter_value = read_counter();
	return ref;
}

uint64_t read_counter(void)
{
	__builtin_ia32_lfence();
	return __builtin_ia32_rdtsc();
}

void sleep_ms(long ms)
{
	struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

bool get_text(const char *path, char *text, int size)
{
	FILE *file = fopen(path, "r");
	bool good = file && fgets(text, size, file);

	if (file)
		fclose(file);
	if (!good)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return good;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void distribution(const char *what, const char *unit, int64_t *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), ascending);
	note("%s: median %" PRId64 ", 99 %% %" PRId64 ", most %" PRId64 ", least %" PRId64
	     " %s (%d)",
	     what, values[n / 2], values[n - 1 - n / 100], values[n - 1], values[0], unit, n);
}
