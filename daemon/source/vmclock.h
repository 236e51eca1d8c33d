/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vmclock page of the machine below: a host that is itself a guest passes its time on. */
#ifndef VMCLOCK_SOURCE_VMCLOCK_H
#define VMCLOCK_SOURCE_VMCLOCK_H

#include "source.h"

#define VMCLOCK_SOURCE_DEVICE "/dev/vmclock0"

int vmclock_start(struct source *source, const struct config_source *config,
		  struct source_env *env);

#endif
