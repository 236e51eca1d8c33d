/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several readings of a clock as one.
 *
 * Each says that the device showed a time at some moment between two others, so that device minus
 * system is in an interval. The mean of such intervals holds as each of them does, and noise that
 * differs from reading to reading is less in it.
 */
#ifndef VMCLOCK_PHC_MEAN_H
#define VMCLOCK_PHC_MEAN_H

#include <stdint.h>

/* ns, not negative; after_ns >= before_ns. */
struct phc_bracket {
	int64_t before_ns; /* the system's clock */
	int64_t device_ns;
	int64_t after_ns;
};

/*
 * The mean of those among n (at least 1) readings that are nearly as narrow as the narrowest, and
 * say nearly what it says: a bus that was busy, or a clock that was just set, says nothing of the
 * others. Rounded so that it holds; up to 2 ns wider for that.
 */
struct phc_bracket phc_mean(const struct phc_bracket *readings, unsigned int n);

#endif
