// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card whose clock is disciplined by a DPLL: the clock shows true time in TAI whatever happens,
 * and the DPLLs are in the states that the test says (DPLL_LOCK_STATUS_*):
 *
 *   pps  of the one that disciplines the clock
 *   eec  of the one that only makes a frequency for the network
 */
#include <linux/dpll.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/ptp_clock_kernel.h>

#include "mock_time.h"

#define TAI_OFFSET_S 37
#define CLOCK_ID 0x6d6f636bULL

static unsigned int pps = DPLL_LOCK_STATUS_LOCKED_HO_ACQ;
static unsigned int eec = DPLL_LOCK_STATUS_LOCKED_HO_ACQ;

module_param(pps, uint, 0644);
MODULE_PARM_DESC(pps, "state of the DPLL of the clock");
module_param(eec, uint, 0644);
MODULE_PARM_DESC(eec, "state of the DPLL of the network's frequency");

struct side {
	enum dpll_type type;
	unsigned int *status;
	struct dpll_device *dpll;
	dpll_tracker tracker;
};

static struct side sides[] = {
	{ .type = DPLL_TYPE_PPS, .status = &pps },
	{ .type = DPLL_TYPE_EEC, .status = &eec },
};

static struct platform_device *card;
static struct ptp_clock *clock;

static int mock_dpll_mode(const struct dpll_device *dpll, void *priv, enum dpll_mode *mode,
			  struct netlink_ext_ack *extack)
{
	*mode = DPLL_MODE_AUTOMATIC;
	return 0;
}

static int mock_dpll_lock_status(const struct dpll_device *dpll, void *priv,
				 enum dpll_lock_status *status,
				 enum dpll_lock_status_error *error,
				 struct netlink_ext_ack *extack)
{
	const struct side *side = priv;

	*status = *side->status;
	*error = DPLL_LOCK_STATUS_ERROR_NONE;
	return 0;
}

static const struct dpll_device_ops dpll_ops = {
	.mode_get = mock_dpll_mode,
	.lock_status_get = mock_dpll_lock_status,
};

static int mock_dpll_gettimex64(struct ptp_clock_info *info, struct timespec64 *ts,
				struct ptp_system_timestamp *sts)
{
	s64 raw_ns;

	ptp_read_system_prets(sts);
	raw_ns = ktime_get_raw_ns();
	ptp_read_system_postts(sts);
	*ts = ns_to_timespec64(mock_time_at(raw_ns));
	return 0;
}

/* Only the DPLL moves it. */
static int mock_dpll_settime64(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return -EOPNOTSUPP;
}

static int mock_dpll_adjtime(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int mock_dpll_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static struct ptp_clock_info clock_info = {
	.owner = THIS_MODULE,
	.name = "mock DPLL card",
	.gettimex64 = mock_dpll_gettimex64,
	.settime64 = mock_dpll_settime64,
	.adjtime = mock_dpll_adjtime,
	.adjfine = mock_dpll_adjfine,
};

static int add_side(struct side *side, int index)
{
	int err;

	side->dpll = dpll_device_get(CLOCK_ID, index, THIS_MODULE, &side->tracker);
	if (IS_ERR(side->dpll))
		return PTR_ERR(side->dpll);
	err = dpll_device_register(side->dpll, side->type, &dpll_ops, side);
	if (err)
		dpll_device_put(side->dpll, &side->tracker);
	return err;
}

static void remove_side(struct side *side)
{
	dpll_device_unregister(side->dpll, &dpll_ops, side);
	dpll_device_put(side->dpll, &side->tracker);
}

static int mock_dpll_probe(struct platform_device *device)
{
	int err = add_side(&sides[0], 0);

	if (err)
		return err;
	err = add_side(&sides[1], 1);
	if (err)
		goto remove_first;
	clock = ptp_clock_register(&clock_info, &device->dev);
	if (!IS_ERR_OR_NULL(clock))
		return 0;
	err = clock ? PTR_ERR(clock) : -EOPNOTSUPP;
	remove_side(&sides[1]);
remove_first:
	remove_side(&sides[0]);
	return err;
}

static void mock_dpll_remove(struct platform_device *device)
{
	ptp_clock_unregister(clock);
	remove_side(&sides[1]);
	remove_side(&sides[0]);
}

static struct platform_driver driver = {
	.probe = mock_dpll_probe,
	.remove = mock_dpll_remove,
	.driver = { .name = KBUILD_MODNAME },
};

static int __init mock_dpll_init(void)
{
	int err;

	mock_time_begin(TAI_OFFSET_S * NSEC_PER_SEC);
	err = platform_driver_register(&driver);
	if (err)
		return err;
	card = platform_device_register_simple(KBUILD_MODNAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(card))
		return 0;
	platform_driver_unregister(&driver);
	return PTR_ERR(card);
}

static void __exit mock_dpll_exit(void)
{
	platform_device_unregister(card);
	platform_driver_unregister(&driver);
}

module_init(mock_dpll_init);
module_exit(mock_dpll_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Card with a clock and DPLLs, for tests");
