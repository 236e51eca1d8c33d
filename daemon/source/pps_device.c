// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/ppsN by the calls of RFC 2783, as Linux has them. */
#include "pps_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pps_find.h"

enum { PROBLEM_SIZE = 96 };

static int result_of(int result)
{
	return result < 0 ? -errno : result;
}

static int system_open(const char *path)
{
	return result_of(open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

static void system_close(int fd)
{
	close(fd);
}

static int system_capabilities(int fd, int *caps)
{
	return result_of(ioctl(fd, PPS_GETCAP, caps));
}

static int system_get_params(int fd, struct pps_kparams *params)
{
	return result_of(ioctl(fd, PPS_GETPARAMS, params));
}

static int system_set_params(int fd, const struct pps_kparams *params)
{
	return result_of(ioctl(fd, PPS_SETPARAMS, params));
}

static int system_fetch(int fd, struct pps_fdata *data)
{
	return result_of(ioctl(fd, PPS_FETCH, data));
}

static int system_find(const char *name, char *path, size_t size)
{
	return pps_find("/sys", "/dev", name, path, size);
}

/* A device that goes takes its file along; its number may be another's at once. */
static bool system_is_at(int fd, const char *path)
{
	struct stat opened, there;

	return !fstat(fd, &opened) && !stat(path, &there) && opened.st_dev == there.st_dev &&
	       opened.st_ino == there.st_ino;
}

const struct pps_calls pps_system = {
	.open = system_open,
	.close = system_close,
	.capabilities = system_capabilities,
	.get_params = system_get_params,
	.set_params = system_set_params,
	.fetch = system_fetch,
	.find = system_find,
	.is_at = system_is_at,
};

static int fault(char *problem, const char *what, int err)
{
	snprintf(problem, PROBLEM_SIZE, "%s: %s", what, strerror(-err));
	return err;
}

/* The kernel adds what was set as an offset to the stamps that everybody gets. */
static bool has_offsets(int mode)
{
	return mode & (PPS_OFFSETASSERT | PPS_OFFSETCLEAR);
}

/* Is what stands in the device as good as what we would set? */
static bool is_set_up(const struct pps_kparams *params, int capture)
{
	return (params->mode & capture) == capture && !has_offsets(params->mode);
}

/*
 * Setting takes CAP_SYS_TIME, which the daemon need not have: a device that is set up already will
 * do.
 */
static int set_up(struct pps_device *device, int caps, char *problem)
{
	int wanted = device->clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
	struct pps_kparams params = {0}, now = {0};
	int err, err_get;

	device->both = (caps & PPS_CAPTUREBOTH) == PPS_CAPTUREBOTH;
	params.api_version = PPS_API_VERS;
	params.mode = (device->both ? PPS_CAPTUREBOTH : wanted) | PPS_TSFMT_TSPEC;
	err = device->calls->set_params(device->fd, &params);
	if (!err)
		return 0;
	err_get = device->calls->get_params(device->fd, &now);
	if (err_get || !is_set_up(&now, wanted))
		return fault(problem, "the edge cannot be asked for (CAP_SYS_TIME may be missing)",
			     err);
	device->both = (now.mode & PPS_CAPTUREBOTH) == PPS_CAPTUREBOTH;
	return 0;
}

int pps_device_open(struct pps_device *device, const char *path, bool clear, char *problem)
{
	int caps = 0;
	int err;

	device->clear = clear;
	device->fd = device->calls->open(path);
	if (device->fd < 0) {
		err = device->fd;
		device->fd = -1;
		return fault(problem, "cannot be opened", err);
	}
	err = device->calls->capabilities(device->fd, &caps);
	if (err) {
		fault(problem, "is no PPS device", err);
	} else if (!(caps & (clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT))) {
		err = -EOPNOTSUPP;
		snprintf(problem, PROBLEM_SIZE, "the device does not see this edge; try edge = %s",
			 clear ? "assert" : "clear");
	} else {
		err = set_up(device, caps, problem);
	}
	if (err)
		pps_device_close(device);
	return err;
}

void pps_device_close(struct pps_device *device)
{
	if (device->fd >= 0)
		device->calls->close(device->fd);
	device->fd = -1;
}

static struct pps_edge edge_of(uint32_t number, const struct pps_ktime *at)
{
	/* The kernel's seconds are 64 bits wide; what is not a time of ours goes no further. */
	if (at->sec < 0 || at->sec > INT64_C(9000000000) || at->nsec < 0 || at->nsec > 999999999)
		return (struct pps_edge){0};
	return (struct pps_edge){number, at->sec * 1000000000 + at->nsec};
}

int pps_device_fetch(const struct pps_device *device, struct pps_edge *edge, struct pps_edge *other)
{
	struct pps_fdata data = {0}; /* a time-out of 0: does not wait */
	struct pps_edge rise, fall;
	int err = device->calls->fetch(device->fd, &data);

	if (err)
		return err;
	if (has_offsets(data.info.current_mode))
		return -EBUSY;
	rise = edge_of(data.info.assert_sequence, &data.info.assert_tu);
	fall = edge_of(data.info.clear_sequence, &data.info.clear_tu);
	*edge = device->clear ? fall : rise;
	*other = device->clear ? rise : fall;
	if (!device->both)
		*other = (struct pps_edge){0};
	return 0;
}
