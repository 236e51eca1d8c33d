// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into the daemon: /dev/ptp-made is a PTP hardware clock, which keeps UTC and is right.
 *
 * It shows this machine's clock, the truth of these tests, and is read around that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#define MADE "/dev/ptp-made"

static int open_next(const char *name, const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, name);

	return next(strcmp(path, MADE) ? path : "/dev/null", flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_next("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_next("open64", path, flags, mode);
}

static void show(clockid_t id, struct ptp_clock_time *out)
{
	struct timespec now;

	clock_gettime(id, &now);
	*out = (struct ptp_clock_time){.sec = now.tv_sec, .nsec = (unsigned int)now.tv_nsec};
}

/* The clock around it is named by the second word of the request. */
static void read_clock(struct ptp_sys_offset_extended *data)
{
	clockid_t around;

	memcpy(&around, (char *)data + sizeof(data->n_samples), sizeof(around));
	for (unsigned int i = 0; i < data->n_samples; i++) {
		show(around, &data->ts[i][0]);
		show(CLOCK_REALTIME, &data->ts[i][1]);
		show(around, &data->ts[i][2]);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == PTP_SYS_OFFSET_EXTENDED) {
		read_clock(argument);
		return 0;
	}
	return next(fd, request, argument);
}
