/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IPv4 or IPv6 address with its port. */
#ifndef VMCLOCK_ADDRESS_H
#define VMCLOCK_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT_SIZE = 64 };

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

/* "192.0.2.1", "2001:db8::1" or "fe80::1%eth0". 0; -EINVAL: that is a name; -ENODEV: no such scope.
 */
int address_parse(const char *text, uint16_t port, struct address *out);

/* From a resolver's answer, whose port is ignored. False for other families. */
bool address_set(struct address *out, const struct sockaddr *from, socklen_t length, uint16_t port);

bool address_equal(const struct address *a, const struct address *b);

/* "192.0.2.1:123" or "[2001:db8::1]:123". */
void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

#endif
