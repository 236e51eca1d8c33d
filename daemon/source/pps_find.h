/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PPS device has a name, whatever its number. */
#ifndef VMCLOCK_PPS_FIND_H
#define VMCLOCK_PPS_FIND_H

#include <stddef.h>

/*
 * The device that its driver calls so ("pps-gpio.0"), or whose line has this path ("/dev/ttyS0"):
 * `name` and `path` of SYS/class/pps/ppsN. 0 and DEV/ppsN, the lowest where several are; -ENOENT.
 */
int pps_find(const char *sys, const char *dev, const char *name, char *path, size_t size);

#endif
