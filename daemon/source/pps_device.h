/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/ppsN by the calls of RFC 2783, as Linux has them. */
#ifndef VMCLOCK_PPS_DEVICE_H
#define VMCLOCK_PPS_DEVICE_H

#include <linux/pps.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is called of the system; tests have their own. All return 0 (open: a descriptor) or -errno.
 */
struct pps_calls {
	int (*open)(const char *path);
	void (*close)(int fd);
	int (*capabilities)(int fd, int *caps);
	int (*get_params)(int fd, struct pps_kparams *params);
	int (*set_params)(int fd, const struct pps_kparams *params);
	int (*fetch)(int fd, struct pps_fdata *data);
	/* The path of the device that has the name. */
	int (*find)(const char *name, char *path, size_t size);
	/* Is what was opened what the path leads to now? */
	bool (*is_at)(int fd, const char *path);
};

extern const struct pps_calls pps_system;

/* One direction's latest edge; the number is 0 before the first. */
struct pps_edge {
	uint32_t number;
	int64_t realtime_ns;
};

struct pps_device {
	const struct pps_calls *calls;
	int fd;	    /* -1: closed */
	bool clear; /* the edge that marks the second */
	bool both;  /* the other one is captured too */
};

/*
 * Opens the device and asks for the edge, without echo and without the kernel's own offset. 0 or
 * -errno with what is wrong in `problem` (96 bytes).
 */
int pps_device_open(struct pps_device *device, const char *path, bool clear, char *problem);
void pps_device_close(struct pps_device *device);

/* The latest edges, without waiting. 0 or -errno; -EBUSY: somebody has set an offset meanwhile, by
 * which they are wrong. */
int pps_device_fetch(const struct pps_device *device, struct pps_edge *edge,
		     struct pps_edge *other);

#endif
