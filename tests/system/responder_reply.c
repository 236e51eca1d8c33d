// SPDX-License-Identifier: GPL-2.0-or-later
/* Making NTP replies, and spoiling them in every way that a client has to survive. */
#include "responder_reply.h"

#include <stdlib.h>
#include <string.h>

enum {
	MODE_CLIENT = 3,
	MODE_SERVER = 4,
	LEAP_UNSYNCHRONISED = 3,
	/* Offsets in the packet. */
	AT_STRATUM = 1,
	AT_POLL = 2,
	AT_PRECISION = 3,
	AT_ROOT_DELAY = 4,
	AT_ROOT_DISPERSION = 8,
	AT_REFID = 12,
	AT_REFERENCE = 16,
	AT_ORIGIN = 24,
	AT_RECEIVE = 32,
	AT_TRANSMIT = 40,
};

static const int64_t unix_epoch_in_1900_s = 2208988800;

uint64_t ntp_stamp(int64_t unix_ns)
{
	int64_t s = unix_ns / 1000000000;
	int64_t ns = unix_ns % 1000000000;

	if (ns < 0) {
		ns += 1000000000;
		s--;
	}
	return (uint64_t)(s + unix_epoch_in_1900_s) << 32 | ((uint64_t)ns << 32) / 1000000000;
}

uint32_t ntp_short(int64_t ns)
{
	uint64_t units = (((uint64_t)ns << 16) + 999999999) / 1000000000;

	return units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)(value >> 32));
	put32(at + 4, (uint32_t)value);
}

static void put_leap(uint8_t *packet, unsigned int leap)
{
	packet[0] = (uint8_t)((packet[0] & 0x3f) | leap << 6);
}

int request_valid(const uint8_t *request, size_t length)
{
	unsigned int version = request[0] >> 3 & 7;

	return length >= NTP_HEADER_SIZE && (request[0] & 7) == MODE_CLIENT && version >= 1 &&
	       version <= 4;
}

static void make_honest(const struct behaviour *b, const uint8_t *request, int64_t t2_real_ns,
			int64_t t3_real_ns, struct reply *out)
{
	int64_t t3_ns = behaviour_time(b, t3_real_ns);
	uint8_t *p = out->bytes;

	memset(p, 0, NTP_HEADER_SIZE);
	p[0] = (uint8_t)(b->leap << 6 | (request[0] & 0x38) | MODE_SERVER);
	p[AT_STRATUM] = (uint8_t)b->stratum;
	p[AT_POLL] = request[AT_POLL];
	p[AT_PRECISION] = (uint8_t)b->precision_log2;
	put32(p + AT_ROOT_DELAY, ntp_short(b->root_delay_ns));
	put32(p + AT_ROOT_DISPERSION, ntp_short(b->root_dispersion_ns));
	memcpy(p + AT_REFID, b->refid, sizeof(b->refid));
	put64(p + AT_REFERENCE, ntp_stamp(t3_ns - t3_ns % 1000000000));
	memcpy(p + AT_ORIGIN, request + AT_TRANSMIT, 8);
	put64(p + AT_RECEIVE, ntp_stamp(behaviour_time(b, t2_real_ns)));
	put64(p + AT_TRANSMIT, ntp_stamp(t3_ns));
	out->length = NTP_HEADER_SIZE;
	out->copies = 1;
}

static void make_kiss(uint8_t *packet, const char code[4])
{
	put_leap(packet, LEAP_UNSYNCHRONISED);
	packet[AT_STRATUM] = 0;
	memcpy(packet + AT_REFID, code, 4);
}

static void fill_random(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(random() >> 7);
}

/* Faults that change the header only. */
static void spoil_header(enum fault fault, uint8_t *packet)
{
	switch (fault) {
	case FAULT_WRONG_ORIGIN:
		packet[AT_ORIGIN + 3] ^= 0x5a;
		break;
	case FAULT_UNSYNCHRONISED:
		put_leap(packet, LEAP_UNSYNCHRONISED);
		break;
	case FAULT_STRATUM0:
		packet[AT_STRATUM] = 0;
		memset(packet + AT_REFID, 0, 4);
		break;
	case FAULT_STRATUM16:
		packet[AT_STRATUM] = 16;
		break;
	case FAULT_CLIENT_MODE:
		packet[0] = (uint8_t)((packet[0] & ~7) | MODE_CLIENT);
		break;
	case FAULT_BACKWARDS:
		memcpy(packet + AT_RECEIVE, packet + AT_TRANSMIT, 8);
		packet[AT_RECEIVE + 3]++;
		break;
	case FAULT_ZERO_STAMPS:
		memset(packet + AT_RECEIVE, 0, 16);
		break;
	default:
		break;
	}
}

/* Faults of the datagram as a whole. */
static void spoil_datagram(enum fault fault, const struct reply *previous, struct reply *out)
{
	switch (fault) {
	case FAULT_SILENT:
		out->copies = 0;
		break;
	case FAULT_REPLAY:
		if (previous->length)
			*out = *previous;
		break;
	case FAULT_DUPLICATE:
		out->copies = 2;
		break;
	case FAULT_TRUNCATED:
		out->length = NTP_HEADER_SIZE - 1;
		break;
	case FAULT_OVERSIZED:
		fill_random(out->bytes + NTP_HEADER_SIZE, REPLY_SIZE_MAX - NTP_HEADER_SIZE);
		out->length = REPLY_SIZE_MAX;
		break;
	case FAULT_GARBAGE:
		fill_random(out->bytes, NTP_HEADER_SIZE);
		break;
	default:
		break;
	}
}

void reply_make(const struct behaviour *b, enum fault fault, const uint8_t *request,
		int64_t t2_real_ns, int64_t t3_real_ns, const struct reply *previous,
		struct reply *out)
{
	make_honest(b, request, t2_real_ns, t3_real_ns, out);
	if (fault == FAULT_RATE)
		make_kiss(out->bytes, "RATE");
	else if (fault == FAULT_DENY)
		make_kiss(out->bytes, "DENY");
	else if (fault == FAULT_RSTR)
		make_kiss(out->bytes, "RSTR");
	spoil_header(fault, out->bytes);
	spoil_datagram(fault, previous, out);
}
