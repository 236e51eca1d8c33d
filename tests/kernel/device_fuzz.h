/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fuzzer for the driver, with a model of what it must accept. */
#ifndef VMCLOCK_DEVICE_FUZZ_H
#define VMCLOCK_DEVICE_FUZZ_H

/* One thread; returns how many results the model did not predict, and how many were accepted. */
long fuzz_alone(long calls, unsigned long long hz, long *accepted);

/* Several threads, writers that come and go; returns how many mappings showed no page. */
long fuzz_together(long calls, unsigned long long hz);

#endif
