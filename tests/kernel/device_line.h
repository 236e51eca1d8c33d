/* SPDX-License-Identifier: GPL-2.0-or-later */
/* References that follow one another, and the time that a page says. */
#ifndef VMCLOCK_DEVICE_LINE_H
#define VMCLOCK_DEVICE_LINE_H

#include "harness.h"

/* A good reference that continues from the line in force, or begins at 1000 s. */
struct vmclock_host_reference next_reference(int fd);

/* SET_REFERENCE. */
int set(int fd, struct vmclock_host_reference ref);

/* The next reference, which must be accepted. */
void renew(int writer);

/* The page's time at a value of its counter, s / 2^64. */
__int128 time_at(const volatile struct vmclock_abi *page, unsigned long long counter);

/* What poll() returns. */
int readable(int fd, int timeout_ms);

#endif
