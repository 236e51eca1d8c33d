/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTPv4 packets (RFC 5905 section 7.3): encode a request, take a reply apart, judge it. No I/O. */
#ifndef VMCLOCK_NTP_PACKET_H
#define VMCLOCK_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NTP_HEADER_SIZE = 48,
	NTP_PACKET_MAX = 1024, /* header, extension fields and MAC; longer is refused */
	NTP_PORT = 123,
	NTP_PROBLEM_SIZE = 96,
	NTP_REFERENCE_SIZE = 20,
};

/* Beyond this root distance a server is not fit to be used (RFC 5905, MAXDIST). */
#define NTP_ROOT_DISTANCE_MAX_NS 1.5e9

struct ntp_packet {
	unsigned int leap; /* 0..3; 3: not synchronised */
	unsigned int version;
	unsigned int mode;
	unsigned int stratum;	  /* 0..255 as sent */
	int poll_log2;		  /* s */
	int precision_log2;	  /* s */
	uint32_t root_delay;	  /* 16.16 s */
	uint32_t root_dispersion; /* 16.16 s */
	uint32_t reference_id;
	uint64_t reference; /* these four: 32.32 s of an era */
	uint64_t origin;
	uint64_t receive;
	uint64_t transmit;
	size_t mac_at;	 /* where the extension fields end */
	size_t mac_size; /* of what follows them: 0, 4 (crypto-NAK) or 20 to 24 */
};

enum ntp_kiss {
	NTP_KISS_NONE,
	NTP_KISS_RATE,	/* poll more slowly */
	NTP_KISS_DENY,	/* never ask again (DENY, RSTR) */
	NTP_KISS_OTHER, /* any other code: for people */
};

/*
 * A request that tells nothing of us: all zero but version, mode and the transmit stamp, which is a
 * random number that the reply has to return. To ask for the interleaved mode (RFC 9769), origin is
 * the server's last receive stamp, and receive another random number, which an interleaved reply
 * returns instead; both 0: basic mode.
 */
void ntp_request_encode(uint8_t out[NTP_HEADER_SIZE], uint64_t origin, uint64_t receive,
			uint64_t transmit);

/*
 * 0; -EBADMSG: not a reply of a version 3 or 4 server, truncated, or what follows the header is no
 * row of extension fields with an optional MAC (RFC 7822: what is left is a MAC when it is no longer
 * than one can be). Nothing after the header is looked into.
 */
int ntp_packet_parse(const uint8_t *data, size_t length, struct ntp_packet *out);

/*
 * Is the server fit to be believed, as far as it says itself: 0, or -EPROTO with the reason for
 * people in `problem`. Kiss codes are not judged here, nor is how long an interleaved reply was
 * held, since its transmit stamp is of another one.
 */
int ntp_packet_judge(const struct ntp_packet *packet, bool interleaved,
		     char problem[NTP_PROBLEM_SIZE]);

enum ntp_kiss ntp_packet_kiss(const struct ntp_packet *packet);

/* "GPS" or "192.0.2.1" (which may be the hash of an IPv6 address), '?' for what cannot be shown. */
void ntp_packet_reference(const struct ntp_packet *packet, char out[NTP_REFERENCE_SIZE]);

/*
 * ns since 1970 UTC. Timestamps carry no era: the one is taken that comes nearest to `pivot_s`
 * (unix time), which therefore has to be right to within 68 years.
 */
int64_t ntp_to_unix_ns(uint64_t timestamp, int64_t pivot_s);
uint64_t ntp_from_unix_ns(int64_t unix_ns);

double ntp_short_to_ns(uint32_t value);

#endif
