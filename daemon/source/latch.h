/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counter, latched by hardware at the edge of a pulse. */
#ifndef VMCLOCK_LATCH_H
#define VMCLOCK_LATCH_H

#include "source.h"

/* Type `latch`; as source_start(). */
int latch_start(struct source *source, const struct config_source *config, struct source_env *env);

#endif
