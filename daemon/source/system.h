/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's own CLOCK_REALTIME as a source, for hosts where somebody else keeps it right. */
#ifndef VMCLOCK_SYSTEM_H
#define VMCLOCK_SYSTEM_H

#include <sys/timex.h>

#include "source.h"
#include "stamp.h"

/* Type `system`; as source_start(). */
int system_start(struct source *source, const struct config_source *config, struct source_env *env);

/*
 * Makes an event of one look at the clock. `state` is what adjtimex() returned. NULL: `out` is
 * filled; else why the clock cannot be believed now.
 */
const char *system_event(const struct stamp_pair *pair, int state, const struct timex *kernel,
			 struct event *out);

#endif
