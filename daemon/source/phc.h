/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PTP hardware clock as a source: read at every poll, between two readings of the counter. */
#ifndef VMCLOCK_PHC_H
#define VMCLOCK_PHC_H

#include "phc_clock.h"
#include "source.h"

/* Type `phc`; as source_start(). */
int phc_start(struct source *source, const struct config_source *config, struct source_env *env);

/* The same with a device and a tree of one's own. */
int phc_start_at(struct source *source, const struct config_source *config, struct source_env *env,
		 const struct phc_kernel *kernel, const struct phc_places *places);

#endif
