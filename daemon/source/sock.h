/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples that another program sends, by the protocol of chronyd's SOCK reference clock. */
#ifndef VMCLOCK_SOCK_H
#define VMCLOCK_SOCK_H

#include "source.h"

/* Type `sock`; as source_start(). */
int sock_start(struct source *source, const struct config_source *config, struct source_env *env);

#endif
