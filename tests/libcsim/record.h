/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the page says at each whole second, beside the truth: one line of CSV a second. */
#ifndef VMCLOCK_LIBCSIM_RECORD_H
#define VMCLOCK_LIBCSIM_RECORD_H

#include <stdint.h>
#include <stdio.h>

/* 0 or -errno. An empty path: nothing is recorded, *out is NULL. */
int record_open(FILE **out, const char *path);

/*
 * One line: second, counter, true UTC in ns, the fields of the page as they stand,
 * CLOCK_REALTIME, and how often poll() had to wait so far; "-" instead of those when there is no
 * whole page yet.
 */
void record_second(FILE *record, uint64_t second, uint64_t counter, int64_t truth_ns,
		   int64_t realtime_ns, uint64_t wakeups, const char *page_path);

#endif
