// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PTP hardware clock that lies on request.
 *
 * It shows true time (TAI, see mock_time.h) until it is told otherwise by its parameters, which can
 * be written at any time in /sys/module/mock_phc/parameters:
 *
 *   step_ns     added to what it shows, at once and for good; reads back as the sum of all steps
 *   drift_ppb   its rate against true time, from now on; adjusting its frequency changes this
 *   crystal_ppb the same, on top of that, and not to be adjusted away
 *   busy        that many readings are answered with EBUSY; -1: all
 *   present     0 removes the device, 1 brings it back
 *   noise_ns    what it shows is off by up to so much, by chance, differently at each reading
 *   before_ns, after_ns   how long a reading takes before and after the register is captured
 *
 * Its pin delivers a pulse at every true second, stamped without error by what the clock shows.
 * With precise=1 (at load) it offers hardware captures of both clocks.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/version.h>

#include "mock_time.h"

static int tai_offset_s = 37;
static bool precise;
static int busy;
static unsigned int noise_ns;
static unsigned int before_ns;
static unsigned int after_ns;

module_param(tai_offset_s, int, 0444);
MODULE_PARM_DESC(tai_offset_s, "TAI - UTC");
module_param(precise, bool, 0444);
MODULE_PARM_DESC(precise, "offer captures of both clocks");
module_param(busy, int, 0644);
MODULE_PARM_DESC(busy, "readings to answer with EBUSY, -1: all");
module_param(noise_ns, uint, 0644);
MODULE_PARM_DESC(noise_ns, "error of a reading, at most");
module_param(before_ns, uint, 0644);
MODULE_PARM_DESC(before_ns, "duration of a reading before the capture");
module_param(after_ns, uint, 0644);
MODULE_PARM_DESC(after_ns, "duration of a reading after the capture");

static DEFINE_SPINLOCK(lock);	/* the four below, and busy */
static s64 step_ns;
static s64 drift_ppb;
static s64 crystal_ppb;
static s64 drift_from_ns;	/* CLOCK_MONOTONIC_RAW when the drift began */

static struct ptp_clock *clock;
static struct hrtimer pulse_timer;
static s64 next_pulse_s;

/* What the clock shows at a moment of CLOCK_MONOTONIC_RAW. */
static s64 shown_at(s64 raw_ns)
{
	unsigned long flags;
	s64 shown;

	spin_lock_irqsave(&lock, flags);
	shown = mock_time_at(raw_ns) + step_ns +
		mock_time_gained(raw_ns - drift_from_ns, drift_ppb + crystal_ppb);
	spin_unlock_irqrestore(&lock, flags);
	return shown;
}

static s64 noise(void)
{
	return noise_ns ? (s64)get_random_u32_below(2 * noise_ns + 1) - noise_ns : 0;
}

static bool is_busy(void)
{
	unsigned long flags;
	bool result;

	spin_lock_irqsave(&lock, flags);
	result = busy != 0;
	if (busy > 0)
		busy--;
	spin_unlock_irqrestore(&lock, flags);
	return result;
}

static int mock_phc_gettimex64(struct ptp_clock_info *info, struct timespec64 *ts,
			       struct ptp_system_timestamp *sts)
{
	s64 raw_ns;

	if (is_busy())
		return -EBUSY;
	ptp_read_system_prets(sts);
	ndelay(before_ns);
	raw_ns = ktime_get_raw_ns();
	ndelay(after_ns);
	ptp_read_system_postts(sts);
	*ts = ns_to_timespec64(shown_at(raw_ns) + noise());
	return 0;
}

static int mock_phc_getcrosststamp(struct ptp_clock_info *info,
				   struct system_device_crosststamp *stamp)
{
	s64 raw_ns;

	if (is_busy())
		return -EBUSY;
	raw_ns = ktime_get_raw_ns();
	stamp->device = ns_to_ktime(shown_at(raw_ns) + noise());
	stamp->sys_monoraw = ns_to_ktime(raw_ns);
	return 0;
}

static void shift(s64 delta_ns)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	step_ns += delta_ns;
	spin_unlock_irqrestore(&lock, flags);
}

/* From now on; one of the two rates. */
static void set_rate(s64 *rate, s64 ppb)
{
	unsigned long flags;
	s64 raw_ns;

	spin_lock_irqsave(&lock, flags);
	raw_ns = ktime_get_raw_ns();
	step_ns += mock_time_gained(raw_ns - drift_from_ns, drift_ppb + crystal_ppb);
	drift_from_ns = raw_ns;
	*rate = ppb;
	spin_unlock_irqrestore(&lock, flags);
}

static int mock_phc_adjtime(struct ptp_clock_info *info, s64 delta)
{
	shift(delta);
	return 0;
}

static int mock_phc_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	set_rate(&drift_ppb, div_s64((s64)scaled_ppm * 1000, 65536));
	return 0;
}

static int mock_phc_settime64(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	shift(timespec64_to_ns(ts) - shown_at(ktime_get_raw_ns()));
	return 0;
}

