// SPDX-License-Identifier: GPL-2.0-only
/* What the host's timekeeper says: noticed at each of its updates, told to whoever asks. */
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/pvclock_gtod.h>
#include <linux/timekeeper_internal.h>
#include <linux/timex.h>

#include "counter.h"
#include "vmclock_host.h"

#define SECOND (1000000000ULL << 32) /* ns / 2^32 */
#define NTP_ERROR_MAX (SECOND >> 3)

/*
 * How far the line of NTP advances in a tick, but for what is slewed. Up to 7.2 the length of a
 * tick was for a little more or less than the cycles that it counts: the remainder was taken off
 * at each tick. What is slewed was part of the length.
 */
static u64 tick_of(const struct timekeeper *tk)
{
#ifdef HAVE_XTIME_REMAINDER
	return tk->ntp_tick - ((u64)tk->xtime_remainder << tk->ntp_error_shift);
#else
	return tk->ntp_tick;
#endif
}

/* From 7.3 on, what is slewed comes on top, for as long as there is something left to slew. */
static s64 skew_of(const struct timekeeper *tk)
{
#ifdef HAVE_SKEW_DELTA
	return tk->skew_delta * NTP_INTERVAL_FREQ;
#else
	return 0;
#endif
}

/*
 * Whether that many ns / 2^32 in so many cycles are the counter's nominal rate within a half. Only
 * then a period can be computed without overflow; while a TSC is calibrated it may be anything.
 */
static bool near_nominal(u64 step, u64 cycles)
{
	vmclock_u128 nominal = (vmclock_u128)(cycles * NSEC_PER_SEC) << 32;
	vmclock_u128 product = (vmclock_u128)step * vmclock_counter_hz();

	return product > nominal / 2 && product < nominal + nominal / 2;
}

static bool usable(const struct vmclock_host_sample *sample)
{
	return sample->counts && sample->cycles && !(sample->cycles >> 33) &&
	       near_nominal(sample->tick + sample->skew, sample->cycles) &&
	       near_nominal(sample->per_cycle, 1) &&
	       sample->frac < SECOND + NTP_ERROR_MAX && sample->ntp_error < (s64)NTP_ERROR_MAX &&
	       sample->ntp_error > -(s64)NTP_ERROR_MAX;
}

/*
 * Whether the line of NTP really went on by the skew since the sample before. It did not if that
 * which was to be slewed has been taken back, or is now to be slewed the other way: then only the
 * clock itself goes on like that, until the second ends.
 */
static bool skewed(const struct vmclock_host_sample *sample,
		   const struct vmclock_host_sample *before)
{
	u64 passed = sample->counter - before->counter;
	vmclock_instant moved, skew;

	if (sample->skew != before->skew || sample->tick != before->tick)
		return true;
	if (!passed || passed >> 40 || sample->clocksource_seq != before->clocksource_seq)
		return before->skewed;
	moved = (vmclock_instant)(s64)(sample->sec - before->sec) * SECOND +
		(s64)(sample->frac - before->frac) + sample->ntp_error - before->ntp_error;
	moved -= mul_u64_u64_div_u64(passed, sample->tick, sample->cycles);
	skew = mul_u64_u64_div_u64(passed, abs(sample->skew), sample->cycles);
	return 2 * (sample->skew < 0 ? -moved : moved) > skew;
}

static void take_sample(struct vmclock_host_sample *sample, const struct timekeeper *tk)
{
	const struct vmclock_host_sample before = *sample;

	sample->clock = tk->tkr_mono.clock;
	sample->counter = tk->tkr_mono.cycle_last;
	sample->sec = tk->xtime_sec;
	sample->frac = tk->tkr_mono.xtime_nsec << tk->ntp_error_shift;
	sample->ntp_error = tk->ntp_error;
	sample->tick = tick_of(tk);
	sample->skew = skew_of(tk);
	sample->cycles = tk->cycle_interval;
	sample->per_cycle = (u64)tk->tkr_mono.mult << tk->ntp_error_shift;
	sample->tai_offset = tk->tai_offset;
	sample->clocksource_seq = tk->cs_was_changed_seq;
	sample->leap_pending = tk->next_leap_ktime != KTIME_MAX;
	sample->counts = vmclock_counter_is(sample->clock);
	sample->usable = usable(sample);
	sample->skewed = sample->usable && sample->skew && skewed(sample, &before);
}

/*
 * At every update of the timekeeper: in its critical section, with its lock held and its sequence
 * count odd. Whoever asked for the time here would wait for himself, and whoever is woken may ask:
 * no more than a copy is made, and the rest is left to an interrupt of its own.
 */
static int timekeeper_updated(struct notifier_block *nb, unsigned long was_set, void *data)
{
	struct vmclock_host_clock *clock = container_of(nb, struct vmclock_host_clock, nb);
	struct vmclock_host *host = container_of(clock, struct vmclock_host, clock);
	bool must_act;

	raw_spin_lock(&clock->lock);
	take_sample(&clock->sample, data);
	if (was_set)
		clock->from_host.was_set = true;
	must_act = vmclock_from_host_must_act(host);
	raw_spin_unlock(&clock->lock);
	if (must_act)
		irq_work_queue(&clock->noticed);
	return NOTIFY_OK;
}

