// SPDX-License-Identifier: GPL-2.0-or-later
/* Message authentication codes of NTP packets by symmetric keys. */
#include "ntp_mac.h"

#include <string.h>

#include <nettle/cmac.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

/* Not an HMAC: RFC 5905 hashes the key and then the packet. */
static size_t make_hash(const struct nettle_hash *hash, const struct ntp_key *key,
			const uint8_t *packet, size_t length, uint8_t *digest)
{
	union {
		struct sha1_ctx sha1;
		struct sha256_ctx sha256;
		struct sha512_ctx sha512; /* and of SHA384 */
	} context;
	size_t size = hash->digest_size < NTP_MAC_DIGEST_MAX ? hash->digest_size
							     : (size_t)NTP_MAC_DIGEST_MAX;

	hash->init(&context);
	hash->update(&context, key->length, key->secret);
	hash->update(&context, length, packet);
	hash->digest(&context, size, digest);
	explicit_bzero(&context, sizeof(context));
	return size;
}

static size_t make_cmac_128(const struct ntp_key *key, const uint8_t *packet, size_t length,
			    uint8_t *digest)
{
	struct cmac_aes128_ctx context;

	cmac_aes128_set_key(&context, key->secret);
	cmac_aes128_update(&context, length, packet);
	cmac_aes128_digest(&context, CMAC128_DIGEST_SIZE, digest);
	explicit_bzero(&context, sizeof(context));
	return CMAC128_DIGEST_SIZE;
}

static size_t make_cmac_256(const struct ntp_key *key, const uint8_t *packet, size_t length,
			    uint8_t *digest)
{
	struct cmac_aes256_ctx context;

	cmac_aes256_set_key(&context, key->secret);
	cmac_aes256_update(&context, length, packet);
	cmac_aes256_digest(&context, CMAC128_DIGEST_SIZE, digest);
	explicit_bzero(&context, sizeof(context));
	return CMAC128_DIGEST_SIZE;
}

static size_t make_digest(const struct ntp_key *key, const uint8_t *packet, size_t length,
			  uint8_t *digest)
{
	switch (key->type) {
	case NTP_KEY_SHA1:
		return make_hash(&nettle_sha1, key, packet, length, digest);
	case NTP_KEY_SHA256:
		return make_hash(&nettle_sha256, key, packet, length, digest);
	case NTP_KEY_SHA384:
		return make_hash(&nettle_sha384, key, packet, length, digest);
	case NTP_KEY_SHA512:
		return make_hash(&nettle_sha512, key, packet, length, digest);
	case NTP_KEY_AES128:
		return make_cmac_128(key, packet, length, digest);
	default:
		return make_cmac_256(key, packet, length, digest);
	}
}

size_t ntp_mac_make(const struct ntp_key *key, const uint8_t *packet, size_t length,
		    uint8_t out[NTP_MAC_SIZE_MAX])
{
	for (int i = 0; i < NTP_MAC_ID_SIZE; i++)
		out[i] = (uint8_t)(key->id >> (24 - 8 * i));
	return NTP_MAC_ID_SIZE + make_digest(key, packet, length, out + NTP_MAC_ID_SIZE);
}

bool ntp_mac_is_right(const struct ntp_key *key, const uint8_t *packet, size_t length,
		      const uint8_t *mac, size_t mac_size)
{
	uint8_t right[NTP_MAC_SIZE_MAX];
	size_t size = ntp_mac_make(key, packet, length, right);

	return size == mac_size && memeql_sec(right, mac, size);
}
