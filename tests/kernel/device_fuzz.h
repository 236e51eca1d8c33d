/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fuzzer for the driver, with a model of what it must answer. The driver is loaded. */
#ifndef VMCLOCK_DEVICE_FUZZ_H
#define VMCLOCK_DEVICE_FUZZ_H

/* One thread that knows the state of the driver: the model says accept or which error. */
void fuzz_alone(long calls);

/*
 * Several threads, with mappings, polls, reads, guests and writers that come and go under each
 * other: no model but that every page is one, and that nothing breaks.
 */
void fuzz_together(long calls);

#endif