static void noticed(struct irq_work *work)
{
	struct vmclock_host *host = container_of(work, struct vmclock_host, clock.noticed);

	vmclock_from_host_look_again(host);
}

/* A shift at which a period near the nominal one has 62 or 63 bits. */
static u8 period_shift(void)
{
	return min(ilog2(vmclock_counter_hz()) - 1, 31);
}

/* Through a usable sample, `above` (ns / 2^32) higher, advancing by `step` in so many cycles. */
static struct vmclock_line line_through(const struct vmclock_host_sample *sample, s64 above,
					u64 step, u64 cycles)
{
	struct vmclock_line line = { .counter = sample->counter, .shift = period_shift() };
	s64 frac = (s64)sample->frac + above;
	u64 sec = sample->sec;

	if (frac < 0) {
		frac += SECOND;
		sec--;
	} else if (frac >= (s64)SECOND) {
		frac -= SECOND;
		sec++;
	}
	line.origin = vmclock_instant_from(sec, mul_u64_u64_div_u64(frac, 1ULL << 32,
								    NSEC_PER_SEC));
	line.period = mul_u64_u64_div_u64(step, 1ULL << (32 + line.shift), cycles * NSEC_PER_SEC);
	return line;
}

/* What NTP wants CLOCK_REALTIME to be. */
struct vmclock_line vmclock_host_ntp_line(const struct vmclock_host_sample *sample)
{
	return line_through(sample, sample->ntp_error, vmclock_host_ntp_tick(sample),
			    sample->cycles);
}

/* What CLOCK_REALTIME is. */
static struct vmclock_line clock_line(const struct vmclock_host_sample *sample)
{
	return line_through(sample, 0, sample->per_cycle, 1);
}

/* A duration in 1 / unit of a second, rounded down. */
static s64 in_units(vmclock_instant span, u64 unit)
{
	u64 frac = ((vmclock_u128)vmclock_instant_frac(span) * unit) >> 64;

	return vmclock_instant_sec(span) * (s64)unit + (s64)frac;
}

static s64 rate_offset(const struct vmclock_line *line)
{
	vmclock_u128 product = (vmclock_u128)line->period * vmclock_counter_hz();

	return (s64)(u64)(product >> (32 + line->shift)) - (1LL << 32);
}

/* Whether the clocksource after this many changes was the counter. */
bool vmclock_host_clock_counts(struct vmclock_host_clock *clock, u8 clocksource_seq)
{
	bool counts;

	raw_spin_lock_irq(&clock->lock);
	counts = clock->sample.counts && clock->sample.clocksource_seq == clocksource_seq;
	raw_spin_unlock_irq(&clock->lock);
	return counts;
}

/* The clocksource, if it is the counter; else NULL. */
const struct clocksource *vmclock_host_clock_counter(struct vmclock_host_clock *clock)
{
	const struct clocksource *is;

	raw_spin_lock_irq(&clock->lock);
	is = clock->sample.counts ? clock->sample.clock : NULL;
	raw_spin_unlock_irq(&clock->lock);
	return is;
}

/* One counter value, at which both of the host's lines and the reference are compared. */
void vmclock_host_clock_describe(struct vmclock_host *host, struct vmclock_host_state *state)
{
	struct vmclock_line says, wanted, reference;
	struct vmclock_host_sample sample;
	u64 counter;

	raw_spin_lock_irq(&host->clock.lock);
	sample = host->clock.sample;
	counter = vmclock_counter_read();
	raw_spin_unlock_irq(&host->clock.lock);

	state->clocksource_seq = sample.clocksource_seq;
	if (!sample.usable)
		return;
	says = clock_line(&sample);
	wanted = vmclock_host_ntp_line(&sample);
	state->valid |= VMCLOCK_HOST_STATE_HOST_CLOCK;
	state->host_rate_offset = rate_offset(&wanted);
	state->ntp_error_frac_ns = in_units(vmclock_line_at(&wanted, counter) -
					    vmclock_line_at(&says, counter), SECOND);
	if (!host->line_valid)
		return;
	if (host->from_host) {
		state->valid |= VMCLOCK_HOST_STATE_FROM_HOST;
		state->line = host->line;
	}
	reference = vmclock_reference_line(&host->line);
	says = vmclock_line_later(says, sample.tai_offset);
	state->valid |= VMCLOCK_HOST_STATE_DIFFERENCE;
	state->host_minus_reference_ns = in_units(vmclock_line_at(&says, counter) -
						  vmclock_line_at(&reference, counter),
						  NSEC_PER_SEC);
}

/* The notifier is called at once, and looks at what the others have prepared. */
int vmclock_host_clock_init(struct vmclock_host *host)
{
	struct vmclock_host_clock *clock = &host->clock;
	int rc;

	raw_spin_lock_init(&clock->lock);
	init_irq_work(&clock->noticed, noticed);
	INIT_DELAYED_WORK(&clock->act, vmclock_from_host_act);
	clock->nb.notifier_call = timekeeper_updated;
	rc = vmclock_from_host_init(host);
	return rc ? rc : pvclock_gtod_register_notifier(&clock->nb);
}

void vmclock_host_clock_exit(struct vmclock_host *host)
{
	pvclock_gtod_unregister_notifier(&host->clock.nb);
	irq_work_sync(&host->clock.noticed);
	cancel_delayed_work_sync(&host->clock.act);
}
