// SPDX-License-Identifier: GPL-2.0-or-later
/* The PTP clock of a network interface, asked by ethtool's generic netlink. */
#include "ethtool.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "generic_netlink.h"

int ethtool_parse_tsinfo(const void *message, size_t size)
{
	struct nla_policy policy[ETHTOOL_A_TSINFO_MAX + 1] = {
		[ETHTOOL_A_TSINFO_PHC_INDEX] = {.type = NLA_U32},
	};
	struct nlattr *attributes[ETHTOOL_A_TSINFO_MAX + 1];
	struct nlmsghdr *header =
		generic_netlink_check(message, size, ETHTOOL_MSG_TSINFO_GET_REPLY);
	uint32_t index;

	if (!header || genlmsg_parse(header, 0, attributes, ETHTOOL_A_TSINFO_MAX, policy) < 0)
		return -EBADMSG;
	if (!attributes[ETHTOOL_A_TSINFO_PHC_INDEX])
		return -ENODEV;
	index = nla_get_u32(attributes[ETHTOOL_A_TSINFO_PHC_INDEX]);
	return index > INT32_MAX ? -ENODEV : (int)index;
}

static int put_request(struct nl_msg *message, const void *context)
{
	struct nlattr *header = nla_nest_start(message, ETHTOOL_A_TSINFO_HEADER);

	if (!header || nla_put_string(message, ETHTOOL_A_HEADER_DEV_NAME, context) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, header);
	return 0;
}

static int take_reply(const void *message, size_t size, void *context)
{
	*(int *)context = ethtool_parse_tsinfo(message, size);
	return 0;
}

int ethtool_phc_index(const char *interface)
{
	int index = -ENODEV;
	int err = generic_netlink_ask(&(struct generic_request){.family = ETHTOOL_GENL_NAME,
								.version = ETHTOOL_GENL_VERSION,
								.command = ETHTOOL_MSG_TSINFO_GET,
								.put = put_request,
								.put_context = interface,
								.reply = take_reply,
								.reply_context = &index});

	return err ? err : index;
}
