/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of links and routes: messages of route netlink, taken apart. */
#ifndef VMCLOCK_LINK_MESSAGE_H
#define VMCLOCK_LINK_MESSAGE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct link_state {
	int index; /* > 0 */
	char name[IF_NAMESIZE];
	bool up;    /* packets can pass: administratively up, and with a carrier */
	bool gone;  /* the interface no longer exists */
	int active; /* a bond: the port that it sends through; 0: none, or no bond */
};

/* 0; -EBADMSG: not a whole message about a link. `message` is aligned as netlink has it. */
int link_message_parse(const void *message, size_t size, struct link_state *out);

/* The interface that a route leads out of, > 0; -ENETUNREACH: none; -EBADMSG. */
int route_message_parse(const void *message, size_t size);

#endif
