// SPDX-License-Identifier: GPL-2.0-or-later
/* The page and the kernel's timekeeper, each as what it says at any counter value. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "timekeeper.h"

int64_t instant_ps(instant span)
{
	instant whole = span >> 64;
	unsigned __int128 frac = (uint64_t)span;

	return (int64_t)whole * 1000000000000 + (int64_t)((frac * 1000000000000) >> 64);
}

struct vmclock_abi page_copy(const volatile struct vmclock_abi *page, uint64_t *counter)
{
	struct vmclock_abi copy;

	do {
		copy = *page;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		*counter = read_counter();
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	} while (copy.seq_count & 1 || copy.seq_count != page->seq_count);
	return copy;
}

instant page_at(const struct vmclock_abi *page, uint64_t counter)
{
	instant ticks = (int64_t)(counter - page->counter_value);
	instant origin =
		(instant)(((unsigned __int128)page->time_sec << 64) | page->time_frac_sec);

	return origin +
	       ((ticks * (instant)page->counter_period_frac_sec) >> page->counter_period_shift);
}

bool timekeeper_counts(void)
{
	char name[64] = "tsc-early";

	for (int i = 0; i < 600 && !strcmp(name, "tsc-early"); i++) {
		get_text("/sys/devices/system/clocksource/clocksource0/current_clocksource", name,
			 sizeof(name));
		if (!strcmp(name, "tsc-early"))
			sleep_ms(50);
	}
	return !strcmp(name, "tsc");
}

bool timekeeper_read(struct timekeeper *tk)
{
	char line[300];

	return get_text("/sys/module/timekeeper/parameters/last", line, sizeof(line)) &&
	       sscanf(line,
		      "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu32 "%" SCNu32 "%" SCNd64
		      "%" SCNu32 "%" SCNu64 "%" SCNd64 "%" SCNu64 "%" SCNd32,
		      &tk->updates, &tk->counter, &tk->sec, &tk->nsec, &tk->mult, &tk->shift,
		      &tk->ntp_error, &tk->ntp_error_shift, &tk->ntp_tick, &tk->beyond_tick,
		      &tk->cycles, &tk->tai_offset) == 12;
}

/* ns / 2^32 after the second of the timekeeper. */
static instant at(const struct timekeeper *tk, instant ns)
{
	instant sec = (instant)tk->sec + tk->tai_offset;

	return sec * ((instant)1 << 64) + (ns << 32) / 1000000000;
}

instant timekeeper_says(const struct timekeeper *tk, uint64_t counter)
{
	instant passed = (instant)(int64_t)(counter - tk->counter) * tk->mult;

	return at(tk, (((instant)tk->nsec + passed) << 32) >> tk->shift);
}

instant timekeeper_wants(const struct timekeeper *tk, uint64_t counter)
{
	instant tick = (instant)tk->ntp_tick + tk->beyond_tick;
	instant passed = (instant)(int64_t)(counter - tk->counter) * tick / (instant)tk->cycles;

	return at(tk, (((instant)tk->nsec << 32) >> tk->shift) + tk->ntp_error + passed);
}
