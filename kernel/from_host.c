// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page without a writer: it follows the host's own clock, from the loading of the module to the
 * first reference.
 *
 * It then is the line that NTP wants CLOCK_REALTIME to be on, as TAI. This line does not have the
 * alternating steepness of the clock itself, and changes only when NTP or an administrator changes
 * it. How good it is, the kernel does not tell a module: the page gives no errors.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "counter.h"
#include "vmclock_host.h"

/* The least that TAI - UTC has ever been, since 1972. Less than that was never set by anybody. */
#define TAI_OFFSET_MIN 10
#define TAI_OFFSET_MAX 1000

#define ONE_NS ((vmclock_instant)(U64_MAX / NSEC_PER_SEC)) /* s / 2^64 */

/* The page is made anew for every new rate, and for a phase that differs by more than this. */
#define CHANGE_MIN ONE_NS

/* A clock that was set, but not by more than this as TAI, is corrected or has a leap second. */
#define SET_MIN (10 * NSEC_PER_USEC * ONE_NS)

/* A page that is ahead by more than this steps back instead of waiting. */
#define SLEW_MAX (10 * NSEC_PER_MSEC * ONE_NS)

/* A page that is ahead waits for as long as this; longer, if it would take more than 500 ppm. */
#define SLEW_NS NSEC_PER_SEC
#define SLEW_RATE_MAX (U64_MAX / 2000) /* 2^-64 */

static bool page_from_host = true;
module_param(page_from_host, bool, 0444);
MODULE_PARM_DESC(page_from_host, "Follow the host's own clock until a reference is set (default Y)");

static int tai_offset;
module_param(tai_offset, int, 0444);
MODULE_PARM_DESC(tai_offset, "TAI - UTC in s, for as long as the kernel is not told (10..1000)");

enum {
	UNKNOWN, /* nothing was looked at yet */
	UNSTABLE,
	NO_COUNTER,
	NO_OFFSET,
	NOT_ASKED,
	FOLLOWING,
};

static const char *const said[] = {
	[UNSTABLE] = "the counter is unstable: no page has a time, until there is a new reference",
	[NO_COUNTER] = "the clocksource is not the counter: no snapshots, no page from the host",
	[NO_OFFSET] = "nobody has set the kernel's TAI offset: no page from the host",
	[NOT_ASKED] = "the clocksource is the counter",
	[FOLLOWING] = "the page follows the host's clock",
};

/*
 * TAI - CLOCK_REALTIME, s; 0: not known. In a kernel that was never told, each leap second still
 * counts, so that TAI goes on through it.
 */
static s32 offset_of(const struct vmclock_host *host, const struct vmclock_host_sample *sample)
{
	s32 offset = sample->tai_offset;

	if (offset < TAI_OFFSET_MIN && tai_offset)
		offset += tai_offset - host->clock.from_host.first_tai_offset;
	return offset >= TAI_OFFSET_MIN && offset <= TAI_OFFSET_MAX ? offset : 0;
}

static int state_of(const struct vmclock_host *host, const struct vmclock_host_sample *sample)
{
	if (!vmclock_counter_stable())
		return UNSTABLE;
	if (!sample->usable)
		return NO_COUNTER;
	if (!READ_ONCE(host->from_host))
		return NOT_ASKED;
	return offset_of(host, sample) ? FOLLOWING : NO_OFFSET;
}

static struct vmclock_line line_of(const struct vmclock_host *host,
				   const struct vmclock_host_sample *sample)
{
	return vmclock_line_later(vmclock_host_ntp_line(sample), offset_of(host, sample));
}

static bool line_changed(const struct vmclock_host *host)
{
	const struct vmclock_from_host *from = &host->clock.from_host;
	const struct vmclock_host_sample *now = &host->clock.sample;
	struct vmclock_line line;
	vmclock_instant moved;

	if (vmclock_host_ntp_tick(now) != vmclock_host_ntp_tick(&from->shown) ||
	    now->cycles != from->shown.cycles || now->leap_pending != from->shown.leap_pending ||
	    now->tai_offset != from->shown.tai_offset)
		return true;
	line = line_of(host, now);
	moved = line.origin - vmclock_line_at(&from->line, line.counter);
	return moved > CHANGE_MIN || moved < -CHANGE_MIN;
}

/* In the timekeeper's critical section, with the lock of the host's clock. */
bool vmclock_from_host_must_act(const struct vmclock_host *host)
{
	int state = state_of(host, &host->clock.sample);

	return state != host->clock.from_host.state || (state == FOLLOWING && line_changed(host));
}

/*
 * The line goes on from where the page is now, so much slower that it meets the wanted one after
 * the time that is returned, ns.
 */
static u64 slew(struct vmclock_line *line, u64 now, vmclock_instant ahead)
{
	u64 rate = min_t(u64, vmclock_instant_frac(ahead), SLEW_RATE_MAX); /* 2^-64 */

	line->origin = vmclock_line_at(line, now) + ahead;
	line->counter = now;
	line->period -= mul_u64_u64_shr(line->period, rate, 64);
	return mul_u64_u64_div_u64(vmclock_instant_frac(ahead), NSEC_PER_SEC, rate);
}

/* How far the page is ahead of a line now; 0 where it says no time yet. */
static vmclock_instant ahead_of(const struct vmclock_host *host, const struct vmclock_line *line,
				u64 now)
{
	struct vmclock_line page;

	if (!host->line_valid)
		return 0;
	page = vmclock_reference_line(&host->line);
	return vmclock_line_at(&page, now) - vmclock_line_at(line, now);
}

