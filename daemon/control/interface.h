/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The description of org.vmclock.Host, as handed out by GetInterfaceDescription. */
#ifndef VMCLOCK_CONTROL_INTERFACE_H
#define VMCLOCK_CONTROL_INTERFACE_H

#define CONTROL_INTERFACE "org.vmclock.Host"

extern const char control_interface_text[];

#endif
