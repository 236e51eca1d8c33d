// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes from the network: taken apart without harm, and never judged fit when they are not. */
#include <stdlib.h>
#include <string.h>

#include "daemon/source/ntp_auth.h"
#include "daemon/source/ntp_mac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	check(length < size);
	for (size_t i = 0; i < length; i++)
		check(text[i] > ' ' && text[i] < 127);
}

/* With a key, what the MAC over the bytes before it is decides, and nothing else. */
static void check_mac(const uint8_t *data, size_t size, const struct ntp_packet *packet)
{
	static const struct config_source keyed = {
		.secret = {.id = 1, .type = NTP_KEY_SHA1, .length = 1, .secret = "k"}};
	size_t mac = packet->mac_size;

	check(packet->mac_at >= NTP_HEADER_SIZE && packet->mac_at + mac == size);
	check(!mac || mac == NTP_MAC_ID_SIZE || (mac >= 20 && mac <= NTP_MAC_SIZE_MAX));
	check(!ntp_auth_fault(&keyed, NULL, data, packet) ==
	      (mac == NTP_MAC_SIZE_MAX &&
	       ntp_mac_is_right(&keyed.secret, data, packet->mac_at, data + packet->mac_at, mac)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char problem[NTP_PROBLEM_SIZE], reference[NTP_REFERENCE_SIZE];
	struct ntp_packet packet;
	bool interleaved = size & 4;
	int64_t t2_ns, t3_ns;

	if (ntp_packet_parse(data, size, &packet))
		return 0;
	check(size >= NTP_HEADER_SIZE && size <= NTP_PACKET_MAX && packet.mode == 4);
	check_mac(data, size, &packet);
	ntp_packet_reference(&packet, reference);
	check_text(reference, sizeof(reference));
	if (ntp_packet_kiss(&packet) != NTP_KISS_NONE)
		check(packet.stratum == 0);
	if (ntp_packet_judge(&packet, interleaved, problem)) {
		check(problem[0] && strnlen(problem, sizeof(problem)) < sizeof(problem));
		return 0;
	}
	check(packet.leap < 3 && packet.stratum >= 1 && packet.stratum <= 15);
	check(ntp_short_to_ns(packet.root_delay) / 2 + ntp_short_to_ns(packet.root_dispersion) <=
	      NTP_ROOT_DISTANCE_MAX_NS);
	t2_ns = ntp_to_unix_ns(packet.receive, 1782864000);
	t3_ns = ntp_to_unix_ns(packet.transmit, t2_ns / 1000000000);
	check(interleaved || (t3_ns - t2_ns >= -1000001 && t3_ns - t2_ns <= INT64_C(64000000001)));
	check(llabs((int64_t)(ntp_from_unix_ns(t2_ns) - packet.receive)) <= 8);
	return 0;
}
