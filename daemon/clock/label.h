/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which second a pulse marks: what other sources' intervals leave possible. */
#ifndef VMCLOCK_CLOCK_LABEL_H
#define VMCLOCK_CLOCK_LABEL_H

#include "discipline_state.h"

/*
 * The second (in the scale of the line) within 0.4 s of which true time is at this counter value,
 * by the whole interval of every other source that may say so. offset_ns: how far the pulse is
 * known to be ahead. False: none is sure enough, or they do not agree.
 */
bool label_second(const struct discipline *d, const struct slot *pulse, uint64_t counter,
		  double offset_ns, int64_t *second);

#endif
