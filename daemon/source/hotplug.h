/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and pulses of the kernel that come and go, as udev announces them. */
#ifndef VMCLOCK_HOTPLUG_H
#define VMCLOCK_HOTPLUG_H

#include "source.h"

struct hotplug;

struct hotplug_listener {
	/* A device of the subsystems ptp or pps is there, or is gone. */
	void (*changed)(struct hotplug_listener *listener);
	void *context;
	struct hotplug_listener *next; /* the module's */
};

/* False: hotplug is off, or nobody announces anything here, which is logged: devices are then
 * looked for at every poll only. hotplug_forget() is then not needed. */
bool hotplug_listen(struct source_env *env, struct hotplug_listener *listener);
void hotplug_forget(struct source_env *env, struct hotplug_listener *listener);

#endif
