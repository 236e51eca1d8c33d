/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pulse per second that the kernel stamps: /dev/ppsN. */
#ifndef VMCLOCK_PPS_H
#define VMCLOCK_PPS_H

#include "pps_device.h"
#include "source.h"

/* Type `pps`; as source_start(). */
int pps_start(struct source *source, const struct config_source *config, struct source_env *env);

/* The same with a device of the caller's: pps_start() uses pps_system. */
int pps_start_with(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct pps_calls *calls);

#endif
