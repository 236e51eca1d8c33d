// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of links and routes: messages of route netlink, taken apart. */
#include "link_message.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The header, if the message is whole and long enough for the family's own. */
static struct nlmsghdr *check(const void *message, size_t size, size_t own)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(uintptr_t)message;

	if (size < NLMSG_HDRLEN || header->nlmsg_len > size || header->nlmsg_len > INT32_MAX ||
	    !nlmsg_valid_hdr(header, (int)own))
		return NULL;
	return header;
}

/* Which interfaces lose their carrier and which are taken down makes no difference to packets. */
static bool passes_packets(unsigned int flags)
{
	return (flags & IFF_UP) && (flags & IFF_RUNNING);
}

/* Of a bond, which tells it together with all its settings. */
static int active_port(struct nlattr *link)
{
	struct nla_policy policy[IFLA_INFO_MAX + 1] = {[IFLA_INFO_KIND] = {.type = NLA_STRING}};
	struct nla_policy bond[IFLA_BOND_MAX + 1] = {[IFLA_BOND_ACTIVE_SLAVE] = {.type = NLA_U32}};
	struct nlattr *info[IFLA_INFO_MAX + 1], *data[IFLA_BOND_MAX + 1];
	uint32_t index;

	if (nla_parse_nested(info, IFLA_INFO_MAX, link, policy) < 0 || !info[IFLA_INFO_KIND] ||
	    nla_strcmp(info[IFLA_INFO_KIND], "bond") || !info[IFLA_INFO_DATA] ||
	    nla_parse_nested(data, IFLA_BOND_MAX, info[IFLA_INFO_DATA], bond) < 0 ||
	    !data[IFLA_BOND_ACTIVE_SLAVE])
		return 0;
	index = nla_get_u32(data[IFLA_BOND_ACTIVE_SLAVE]);
	return index <= INT32_MAX ? (int)index : 0;
}

int link_message_parse(const void *message, size_t size, struct link_state *out)
{
	struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME] = {.type = NLA_STRING, .minlen = 1, .maxlen = IF_NAMESIZE},
		[IFLA_LINKINFO] = {.type = NLA_NESTED},
	};
	struct nlmsghdr *header = check(message, size, sizeof(struct ifinfomsg));
	struct nlattr *attributes[IFLA_MAX + 1];
	const struct ifinfomsg *info;

	if (!header || (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) ||
	    nlmsg_parse(header, sizeof(*info), attributes, IFLA_MAX, policy) < 0)
		return -EBADMSG;
	info = nlmsg_data(header);
	if (info->ifi_index <= 0)
		return -EBADMSG;
	*out = (struct link_state){
		.index = info->ifi_index,
		.up = passes_packets(info->ifi_flags) && header->nlmsg_type == RTM_NEWLINK,
		.gone = header->nlmsg_type == RTM_DELLINK,
	};
	if (attributes[IFLA_IFNAME])
		nla_strlcpy(out->name, attributes[IFLA_IFNAME], sizeof(out->name));
	if (attributes[IFLA_LINKINFO])
		out->active = active_port(attributes[IFLA_LINKINFO]);
	return 0;
}

int route_message_parse(const void *message, size_t size)
{
	struct nla_policy policy[RTA_MAX + 1] = {[RTA_OIF] = {.type = NLA_U32}};
	struct nlmsghdr *header = check(message, size, sizeof(struct rtmsg));
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *route;
	uint32_t index;

	if (!header || header->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(header, sizeof(*route), attributes, RTA_MAX, policy) < 0)
		return -EBADMSG;
	route = nlmsg_data(header);
	if (route->rtm_type == RTN_UNREACHABLE || route->rtm_type == RTN_BLACKHOLE ||
	    route->rtm_type == RTN_PROHIBIT || !attributes[RTA_OIF])
		return -ENETUNREACH;
	index = nla_get_u32(attributes[RTA_OIF]);
	return index > 0 && index <= INT32_MAX ? (int)index : -EBADMSG;
}
