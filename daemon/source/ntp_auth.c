// SPDX-License-Identifier: GPL-2.0-or-later
/* How an association proves who it is, and asks the same of replies. */
#include "ntp_auth.h"

#include "ntp_mac.h"

const char *ntp_auth_name(const struct config_source *config)
{
	return config->secret.id ? "key" : "none";
}

size_t ntp_auth_seal(const struct config_source *config, uint8_t packet[NTP_PACKET_MAX],
		     size_t length)
{
	if (!config->secret.id)
		return length;
	return length + ntp_mac_make(&config->secret, packet, length, packet + length);
}

const char *ntp_auth_fault(const struct config_source *config, const uint8_t *data,
			   const struct ntp_packet *packet)
{
	if (!config->secret.id)
		return NULL;
	if (!packet->mac_size)
		return "a reply came that no key authenticates";
	if (packet->mac_size == NTP_MAC_ID_SIZE)
		return "the server says that our key is not right there (crypto-NAK)";
	if (ntp_mac_is_right(&config->secret, data, packet->mac_at, data + packet->mac_at,
			     packet->mac_size))
		return NULL;
	return "a reply came that our key does not authenticate";
}
