// SPDX-License-Identifier: GPL-2.0-or-later
/* An IPv4 or IPv6 address with its port. */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static int parse_v6(const char *text, uint16_t port, struct address *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t length = scope ? (size_t)(scope - text) : strlen(text);

	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	out->length = sizeof(out->v6);
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) != 1)
		return -EINVAL;
	if (scope) {
		out->v6.sin6_scope_id = if_nametoindex(scope + 1);
		return out->v6.sin6_scope_id ? 0 : -ENODEV;
	}
	return 0;
}

int address_parse(const char *text, uint16_t port, struct address *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->length = sizeof(out->v4);
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		return 0;
	}
	return parse_v6(text, port, out);
}

bool address_set(struct address *out, const struct sockaddr *from, socklen_t length, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	if (from->sa_family == AF_INET && length >= sizeof(out->v4)) {
		memcpy(&out->v4, from, sizeof(out->v4));
		out->length = sizeof(out->v4);
		out->v4.sin_port = htons(port);
		return true;
	}
	if (from->sa_family == AF_INET6 && length >= sizeof(out->v6)) {
		memcpy(&out->v6, from, sizeof(out->v6));
		out->length = sizeof(out->v6);
		out->v6.sin6_port = htons(port);
		return true;
	}
	return false;
}

bool address_equal(const struct address *a, const struct address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr &&
		       a->v4.sin_port == b->v4.sin_port;
	return !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) &&
	       a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(address->v4.sin_port));
		return;
	}
	inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(address->v6.sin6_port));
}
