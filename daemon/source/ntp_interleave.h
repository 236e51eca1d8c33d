/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interleaved mode (RFC 9769): when a reply really left, the server tells with the next one.
 *
 * A request that carries the server's last receive stamp as its origin asks for that. The
 * exchange which the stamp completes is one poll old by then, and worth the wait where the
 * server's way to the wire is what is uncertain.
 */
#ifndef VMCLOCK_NTP_INTERLEAVE_H
#define VMCLOCK_NTP_INTERLEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "../clock/event.h"
#include "ntp_packet.h"

struct ntp_interleave {
	uint64_t server_receive; /* of the last usable reply; 0: none, ask in basic mode */
	bool waiting;		 /* the exchange below was not used yet */
	struct event_ntp exchange;
};

/* A usable reply in basic mode came, and was used as it is. */
void ntp_interleave_basic(struct ntp_interleave *state, const struct ntp_packet *packet);

/*
 * A usable interleaved reply came: t3_ns, when the reply before it left. True: *complete is an
 * exchange not used before, with that as its T3. `now` is kept, to be completed by the next reply.
 */
bool ntp_interleave_reply(struct ntp_interleave *state, const struct ntp_packet *packet,
			  int64_t t3_ns, const struct event_ntp *now, struct event_ntp *complete);

#endif
