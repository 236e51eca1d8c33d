/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One NTS key establishment: a TLS connection in the loop, from the call to the keys. */
#ifndef VMCLOCK_NTS_KE_H
#define VMCLOCK_NTS_KE_H

#include "address.h"
#include "nts_ke_message.h"
#include "source.h"
#include "tls.h"

enum nts_ke_stage {
	NTS_KE_IDLE,
	NTS_KE_CONNECTING,
	NTS_KE_SHAKING_HANDS,
	NTS_KE_ASKING,
	NTS_KE_LISTENING,
};

struct nts_ke {
	struct source *source;
	struct tls_peer peer;
	struct tls *tls;
	enum nts_ke_stage stage;
	struct loop_watch watch;
	struct loop_timer timer;
	uint8_t received[NTS_KE_RESPONSE_MAX];
	size_t received_length;
	struct nts_ke_response response; /* valid in `done` only, wiped behind it */
	uint8_t client_key[NTS_KEY_SIZE];
	uint8_t server_key[NTS_KEY_SIZE];
	char problem[TLS_PROBLEM_SIZE]; /* why it failed */
	/* Runs once for each start, not inside it, and not after a stop. */
	void (*done)(struct nts_ke *ke, bool established);
	void *context;
};

void nts_ke_init(struct nts_ke *ke, struct source *source,
		 void (*done)(struct nts_ke *ke, bool established), void *context);

/* Calls this address, whose port is that of NTS-KE; ends what is under way. */
void nts_ke_start(struct nts_ke *ke, const struct address *server);
void nts_ke_stop(struct nts_ke *ke);

#endif
