// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens a page, and says in words why one cannot be used. */
#include <errno.h>
#include <string.h>

#include "ctl.h"
#include "page_open.h"

const char *page_label(const struct options *options)
{
	return options->argument ? options->argument : "the page";
}

int page_explain(const struct options *options, int error)
{
	const char *label = page_label(options);

	switch (error) {
	case -ENOENT:
		if (!options->argument)
			return ctl_error("there is no page: neither /dev/vmclock_host nor "
					 "/run/vmclock/page nor /dev/vmclock0 exists; start "
					 "vmclockd, or name a page");
		return ctl_error("%s does not exist; vmclockd makes it once it runs", label);
	case -EACCES:
		return ctl_error("%s: permission denied", label);
	case -EPROTO:
		return ctl_error("%s is no vmclock page of version 1", label);
	case -ETIMEDOUT:
		return ctl_error("%s has been half written for 100 ms: its writer died; restart "
				 "vmclockd",
				 label);
	case -EOPNOTSUPP:
		return ctl_error("%s counts something that cannot be read here; if vmclockd runs "
				 "with counter = monotonic-raw, say --counter monotonic-raw",
				 label);
	case -ERANGE:
		return ctl_error("%s: its time or period is out of range", label);
	default:
		return ctl_error("%s: %s", label, strerror(-error));
	}
}

int page_open(const struct options *options, bool inspect, struct vmclock **out)
{
	unsigned int flags = inspect ? VMCLOCK_OPEN_INSPECT : 0;
	int rc;

	if (options->monotonic_raw)
		flags |= VMCLOCK_OPEN_MONOTONIC_RAW;
	rc = vmclock_open(options->argument, flags, out);
	return rc ? page_explain(options, rc) : CTL_FINE;
}

static const char *name_of(const char *const names[], size_t count, uint8_t value)
{
	return value < count ? names[value] : "unknown";
}

const char *page_status_name(uint8_t status)
{
	static const char *const names[] = {
		[VMCLOCK_STATUS_UNKNOWN] = "UNKNOWN",
		[VMCLOCK_STATUS_INITIALIZING] = "INITIALIZING",
		[VMCLOCK_STATUS_SYNCHRONIZED] = "SYNCHRONIZED",
		[VMCLOCK_STATUS_FREERUNNING] = "FREERUNNING",
		[VMCLOCK_STATUS_UNRELIABLE] = "UNRELIABLE",
	};

	return name_of(names, sizeof(names) / sizeof(names[0]), status);
}

const char *page_leap_name(uint8_t leap)
{
	static const char *const names[] = {
		[VMCLOCK_LEAP_NONE] = "none",
		[VMCLOCK_LEAP_PRE_POS] = "a second will be inserted",
		[VMCLOCK_LEAP_PRE_NEG] = "a second will be left out",
		[VMCLOCK_LEAP_POS] = "this is the inserted second",
		[VMCLOCK_LEAP_POST_POS] = "a second was inserted",
		[VMCLOCK_LEAP_POST_NEG] = "a second was left out",
	};

	return name_of(names, sizeof(names) / sizeof(names[0]), leap);
}
