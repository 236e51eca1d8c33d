// SPDX-License-Identifier: GPL-2.0-or-later
/* NTPv4 packets: encode a request, take a reply apart, judge it. No I/O. */
#include "ntp_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 1900-01-01 to 1970-01-01. */
#define NTP_TO_UNIX_S INT64_C(2208988800)
#define NS_PER_S INT64_C(1000000000)
/* A server's two stamps may be out of order by the noise of its reads, not by more. */
#define TURNAROUND_SLACK_NS 1000000
/* Nobody holds a request for this long; the clock was set in between. */
#define TURNAROUND_MAX_NS (64 * NS_PER_S)

enum {
	MODE_CLIENT = 3,
	MODE_SERVER = 4,
	LEAP_UNSYNCHRONISED = 3,
	STRATUM_UNSYNCHRONISED = 16,
	PRECISION_CLAIMED = 32, /* log2 s, of a request: as good as none */
	/* RFC 7822: extension fields are at least this long, and what is shorter is a MAC. */
	EXTENSION_MIN = 16,
	MAC_CRYPTO_NAK = 4,
	MAC_MIN = 20,
	MAC_MAX = 24,
};

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

static void put64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (56 - 8 * i));
}

void ntp_request_encode(uint8_t out[NTP_HEADER_SIZE], uint64_t origin, uint64_t receive,
			uint64_t transmit)
{
	memset(out, 0, NTP_HEADER_SIZE);
	out[0] = 4 << 3 | MODE_CLIENT;
	out[3] = PRECISION_CLAIMED;
	put64(out + 24, origin);
	put64(out + 32, receive);
	put64(out + 40, transmit);
}

static bool is_mac(size_t length)
{
	return length == MAC_CRYPTO_NAK || (length >= MAC_MIN && length <= MAC_MAX);
}

/* What follows the header: extension fields, each with its length, then perhaps a MAC. */
static bool find_mac(const uint8_t *data, size_t length, struct ntp_packet *out)
{
	size_t at = NTP_HEADER_SIZE;

	while (at < length && !is_mac(length - at)) {
		size_t field;

		if (length - at < EXTENSION_MIN)
			return false;
		field = (size_t)data[at + 2] << 8 | data[at + 3];
		if (field < EXTENSION_MIN || field % 4 || field > length - at)
			return false;
		at += field;
	}
	out->mac_at = at;
	out->mac_size = length - at;
	return true;
}

int ntp_packet_parse(const uint8_t *data, size_t length, struct ntp_packet *out)
{
	if (length < NTP_HEADER_SIZE || length > NTP_PACKET_MAX || length % 4)
		return -EBADMSG;
	*out = (struct ntp_packet){
		.leap = data[0] >> 6,
		.version = data[0] >> 3 & 7,
		.mode = data[0] & 7,
		.stratum = data[1],
		.poll_log2 = (int8_t)data[2],
		.precision_log2 = (int8_t)data[3],
		.root_delay = get32(data + 4),
		.root_dispersion = get32(data + 8),
		.reference_id = get32(data + 12),
		.reference = get64(data + 16),
		.origin = get64(data + 24),
		.receive = get64(data + 32),
		.transmit = get64(data + 40),
	};
	if (out->mode != MODE_SERVER || out->version < 3 || out->version > 4)
		return -EBADMSG;
	return find_mac(data, length, out) ? 0 : -EBADMSG;
}

/* Signed distance between two stamps less than 68 years apart. */
static int64_t stamp_distance_ns(uint64_t to, uint64_t from)
{
	int64_t difference = (int64_t)(to - from);

	return (int64_t)((__int128)difference * NS_PER_S >> 32);
}