/* Arms the timer for the next true second. */
static void arm_pulse(bool restart)
{
	s64 raw_ns = ktime_get_raw_ns();
	s64 at_ns;

	next_pulse_s = div_s64(mock_time_at(raw_ns), NSEC_PER_SEC) + 1;
	at_ns = ktime_get_ns() + mock_time_raw(next_pulse_s * NSEC_PER_SEC) - raw_ns;
	if (restart)
		hrtimer_set_expires(&pulse_timer, ns_to_ktime(at_ns));
	else
		hrtimer_start(&pulse_timer, ns_to_ktime(at_ns), HRTIMER_MODE_ABS);
}

static enum hrtimer_restart pulse_due(struct hrtimer *timer)
{
	struct ptp_clock_event event = {
		.type = PTP_CLOCK_EXTTS,
		.timestamp = shown_at(mock_time_raw(next_pulse_s * NSEC_PER_SEC)),
	};

	ptp_clock_event(clock, &event);
	arm_pulse(true);
	return HRTIMER_RESTART;
}

static int mock_phc_enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	if (request->type != PTP_CLK_REQ_EXTTS)
		return -EOPNOTSUPP;
	hrtimer_cancel(&pulse_timer);
	if (on)
		arm_pulse(false);
	return 0;
}

static int mock_phc_verify(struct ptp_clock_info *info, unsigned int pin,
			   enum ptp_pin_function function, unsigned int channel)
{
	return function == PTP_PF_NONE || function == PTP_PF_EXTTS ? 0 : -EOPNOTSUPP;
}

static struct ptp_pin_desc pins[] = {{ .name = "mock" }};

static struct ptp_clock_info info = {
	.owner = THIS_MODULE,
	.name = "mock PHC",
	.max_adj = 100000000,
	.n_ext_ts = 1,
	.n_pins = ARRAY_SIZE(pins),
	.pin_config = pins,
	.gettimex64 = mock_phc_gettimex64,
	.settime64 = mock_phc_settime64,
	.adjtime = mock_phc_adjtime,
	.adjfine = mock_phc_adjfine,
	.enable = mock_phc_enable,
	.verify = mock_phc_verify,
};

static int appear(void)
{
	struct ptp_clock *fresh = ptp_clock_register(&info, NULL);

	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	clock = fresh;
	return 0;
}

static void disappear(void)
{
	if (!clock)
		return;
	hrtimer_cancel(&pulse_timer);
	ptp_clock_unregister(clock);
	clock = NULL;
}

/*
 * Parameters that do something when they are written; the kernel serialises their writers. They
 * wait until the module has begun, and end with it.
 */
static bool begun;

static int param_set_step(const char *text, const struct kernel_param *param)
{
	s64 value;
	int err = kstrtos64(text, 0, &value);

	if (!err)
		shift(value);
	return err;
}

static int param_get_step(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%lld\n", step_ns);
}

static const struct kernel_param_ops step_ops = {
	.set = param_set_step,
	.get = param_get_step,
};

module_param_cb(step_ns, &step_ops, NULL, 0644);
MODULE_PARM_DESC(step_ns, "step to make; the sum of all when read");

/* drift_ppb, or crystal_ppb. */
static int param_set_own_rate(const char *text, const struct kernel_param *param)
{
	s64 value;
	int err = kstrtos64(text, 0, &value);

	if (!err)
		set_rate(param->arg, value);
	return err;
}

static int param_get_own_rate(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%lld\n", *(s64 *)param->arg);
}

static const struct kernel_param_ops own_rate_ops = {
	.set = param_set_own_rate,
	.get = param_get_own_rate,
};

module_param_cb(drift_ppb, &own_rate_ops, &drift_ppb, 0644);
MODULE_PARM_DESC(drift_ppb, "rate against true time, by adjustment");
module_param_cb(crystal_ppb, &own_rate_ops, &crystal_ppb, 0644);
MODULE_PARM_DESC(crystal_ppb, "rate against true time, of its own");

static int param_set_present(const char *text, const struct kernel_param *param)
{
	bool want;
	int err = kstrtobool(text, &want);

	if (err)
		return err;
	if (!begun)
		return -EBUSY;
	if (want)
		return clock ? 0 : appear();
	disappear();
	return 0;
}

static int param_get_present(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", !!clock);
}

static const struct kernel_param_ops present_ops = {
	.set = param_set_present,
	.get = param_get_present,
};

module_param_cb(present, &present_ops, NULL, 0644);
MODULE_PARM_DESC(present, "0 removes the device, 1 brings it back");

static int __init mock_phc_init(void)
{
	int err;

	mock_time_begin(tai_offset_s * (s64)NSEC_PER_SEC);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&pulse_timer, pulse_due, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(&pulse_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	pulse_timer.function = pulse_due;
#endif
	if (precise)
		info.getcrosststamp = mock_phc_getcrosststamp;
	err = appear();
	kernel_param_lock(THIS_MODULE);
	begun = !err;
	kernel_param_unlock(THIS_MODULE);
	return err;
}

static void __exit mock_phc_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	begun = false;
	disappear();
	kernel_param_unlock(THIS_MODULE);
}

module_init(mock_phc_init);
module_exit(mock_phc_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("PTP hardware clock with injectable faults, for tests");
