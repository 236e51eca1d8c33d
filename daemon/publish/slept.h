/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For how long the machine has slept since its boot: whether it has slept in between. */
#ifndef VMCLOCK_SLEPT_H
#define VMCLOCK_SLEPT_H

#include <stdbool.h>
#include <stdint.h>

#define SLEPT_UNKNOWN_NS INT64_C(-1)

/* Suspended or hibernated, since boot; or SLEPT_UNKNOWN_NS. Right to half a millisecond. */
int64_t slept_ns(void);

/*
 * Has the machine slept since `now_ns` (that is slept_ns(), or NULL: nobody knows) said `then_ns`?
 * Where that was known only once, it may have. Where it never is, there is no such clock, and only
 * the host's counter says so.
 */
bool slept_since(int64_t then_ns, int64_t (*now_ns)(void));

#endif
