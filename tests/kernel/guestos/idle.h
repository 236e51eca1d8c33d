/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspend to idle, from which somebody at a serial port wakes the machine. */
#ifndef VMCLOCK_TEST_IDLE_H
#define VMCLOCK_TEST_IDLE_H

#include <stdbool.h>

/* Until somebody types: once a second, from outside, at the second serial port. */
bool idle(void);

#endif
