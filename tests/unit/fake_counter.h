/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A counter that stands still until a test moves it. */
#ifndef VMCLOCK_TEST_FAKE_COUNTER_H
#define VMCLOCK_TEST_FAKE_COUNTER_H

#include "daemon/counter.h"

extern uint64_t fake_counter_value;
/* Of 1 GHz, unless a test says otherwise. */
extern struct counter fake_counter;

#endif
