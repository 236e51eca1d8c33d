// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl downgrade: a page file whose writer died is no longer called synchronized. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#include "ctl.h"
#include "page_open.h"

#define DEFAULT_PAGE "/run/vmclock/page"

/* False also when it cannot be told, which nobody should rely on either. */
static bool is_still_useful(const char *path, double unreliable_above_ns)
{
	struct vmclock_reading reading;
	struct vmclock *clock;
	int rc;

	/* Of a page file, INVALID says monotonic-raw: vmclockd has nothing else without an id. */
	if (vmclock_open(path, VMCLOCK_OPEN_MONOTONIC_RAW, &clock))
		return false;
	rc = vmclock_now(clock, &reading);
	vmclock_close(clock);
	return rc == 0 && (double)reading.max_error_ns <= unreliable_above_ns;
}

static int explain(const char *path, int error)
{
	switch (error) {
	case -EBUSY:
		return ctl_error("%s: its writer lives; stop vmclockd first", path);
	case -EEXIST:
		return ctl_error("%s is no vmclock page", path);
	case -ELOOP:
		return ctl_error("%s is a symbolic link", path);
	case -EPERM:
		return ctl_error("%s belongs to somebody else, or has several names", path);
	default:
		return ctl_error("%s: %s", path, strerror(-error));
	}
}

static int downgrade_one(const char *path, double unreliable_above_ns)
{
	/* First, since it also repairs a half-written page, which could not be read. */
	int rc = vmclock_page_downgrade(path, VMCLOCK_STATUS_FREERUNNING);

	if (rc == -ENOENT) {
		printf("%s does not exist: there is nothing to downgrade\n", path);
		return CTL_FINE;
	}
	if (!rc && !is_still_useful(path, unreliable_above_ns))
		rc = vmclock_page_downgrade(path, VMCLOCK_STATUS_UNRELIABLE);
	return rc ? explain(path, rc) : CTL_FINE;
}

/* Beside each page in the directory of guests lie files with other endings. */
static bool is_page_name(const char *name)
{
	static const char *const endings[] = {".journal", ".guest", ".new", ".tmp", ".disrupted"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t length = strlen(name), end = strlen(endings[i]);

		if (length >= end && strcmp(name + length - end, endings[i]) == 0)
			return false;
	}
	return name[0] != '.';
}

/*
 * Does the daemon look for the guest's counter itself? With nobody to look it may be another one
 * any time. The daemon's note (NAME.guest) has what is looked at as its last word; "-": nothing is.
 */
static bool is_followed(const char *path)
{
	char note[4096 + 16], line[512] = "";
	size_t length;
	FILE *file;

	snprintf(note, sizeof(note), "%s.guest", path);
	file = fopen(note, "re");
	if (!file || !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	length = strcspn(line, "\n");
	return length < 3 || strncmp(line + length - 2, " -", 2) != 0;
}

/* Guests' pages: how large their errors are now, only the guests' counters tell. */
static int downgrade_all(const char *directory, DIR *entries)
{
	const struct dirent *entry;
	int status = CTL_FINE;
	char path[4096];

	while ((entry = readdir(entries))) {
		int rc = 0;

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (is_page_name(entry->d_name))
			rc = vmclock_page_downgrade(path, is_followed(path)
								  ? VMCLOCK_STATUS_UNRELIABLE
								  : VMCLOCK_STATUS_FREERUNNING);
		if (rc)
			status = explain(path, rc);
	}
	return status;
}

int downgrade_run(const struct options *options)
{
	const char *path = options->argument ? options->argument : DEFAULT_PAGE;
	DIR *entries = opendir(path);
	int status;

	if (!entries)
		return downgrade_one(path, options->unreliable_above_ns);
	status = downgrade_all(path, entries);
	closedir(entries);
	return status;
}
