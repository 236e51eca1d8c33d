/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of one guest, for the subcommands that make some. */
#ifndef VMCLOCKCTL_GUEST_H
#define VMCLOCKCTL_GUEST_H

#include "options.h"

/* Calls the daemon's method with the name and what the options say of the guest's counter.
 * CTL_FINE, or CTL_ERROR after an error that has been said. */
int guest_change(const struct options *options, const char *name, const char *method);

#endif
