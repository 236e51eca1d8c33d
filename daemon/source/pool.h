/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The associations of one section and the addresses they use: one for `ntp`, several for `pool`.
 *
 * Addresses come from the configuration (numeric) or from repeated resolution. No two members have
 * the same; one that fails is given another as soon as there is one.
 */
#ifndef VMCLOCK_POOL_H
#define VMCLOCK_POOL_H

#include "source.h"

/* Types `ntp` and `pool`; as source_start(). */
int pool_start(struct source *sources, const struct config_source *config, struct source_env *env);
void pool_member_stop(struct source *source);
void pool_member_retune(struct source *source);

#endif
