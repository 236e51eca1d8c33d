/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counter that is disciplined, behind one table. */
#ifndef VMCLOCK_COUNTER_H
#define VMCLOCK_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum counter_kind { COUNTER_TSC, COUNTER_VCNT, COUNTER_MONOTONIC_RAW };

enum counter_check {
	COUNTER_CHECK_STRICT, /* the TSC must be constant and nonstop, and not given up by the kernel */
	COUNTER_CHECK_KERNEL, /* content when the kernel itself uses it as its clocksource */
};

/* Two clocks of the kernel at one value of the counter, exact to the ns that they are told in. */
struct counter_snapshot {
	uint64_t counter;
	int64_t realtime_ns;
	int64_t monotonic_ns;
};

struct counter {
	const char *name; /* "tsc", "vcnt", "monotonic-raw" */
	uint8_t page_id;  /* VMCLOCK_COUNTER_* of vmclock-abi.h */
	double nominal_hz;
	double ns_per_tick; /* 1e9 / nominal_hz */
	uint64_t (*read)(void); /* ordered with what comes before and after it */
	/* 0 or -errno: not at this time. NULL: the kernel's driver is not there to take one. */
	int (*snapshot)(void *context, struct counter_snapshot *out);
	void *snapshot_context;
};

/* 0; -ENODEV: the machine has none or its kernel has given it up; the message says what to do. */
int counter_open(enum counter_kind kind, enum counter_check check, struct counter *out,
		 char *message, size_t message_size);

/* False once the kernel has marked the counter unstable since counter_open(). */
bool counter_still_trusted(const struct counter *counter);

#endif
