/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PTP clock of a network interface, asked by ethtool's generic netlink. */
#ifndef VMCLOCK_ETHTOOL_H
#define VMCLOCK_ETHTOOL_H

#include <stddef.h>

/*
 * N of the interface's /dev/ptpN. -ENODEV: no such interface, or it has no clock; other -errno:
 * nobody could be asked. Netlink answers in the call that asks: it does not wait.
 */
int ethtool_phc_index(const char *interface);

/* The reply alone (a whole netlink message), for tests and the fuzzer. -EBADMSG: it is none. */
int ethtool_parse_tsinfo(const void *message, size_t size);

#endif
