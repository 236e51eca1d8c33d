/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated NTP server (RFC 5905) and the path to it. */
#ifndef VMCLOCK_LIBCSIM_SERVER_H
#define VMCLOCK_LIBCSIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum { NTP_BYTES = 48 };

struct server {
	struct server_options options;
	struct direction up;   /* to the server */
	struct direction down; /* from it */
	struct rng rng;
};

/* What comes of a request. */
struct exchange {
	long double arrives_ns; /* the reply at the client, true time since the start */
	uint8_t reply[NTP_BYTES];
};

void server_init(struct server *s, const struct options *options, unsigned int index);

/*
 * A request that leaves the client at true time left_ns since the start, which was at
 * start_utc_ns. False: no reply, because it is no request, or something got lost.
 */
bool server_ask(struct server *s, int64_t start_utc_ns, long double left_ns, const uint8_t *request,
		size_t length, struct exchange *out);

#endif
