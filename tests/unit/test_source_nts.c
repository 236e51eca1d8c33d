// SPDX-License-Identifier: GPL-2.0-or-later
/* NTS packets against a server of the test's own, and RFC 5297, on which both rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <nettle/aes.h>
#include <nettle/cmac.h>
#include <nettle/ctr.h>
#include <nettle/siv-cmac.h>

#include "daemon/source/nts_extension.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return length;
}

/* RFC 5297 once more, as it stands there, so that its vectors can be held against the library. */

struct part {
	const uint8_t *bytes;
	size_t length;
};

static void cmac(const uint8_t *key, const uint8_t *bytes, size_t length, uint8_t out[16])
{
	struct cmac_aes128_ctx context;

	cmac_aes128_set_key(&context, key);
	cmac_aes128_update(&context, length, bytes);
	cmac_aes128_digest(&context, 16, out);
}

static void double_block(uint8_t block[16])
{
	int carry = block[0] >> 7;

	for (int i = 0; i < 16; i++)
		block[i] = (uint8_t)(block[i] << 1 | (i < 15 ? block[i + 1] >> 7 : 0));
	block[15] ^= (uint8_t)(carry * 0x87);
}

static void xor_block(uint8_t *to, const uint8_t *from)
{
	for (int i = 0; i < 16; i++)
		to[i] ^= from[i];
}

/* Section 2.4; the last part is the plaintext. */
static void s2v(const uint8_t *key, const struct part *parts, size_t count, uint8_t out[16])
{
	const struct part *last = &parts[count - 1];
	uint8_t block[16] = {0}, mac[16], text[1200];

	cmac(key, block, 16, block);
	for (size_t i = 0; i + 1 < count; i++) {
		double_block(block);
		cmac(key, parts[i].bytes, parts[i].length, mac);
		xor_block(block, mac);
	}
	assert_true(last->length + 16 <= sizeof(text));
	memcpy(text, last->bytes, last->length);
	if (last->length >= 16) {
		xor_block(text + last->length - 16, block);
		cmac(key, text, last->length, out);
		return;
	}
	double_block(block);
	memset(text + last->length, 0, 16 - last->length);
	text[last->length] = 0x80;
	xor_block(text, block);
	cmac(key, text, 16, out);
}

/* Section 2.6: the vector, then the ciphertext. */
static void siv_encrypt(const uint8_t *key, const struct part *parts, size_t count, uint8_t *out)
{
	const struct part *plain = &parts[count - 1];
	struct aes128_ctx context;
	uint8_t counter[16];

	s2v(key, parts, count, out);
	memcpy(counter, out, 16);
	counter[8] &= 0x7f;
	counter[12] &= 0x7f;
	aes128_set_encrypt_key(&context, key + 16);
	ctr_crypt(&context, (nettle_cipher_func *)aes128_encrypt, 16, counter, plain->length,
		  out + 16, plain->bytes);
}

static void the_vectors_of_rfc_5297_come_out(void **state)
{
	uint8_t key[32], ad1[64], ad2[64], nonce[16], plain[64], out[80], right[80];
	struct part parts[4] = {{.bytes = ad1}, {.bytes = plain}};

	(void)state;
	from_hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", key);
	parts[0].length = from_hex("101112131415161718191a1b1c1d1e1f2021222324252627", ad1);
	parts[1].length = from_hex("112233445566778899aabbccddee", plain);
	siv_encrypt(key, parts, 2, out);
	from_hex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c", right);
	assert_memory_equal(out, right, 16 + parts[1].length);

	from_hex("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f", key);
	parts[0].length =
		from_hex("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa9988"
			 "7766554433221100",
			 ad1);
	parts[1] = (struct part){ad2, from_hex("102030405060708090a0", ad2)};
	parts[2] = (struct part){nonce, from_hex("09f911029d74e35bd84156c5635688c0", nonce)};
	parts[3] = (struct part){
		plain, from_hex("7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074"
				"207573696e67205349562d414553",
				plain)};
	siv_encrypt(key, parts, 4, out);
	from_hex("7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663"
		 "b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
		 right);
	assert_memory_equal(out, right, 16 + parts[3].length);
}

static void the_library_does_the_same(void **state)
{
	uint8_t key[32], bytes[1000], ours[1100], theirs[1100];
	struct siv_cmac_aes128_ctx siv;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0xa5 ^ i);
	siv_cmac_aes128_set_key(&siv, key);
	for (size_t length = 0; length < 900; length += length < 40 ? 1 : 61) {
		struct part parts[] = {{bytes, length}, {bytes + 3, 16}, {bytes + 9, length}};

		siv_encrypt(key, parts, 3, theirs);
		siv_cmac_aes128_encrypt_message(&siv, 16, bytes + 3, length, bytes, length + 16,
						ours, bytes + 9);
		assert_memory_equal(ours, theirs, length + 16);
	}
}

