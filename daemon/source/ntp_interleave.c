// SPDX-License-Identifier: GPL-2.0-or-later
/* Interleaved mode: an exchange waits until the server has told when its reply left. */
#include "ntp_interleave.h"

/* By its own clock the server answered no sooner than it was asked, and before the next request. */
#define SLACK_NS 1000000

static bool belongs(const struct event_ntp *exchange, int64_t t3_ns, const struct event_ntp *now)
{
	return t3_ns >= exchange->t2_ns - SLACK_NS && t3_ns <= now->t2_ns + SLACK_NS;
}

void ntp_interleave_basic(struct ntp_interleave *state, const struct ntp_packet *packet)
{
	state->server_receive = packet->receive;
	state->waiting = false;
}

bool ntp_interleave_reply(struct ntp_interleave *state, const struct ntp_packet *packet,
			  int64_t t3_ns, const struct event_ntp *now, struct event_ntp *complete)
{
	bool usable = state->waiting && belongs(&state->exchange, t3_ns, now);

	if (usable) {
		*complete = state->exchange;
		complete->t3_ns = t3_ns;
		complete->interleaved = true;
	}
	state->server_receive = packet->receive;
	state->exchange = *now;
	state->waiting = true;
	return usable;
}
