// SPDX-License-Identifier: GPL-2.0-or-later
/* MACs by symmetric keys: the published vectors, what is sent of them, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/source/ntp_mac.h"

/* The message of RFC 4493 and NIST SP 800-38B. */
static const char message_hex[] =
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

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

static struct ntp_key make_key(enum ntp_key_type type, const char *hex)
{
	struct ntp_key key = {.id = 0x01020304, .type = type};

	key.length = from_hex(hex, key.secret);
	return key;
}

static void assert_mac(const struct ntp_key *key, const uint8_t *packet, size_t length,
		       const char *hex)
{
	uint8_t right[64], mac[NTP_MAC_SIZE_MAX];
	size_t size = from_hex(hex, right);

	if (size > NTP_MAC_DIGEST_MAX)
		size = NTP_MAC_DIGEST_MAX;
	assert_int_equal(ntp_mac_make(key, packet, length, mac), NTP_MAC_ID_SIZE + size);
	assert_memory_equal(mac, "\1\2\3\4", NTP_MAC_ID_SIZE);
	assert_memory_equal(mac + NTP_MAC_ID_SIZE, right, size);
	assert_true(ntp_mac_is_right(key, packet, length, mac, NTP_MAC_ID_SIZE + size));
}

static void assert_cmac(const struct ntp_key *key, const char *of_0, const char *of_16,
			const char *of_40, const char *of_64)
{
	uint8_t message[64];

	from_hex(message_hex, message);
	assert_mac(key, message, 0, of_0);
	assert_mac(key, message, 16, of_16);
	assert_mac(key, message, 40, of_40);
	assert_mac(key, message, 64, of_64);
}

static void cmac_is_that_of_rfc_4493_and_nist(void **state)
{
	struct ntp_key key;

	(void)state;
	key = make_key(NTP_KEY_AES128, "2b7e151628aed2a6abf7158809cf4f3c");
	assert_cmac(&key, "bb1d6929e95937287fa37d129b756746", "070a16b46b4d4144f79bdd9dd04a287c",
		    "dfa66747de9ae63030ca32611497c827", "51f0bebf7e3b9d92fc49741779363cfe");
	key = make_key(NTP_KEY_AES256,
		       "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
	assert_cmac(&key, "028962f61b7bf89efc6b551f4667d983", "28a7023f452e8f82bd4bf28d8c37c35c",
		    "aaf3d8f1de5640c232f5b169b9c911e6", "e1992190549f6ed5696a2c056c315410");
}

/* FIPS 180: the digests of "abc", of which the key is a part. */
static void hashes_are_over_the_key_and_the_packet_and_cut_to_160_bits(void **state)
{
	static const char *const abc[] = {
		[NTP_KEY_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
		[NTP_KEY_SHA256] =
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		[NTP_KEY_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163",
		[NTP_KEY_SHA512] =
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
	};

	(void)state;
	for (int type = NTP_KEY_SHA1; type <= NTP_KEY_SHA512; type++) {
		struct ntp_key key = make_key((enum ntp_key_type)type, "61");

		assert_mac(&key, (const uint8_t *)"bc", 2, abc[type]);
	}
}

static void one_bit_anywhere_makes_it_wrong(void **state)
{
	struct ntp_key key = make_key(NTP_KEY_SHA256, "736563726574");
	uint8_t packet[48] = {0}, mac[NTP_MAC_SIZE_MAX];
	size_t size = ntp_mac_make(&key, packet, sizeof(packet), mac);

	(void)state;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(ntp_mac_is_right(&key, packet, sizeof(packet), mac, size));
		mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(packet); bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(ntp_mac_is_right(&key, packet, sizeof(packet), mac, size));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(ntp_mac_is_right(&key, packet, sizeof(packet), mac, size));
}

static void a_part_of_a_mac_is_no_mac(void **state)
{
	struct ntp_key key = make_key(NTP_KEY_SHA1, "736563726574");
	uint8_t packet[48] = {0}, mac[NTP_MAC_SIZE_MAX];
	size_t size = ntp_mac_make(&key, packet, sizeof(packet), mac);

	(void)state;
	for (size_t part = 0; part < size; part++)
		assert_false(ntp_mac_is_right(&key, packet, sizeof(packet), mac, part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cmac_is_that_of_rfc_4493_and_nist),
		cmocka_unit_test(hashes_are_over_the_key_and_the_packet_and_cut_to_160_bits),
		cmocka_unit_test(one_bit_anywhere_makes_it_wrong),
		cmocka_unit_test(a_part_of_a_mac_is_no_mac),
	};

	return cmocka_run_group_tests_name("NTP MACs", tests, NULL, NULL);
}
