// SPDX-License-Identifier: GPL-2.0-or-later
/* NTS for NTP: the extension fields that prove a request and a reply. */
#include "nts_extension.h"

#include <string.h>

#include <nettle/siv-cmac.h>

enum {
	FIELD_HEADER = 4,
	FIELD_MIN = 16, /* RFC 7822 */
	UNIQUE_IDENTIFIER = 0x0104,
	COOKIE = 0x0204,
	COOKIE_PLACEHOLDER = 0x0304,
	AUTHENTICATOR = 0x0404,
	AUTHENTICATOR_HEADER = 4, /* lengths of nonce and ciphertext */
	AUTHENTICATOR_SIZE = FIELD_HEADER + AUTHENTICATOR_HEADER + NTS_NONCE_SIZE + SIV_DIGEST_SIZE,
	STRATUM_AT = 1,
	REFERENCE_AT = 12,
};

struct field {
	unsigned int type;
	const uint8_t *body;
	size_t length; /* of the body, padding included */
};

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

static size_t field_size(size_t body)
{
	size_t size = FIELD_HEADER + padded(body);

	return size < FIELD_MIN ? (size_t)FIELD_MIN : size;
}

/* NULL: a body of zeros. Where the field ends. */
static size_t put_field(uint8_t *packet, size_t at, unsigned int type, const uint8_t *body,
			size_t length)
{
	size_t size = field_size(length);

	memset(packet + at, 0, size);
	put16(packet + at, type);
	put16(packet + at + 2, size);
	if (body)
		memcpy(packet + at + FIELD_HEADER, body, length);
	return at + size;
}

static size_t put_authenticator(const struct nts_session *session, const uint8_t *nonce,
				uint8_t *packet, size_t at)
{
	uint8_t *body = packet + at + FIELD_HEADER;
	struct siv_cmac_aes128_ctx siv;

	put16(packet + at, AUTHENTICATOR);
	put16(packet + at + 2, AUTHENTICATOR_SIZE);
	put16(body, NTS_NONCE_SIZE);
	put16(body + 2, SIV_DIGEST_SIZE);
	memcpy(body + AUTHENTICATOR_HEADER, nonce, NTS_NONCE_SIZE);
	siv_cmac_aes128_set_key(&siv, session->client_key);
	siv_cmac_aes128_encrypt_message(&siv, NTS_NONCE_SIZE, nonce, at, packet, SIV_DIGEST_SIZE,
					body + AUTHENTICATOR_HEADER + NTS_NONCE_SIZE, nonce);
	explicit_bzero(&siv, sizeof(siv));
	return at + AUTHENTICATOR_SIZE;
}

size_t nts_seal(struct nts_session *session, const struct nts_random *random,
		uint8_t packet[NTP_PACKET_MAX], size_t length)
{
	struct nts_cookie *cookie;
	unsigned int missing;

	if (!session->cookie_count)
		return 0;
	cookie = &session->cookies[--session->cookie_count];
	missing = NTS_COOKIES_MAX - 1 - session->cookie_count; /* one comes without being asked */
	memcpy(session->unique, random->unique, sizeof(session->unique));
	length = put_field(packet, length, UNIQUE_IDENTIFIER, random->unique, NTS_UNIQUE_SIZE);
	length = put_field(packet, length, COOKIE, cookie->bytes, cookie->length);
	while (missing-- &&
	       length + field_size(cookie->length) + AUTHENTICATOR_SIZE <= NTP_PACKET_MAX)
		length = put_field(packet, length, COOKIE_PLACEHOLDER, NULL, cookie->length);
	explicit_bzero(cookie, sizeof(*cookie));
	return put_authenticator(session, random->nonce, packet, length);
}

/* The field at *at, which then is the next one's place; false at the end, or where none can be. */
static bool next_field(const uint8_t *data, size_t end, size_t *at, struct field *out)
{
	size_t size;

	if (end - *at < FIELD_MIN)
		return false;
	size = get16(data + *at + 2);
	if (size < FIELD_MIN || size % 4 || size > end - *at)
		return false;
	*out = (struct field){.type = (unsigned int)get16(data + *at),
			      .body = data + *at + FIELD_HEADER,
			      .length = size - FIELD_HEADER};
	*at += size;
	return true;
}

static void take_cookies(struct nts_session *session, const uint8_t *plain, size_t length)
{
	struct field field;
	size_t at = 0;

	while (next_field(plain, length, &at, &field)) {
		struct nts_cookie *cookie = &session->cookies[session->cookie_count];

		if (field.type != COOKIE || field.length > NTS_COOKIE_MAX)
			continue;
		if (session->cookie_count == NTS_COOKIES_MAX)
			return;
		cookie->length = field.length;
		memcpy(cookie->bytes, field.body, field.length);
		session->cookie_count++;
	}
}

/* What is encrypted in the authenticator at `at`, and by it everything before it. */
static bool open_authenticator(struct nts_session *session, const uint8_t *packet, size_t at,
			       const struct field *field)
{
	uint8_t plain[NTP_PACKET_MAX];
	struct siv_cmac_aes128_ctx siv;
	const uint8_t *nonce = field->body + AUTHENTICATOR_HEADER;
	size_t nonce_length = get16(field->body);
	size_t length = get16(field->body + 2);
	size_t room = field->length - AUTHENTICATOR_HEADER;
	int genuine;

	if (nonce_length < SIV_MIN_NONCE_SIZE || padded(nonce_length) > room ||
	    length < SIV_DIGEST_SIZE || length > room - padded(nonce_length) ||
	    length - SIV_DIGEST_SIZE > sizeof(plain))
		return false;
	siv_cmac_aes128_set_key(&siv, session->server_key);
	genuine = siv_cmac_aes128_decrypt_message(&siv, nonce_length, nonce, at, packet,
						  length - SIV_DIGEST_SIZE, plain,
						  nonce + padded(nonce_length));
	if (genuine)
		take_cookies(session, plain, length - SIV_DIGEST_SIZE);
	explicit_bzero(&siv, sizeof(siv));
	explicit_bzero(plain, sizeof(plain));
	return genuine;
}

static bool says_nak(const uint8_t *packet)
{
	return packet[STRATUM_AT] == 0 && !memcmp(packet + REFERENCE_AT, "NTSN", 4);
}

enum nts_verdict nts_open(struct nts_session *session, const uint8_t *packet, size_t end)
{
	size_t at = NTP_HEADER_SIZE;
	size_t before = at;
	struct field field;
	bool ours = false;

	while (next_field(packet, end, &at, &field)) {
		if (field.type == UNIQUE_IDENTIFIER)
			ours = field.length == NTS_UNIQUE_SIZE &&
			       !memcmp(field.body, session->unique, NTS_UNIQUE_SIZE);
		if (field.type == AUTHENTICATOR)
			return ours && open_authenticator(session, packet, before, &field)
				       ? NTS_GENUINE
				       : NTS_FORGED;
		before = at;
	}
	return ours && says_nak(packet) ? NTS_NAK : NTS_MISSING;
}
