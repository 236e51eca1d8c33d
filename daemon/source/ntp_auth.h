/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an association proves who it is, and asks the same of replies: not at all, or by a key. */
#ifndef VMCLOCK_NTP_AUTH_H
#define VMCLOCK_NTP_AUTH_H

#include "ntp_packet.h"
#include "source.h"

/* "none" or "key", for reports. */
const char *ntp_auth_name(const struct config_source *config);

/* Appends what proves the request; the new length, at most NTP_PACKET_MAX. */
size_t ntp_auth_seal(const struct config_source *config, uint8_t packet[NTP_PACKET_MAX],
		     size_t length);

/* NULL: the reply is as genuine as is asked for; else why it is not, for people. */
const char *ntp_auth_fault(const struct config_source *config, const uint8_t *data,
			   const struct ntp_packet *packet);

#endif
