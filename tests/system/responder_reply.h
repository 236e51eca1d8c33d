/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTP replies, right ones and spoiled ones (packet format: RFC 5905 section 7.3). */
#ifndef RESPONDER_REPLY_H
#define RESPONDER_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "responder_behaviour.h"

enum { NTP_HEADER_SIZE = 48, REPLY_SIZE_MAX = NTP_HEADER_SIZE + 1000 };

struct reply {
	uint8_t bytes[REPLY_SIZE_MAX];
	size_t length;
	unsigned int copies; /* how often to send it; 0: not at all */
};

/* Is this a client's request (mode 3, version 1..4, a whole header)? */
int request_valid(const uint8_t *request, size_t length);

/*
 * Answers a request that arrived when CLOCK_REALTIME was t2_real_ns, as if sent at t3_real_ns.
 * `previous` is the last reply made, for the fault that repeats it.
 */
void reply_make(const struct behaviour *b, enum fault fault, const uint8_t *request,
		int64_t t2_real_ns, int64_t t3_real_ns, const struct reply *previous,
		struct reply *out);

/* 32.32 seconds since 1900; the era is cut off, as in every packet. */
uint64_t ntp_stamp(int64_t unix_ns);
/* 16.16 seconds, rounded up: a claim may be too large, never too small. */
uint32_t ntp_short(int64_t ns);

#endif
