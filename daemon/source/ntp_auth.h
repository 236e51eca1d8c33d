/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an association proves who it is, and asks the same of replies: not at all, by a symmetric
 * key, or by NTS. */
#ifndef VMCLOCK_NTP_AUTH_H
#define VMCLOCK_NTP_AUTH_H

#include "ntp_packet.h"
#include "nts.h"
#include "source.h"

/* "none", "key" or "nts", for reports. */
const char *ntp_auth_name(const struct config_source *config);

/* Appends what proves the request; the new length, at most NTP_PACKET_MAX. With `nts`, which has to
 * be ready, 0: there are no random numbers yet. */
size_t ntp_auth_seal(const struct config_source *config, struct nts *nts,
		     uint8_t packet[NTP_PACKET_MAX], size_t length);

/* NULL: the reply is as genuine as is asked for; else why it is not, for people. */
const char *ntp_auth_fault(const struct config_source *config, struct nts *nts, const uint8_t *data,
			   const struct ntp_packet *packet);

#endif