/* A client that has had its keys, and what the server makes of the cookie: the same keys. */

enum { HEADER = NTP_HEADER_SIZE, COOKIE_SIZE = 100 };

static struct nts_session session;
static struct nts_random numbers;
static uint8_t request[NTP_PACKET_MAX], reply[NTP_PACKET_MAX + 256];
static size_t request_length, reply_length;

static void begin(unsigned int cookies, size_t cookie_size)
{
	memset(&session, 0, sizeof(session));
	memset(session.client_key, 0xc1, sizeof(session.client_key));
	memset(session.server_key, 0x5e, sizeof(session.server_key));
	for (unsigned int i = 0; i < cookies; i++) {
		session.cookies[i].length = cookie_size;
		memset(session.cookies[i].bytes, 0xc0 + (int)i, cookie_size);
	}
	session.cookie_count = cookies;
	memset(&numbers.unique, 0x11, sizeof(numbers.unique));
	memset(&numbers.nonce, 0x22, sizeof(numbers.nonce));
	memset(request, 0, sizeof(request));
	request[0] = 0x23;
}

static size_t ask(void)
{
	request_length = nts_seal(&session, &numbers, request, HEADER);
	return request_length;
}

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

/* How many fields of a type the request has before its authenticator, which is checked. */
static unsigned int count_fields(unsigned int type)
{
	unsigned int count = 0;
	size_t at = HEADER;
	uint8_t tag[SIV_DIGEST_SIZE];

	for (; get16(request + at) != 0x0404; at += get16(request + at + 2))
		count += get16(request + at) == type;
	assert_int_equal(at + get16(request + at + 2), request_length);
	assert_int_equal(get16(request + at + 4), 16);
	assert_int_equal(get16(request + at + 6), 16);
	assert_memory_equal(request + at + 8, numbers.nonce, 16);

	struct part parts[] = {{request, at}, {numbers.nonce, 16}, {request, 0}};

	siv_encrypt(session.client_key, parts, 3, tag);
	assert_memory_equal(request + at + 24, tag, 16);
	return count;
}

static size_t put_field(uint8_t *packet, size_t at, unsigned int type, int fill, size_t size)
{
	packet[at] = (uint8_t)(type >> 8);
	packet[at + 1] = (uint8_t)type;
	packet[at + 2] = (uint8_t)(size >> 8);
	packet[at + 3] = (uint8_t)size;
	memset(packet + at + 4, fill, size - 4);
	return at + size;
}

/* A genuine reply with so many cookies. */
static void answer(unsigned int cookies)
{
	uint8_t plain[NTP_PACKET_MAX], nonce[16];
	size_t length = 0, at = HEADER;

	memset(reply, 0, sizeof(reply));
	memset(nonce, 0x33, sizeof(nonce));
	reply[0] = 0x24;
	reply[1] = 1;
	at = put_field(reply, at, 0x0104, 0x11, 4 + NTS_UNIQUE_SIZE);
	for (unsigned int i = 0; i < cookies; i++)
		length = put_field(plain, length, 0x0204, 0xe0 + (int)i, 4 + COOKIE_SIZE);

	struct part parts[] = {{reply, at}, {nonce, 16}, {plain, length}};

	reply_length = put_field(reply, at, 0x0404, 0, 4 + 4 + 16 + 16 + length);
	reply[at + 5] = 16;
	reply[at + 6] = (uint8_t)((length + 16) >> 8);
	reply[at + 7] = (uint8_t)(length + 16);
	memcpy(reply + at + 8, nonce, 16);
	siv_encrypt(session.server_key, parts, 3, reply + at + 24);
}

static enum nts_verdict open_reply(void)
{
	return nts_open(&session, reply, reply_length);
}

static void a_request_spends_a_cookie_and_asks_for_what_is_missing(void **state)
{
	(void)state;
	for (unsigned int cookies = 8; cookies; cookies--) {
		begin(cookies, COOKIE_SIZE);
		assert_true(ask() <= NTP_PACKET_MAX);
		assert_int_equal(session.cookie_count, cookies - 1);
		assert_int_equal(count_fields(0x0104), 1);
		assert_int_equal(count_fields(0x0204), 1);
		assert_int_equal(count_fields(0x0304), 8 - cookies);
	}
	assert_int_equal(ask(), 0); /* there is none left */
}

