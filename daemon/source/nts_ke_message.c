// SPDX-License-Identifier: GPL-2.0-or-later
/* NTS key establishment: the request's records, and the response taken apart. */
#include "nts_ke_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	RECORD_HEADER = 4,
	CRITICAL = 0x8000,
	END_OF_MESSAGE = 0,
	NEXT_PROTOCOL = 1,
	ERROR = 2,
	WARNING = 3,
	AEAD_ALGORITHM = 4,
	NEW_COOKIE = 5,
	SERVER = 6,
	PORT = 7,
	PROTOCOL_NTPV4 = 0,
};

struct record {
	bool critical;
	unsigned int type;
	const uint8_t *body;
	size_t length;
};

/* What has been seen of the records that a response has once. */
struct seen {
	bool protocol;
	bool algorithm;
};

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static uint8_t *put_record(uint8_t *at, unsigned int type, const uint8_t *body, size_t length)
{
	at[0] = (uint8_t)((type | CRITICAL) >> 8);
	at[1] = (uint8_t)type;
	at[2] = (uint8_t)(length >> 8);
	at[3] = (uint8_t)length;
	if (length)
		memcpy(at + RECORD_HEADER, body, length);
	return at + RECORD_HEADER + length;
}

void nts_ke_request(uint8_t out[NTS_KE_REQUEST_SIZE])
{
	static const uint8_t protocol[] = {0, PROTOCOL_NTPV4};
	static const uint8_t algorithm[] = {0, NTS_AEAD_SIV_CMAC_256};

	out = put_record(out, NEXT_PROTOCOL, protocol, sizeof(protocol));
	out = put_record(out, AEAD_ALGORITHM, algorithm, sizeof(algorithm));
	put_record(out, END_OF_MESSAGE, NULL, 0);
}

static const char *take_number(const struct record *r, unsigned int wanted, bool *seen,
			       const char *otherwise)
{
	if (*seen)
		return "the server says the same twice";
	if (r->length != 2 || get16(r->body) != wanted)
		return otherwise;
	*seen = true;
	return NULL;
}

static const char *take_cookie(const struct record *r, struct nts_ke_response *out)
{
	if (!r->length || r->length > NTS_COOKIE_MAX)
		return "the server sends cookies of a size that cannot be used";
	if (out->cookie_count == NTS_COOKIES_MAX)
		return NULL;
	out->cookies[out->cookie_count].length = r->length;
	memcpy(out->cookies[out->cookie_count++].bytes, r->body, r->length);
	return NULL;
}

/* Printable ASCII only: it goes to the resolver and into messages. */
static const char *take_server(const struct record *r, struct nts_ke_response *out)
{
	if (!r->length || r->length >= sizeof(out->server) || out->server[0])
		return "the server names its NTP server in a way that cannot be used";
	for (size_t i = 0; i < r->length; i++)
		if (r->body[i] <= ' ' || r->body[i] >= 127)
			return "the server names its NTP server in a way that cannot be used";
	memcpy(out->server, r->body, r->length);
	return NULL;
}

static const char *take_port(const struct record *r, struct nts_ke_response *out)
{
	if (r->length != 2 || !get16(r->body) || out->port)
		return "the server names a port in a way that cannot be used";
	out->port = (uint16_t)get16(r->body);
	return NULL;
}

static const char *error_text(const struct record *r)
{
	static const char *const texts[] = {
		"the server says that it does not understand a critical record (error 0)",
		"the server says that the request was bad (error 1)",
		"the server says that it has an error of its own (error 2)",
	};
	unsigned int code = r->length == 2 ? get16(r->body) : 3;

	return code < 3 ? texts[code] : "the server says that there is an error";
}

/* Why the response cannot be used, or NULL. */
static const char *take_record(const struct record *r, struct nts_ke_response *out,
			       struct seen *seen)
{
	switch (r->type) {
	case NEXT_PROTOCOL:
		return take_number(r, PROTOCOL_NTPV4, &seen->protocol,
				   "the server does not offer NTPv4");
	case AEAD_ALGORITHM:
		return take_number(r, NTS_AEAD_SIV_CMAC_256, &seen->algorithm,
				   "the server does not offer AEAD_AES_SIV_CMAC_256");
	case ERROR:
		return error_text(r);
	case WARNING:
		return "the server warns of something that is not known here";
	case NEW_COOKIE:
		return take_cookie(r, out);
	case SERVER:
		return take_server(r, out);
	case PORT:
		return take_port(r, out);
	default:
		return r->critical ? "the server insists on something that is not known here"
				   : NULL;
	}
}

static const char *end_fault(const struct record *r, size_t left, const struct seen *seen,
			     const struct nts_ke_response *out)
{
	if (r->length || left)
		return "the response goes on behind its end";
	if (!seen->protocol)
		return "the server does not offer NTPv4";
	if (!seen->algorithm)
		return "the server does not offer AEAD_AES_SIV_CMAC_256";
	return out->cookie_count ? NULL : "the server sends no cookie";
}

static int refuse(struct nts_ke_response *out, char *problem, const char *text)
{
	explicit_bzero(out, sizeof(*out));
	snprintf(problem, NTS_KE_PROBLEM_SIZE, "%s", text);
	return -EBADMSG;
}

int nts_ke_parse(const uint8_t *data, size_t length, bool ended, struct nts_ke_response *out,
		 char problem[NTS_KE_PROBLEM_SIZE])
{
	struct seen seen = {0};

	*out = (struct nts_ke_response){0};
	while (length >= RECORD_HEADER && length - RECORD_HEADER >= get16(data + 2)) {
		struct record r = {.critical = get16(data) & CRITICAL,
				   .type = get16(data) & ~(unsigned int)CRITICAL,
				   .body = data + RECORD_HEADER,
				   .length = get16(data + 2)};
		const char *fault;

		data += RECORD_HEADER + r.length;
		length -= RECORD_HEADER + r.length;
		fault = r.type == END_OF_MESSAGE ? end_fault(&r, length, &seen, out)
						 : take_record(&r, out, &seen);
		if (fault)
			return refuse(out, problem, fault);
		if (r.type == END_OF_MESSAGE)
			return 0;
	}
	if (ended)
		return refuse(out, problem, "the server ended before its response did");
	return -EAGAIN;
}
