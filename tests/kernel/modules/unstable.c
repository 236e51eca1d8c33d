// SPDX-License-Identifier: GPL-2.0-only
/* Says that the TSC is unstable, as the kernel's own watchdog would; there is no way back. */
#include <linux/module.h>
#include <asm/tsc.h>

static int __init unstable_init(void)
{
	mark_tsc_unstable("a test");
	return 0;
}

static void __exit unstable_exit(void)
{
}

module_init(unstable_init);
module_exit(unstable_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes the TSC unstable, for tests");
