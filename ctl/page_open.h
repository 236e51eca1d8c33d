/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a page for the subcommands that need no daemon. */
#ifndef VMCLOCKCTL_PAGE_OPEN_H
#define VMCLOCKCTL_PAGE_OPEN_H

#include <vmclock.h>

#include "options.h"

/* What a message calls the page: the path given, or the places that are looked at. */
const char *page_label(const struct options *options);

/* CTL_FINE, or CTL_ERROR after saying what is wrong. inspect: a page that cannot give the time
 * here is opened, too. */
int page_open(const struct options *options, bool inspect, struct vmclock **out);

/* Says why the library could not open or read the page; returns CTL_ERROR. */
int page_explain(const struct options *options, int error);

/* The names of the page's values, "unknown" for one that is not defined. */
const char *page_status_name(uint8_t status);
const char *page_leap_name(uint8_t leap);

#endif
