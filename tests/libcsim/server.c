// SPDX-License-Identifier: GPL-2.0-or-later
/* A simulated NTP server (RFC 5905) and the path to it. */
#include "server.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#define NTP_EPOCH_S 2208988800LL /* 1970 in seconds since 1900 */

enum { SEED_SERVER = 8, MODE_CLIENT = 3, MODE_SERVER = 4, VERSION = 4 };

/* 2^-29 s: 2 ns, more than all rounding on the way into the packet. */
static const int8_t PRECISION_LOG2 = -29;

static struct direction path(const struct server_options *o)
{
	return (struct direction){
		.base_ns = o->base_ns,
		.shape = o->gamma > 0 ? SHAPE_GAMMA : SHAPE_EXPONENTIAL,
		.mean_ns = o->mean_ns,
		.parameter = o->gamma,
	};
}

void server_init(struct server *s, const struct options *options, unsigned int index)
{
	const struct server_options *o = &options->servers[index];

	*s = (struct server){.options = *o, .up = path(o), .down = path(o)};
	s->up.congestion_from_s = o->congestion_from_s;
	s->up.congestion_to_s = o->congestion_to_s;
	s->up.congestion_ns = o->congestion_ns;
	s->down.shift_at_s = o->shift_at_s;
	s->down.shift_ns = o->shift_ns;
	rng_seed(&s->rng, (uint64_t)options->seed * 16 + SEED_SERVER + index);
}

static void put_time(uint8_t *at, int64_t utc_ns)
{
	uint64_t seconds = (uint64_t)(utc_ns / 1000000000 + NTP_EPOCH_S);
	uint64_t fraction = ((uint64_t)(utc_ns % 1000000000) << 32) / 1000000000;
	uint64_t value = htobe64(seconds << 32 | fraction);

	memcpy(at, &value, sizeof(value));
}

/* Rounded up: a server does not claim less than it means. */
static void put_short(uint8_t *at, double ns)
{
	uint32_t value = htobe32((uint32_t)ceil(ns * 65536e-9));

	memcpy(at, &value, sizeof(value));
}

static void encode(const struct server *s, const uint8_t *request, int64_t t2_ns, int64_t t3_ns,
		   uint8_t *reply)
{
	memset(reply, 0, NTP_BYTES);
	reply[0] = VERSION << 3 | MODE_SERVER;
	reply[1] = (uint8_t)s->options.stratum;
	reply[2] = request[2];
	reply[3] = (uint8_t)PRECISION_LOG2;
	put_short(reply + 4, s->options.root_delay_ns);
	put_short(reply + 8, s->options.root_dispersion_ns);
	memcpy(reply + 12, s->options.stratum > 1 ? "\12\0\0\1" : "SIM", 4);
	put_time(reply + 16, t2_ns);
	memcpy(reply + 24, request + 40, 8); /* its transmit stamp comes back as origin */
	put_time(reply + 32, t2_ns);
	put_time(reply + 40, t3_ns);
}

bool server_ask(struct server *s, int64_t start_utc_ns, long double left_ns, const uint8_t *request,
		size_t length, struct exchange *out)
{
	double now_s = (double)(left_ns * 1e-9L);
	bool request_lost = rng_chance(&s->rng, s->options.loss);
	bool reply_lost = rng_chance(&s->rng, s->options.loss);
	long double t2 = left_ns + (long double)direction_delay(&s->up, &s->rng, now_s);
	long double t3 = t2 + (long double)rng_exponential(&s->rng, s->options.processing_ns);
	long double offset = (long double)s->options.offset_ns;

	out->arrives_ns = t3 + (long double)direction_delay(&s->down, &s->rng, now_s);
	if (request_lost || reply_lost ||
	    (now_s >= s->options.outage_from_s && now_s < s->options.outage_to_s) ||
	    length < NTP_BYTES || (request[0] & 7) != MODE_CLIENT)
		return false;
	encode(s, request, start_utc_ns + llroundl(t2 + offset),
	       start_utc_ns + llroundl(t3 + offset), out->reply);
	return true;
}
