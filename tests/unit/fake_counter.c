// SPDX-License-Identifier: GPL-2.0-or-later
/* A counter that stands still until a test moves it. */
#include "fake_counter.h"

#include <linux/vmclock-abi.h>

uint64_t fake_counter_value;

static uint64_t read_value(void)
{
	return fake_counter_value;
}

struct counter fake_counter = {.name = "tsc",
			       .page_id = VMCLOCK_COUNTER_X86_TSC,
			       .nominal_hz = 1e9,
			       .ns_per_tick = 1,
			       .read = read_value};
