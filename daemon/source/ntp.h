/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client association: asks one server at one address, and emits what comes back. */
#ifndef VMCLOCK_NTP_H
#define VMCLOCK_NTP_H

#include "address.h"
#include "ntp_interleave.h"
#include "ntp_packet.h"
#include "ntp_socket.h"
#include "nts.h"
#include "poll_control.h"
#include "source.h"
#include "stamp.h"

enum ntp_failure {
	NTP_FAILURE_SILENT, /* nothing usable for 8 polls, or no way to it; goes on asking */
	NTP_FAILURE_DENIED, /* DENY or RSTR: the association has stopped asking */
	NTP_FAILURE_FALSE,  /* a falseticker for 8 polls; goes on asking */
};

/* What NTS-KE has come to. */
enum ntp_keys { KEYS_NO_NEWS, KEYS_CAME, KEYS_FAILED };

/* The request that waits for its reply. */
struct ntp_request {
	bool pending;
	bool explained; /* the problem says what came instead of a reply */
	uint64_t transmit; /* random; comes back as the reply's origin */
	uint64_t receive;  /* random; comes back instead from interleaved mode; 0: not asked for */
	uint64_t c1_user;  /* counter just before the send call */
	struct stamp_pair before;
	int64_t sent_realtime_ns; /* by the kernel; 0: not known (yet) */
};

struct ntp_association {
	struct source *source;
	struct address address;
	struct ntp_socket socket;
	struct loop_watch watch;
	struct loop_timer timer;
	struct poll_control poll;
	struct ntp_request request;
	struct ntp_interleave interleave;
	struct nts *nts;	   /* NULL: not configured */
	enum ntp_keys keys;	   /* since the last poll */
	uint64_t answered;	   /* what the last answer returned of its request */
	unsigned int polls;	   /* since the start with this address */
	unsigned int silent_polls; /* in a row, without a usable reply */
	unsigned int failed_sends; /* in a row */
	unsigned int false_polls;  /* in a row */
	bool running;
	bool paused; /* runs, but asks nobody */
	bool heard; /* a usable reply came since the start with this address */
	/* The owner may stop the association, or start it with another address, inside. */
	void (*failed)(struct ntp_association *association, enum ntp_failure failure);
	void *owner;
};

/* 0 or -ENOMEM. What was initialised wants to be let go of, too. */
int ntp_association_init(struct ntp_association *a, struct source *source,
			 void (*failed)(struct ntp_association *, enum ntp_failure), void *owner);
void ntp_association_destroy(struct ntp_association *a);

/* Begins anew with this address: first request within `within_s`, burst if configured. */
void ntp_association_start(struct ntp_association *a, const struct address *address,
			   double within_s);
void ntp_association_stop(struct ntp_association *a);
/* The configuration's limits of the poll interval are others. */
void ntp_association_retune(struct ntp_association *a);

/* Nobody can be reached: stops asking at once, says why. Then asks again, in a burst. */
void ntp_association_pause(struct ntp_association *a, const char *why);
void ntp_association_resume(struct ntp_association *a);

#endif
