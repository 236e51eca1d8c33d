// SPDX-License-Identifier: GPL-2.0-only
/* Shows what the timekeeper had after its last update, in the file parameters/last of this module. */
#include <linux/clocksource.h>
#include <linux/module.h>
#include <linux/pvclock_gtod.h>
#include <linux/spinlock.h>
#include <linux/timekeeper_internal.h>
#include <linux/timex.h>
#include <linux/version.h>

static DEFINE_RAW_SPINLOCK(lock);
static struct timekeeper last;
static unsigned long updates;

static int updated(struct notifier_block *nb, unsigned long was_set, void *data)
{
	raw_spin_lock(&lock);
	memcpy(&last, data, sizeof(last));
	updates++;
	raw_spin_unlock(&lock);
	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = updated,
};

/* By how much what NTP wants advances beyond ntp_tick in each tick, ns / 2^32. */
static s64 beyond_tick(const struct timekeeper *tk)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
	return -(tk->xtime_remainder << tk->ntp_error_shift);
#else
	return tk->skew_delta * NTP_INTERVAL_FREQ;
#endif
}

static int last_get(char *buffer, const struct kernel_param *kp)
{
	struct timekeeper tk;
	unsigned long n;

	raw_spin_lock_irq(&lock);
	tk = last;
	n = updates;
	raw_spin_unlock_irq(&lock);
	return sprintf(buffer, "%lu %llu %llu %llu %u %u %lld %u %llu %lld %llu %d\n", n,
		       tk.tkr_mono.cycle_last, tk.xtime_sec, tk.tkr_mono.xtime_nsec,
		       tk.tkr_mono.mult, tk.tkr_mono.shift, tk.ntp_error, tk.ntp_error_shift,
		       tk.ntp_tick, beyond_tick(&tk), tk.cycle_interval, tk.tai_offset);
}

static const struct kernel_param_ops last_ops = {
	.get = last_get,
};

module_param_cb(last, &last_ops, NULL, 0444);

static int __init timekeeper_init(void)
{
	return pvclock_gtod_register_notifier(&notifier);
}

static void __exit timekeeper_exit(void)
{
	pvclock_gtod_unregister_notifier(&notifier);
}

module_init(timekeeper_init);
module_exit(timekeeper_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Shows the timekeeper, for tests");
