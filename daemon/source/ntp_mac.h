/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message authentication codes of NTP packets by symmetric keys (RFC 5905, 7822, 8573). */
#ifndef VMCLOCK_NTP_MAC_H
#define VMCLOCK_NTP_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../key_file.h"

enum {
	NTP_MAC_ID_SIZE = 4,	 /* the key's number, before the digest */
	NTP_MAC_DIGEST_MAX = 20, /* RFC 7822: longer digests are cut to it */
	NTP_MAC_SIZE_MAX = NTP_MAC_ID_SIZE + NTP_MAC_DIGEST_MAX,
};

/* The MAC over `length` bytes of a packet; its size, the key's number included: 20 or 24. */
size_t ntp_mac_make(const struct ntp_key *key, const uint8_t *packet, size_t length,
		    uint8_t out[NTP_MAC_SIZE_MAX]);

/* Is this the MAC over `length` bytes of the packet? The time that it takes does not tell how far
 * it is right. */
bool ntp_mac_is_right(const struct ntp_key *key, const uint8_t *packet, size_t length,
		      const uint8_t *mac, size_t mac_size);

#endif
