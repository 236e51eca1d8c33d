// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pulse per second that says when it really came.
 *
 * It comes at the full seconds of true time (UTC, see mock_time.h): a timer wakes a little earlier
 * and waits for the moment, with interrupts off. Its parameters, which can be written at any time
 * in /sys/module/mock_pps/parameters:
 *
 *   offset_ns   the pulse comes that much after the second
 *   latency_ns  from the pulse to the kernel's stamp of it, as an interrupt has it
 *   jitter_ns   at most so much more, by chance
 *   width_ns    from the pulse to its other edge; 0: there is none
 *   miss        that many of the next pulses do not come; -1: all
 *   extra       that many of the next pulses are followed by another 10 ms later
 *   edge        (read) "number counter second late_ns": of the last pulse; late_ns is how late it
 *               itself came because the machine had other things to do, 0 if it was on time
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/pps_kernel.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/version.h>

#include "mock_time.h"

/* The timer is this much early; what it is late itself has to fit in. */
#define EARLY_NS 300000
#define EXTRA_AFTER_NS (10 * NSEC_PER_MSEC)

static int offset_ns;
static unsigned int latency_ns;
static unsigned int jitter_ns;
static unsigned int width_ns;
static int miss;
static unsigned int extra;

module_param(offset_ns, int, 0644);
MODULE_PARM_DESC(offset_ns, "of the pulse from the true second");
module_param(latency_ns, uint, 0644);
MODULE_PARM_DESC(latency_ns, "from the pulse to its stamp");
module_param(jitter_ns, uint, 0644);
MODULE_PARM_DESC(jitter_ns, "at most that much more latency");
module_param(width_ns, uint, 0644);
MODULE_PARM_DESC(width_ns, "of the pulse; 0: no clear edge");
module_param(miss, int, 0644);
MODULE_PARM_DESC(miss, "pulses to leave out, -1: all");
module_param(extra, uint, 0644);
MODULE_PARM_DESC(extra, "pulses to double");

static struct pps_device *pps;
static struct hrtimer timer;

/* What the timer is for next, and the moment, in CLOCK_MONOTONIC_RAW. */
static enum { PULSE, CLEAR, EXTRA } next;
static s64 next_raw_ns;
static s64 second;

static DEFINE_SPINLOCK(lock);	/* the last pulse */
static u64 last_number;
static u64 last_counter;
static s64 last_second;
static s64 last_late_ns;

static void arm(s64 raw_ns)
{
	s64 in_ns = raw_ns - EARLY_NS - (s64)ktime_get_raw_ns();

	next_raw_ns = raw_ns;
	hrtimer_set_expires(&timer, ns_to_ktime(ktime_get_ns() + max_t(s64, in_ns, 0)));
}

static void arm_pulse(void)
{
	s64 true_ns = mock_time_at((s64)ktime_get_raw_ns() + 2 * EARLY_NS) - offset_ns;

	next = PULSE;
	second = div_s64(true_ns, NSEC_PER_SEC) + 1;
	arm(mock_time_raw(second * NSEC_PER_SEC + offset_ns));
}

/* Waits for the moment; the counter then, and how late that is. */
static u64 await(s64 *late_ns)
{
	s64 raw_ns;
	u64 counter;

	do {
		rmb();	/* the counter and the clock are read in this order, each time anew */
		counter = get_cycles();
		rmb();	/* as above */
		raw_ns = ktime_get_raw_ns();
	} while (raw_ns < next_raw_ns);
	*late_ns = raw_ns - next_raw_ns;
	return counter;
}

static void stamp(int event)
{
	struct pps_event_time ts;

	ndelay(latency_ns % 1000);
	udelay(latency_ns / 1000);
	if (jitter_ns)
		ndelay(get_random_u32_below(jitter_ns));
	pps_get_ts(&ts);
	pps_event(pps, &ts, event, NULL);
}

static void pulse(void)
{
	s64 late_ns;
	u64 counter = await(&late_ns);

	stamp(PPS_CAPTUREASSERT);
	spin_lock(&lock);
	last_number++;
	last_counter = counter;
	last_second = second;
	last_late_ns = late_ns;
	spin_unlock(&lock);
}

static bool is_missed(void)
{
	if (miss > 0)
		miss--;
	else if (miss >= 0)
		return false;
	return true;
}

static enum hrtimer_restart due(struct hrtimer *unused)
{
	unsigned long flags;
	s64 late_ns;

	local_irq_save(flags);
	switch (next) {
	case PULSE:
		if (is_missed()) {
			await(&late_ns);
			arm_pulse();
			break;
		}
		pulse();
		next = extra ? EXTRA : CLEAR;
		if (extra || width_ns)
			arm(next_raw_ns + (extra ? EXTRA_AFTER_NS : width_ns));
		else
			arm_pulse();
		break;
	case CLEAR:
		await(&late_ns);
		stamp(PPS_CAPTURECLEAR);
		arm_pulse();
		break;
	case EXTRA:
		extra--;
		await(&late_ns);
		stamp(PPS_CAPTUREASSERT);
		arm_pulse();
		break;
	}
	local_irq_restore(flags);
	return HRTIMER_RESTART;
}

static int param_get_edge(char *text, const struct kernel_param *param)
{
	unsigned long flags;
	u64 number, counter;
	s64 sec, late_ns;

	spin_lock_irqsave(&lock, flags);
	number = last_number;
	counter = last_counter;
	sec = last_second;
	late_ns = last_late_ns;
	spin_unlock_irqrestore(&lock, flags);
	return sysfs_emit(text, "%llu %llu %lld %lld\n", number, counter, sec, late_ns);
}

static const struct kernel_param_ops edge_ops = {
	.get = param_get_edge,
};

module_param_cb(edge, &edge_ops, NULL, 0444);
MODULE_PARM_DESC(edge, "number, counter, second and lateness of the last pulse");

static struct pps_source_info info = {
	.name = "mock",
	.owner = THIS_MODULE,
	.mode = PPS_CAPTUREBOTH | PPS_OFFSETASSERT | PPS_OFFSETCLEAR | PPS_CANWAIT |
		PPS_TSFMT_TSPEC,
};

static int __init mock_pps_init(void)
{
	mock_time_begin(0);
	pps = pps_register_source(&info, PPS_CAPTUREASSERT);
	if (IS_ERR(pps))
		return PTR_ERR(pps);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&timer, due, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	timer.function = due;
#endif
	arm_pulse();
	hrtimer_start_expires(&timer, HRTIMER_MODE_ABS_HARD);
	return 0;
}

static void __exit mock_pps_exit(void)
{
	hrtimer_cancel(&timer);
	pps_unregister_source(pps);
}

module_init(mock_pps_init);
module_exit(mock_pps_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Pulse per second that says when it came, for tests");
