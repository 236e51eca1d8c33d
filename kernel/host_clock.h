/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's own clock, and the page that follows it for as long as nobody has set it. */
#ifndef VMCLOCK_HOST_CLOCK_H
#define VMCLOCK_HOST_CLOCK_H

#include <linux/irq_work.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "vmclock_line.h"

struct clocksource;
struct vmclock_host;
struct vmclock_host_state;

/*
 * The timekeeper as its last update left it. Two lines go through it: the clock itself, advancing
 * by per_cycle at each cycle of the counter, and, ntp_error above it, what NTP wants the clock to
 * be, advancing by tick and perhaps skew in so many cycles. The kernel keeps the first near the
 * second by alternating between two values of per_cycle; the second is straight.
 */
struct vmclock_host_sample {
	const struct clocksource *clock; /* may be gone, unless it is the counter */
	u64 counter;
	u64 sec; /* CLOCK_REALTIME at that counter value, s */
	u64 frac; /* and ns / 2^32 */
	s64 ntp_error; /* ns / 2^32 */
	u64 tick; /* ns / 2^32 */
	s64 skew; /* beside that, while NTP slews a phase, ns / 2^32 */
	u64 cycles;
	u64 per_cycle; /* ns / 2^32 */
	s32 tai_offset; /* TAI - CLOCK_REALTIME as the kernel knows it, s */
	u8 clocksource_seq; /* counts changes of the clocksource */
	bool leap_pending; /* a second will be inserted at the end of this day */
	bool counts; /* the clocksource is the counter */
	bool usable; /* and lines can be computed */
	bool skewed; /* the skew counts */
};

/* What the page is made from while it follows the host's clock. */
struct vmclock_from_host {
	int state; /* as last acted upon */
	bool was_set; /* the clock was set since then */
	s32 first_tai_offset; /* of the kernel, when the module was loaded */
	struct vmclock_host_sample shown; /* as last acted upon */
	struct vmclock_line line; /* the line of NTP through it, TAI */
};

struct vmclock_host_clock {
	struct notifier_block nb;
	/* Of the next two. Taken under the timekeeper's: inside, nobody may ask for the time. */
	raw_spinlock_t lock;
	struct vmclock_host_sample sample;
	struct vmclock_from_host from_host;
	struct irq_work noticed;
	struct delayed_work act;
};

/* host_clock.c */
int vmclock_host_clock_init(struct vmclock_host *host);
void vmclock_host_clock_exit(struct vmclock_host *host);
bool vmclock_host_clock_counts(struct vmclock_host_clock *clock, u8 clocksource_seq);
const struct clocksource *vmclock_host_clock_counter(struct vmclock_host_clock *clock);
struct vmclock_line vmclock_host_ntp_line(const struct vmclock_host_sample *sample);
void vmclock_host_clock_describe(struct vmclock_host *host, struct vmclock_host_state *state);

/* from_host.c */
int vmclock_from_host_init(struct vmclock_host *host);
bool vmclock_from_host_must_act(const struct vmclock_host *host);
void vmclock_from_host_act(struct work_struct *work);
void vmclock_from_host_look_again(struct vmclock_host *host);
u64 vmclock_from_host_features(struct vmclock_host *host);

static inline u64 vmclock_host_ntp_tick(const struct vmclock_host_sample *sample)
{
	return sample->tick + (sample->skewed ? sample->skew : 0);
}

static inline struct vmclock_line vmclock_line_later(struct vmclock_line line, s32 sec)
{
	line.origin += vmclock_instant_from((u64)(s64)sec, 0);
	return line;
}

#endif
