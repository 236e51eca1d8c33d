/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of its devices in /sys. */
#ifndef VMCLOCK_SYSFS_H
#define VMCLOCK_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* One short line of a file, without its end: its length, or -errno and an empty text. */
int sysfs_read_line(const char *path, char *out, size_t size);

/* N of PREFIXN, else -1. */
int sysfs_number(const char *name, const char *prefix);

/*
 * The lowest N of all PREFIXN in the directory for which is() says yes of DIRECTORY/PREFIXN, or
 * -ENOENT.
 */
int sysfs_find(const char *directory, const char *prefix,
	       bool (*is)(const char *path, const char *wanted), const char *wanted);

#endif
