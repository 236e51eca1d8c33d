/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the test server claims and how it misbehaves: settings by name, and the clock it shows. */
#ifndef RESPONDER_BEHAVIOUR_H
#define RESPONDER_BEHAVIOUR_H

#include <stddef.h>
#include <stdint.h>

enum fault {
	FAULT_NONE,
	FAULT_SILENT,	      /* no reply at all */
	FAULT_WRONG_ORIGIN,   /* an origin stamp that the client never sent */
	FAULT_UNSYNCHRONISED, /* leap 3, as a server that has lost its own source */
	FAULT_STRATUM0,	      /* stratum 0 without a kiss code */
	FAULT_STRATUM16,
	FAULT_RATE, /* kiss of death: slow down */
	FAULT_DENY, /* kiss of death: go away */
	FAULT_RSTR,
	FAULT_REPLAY,	   /* the previous reply once more, instead of a new one */
	FAULT_DUPLICATE,   /* the right reply, twice */
	FAULT_TRUNCATED,   /* 47 bytes */
	FAULT_OVERSIZED,   /* a right header, then 1000 bytes that are no extension field */
	FAULT_GARBAGE,	   /* 48 random bytes */
	FAULT_CLIENT_MODE, /* mode 3: a request where a reply should be */
	FAULT_BACKWARDS,   /* sent before it was received */
	FAULT_ZERO_STAMPS, /* no receive and transmit stamps */
	FAULT_COUNT,
};

struct behaviour {
	unsigned int leap;    /* 0..3 */
	unsigned int stratum; /* 0..255 */
	int precision_log2;   /* seconds */
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	char refid[4];
	/* The clock shown is CLOCK_REALTIME + offset + rate * (time since). */
	int64_t offset_ns;
	double rate_ppm; /* positive: the clock shown runs fast */
	int64_t rate_since_ns;
	enum fault fault;
	uint64_t fault_left; /* replies to spoil before honesty returns; UINT64_MAX: all */
	/* Extra path, constant and exponentially distributed with this mean, per direction. */
	int64_t request_delay_ns;
	int64_t reply_delay_ns;
	int64_t request_queue_ns;
	int64_t reply_queue_ns;
};

void behaviour_honest(struct behaviour *b);

/*
 * Sets one thing, e.g. "offset", "50 ms" or "fault", "rate 1". `now_ns` is CLOCK_REALTIME: a rate
 * counts from there. 0, or -EINVAL with a message that says what was expected.
 */
int behaviour_set(struct behaviour *b, const char *name, const char *value, int64_t now_ns,
		  char *message, size_t message_size);

/* One line per setting, for --help. */
const char *behaviour_help(unsigned int index); /* NULL after the last */

/* The clock shown when CLOCK_REALTIME is real_ns. */
int64_t behaviour_time(const struct behaviour *b, int64_t real_ns);

/* The extra path of one packet, drawn by random(). */
int64_t behaviour_request_delay_ns(const struct behaviour *b);
int64_t behaviour_reply_delay_ns(const struct behaviour *b);

/* The fault for the reply that is due now; counts it. */
enum fault behaviour_next_fault(struct behaviour *b);

#endif
