// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the rate of this machine's counter in kHz, as kernels under test are told it: where time
 * is emulated on a busy machine, what they find out by themselves is sometimes several times off.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define SPAN_NS 300000000
#define TRIES 100

/* A reading of the clock, and the counter in the middle of the shortest of many brackets. */
struct reading {
	double counter;
	double ns;
};

static double clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct reading read_both(void)
{
	struct reading best = {0, 0};
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __builtin_ia32_rdtsc();
		double ns = clock_ns();
		uint64_t span = __builtin_ia32_rdtsc() - before;

		if (span < shortest) {
			shortest = span;
			best = (struct reading){(double)before + (double)span / 2, ns};
		}
	}
	return best;
}

int main(void)
{
	struct timespec pause = {0, SPAN_NS};
	struct reading first = read_both();
	struct reading last;

	nanosleep(&pause, NULL);
	last = read_both();
	printf("%.0f\n", (last.counter - first.counter) / (last.ns - first.ns) * 1e6);
	return 0;
}