static struct vmclock_host_line page_line(const struct vmclock_line *line, s32 offset, bool leap)
{
	struct vmclock_host_line shown = {
		.counter_value = line->counter,
		.counter_period_frac_sec = line->period,
		.counter_period_shift = line->shift,
		.time_sec = vmclock_instant_sec(line->origin),
		.time_frac_sec = vmclock_instant_frac(line->origin),
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_TIME_MONOTONIC,
		.tai_offset_sec = -offset,
		.leap_indicator = leap ? VMCLOCK_LEAP_PRE_POS : VMCLOCK_LEAP_NONE,
		.smearing_hint = VMCLOCK_SMEARING_STRICT,
		.clock_status = VMCLOCK_STATUS_FREERUNNING,
		.time_type = VMCLOCK_TIME_TAI,
		.counter_id = vmclock_counter_id(),
	};

	return shown;
}

/*
 * The page jumps forward to the line, or is slewed back to it. Only a clock that was set, or that
 * is too far behind to be reached, makes it step, with a new marker. What follows later, by itself,
 * is the end of the slew, or the promise of monotonic time that a step had to take back.
 */
static void publish(struct vmclock_host *host, const struct vmclock_host_sample *sample,
		    bool was_set)
{
	struct vmclock_host_reference ref = { .splice_max_ns = NSEC_PER_SEC - 1 };
	struct vmclock_line line = line_of(host, sample);
	u64 now = vmclock_counter_read();
	vmclock_instant ahead = ahead_of(host, &line, now);
	bool set = was_set && (ahead > SET_MIN || ahead < -SET_MIN);
	u64 again_ns = 0;

	if (set || ahead > SLEW_MAX) {
		ref.flags = VMCLOCK_HOST_REF_DISRUPT;
		again_ns = SLEW_NS;
	} else if (ahead > CHANGE_MIN) {
		again_ns = slew(&line, now, ahead);
	}
	ref.line = page_line(&line, offset_of(host, sample), sample->leap_pending);
	vmclock_reference_set(host, &ref, NULL);
	/* One more, so that the slew is over when the work runs. */
	if (again_ns)
		mod_delayed_work(host->work, &host->clock.act, nsecs_to_jiffies(again_ns) + 1);
}

/* What was seen is acted upon from here on. Returns the state before. */
static int begin_to_act(struct vmclock_host *host, bool *was_set)
{
	struct vmclock_from_host *from = &host->clock.from_host;
	int before = from->state;

	raw_spin_lock_irq(&host->clock.lock);
	*was_set = from->was_set;
	from->was_set = false;
	from->shown = host->clock.sample;
	from->state = state_of(host, &from->shown);
	if (from->state == FOLLOWING)
		from->line = line_of(host, &from->shown);
	raw_spin_unlock_irq(&host->clock.lock);
	return before;
}

/* Once for each change; that nothing is asked of us, only if something was missing before. */
static void say(int before, int state)
{
	if (state != before && (state != NOT_ASKED || before == UNSTABLE || before == NO_COUNTER))
		pr_notice("%s\n", said[state]);
}

void vmclock_from_host_act(struct work_struct *work)
{
	struct vmclock_host *host =
		container_of(to_delayed_work(work), struct vmclock_host, clock.act);
	struct vmclock_from_host *from = &host->clock.from_host;
	bool was_set;
	int before;

	mutex_lock(&host->lock);
	if (host->asleep)
		goto out; /* we are called again afterwards */
	before = begin_to_act(host, &was_set);
	if (from->state == FOLLOWING)
		publish(host, &from->shown, was_set);
	else if (host->line_valid && from->state == UNSTABLE)
		vmclock_reference_forget(host, VMCLOCK_HOST_REASON_COUNTER);
	else if (host->line_valid && host->from_host)
		vmclock_reference_forget(host, VMCLOCK_HOST_REASON_HOST_CLOCK);
	say(before, from->state);
out:
	mutex_unlock(&host->lock);
}

/* Whatever it saw before: the page has changed under it. In any context. */
void vmclock_from_host_look_again(struct vmclock_host *host)
{
	mod_delayed_work(host->work, &host->clock.act, 0);
}

u64 vmclock_from_host_features(struct vmclock_host *host)
{
	bool possible;

	raw_spin_lock_irq(&host->clock.lock);
	possible = page_from_host && host->clock.sample.usable;
	raw_spin_unlock_irq(&host->clock.lock);
	return possible ? VMCLOCK_HOST_FEATURE_PAGE_FROM_HOST : 0;
}

static s32 kernel_tai_offset(void)
{
	return ktime_divns(ktime_sub(ktime_mono_to_any(0, TK_OFFS_TAI),
				     ktime_mono_to_any(0, TK_OFFS_REAL)), NSEC_PER_SEC);
}

int vmclock_from_host_init(struct vmclock_host *host)
{
	if (tai_offset && (tai_offset < TAI_OFFSET_MIN || tai_offset > TAI_OFFSET_MAX)) {
		pr_err("tai_offset must be %d..%d\n", TAI_OFFSET_MIN, TAI_OFFSET_MAX);
		return -EINVAL;
	}
	host->clock.from_host.first_tai_offset = kernel_tai_offset();
	host->from_host = page_from_host;
	return 0;
}
