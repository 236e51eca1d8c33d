/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * True time of a made-up device, and three parameters of its module about it:
 *
 *   epoch_ns  true time is this plus CLOCK_MONOTONIC_RAW, when the module is loaded (default: it is
 *             CLOCK_REALTIME then, plus what the device adds)
 *   rate_ppb  from now on it goes by that much faster than CLOCK_MONOTONIC_RAW
 *   truth     (read) "counter counter true_ns": true time between two readings of the TSC
 */
#ifndef MOCK_TIME_H
#define MOCK_TIME_H

#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

static s64 epoch_ns;

static DEFINE_SPINLOCK(rate_lock);	/* the three below */
static s64 rate_ppb;
static s64 rate_from_ns;	/* CLOCK_MONOTONIC_RAW when the rate began */
static s64 gained_ns;		/* by other rates before */

/* What a rate makes of an interval. */
static inline s64 mock_time_gained(s64 since_ns, s64 ppb)
{
	s64 seconds = div_s64(since_ns, NSEC_PER_SEC);

	return seconds * ppb + div_s64((since_ns - seconds * NSEC_PER_SEC) * ppb, NSEC_PER_SEC);
}

static inline s64 mock_time_at(s64 raw_ns)
{
	unsigned long flags;
	s64 gained;

	spin_lock_irqsave(&rate_lock, flags);
	gained = gained_ns + mock_time_gained(raw_ns - rate_from_ns, rate_ppb);
	spin_unlock_irqrestore(&rate_lock, flags);
	return epoch_ns + raw_ns + gained;
}

/* CLOCK_MONOTONIC_RAW at a true time; for rates below 1000 ppm, to the ns. */
static inline s64 mock_time_raw(s64 true_ns)
{
	s64 raw_ns = true_ns - epoch_ns;

	for (int i = 0; i < 4; i++)
		raw_ns += true_ns - mock_time_at(raw_ns);
	return raw_ns;
}

/* When the module is loaded. */
static inline void mock_time_begin(s64 ahead_of_realtime_ns)
{
	s64 raw_ns = ktime_get_raw_ns();

	rate_from_ns = raw_ns;
	gained_ns = 0;
	if (!epoch_ns)
		epoch_ns = ktime_get_real_ns() - raw_ns + ahead_of_realtime_ns;
}

static int param_set_rate(const char *text, const struct kernel_param *param)
{
	unsigned long flags;
	s64 value, raw_ns;
	int err = kstrtos64(text, 0, &value);

	if (err)
		return err;
	spin_lock_irqsave(&rate_lock, flags);
	raw_ns = ktime_get_raw_ns();
	gained_ns += mock_time_gained(raw_ns - rate_from_ns, rate_ppb);
	rate_from_ns = raw_ns;
	rate_ppb = value;
	spin_unlock_irqrestore(&rate_lock, flags);
	return 0;
}

static int param_get_rate(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%lld\n", rate_ppb);
}

static const struct kernel_param_ops rate_ops = {
	.set = param_set_rate,
	.get = param_get_rate,
};

module_param_cb(rate_ppb, &rate_ops, NULL, 0644);
MODULE_PARM_DESC(rate_ppb, "of true time against CLOCK_MONOTONIC_RAW");

static int param_set_epoch(const char *text, const struct kernel_param *param)
{
	return kstrtos64(text, 0, &epoch_ns);
}

static int param_get_epoch(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%lld\n", epoch_ns);
}

static const struct kernel_param_ops epoch_ops = {
	.set = param_set_epoch,
	.get = param_get_epoch,
};

module_param_cb(epoch_ns, &epoch_ops, NULL, 0444);
MODULE_PARM_DESC(epoch_ns, "true time is this plus CLOCK_MONOTONIC_RAW");

static int param_get_truth(char *text, const struct kernel_param *param)
{
	unsigned long flags;
	u64 before, after;
	s64 raw_ns;

	local_irq_save(flags);
	rmb();	/* not read before the interrupts are off */
	before = get_cycles();
	rmb();	/* nor is the clock before that */
	raw_ns = ktime_get_raw_ns();
	rmb();	/* nor this before the clock */
	after = get_cycles();
	local_irq_restore(flags);
	return sysfs_emit(text, "%llu %llu %lld\n", before, after, mock_time_at(raw_ns));
}

static const struct kernel_param_ops truth_ops = {
	.get = param_get_truth,
};

module_param_cb(truth, &truth_ops, NULL, 0444);
MODULE_PARM_DESC(truth, "true time between two readings of the TSC");

#endif
