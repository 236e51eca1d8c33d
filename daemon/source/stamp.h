/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's packet stamps, which are CLOCK_REALTIME, to counter values.
 *
 * CLOCK_REALTIME may be set or slewed at any time by whoever steers the host clock. It is therefore
 * never followed for longer than one exchange: it is paired with the counter just before the
 * request leaves and just after the reply was taken. The two pairs show whether it was set in
 * between and how fast it can have run; each stamp is converted from the pair that it is near to,
 * with an error that holds for every rate that the pairs leave possible, and +-500 ppm at least.
 */
#ifndef VMCLOCK_STAMP_H
#define VMCLOCK_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "../counter.h"

/* How far CLOCK_REALTIME may run from the counter's nominal rate for stamps to be converted. */
#define STAMP_RATE_TOLERANCE 500e-6

/* CLOCK_REALTIME showed realtime_ns at some moment within +-half_ns around `counter`. */
struct stamp_pair {
	uint64_t counter;
	double half_ns; /* bracket and resolution, >= 0 */
	int64_t realtime_ns;
	/*
	 * CLOCK_REALTIME - CLOCK_MONOTONIC, which only a set of the clock changes. Reading one
	 * after the other makes it too small, by at most the slack.
	 */
	int64_t set_offset_ns;
	double set_slack_ns;
};

/* A moment as a counter value, right within +-error_ns. */
struct stamp {
	uint64_t counter;
	double error_ns;
};

/* A snapshot of the kernel's, or else the narrowest of several reads of the clocks between reads of
 * the counter. */
void stamp_pair_read(const struct counter *counter, struct stamp_pair *out);

bool stamp_clock_was_set(const struct stamp_pair *before, const struct stamp_pair *after);

/*
 * False: CLOCK_REALTIME was set, or left +-500 ppm, between the pairs. Else *rate_limit is how far
 * its rate can have been from nominal: brackets hide some of it when the pairs are close.
 */
bool stamp_pairs_agree(const struct stamp_pair *before, const struct stamp_pair *after,
		       double ns_per_tick, double *rate_limit);

/*
 * Converts a stamp taken near `pair`. It is known to lie between the counter reads `earliest` and
 * `latest`; one that contradicts this by more than its error is refused (false), one that does by
 * less is moved to the end it passed.
 */
bool stamp_convert(const struct stamp_pair *pair, int64_t realtime_ns, double ns_per_tick,
		   double rate_limit, uint64_t earliest, uint64_t latest, struct stamp *out);

#endif
