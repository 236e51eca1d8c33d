// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boards on which pulses come in at GPIO lines: the kernel's own pps-gpio binds to them.
 *
 *   present  bit N: there is a device pps-gpio.N at line N of the chip that is labelled "pulses";
 *            line 0 rises at the second, line 1 falls
 *
 * True time is that of mock_time.h, in UTC: whoever moves the lines keeps to it.
 */
#include <linux/err.h>
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include "mock_time.h"

enum { LINES = 2 };

static DEFINE_MUTEX(lock);	/* the devices */
static struct platform_device *devices[LINES];

/* No lookup table: an entry for the pulse would be taken for its echo, too. */
static struct platform_device *add(int line)
{
	struct gpio_device *chip = gpio_device_find_by_label("pulses");
	struct platform_device *device = ERR_PTR(-ENODEV);
	const struct software_node *node;

	if (!chip)
		return device;
	node = to_software_node(dev_fwnode(gpio_device_to_device(chip)));
	if (node) {
		const struct software_node_ref_args pin =
			SOFTWARE_NODE_REFERENCE(node, line, GPIO_ACTIVE_HIGH);
		const struct property_entry properties[] = {
			PROPERTY_ENTRY_REF_ARRAY_LEN("gpios", &pin, 1),
			line ? PROPERTY_ENTRY_BOOL("assert-falling-edge") :
			       (struct property_entry) { },
			{ }
		};
		const struct platform_device_info info = {
			.name = "pps-gpio",
			.id = line,
			.properties = properties,
		};

		device = platform_device_register_full(&info);
	}
	gpio_device_put(chip);
	return device;
}

static int change(int line, bool wanted)
{
	struct platform_device *device;

	if (wanted == !!devices[line])
		return 0;
	if (!wanted) {
		platform_device_unregister(devices[line]);
		devices[line] = NULL;
		return 0;
	}
	device = add(line);
	if (IS_ERR(device))
		return PTR_ERR(device);
	devices[line] = device;
	return 0;
}

static int param_set_present(const char *text, const struct kernel_param *param)
{
	unsigned int wanted;
	int err = kstrtouint(text, 0, &wanted);

	mutex_lock(&lock);
	for (int i = 0; i < LINES && !err; i++)
		err = change(i, wanted & BIT(i));
	mutex_unlock(&lock);
	return err;
}

static const struct kernel_param_ops present_ops = {
	.set = param_set_present,
};

module_param_cb(present, &present_ops, NULL, 0200);
MODULE_PARM_DESC(present, "lines with a device, as bits");

static int __init pps_line_init(void)
{
	mock_time_begin(0);
	return 0;
}

static void __exit pps_line_exit(void)
{
	for (int i = 0; i < LINES; i++)
		change(i, false);
}

module_init(pps_line_init);
module_exit(pps_line_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Boards with pulses at GPIO lines, for tests");
