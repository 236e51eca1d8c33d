// SPDX-License-Identifier: GPL-2.0-or-later
/* Which PPS device has a name, whatever its number. */
#include "pps_find.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sysfs.h"

static bool attribute_is(const char *path, const char *attribute, const char *wanted)
{
	char name[PATH_MAX], text[128];

	if (snprintf(name, sizeof(name), "%s/%s", path, attribute) >= (int)sizeof(name))
		return false;
	return sysfs_read_line(name, text, sizeof(text)) > 0 && !strcmp(text, wanted);
}

static bool has_name(const char *path, const char *wanted)
{
	return attribute_is(path, "name", wanted) || attribute_is(path, "path", wanted);
}

int pps_find(const char *sys, const char *dev, const char *name, char *path, size_t size)
{
	char directory[PATH_MAX];
	int number;

	snprintf(directory, sizeof(directory), "%s/class/pps", sys);
	number = sysfs_find(directory, "pps", has_name, name);
	if (number < 0)
		return number;
	snprintf(path, size, "%s/pps%d", dev, number);
	return 0;
}
