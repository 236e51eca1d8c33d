/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTS key establishment (RFC 8915 section 4): the request's records, and the response taken apart.
 */
#ifndef VMCLOCK_NTS_KE_MESSAGE_H
#define VMCLOCK_NTS_KE_MESSAGE_H

#include "nts_extension.h"

enum {
	NTS_KE_PORT = 4460,
	NTS_KE_REQUEST_SIZE = 16,
	NTS_KE_RESPONSE_MAX = 8192,
	NTS_KE_PROBLEM_SIZE = 96,
	NTS_KE_SERVER_MAX = 256,
	NTS_AEAD_SIV_CMAC_256 = 15,
};

struct nts_ke_response {
	struct nts_cookie cookies[NTS_COOKIES_MAX];
	unsigned int cookie_count;	/* at least 1 */
	char server[NTS_KE_SERVER_MAX]; /* name or address of the NTP server; "": the same one */
	uint16_t port;			/* 0: not said */
};

/* Asks for NTPv4 with AEAD_AES_SIV_CMAC_256. */
void nts_ke_request(uint8_t out[NTS_KE_REQUEST_SIZE]);

/*
 * What has come so far, `ended`: and nothing more will. 0: *out is complete; -EAGAIN: more has to
 * come; -EBADMSG: the server refused, or what it says cannot be used, with the reason.
 */
int nts_ke_parse(const uint8_t *data, size_t length, bool ended, struct nts_ke_response *out,
		 char problem[NTS_KE_PROBLEM_SIZE]);

#endif
