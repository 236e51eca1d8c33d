/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that a test gives to the driver, and how far the host's clock is from them. */
#ifndef VMCLOCK_TEST_REFERENCE_H
#define VMCLOCK_TEST_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmclock_host.h>

#include "vmclock_line.h"

#define TAI_OFFSET 37

/* TAI that CLOCK_REALTIME shows, and the counter at that moment. */
struct moment {
	uint64_t counter;
	vmclock_instant tai;
};

struct moment host_clock(int fd);

/* At boot another clocksource is in use for some seconds. */
bool wait_for_counter(void);

/* Through a point, with the nominal period times 1 + ppt * 1e-12. */
struct vmclock_line line_through(struct moment moment, int64_t ppt);

/* What is given with it by default: synchronized, TAI - UTC, a lease of 1000 s, bounds of 5 us. */
struct vmclock_host_reference reference(const struct vmclock_line *line);

/* The same line, beginning at another counter value. */
struct vmclock_line line_from(const struct vmclock_line *line, uint64_t counter);

int set_reference(int fd, struct vmclock_host_reference ref);
int steer(int fd, const struct vmclock_line *line);
int steer_step(int fd, const struct vmclock_line *line, uint64_t threshold_ns);

/* CLOCK_REALTIME + TAI - UTC - line at the same counter value, ps; it counts whole ns. */
int64_t error_ps(int fd, const struct vmclock_line *line);
int64_t error_of_ps(struct moment moment, const struct vmclock_line *line);

/* By what the clock still has to change before it is where its target is, ps. */
int64_t outstanding_ps(int fd);

struct vmclock_host_state state_of(int fd);

#endif
