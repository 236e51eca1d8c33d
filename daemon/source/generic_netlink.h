/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to a family of generic netlink, and its answers, without waiting. */
#ifndef VMCLOCK_GENERIC_NETLINK_H
#define VMCLOCK_GENERIC_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

struct generic_request {
	const char *family;
	uint8_t version;
	uint8_t command;
	bool dump;
	/* Adds the attributes of the question; NULL: it has none. */
	int (*put)(struct nl_msg *message, const void *context);
	const void *put_context;
	/* Takes a whole netlink message; called for each. */
	int (*reply)(const void *message, size_t size, void *context);
	void *reply_context;
};

/*
 * 0; -ENOENT: this kernel has no such family; the kernel's own refusal (-ENODEV, -EOPNOTSUPP, ...).
 * The kernel answers while the question is sent, so that nothing is waited for.
 */
int generic_netlink_ask(const struct generic_request *request);

/* The message's header, if it is whole and of this command; else NULL. */
struct nlmsghdr *generic_netlink_check(const void *message, size_t size, uint8_t command);

#endif
