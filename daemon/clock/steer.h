/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the published line moves: it joins the old one, closes the gap, and says what it is worth. */
#ifndef VMCLOCK_CLOCK_STEER_H
#define VMCLOCK_CLOCK_STEER_H

#include <stdbool.h>
#include <stdint.h>

struct discipline;
struct publication;

/* The next line, from d->totals.interval and .estimate at `now`; plans d->deadline. */
void steer_publish(struct discipline *d, uint64_t now, bool majority, struct publication *out);

/* After a disruption, before the first new bound: the old line, marked as not to be used. False
 * when readers were told already. */
bool steer_warn(struct discipline *d, uint64_t now, struct publication *out);

#endif
