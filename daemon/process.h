/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What [process] asks of the kernel: processors, real-time priority, locked memory. */
#ifndef VMCLOCK_PROCESS_H
#define VMCLOCK_PROCESS_H

#include "config.h"

/* Each that is refused is a warning with its reason; the daemon runs without it. */
void process_apply(const struct config *config);

#endif
