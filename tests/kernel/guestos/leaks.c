// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many requests, writers, mappings and readers that come and go leave no memory behind: the
 * kernel's own count of it, where there is no kmemleak.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_fuzz.h"
#include "harness.h"

#define CALLS 20000
/* A slab that is not full yet makes one round differ from the other. */
#define ROUNDS 5
/* One object of the smallest size for each tenth call would be four times as much. */
#define TOLERATED_KB 48

static long meminfo_kb(const char *field)
{
	char line[128];
	long kb = -1;
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			kb = strtol(line + strlen(field), NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

/* After what waits for a grace period or for pressure is gone. */
static long unreclaimable_kb(void)
{
	sleep_ms(500);
	put_text("/proc/sys/vm/drop_caches", "3");
	sleep_ms(500);
	return meminfo_kb("SUnreclaim:");
}

/* What a round leaves behind, kB: the least of some, as a leak is in each of them. */
static long left_by_a_round_kb(void)
{
	long least = TOLERATED_KB;

	for (int round = 0; round < ROUNDS && least >= TOLERATED_KB; round++) {
		long before = unreclaimable_kb();
		long left;

		fuzz_together(CALLS);
		left = unreclaimable_kb() - before;
		check(before > 0, "there is a count (%ld kB more after round %d)", left, round);
		least = !round || left < least ? left : least;
	}
	return least;
}

int main(void)
{
	long left;

	check_errno(load_driver(), 0, "the module loads");
	fuzz_together(CALLS);
	left = left_by_a_round_kb();
	check(left < TOLERATED_KB, "%d requests by several threads leave no memory behind (%ld kB)",
	      CALLS, left);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
