/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PTP hardware clock as a device: opened by path, read against the counter.
 *
 * No call here waits for anything but the device itself: a PTP ioctl reads registers, which takes
 * some microseconds (up to 0.1 ms each on clocks behind a slow bus or a hypervisor).
 */
#ifndef VMCLOCK_PHC_DEVICE_H
#define VMCLOCK_PHC_DEVICE_H

#include <linux/ptp_clock.h>
#include <stdint.h>
#include <time.h>

#include "../counter.h"

/* What the kernel is asked through; tests put a device of their own here. */
struct phc_kernel {
	int (*open)(const char *path);				       /* descriptor or -errno */
	int (*control)(int fd, unsigned long request, void *argument); /* 0 or -errno */
	void (*close)(int fd);
	int64_t (*clock_ns)(clockid_t id); /* CLOCK_REALTIME, CLOCK_MONOTONIC_RAW */
};

extern const struct phc_kernel phc_kernel_real;

/* In the order of preference. */
enum phc_method {
	PHC_PRECISE,	  /* device and CLOCK_MONOTONIC_RAW captured together by hardware */
	PHC_EXTENDED_RAW, /* CLOCK_MONOTONIC_RAW before and after the register is read (6.12) */
	PHC_EXTENDED,	  /* the same with CLOCK_REALTIME (5.0) */
	PHC_PLAIN,	  /* CLOCK_REALTIME before and after the driver's whole function */
	PHC_METHODS,
};

struct phc_device {
	const struct phc_kernel *kernel;
	int fd;			/* -1: closed */
	unsigned int refused;	/* methods that this device does not have, a bit each */
	enum phc_method method; /* that the last reading was taken with */
};

/* The device showed t_ns, its own time, at some moment between two counter values. */
struct phc_reading {
	uint64_t c_before;
	uint64_t c_after; /* the conversion's error included on both sides */
	int64_t t_ns;
};

/* 0 or -errno of open(). */
int phc_device_open(struct phc_device *device, const struct phc_kernel *kernel, const char *path);
void phc_device_close(struct phc_device *device);

/*
 * The mean of `reads` (1..25) readings, but for those whose bracket is wide. 0, or what the device
 * said: -EBUSY, -ENODEV (gone),
 * ...; -EOPNOTSUPP: no method works; -ERANGE: its time makes no sense; -EAGAIN: the system's clock
 * was set meanwhile.
 */
int phc_device_read(struct phc_device *device, const struct counter *counter, unsigned int reads,
		    struct phc_reading *out);

/* "precise", "extended raw", "extended", "plain". */
const char *phc_method_name(enum phc_method method);

#endif
