/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS for NTP (RFC 8915 section 5): the extension fields that prove a request and a reply.
 *
 * A session is what a key establishment has left: two keys, and cookies of which each request
 * spends one and each reply brings one.
 */
#ifndef VMCLOCK_NTS_EXTENSION_H
#define VMCLOCK_NTS_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntp_packet.h"

enum {
	NTS_COOKIES_MAX = 8,
	NTS_COOKIE_MAX = 256, /* bytes; servers in use have about 100 */
	NTS_KEY_SIZE = 32,    /* of AEAD_AES_SIV_CMAC_256 */
	NTS_UNIQUE_SIZE = 32,
	NTS_NONCE_SIZE = 16,
};

struct nts_cookie {
	size_t length;
	uint8_t bytes[NTS_COOKIE_MAX];
};

struct nts_session {
	uint8_t client_key[NTS_KEY_SIZE]; /* of requests */
	uint8_t server_key[NTS_KEY_SIZE]; /* of replies */
	struct nts_cookie cookies[NTS_COOKIES_MAX];
	unsigned int cookie_count;
	uint8_t unique[NTS_UNIQUE_SIZE]; /* of the last request; its reply returns it */
};

enum nts_verdict {
	NTS_GENUINE,
	NTS_NAK,     /* the server does not know the cookie (kiss code NTSN) */
	NTS_MISSING, /* nothing authenticates it */
	NTS_FORGED,  /* what should authenticate it is wrong */
};

/* The random numbers that a request needs. */
struct nts_random {
	uint8_t unique[NTS_UNIQUE_SIZE];
	uint8_t nonce[NTS_NONCE_SIZE];
};

/*
 * Spends a cookie: appends to a request what proves it, with placeholders for as many cookies as
 * are missing and fit. The new length, or 0: there is no cookie.
 */
size_t nts_seal(struct nts_session *session, const struct nts_random *random,
		uint8_t packet[NTP_PACKET_MAX], size_t length);

/*
 * The reply to the last request, its extension fields ending at `end`. What comes genuinely is
 * kept: new cookies. Fields behind the authenticator are not looked at.
 */
enum nts_verdict nts_open(struct nts_session *session, const uint8_t *packet, size_t end);

#endif
