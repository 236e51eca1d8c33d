/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel driver says of its page beside what the page says itself. */
#ifndef VMCLOCKCTL_DRIVER_H
#define VMCLOCKCTL_DRIVER_H

#include <stdbool.h>

#include <jansson.h>
#include <linux/vmclock-abi.h>
#include <linux/vmclock_host.h>

/* True: the page was read from the driver's device, at `path` or, for NULL, where it usually is. */
bool driver_asked(const char *path, const struct vmclock_abi *page, struct vmclock_host_state *out);

void driver_print(const struct vmclock_host_state *state);
/* NULL state: null. */
json_t *driver_json(const struct vmclock_host_state *state);

#endif
