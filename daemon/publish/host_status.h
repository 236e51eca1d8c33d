/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the host's clock follows, whoever steers it: for messages and reports. */
#ifndef VMCLOCK_HOST_STATUS_H
#define VMCLOCK_HOST_STATUS_H

#include "../config.h"
#include "host_clock.h"
#include "host_kernel.h"

struct host_status {
	const char *mode; /* as configured */
	const char *by;	  /* "kernel" or "adjtimex": who follows now; NULL: nobody */
	enum host_clock_state state;
	const char *why; /* WAITING, STOPPED: the reason, for people; else "" */
	double ahead_ns; /* CLOCK_REALTIME - reference; NaN: not known, as the two below */
	double pending_ns;
	double rate_ppb;
	unsigned int steps;
};

struct host_status host_status(enum host_clock_mode mode, const struct host_clock *clock,
			       const struct host_kernel *kernel);

#endif
