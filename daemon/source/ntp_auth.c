// SPDX-License-Identifier: GPL-2.0-or-later
/* How an association proves who it is, and asks the same of replies. */
#include "ntp_auth.h"

#include "ntp_mac.h"

const char *ntp_auth_name(const struct config_source *config)
{
	if (config->nts)
		return "nts";
	return config->secret.id ? "key" : "none";
}

size_t ntp_auth_seal(const struct config_source *config, struct nts *nts,
		     uint8_t packet[NTP_PACKET_MAX], size_t length)
{
	if (nts)
		return nts_request(nts, packet, length);
	if (!config->secret.id)
		return length;
	return length + ntp_mac_make(&config->secret, packet, length, packet + length);
}

static const char *key_fault(const struct config_source *config, const uint8_t *data,
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

const char *ntp_auth_fault(const struct config_source *config, struct nts *nts, const uint8_t *data,
			   const struct ntp_packet *packet)
{
	return nts ? nts_reply(nts, data, packet->mac_at) : key_fault(config, data, packet);
}
