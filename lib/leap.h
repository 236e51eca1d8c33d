/* SPDX-License-Identifier: MIT */
/* Inside the library: UTC across a leap second that a page announces. */
#ifndef VMCLOCK_LIB_LEAP_H
#define VMCLOCK_LIB_LEAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Seconds to add to `utc_s`, which was counted on from the reference time `reference_s` with the
 * UTC offset that held there: -1, 0 or 1. *inserted: it is 23:59:60.
 */
int vmclock_leap_correction(uint8_t indicator, int64_t reference_s, int64_t utc_s, bool *inserted);

#endif
