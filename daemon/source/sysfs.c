// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel tells of its devices in /sys. */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBER_MAX = 1 << 20 };

int sysfs_read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	out[0] = '\0';
	if (fd < 0)
		return -errno;
	length = read(fd, out, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	out[length] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return (int)strlen(out);
}

int sysfs_number(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	char *end;
	long number;

	if (strncmp(name, prefix, length) || name[length] < '0' || name[length] > '9')
		return -1;
	number = strtol(name + length, &end, 10);
	return *end || number > NUMBER_MAX ? -1 : (int)number;
}

int sysfs_find(const char *directory, const char *prefix,
	       bool (*is)(const char *path, const char *wanted), const char *wanted)
{
	DIR *all = opendir(directory);
	const struct dirent *entry;
	int best = INT_MAX;

	while (all && (entry = readdir(all))) {
		int number = sysfs_number(entry->d_name, prefix);
		char path[PATH_MAX];

		if (number < 0 || number >= best)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (is(path, wanted))
			best = number;
	}
	if (all)
		closedir(all);
	return best == INT_MAX ? -ENOENT : best;
}