static void no_cookie_is_sent_twice(void **state)
{
	uint8_t first[COOKIE_SIZE];

	(void)state;
	begin(2, COOKIE_SIZE);
	ask();
	memcpy(first, request + HEADER + 36 + 4, sizeof(first));
	ask();
	assert_memory_not_equal(first, request + HEADER + 36 + 4, sizeof(first));
}

static void a_request_is_never_too_long(void **state)
{
	(void)state;
	for (size_t size = 1; size <= NTS_COOKIE_MAX; size++) {
		begin(1, size);
		assert_in_range(ask(), HEADER + 36 + 16 + 40, NTP_PACKET_MAX);
		assert_int_equal(request_length % 4, 0);
		assert_int_equal(count_fields(0x0204), 1);
	}
}

static void a_genuine_reply_brings_cookies_at_most_eight(void **state)
{
	(void)state;
	begin(3, COOKIE_SIZE);
	ask();
	answer(6);
	assert_int_equal(open_reply(), NTS_GENUINE);
	assert_int_equal(session.cookie_count, 8);
	assert_int_equal(session.cookies[7].length, COOKIE_SIZE);
	assert_int_equal(session.cookies[7].bytes[0], 0xe5);
	answer(0);
	assert_int_equal(open_reply(), NTS_GENUINE);
	answer(2);
	assert_int_equal(open_reply(), NTS_GENUINE);
	assert_int_equal(session.cookie_count, 8);
}

static void one_bit_anywhere_makes_it_forged(void **state)
{
	(void)state;
	begin(8, COOKIE_SIZE);
	ask();
	answer(1);
	for (size_t bit = 0; bit < 8 * reply_length; bit++) {
		reply[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (open_reply() == NTS_GENUINE || session.cookie_count != 7)
			fail_msg("bit %zu does not matter", bit);
		reply[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(open_reply(), NTS_GENUINE);
}

static void a_reply_cut_short_is_not_genuine(void **state)
{
	size_t whole;

	(void)state;
	begin(8, COOKIE_SIZE);
	ask();
	answer(1);
	for (whole = reply_length; reply_length-- > HEADER;)
		assert_int_not_equal(open_reply(), NTS_GENUINE);
	reply_length = whole;
	assert_int_equal(open_reply(), NTS_GENUINE);
}

static void the_reply_to_another_request_is_not_ours(void **state)
{
	(void)state;
	begin(8, COOKIE_SIZE);
	ask();
	answer(1);
	memset(&numbers.unique, 0x12, sizeof(numbers.unique));
	ask();
	assert_int_equal(open_reply(), NTS_FORGED);
}

static void what_follows_the_authenticator_does_not_matter(void **state)
{
	(void)state;
	begin(8, COOKIE_SIZE);
	ask();
	answer(1);
	reply_length = put_field(reply, reply_length, 0x0204, 0xff, 4 + COOKIE_SIZE);
	assert_int_equal(open_reply(), NTS_GENUINE);
	assert_int_equal(session.cookie_count, 8);
	assert_int_equal(session.cookies[7].bytes[0], 0xe0);
}

/* RFC 8915 section 5.7: a NAK carries our unique identifier, and cannot be authenticated. */
static void a_nak_is_believed_from_who_saw_the_request(void **state)
{
	(void)state;
	begin(8, COOKIE_SIZE);
	ask();
	memset(reply, 0, sizeof(reply));
	memcpy(reply + 12, "NTSN", 4);
	reply_length = HEADER;
	assert_int_equal(open_reply(), NTS_MISSING);
	reply_length = put_field(reply, HEADER, 0x0104, 0x11, 4 + NTS_UNIQUE_SIZE);
	assert_int_equal(open_reply(), NTS_NAK);
	reply[HEADER + 7] ^= 1;
	assert_int_equal(open_reply(), NTS_MISSING);
	reply[HEADER + 7] ^= 1;
	memcpy(reply + 12, "DENY", 4);
	assert_int_equal(open_reply(), NTS_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_5297_come_out),
		cmocka_unit_test(the_library_does_the_same),
		cmocka_unit_test(a_request_spends_a_cookie_and_asks_for_what_is_missing),
		cmocka_unit_test(no_cookie_is_sent_twice),
		cmocka_unit_test(a_request_is_never_too_long),
		cmocka_unit_test(a_genuine_reply_brings_cookies_at_most_eight),
		cmocka_unit_test(one_bit_anywhere_makes_it_forged),
		cmocka_unit_test(a_reply_cut_short_is_not_genuine),
		cmocka_unit_test(the_reply_to_another_request_is_not_ours),
		cmocka_unit_test(what_follows_the_authenticator_does_not_matter),
		cmocka_unit_test(a_nak_is_believed_from_who_saw_the_request),
	};

	return cmocka_run_group_tests_name("NTS", tests, NULL, NULL);
}