static const char *synchronisation_problem(const struct ntp_packet *packet, bool interleaved)
{
	int64_t held_ns = interleaved ? 0 : stamp_distance_ns(packet->transmit, packet->receive);

	if (packet->leap == LEAP_UNSYNCHRONISED)
		return "the server says that it is not synchronised (leap indicator 3)";
	if (packet->stratum == 0)
		return "the server states no stratum";
	if (packet->stratum >= STRATUM_UNSYNCHRONISED)
		return "the server says that it is not synchronised (stratum 16 or above)";
	if (!packet->receive || !packet->transmit)
		return "the server states no time";
	if (held_ns < -TURNAROUND_SLACK_NS)
		return "the server answered before it was asked, by its own clock";
	if (held_ns > TURNAROUND_MAX_NS)
		return "the server held the request for minutes, by its own clock";
	return NULL;
}

int ntp_packet_judge(const struct ntp_packet *packet, bool interleaved,
		     char problem[NTP_PROBLEM_SIZE])
{
	const char *why = synchronisation_problem(packet, interleaved);
	double distance_ns =
		ntp_short_to_ns(packet->root_delay) / 2 + ntp_short_to_ns(packet->root_dispersion);

	if (why) {
		snprintf(problem, NTP_PROBLEM_SIZE, "%s", why);
		return -EPROTO;
	}
	if (distance_ns > NTP_ROOT_DISTANCE_MAX_NS) {
		snprintf(problem, NTP_PROBLEM_SIZE,
			 "root distance %.3f s is above the limit of %.1f s", distance_ns / 1e9,
			 NTP_ROOT_DISTANCE_MAX_NS / 1e9);
		return -EPROTO;
	}
	problem[0] = '\0';
	return 0;
}

enum ntp_kiss ntp_packet_kiss(const struct ntp_packet *packet)
{
	char code[5] = {0};

	if (packet->stratum != 0 || packet->reference_id == 0)
		return NTP_KISS_NONE;
	for (int i = 0; i < 4; i++)
		code[i] = (char)(packet->reference_id >> (24 - 8 * i));
	if (!strcmp(code, "RATE"))
		return NTP_KISS_RATE;
	if (!strcmp(code, "DENY") || !strcmp(code, "RSTR"))
		return NTP_KISS_DENY;
	return NTP_KISS_OTHER;
}

void ntp_packet_reference(const struct ntp_packet *packet, char out[NTP_REFERENCE_SIZE])
{
	uint32_t id = packet->reference_id;
	size_t length = 0;

	if (packet->stratum > 1) {
		snprintf(out, NTP_REFERENCE_SIZE, "%u.%u.%u.%u", id >> 24, id >> 16 & 255,
			 id >> 8 & 255, id & 255);
		return;
	}
	for (int shift = 24; shift >= 0 && (id >> shift & 255); shift -= 8) {
		unsigned int c = id >> shift & 255;

		out[length++] = c > 32 && c < 127 && c != '"' && c != '\\' ? (char)c : '?';
	}
	out[length] = '\0';
}

int64_t ntp_to_unix_ns(uint64_t timestamp, int64_t pivot_s)
{
	uint32_t seconds = (uint32_t)(timestamp >> 32);
	uint64_t fraction = timestamp & UINT32_MAX;
	/* Modulo 2^32 the stamp is this far from the pivot, and nearest when taken as signed. */
	int32_t from_pivot_s = (int32_t)(seconds - (uint32_t)(pivot_s + NTP_TO_UNIX_S));

	return (pivot_s + from_pivot_s) * NS_PER_S +
	       (int64_t)((fraction * (uint64_t)NS_PER_S + (UINT64_C(1) << 31)) >> 32);
}

uint64_t ntp_from_unix_ns(int64_t unix_ns)
{
	int64_t seconds = unix_ns / NS_PER_S;
	int64_t rest_ns = unix_ns % NS_PER_S;

	if (rest_ns < 0) {
		rest_ns += NS_PER_S;
		seconds--;
	}
	return (uint64_t)(seconds + NTP_TO_UNIX_S) << 32 |
	       ((uint64_t)rest_ns << 32) / (uint64_t)NS_PER_S;
}

double ntp_short_to_ns(uint32_t value)
{
	return (double)value * (1e9 / 65536.0);
}
