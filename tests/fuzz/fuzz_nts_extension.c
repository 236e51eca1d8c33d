// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a reply under NTS: never genuine, since no fuzzer knows the key. The same bytes as
 * the encrypted part of a genuine reply: cookies that are sound, at most eight.
 */
#include <stdlib.h>
#include <string.h>

#include <nettle/siv-cmac.h>

#include "daemon/source/nts_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BEFORE = NTP_HEADER_SIZE + 4 + NTS_UNIQUE_SIZE, AUTHENTICATOR = 8 + 16 + 16 };

static void check(int holds)
{
	if (!holds)
		abort();
}

static struct nts_session begin(void)
{
	struct nts_session session = {.cookie_count = 2};

	memset(session.server_key, 0x5e, sizeof(session.server_key));
	memset(session.unique, 'u', sizeof(session.unique));
	session.cookies[0].length = session.cookies[1].length = 64;
	return session;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void as_plaintext(const uint8_t *data, size_t size)
{
	struct nts_session session = begin();
	uint8_t packet[NTP_PACKET_MAX] = {0x24, 1};
	uint8_t *at = packet + NTP_HEADER_SIZE;
	struct siv_cmac_aes128_ctx siv;
	size_t field = (AUTHENTICATOR + size + 3) & ~(size_t)3;

	put16(at, 0x0104);
	put16(at + 2, 4 + NTS_UNIQUE_SIZE);
	memcpy(at + 4, session.unique, NTS_UNIQUE_SIZE);
	at = packet + BEFORE;
	put16(at, 0x0404);
	put16(at + 2, field);
	put16(at + 4, 16);
	put16(at + 6, size + SIV_DIGEST_SIZE);
	siv_cmac_aes128_set_key(&siv, session.server_key);
	siv_cmac_aes128_encrypt_message(&siv, 16, at + 8, BEFORE, packet, size + SIV_DIGEST_SIZE,
					at + 24, data);
	check(nts_open(&session, packet, BEFORE + field) == NTS_GENUINE);
	check(session.cookie_count >= 2 && session.cookie_count <= NTS_COOKIES_MAX);
	for (unsigned int i = 2; i < session.cookie_count; i++)
		check(session.cookies[i].length >= 12 &&
		      session.cookies[i].length <= NTS_COOKIE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nts_session session = begin();

	if (size <= NTP_PACKET_MAX - BEFORE - AUTHENTICATOR - 3)
		as_plaintext(data, size);
	if (size < NTP_HEADER_SIZE || size > NTP_PACKET_MAX)
		return 0;
	check(nts_open(&session, data, size) != NTS_GENUINE);
	check(session.cookie_count == 2);
	return 0;
}
