// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock of a card's DPLLs, asked by the kernel's generic netlink family "dpll". */
#include "dpll.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <string.h>

#include "generic_netlink.h"

/* Headers of Debian 12 have no linux/dpll.h; these numbers are the kernel's interface. */
enum { FAMILY_VERSION = 1, COMMAND_DEVICE_GET = 2 };
enum { A_MODULE_NAME = 2, A_LOCK_STATUS = 7, A_TYPE = 9, A_MAX = 9 };
enum { TYPE_PPS = 1 };
enum { STATUS_LOCKED = 2, STATUS_LOCKED_AND_READY = 3, STATUS_HOLDOVER = 4 };

static enum dpll_lock lock_of(uint32_t status)
{
	if (status == STATUS_LOCKED || status == STATUS_LOCKED_AND_READY)
		return DPLL_LOCKED;
	return status == STATUS_HOLDOVER ? DPLL_HOLDOVER : DPLL_UNLOCKED;
}

int dpll_parse(const void *message, size_t size, struct dpll_device *out)
{
	struct nla_policy policy[A_MAX + 1] = {
		[A_MODULE_NAME] = {.type = NLA_STRING, .minlen = 1},
		[A_LOCK_STATUS] = {.type = NLA_U32},
		[A_TYPE] = {.type = NLA_U32},
	};
	struct nlmsghdr *header = generic_netlink_check(message, size, COMMAND_DEVICE_GET);
	struct nlattr *attributes[A_MAX + 1];

	if (!header || genlmsg_parse(header, 0, attributes, A_MAX, policy) < 0 ||
	    !attributes[A_MODULE_NAME] || !attributes[A_LOCK_STATUS] || !attributes[A_TYPE])
		return -EBADMSG;
	*out = (struct dpll_device){
		.is_pps = nla_get_u32(attributes[A_TYPE]) == TYPE_PPS,
		.lock = lock_of(nla_get_u32(attributes[A_LOCK_STATUS])),
	};
	nla_strlcpy(out->module, attributes[A_MODULE_NAME], sizeof(out->module));
	return 0;
}

struct search {
	const char *module;
	int worst; /* -ENODEV: none yet */
};

static int take_device(const void *message, size_t size, void *context)
{
	struct search *search = context;
	struct dpll_device device;

	if (dpll_parse(message, size, &device) || !device.is_pps ||
	    strcmp(device.module, search->module))
		return 0;
	if (search->worst < 0 || (int)device.lock < search->worst)
		search->worst = (int)device.lock;
	return 0;
}

int dpll_lock_of_module(const char *module)
{
	struct search search = {.module = module, .worst = -ENODEV};
	int err = generic_netlink_ask(&(struct generic_request){.family = "dpll",
								.version = FAMILY_VERSION,
								.command = COMMAND_DEVICE_GET,
								.dump = true,
								.reply = take_device,
								.reply_context = &search});

	return err ? err : search.worst;
}
