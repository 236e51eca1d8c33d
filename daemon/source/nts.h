/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTS of one association: when keys are established anew, and which NTP server they are for. */
#ifndef VMCLOCK_NTS_H
#define VMCLOCK_NTS_H

#include "address.h"
#include "nts_extension.h"
#include "nts_ke.h"
#include "resolver.h"
#include "source.h"

struct nts {
	struct source *source;
	struct nts_session session;
	struct nts_ke ke;
	struct address ke_server; /* its port is that of NTS-KE */
	struct address ntp_server;
	struct resolver *resolver; /* while the NTP server's name is looked up */
	struct resolver_query query;
	char ntp_name[NTS_KE_SERVER_MAX];
	bool named;	/* the NTP server's address is being looked up */
	bool nak;	/* the server does not know our cookies, unless its reply still comes */
	double delay_s; /* between two establishments, at least */
	int64_t not_before_ns; /* CLOCK_MONOTONIC, of the next one */
	/* An establishment has ended, well or not: it is time to ask, or to tell. */
	void (*settled)(void *context);
	void *context;
};

/* NULL: out of memory. */
struct nts *nts_create(struct source *source, void (*settled)(void *context), void *context);
/* Wipes everything. NULL is allowed. */
void nts_destroy(struct nts *nts);

/* Begins anew, with this server. */
void nts_start(struct nts *nts, const struct address *server);
/* Ends an establishment under way; what was established stays. */
void nts_stop(struct nts *nts);

/* Between a poll and the next: a NAK that no reply has contradicted counts now. */
void nts_poll(struct nts *nts);

enum nts_state {
	NTS_READY,   /* there is a cookie for a request */
	NTS_BUSY,    /* keys are being established, which ends within seconds */
	NTS_WAITING, /* for the time of the next attempt */
};

/* Keys are being established. */
bool nts_is_busy(const struct nts *nts);

/* Establishes keys where there are none and it is time to. Why not: claims.problem. */
enum nts_state nts_tend(struct nts *nts);

/* Spends a cookie on the request: its new length, or 0: there are no random numbers yet. */
size_t nts_request(struct nts *nts, uint8_t packet[NTP_PACKET_MAX], size_t length);

/* NULL: the reply is genuine; else what is wrong, for people. */
const char *nts_reply(struct nts *nts, const uint8_t *packet, size_t end);

#endif
