// SPDX-License-Identifier: GPL-2.0-or-later
/* A PTP hardware clock as a device: opened by path, read against the counter. */
#include "phc_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock_span.h"
#include "phc_mean.h"

#define NS_PER_S INT64_C(1000000000)
/* Times beyond this (year 2242) are no time of day; sums of two still fit 64 bits. */
#define LATEST_S (INT64_C(1) << 33)

static int real_open(const char *path)
{
	/* Writing is what the kernel asks for where pins are set up; reading time needs none. */
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int real_control(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static void real_close(int fd)
{
	close(fd);
}

static int64_t real_clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

const struct phc_kernel phc_kernel_real = {
	.open = real_open,
	.control = real_control,
	.close = real_close,
	.clock_ns = real_clock_ns,
};

int phc_device_open(struct phc_device *device, const struct phc_kernel *kernel, const char *path)
{
	int fd = kernel->open(path);

	*device = (struct phc_device){.kernel = kernel, .fd = fd < 0 ? -1 : fd};
	return fd < 0 ? fd : 0;
}

void phc_device_close(struct phc_device *device)
{
	if (device->fd >= 0)
		device->kernel->close(device->fd);
	device->fd = -1;
}

const char *phc_method_name(enum phc_method method)
{
	static const char *const names[] = {"precise", "extended raw", "extended", "plain"};

	return method < PHC_METHODS ? names[method] : "";
}

static bool to_ns(const struct ptp_clock_time *t, int64_t *out_ns)
{
	if (t->sec < 0 || t->sec > LATEST_S || t->nsec >= NS_PER_S)
		return false;
	*out_ns = t->sec * NS_PER_S + t->nsec;
	return true;
}

static bool to_bracket(const struct ptp_clock_time *before, const struct ptp_clock_time *device,
		       const struct ptp_clock_time *after, struct phc_bracket *out)
{
	return to_ns(before, &out->before_ns) && to_ns(device, &out->device_ns) &&
	       to_ns(after, &out->after_ns) && out->after_ns >= out->before_ns;
}

static int read_precise(const struct phc_device *device, struct phc_bracket *out)
{
	struct ptp_sys_offset_precise data = {0};
	int err = device->kernel->control(device->fd, PTP_SYS_OFFSET_PRECISE, &data);

	if (err)
		return err;
	return to_bracket(&data.sys_monoraw, &data.device, &data.sys_monoraw, out) ? 0 : -ERANGE;
}

static int mean(const struct phc_bracket *all, unsigned int n, struct phc_bracket *out)
{
	if (!n)
		return -ERANGE;
	*out = phc_mean(all, n);
	return 0;
}

/* The word that names the clock is called reserved in headers before 6.12; it follows n_samples. */
static void set_clock(struct ptp_sys_offset_extended *data, clockid_t id)
{
	_Static_assert(sizeof(id) == sizeof(data->n_samples), "the kernel's clockid is an int");
	memcpy((char *)data + sizeof(data->n_samples), &id, sizeof(id));
}

static int read_extended(const struct phc_device *device, clockid_t id, unsigned int reads,
			 struct phc_bracket *out)
{
	struct ptp_sys_offset_extended data = {.n_samples = reads};
	struct phc_bracket all[PTP_MAX_SAMPLES];
	unsigned int n = 0;
	int err;

	set_clock(&data, id);
	err = device->kernel->control(device->fd, PTP_SYS_OFFSET_EXTENDED, &data);
	if (err)
		return err;
	for (unsigned int i = 0; i < reads; i++)
		n += to_bracket(&data.ts[i][0], &data.ts[i][1], &data.ts[i][2], &all[n]);
	return mean(all, n, out);
}

static int read_plain(const struct phc_device *device, unsigned int reads, struct phc_bracket *out)
{
	struct ptp_sys_offset data = {.n_samples = reads};
	int err = device->kernel->control(device->fd, PTP_SYS_OFFSET, &data);
	struct phc_bracket all[PTP_MAX_SAMPLES];
	unsigned int n = 0;

	if (err)
		return err;
	for (unsigned int i = 0; i < reads; i++) {
		const struct ptp_clock_time *t = &data.ts[2 * (size_t)i];

		n += to_bracket(&t[0], &t[1], &t[2], &all[n]);
	}
	return mean(all, n, out);
}

static int read_bracket(const struct phc_device *device, enum phc_method method, unsigned int reads,
			struct phc_bracket *out)
{
	switch (method) {
	case PHC_PRECISE:
		return read_precise(device, out);
	case PHC_EXTENDED_RAW:
		return read_extended(device, CLOCK_MONOTONIC_RAW, reads, out);
	case PHC_EXTENDED:
		return read_extended(device, CLOCK_REALTIME, reads, out);
	default:
		return read_plain(device, reads, out);
	}
}

/* A bracket in the system's clock to one in the counter, which is read around it. */
static int read_by(const struct phc_device *device, enum phc_method method,
		   const struct counter *counter, unsigned int reads, struct phc_reading *out)
{
	clockid_t id = method <= PHC_EXTENDED_RAW ? CLOCK_MONOTONIC_RAW : CLOCK_REALTIME;
	struct clock_span span;
	struct phc_bracket bracket;
	int err;

	clock_span_begin(&span, counter, id, device->kernel->clock_ns);
	err = read_bracket(device, method, reads, &bracket);
	if (err)
		return err;
	if (!clock_span_end(&span))
		return -EAGAIN;
	out->t_ns = bracket.device_ns;
	return clock_span_earliest(&span, bracket.before_ns, &out->c_before) &&
			       clock_span_latest(&span, bracket.after_ns, &out->c_after)
		       ? 0
		       : -EAGAIN;
}

/* "I do not have that", in the words of kernels and drivers. */
static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTTY || err == -EINVAL || err == -ENOSYS;
}

int phc_device_read(struct phc_device *device, const struct counter *counter, unsigned int reads,
		    struct phc_reading *out)
{
	int failure = -EOPNOTSUPP;

	for (unsigned int m = 0; m < PHC_METHODS; m++) {
		int err;

		if (device->refused & (1u << m))
			continue;
		err = read_by(device, (enum phc_method)m, counter, reads, out);
		/* Clocks that allow so many reads a second may still allow one. */
		if (err == -EBUSY && reads > 1 && m != PHC_PRECISE)
			err = read_by(device, (enum phc_method)m, counter, 1, out);
		if (!err) {
			device->method = (enum phc_method)m;
			return 0;
		}
		if (is_refusal(err))
			device->refused |= 1u << m;
		else if (m == PHC_PRECISE || err == -EAGAIN)
			failure = err; /* for reasons of its own: another way may do */
		else
			return err;
	}
	/* All refused: perhaps not for ever (a driver that is resetting its device). */
	device->refused = 0;
	return failure;
}
