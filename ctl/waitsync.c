// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl waitsync: waits until a page is synchronized and its bound small enough. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "ctl.h"
#include "format.h"
#include "page_open.h"

enum { PAUSE_MS = 100 };

/* What the page was like when last looked at. */
struct look {
	int error; /* of the library; 0: reading is good */
	struct vmclock_reading reading;
};

/* Opened anew each time: a page may come late, and be replaced by another. */
static void take_look(const struct options *options, struct look *look)
{
	unsigned int flags = options->monotonic_raw ? VMCLOCK_OPEN_MONOTONIC_RAW : 0;
	struct vmclock *clock;

	look->error = vmclock_open(options->argument, flags, &clock);
	if (look->error)
		return;
	look->error = vmclock_now(clock, &look->reading);
	vmclock_close(clock);
}

static bool is_good(const struct look *look, double bound_ns)
{
	if (look->error || look->reading.clock_status != VMCLOCK_STATUS_SYNCHRONIZED)
		return false;
	return isinf(bound_ns) || (double)look->reading.max_error_ns <= bound_ns;
}

/* What waiting will not mend. */
static bool is_hopeless(int error)
{
	return error == -EACCES || error == -EOPNOTSUPP || error == -ELOOP || error == -ENOTDIR;
}

static double monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int give_up(const struct options *options, const struct look *look)
{
	struct text bound, wanted;

	if (look->error && look->error != -ENODATA)
		page_explain(options, look->error);
	else if (look->error || look->reading.clock_status != VMCLOCK_STATUS_SYNCHRONIZED)
		ctl_error("%s is still %s", page_label(options),
			  page_status_name(look->reading.clock_status));
	else
		ctl_error("the bound of %s is still +/- %s, not %s", page_label(options),
			  format_time(&bound, (double)look->reading.max_error_ns),
			  format_time(&wanted, options->bound_ns));
	return CTL_NOT_SYNCHRONIZED;
}

int waitsync_run(const struct options *options)
{
	double until_ns = monotonic_ns() + options->timeout_ns;
	struct look look;

	for (;;) {
		take_look(options, &look);
		if (is_good(&look, options->bound_ns))
			return CTL_FINE;
		if (is_hopeless(look.error))
			return page_explain(options, look.error);
		if (monotonic_ns() >= until_ns)
			return give_up(options, &look);
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
	}
}
