// SPDX-License-Identifier: GPL-2.0-or-later
/* NTS of one association: when keys are established anew, and which NTP server they are for. */
#include "nts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "random.h"

/* Between two establishments; longer each time, until a reply shows that the last was worth it. */
#define DELAY_FIRST_S 10.0
#define DELAY_FACTOR 1.5
#define DELAY_MAX_S 3600.0

static struct source_nts *report(struct nts *nts)
{
	return &nts->source->nts;
}

/* The keys are of no more use. */
static void forget(struct nts *nts)
{
	explicit_bzero(&nts->session, sizeof(nts->session));
	nts->nak = false;
	report(nts)->cookies = 0;
}

static void stop_looking_up(struct nts *nts)
{
	if (!nts->resolver)
		return;
	if (nts->query.active)
		resolver_cancel(nts->resolver, &nts->query);
	resolver_put(nts->source->env);
	nts->resolver = NULL;
	nts->named = false;
}

static void fail(struct nts *nts, const char *why)
{
	struct source_nts *r = report(nts);
	struct source *source = nts->source;

	forget(nts);
	r->failed++;
	if (strcmp(r->error, why))
		log_warning("source %s: %s: no keys by NTS-KE: %s", source->name,
			    source->config->host, why);
	snprintf(r->error, sizeof(r->error), "%s", why);
	snprintf(source->claims.problem, sizeof(source->claims.problem), "NTS-KE: %.80s", why);
	nts->settled(nts->context);
}

static void succeed(struct nts *nts)
{
	struct source_nts *r = report(nts);
	struct source *source = nts->source;

	r->established++;
	r->established_ns = loop_now_ns();
	r->error[0] = '\0';
	r->cookies = nts->session.cookie_count;
	address_format(&nts->ntp_server, source->claims.address);
	log_info("source %s: keys by NTS-KE from %s for %s, %u cookies", source->name,
		 source->config->host, source->claims.address, r->cookies);
	nts->settled(nts->context);
}

static void looked_up(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct nts *nts = query->context;
	char why[TLS_PROBLEM_SIZE];

	nts->named = false;
	if (answer->problem) {
		snprintf(why, sizeof(why), "it names the NTP server %.80s: %s", nts->ntp_name,
			 answer->problem);
		fail(nts, why);
		return;
	}
	nts->ntp_server = answer->addresses[0];
	succeed(nts);
}

static void look_up(struct nts *nts, uint16_t port)
{
	nts->resolver = nts->resolver ? nts->resolver : resolver_get(nts->source->env);
	if (!nts->resolver) {
		fail(nts, strerror(ENOMEM));
		return;
	}
	nts->named = true;
	nts->query = (struct resolver_query){
		.name = nts->ntp_name, .port = port, .done = looked_up, .context = nts};
	resolver_ask(nts->resolver, &nts->query);
}

/* The server of the keys' is that of the time too, unless it names another one. */
static void find_ntp_server(struct nts *nts, const struct nts_ke_response *response)
{
	uint16_t port = response->port ? response->port : nts->source->config->port;
	int err = 0;

	if (!response->server[0]) {
		address_set(&nts->ntp_server, &nts->ke_server.any, nts->ke_server.length, port);
	} else {
		memcpy(nts->ntp_name, response->server, sizeof(nts->ntp_name));
		err = address_parse(nts->ntp_name, port, &nts->ntp_server);
	}
	if (!err)
		succeed(nts);
	else if (err == -EINVAL)
		look_up(nts, port);
	else
		fail(nts, "it names the NTP server by an address that is none here");
}

static void established(struct nts_ke *ke, bool success)
{
	struct nts *nts = ke->context;
	struct nts_session *session = &nts->session;

	if (!success) {
		fail(nts, ke->problem);
		return;
	}
	memcpy(session->client_key, ke->client_key, sizeof(session->client_key));
	memcpy(session->server_key, ke->server_key, sizeof(session->server_key));
	memcpy(session->cookies, ke->response.cookies, sizeof(session->cookies));
	session->cookie_count = ke->response.cookie_count;
	nts->nak = false;
	find_ntp_server(nts, &ke->response);
}

struct nts *nts_create(struct source *source, void (*settled)(void *context), void *context)
{
	struct nts *nts = calloc(1, sizeof(*nts));

	if (!nts)
		return NULL;
	nts->source = source;
	nts->settled = settled;
	nts->context = context;
	source->nts.used = true;
	nts_ke_init(&nts->ke, source, established, nts);
	return nts;
}

void nts_destroy(struct nts *nts)
{
	if (!nts)
		return;
	nts_stop(nts);
	explicit_bzero(nts, sizeof(*nts));
	free(nts);
}

void nts_start(struct nts *nts, const struct address *server)
{
	nts_stop(nts);
	forget(nts);
	address_set(&nts->ke_server, &server->any, server->length,
		    (uint16_t)nts->source->config->nts_port);
	nts->delay_s = DELAY_FIRST_S;
	nts->not_before_ns = 0;
	*report(nts) = (struct source_nts){.used = true};
}

void nts_stop(struct nts *nts)
{
	nts_ke_stop(&nts->ke);
	if (nts->named)
		forget(nts); /* keys for nobody */
	stop_looking_up(nts);
}

void nts_poll(struct nts *nts)
{
	if (!nts->nak)
		return;
	log_notice("source %s: %s no longer knows our cookies (NTS NAK)", nts->source->name,
		   nts->source->claims.address);
	forget(nts);
}

bool nts_is_busy(const struct nts *nts)
{
	return nts->ke.stage != NTS_KE_IDLE || nts->ke.timer.linked || nts->named;
}

enum nts_state nts_tend(struct nts *nts)
{
	int64_t now_ns = loop_now_ns();

	if (nts_is_busy(nts))
		return NTS_BUSY;
	if (nts->session.cookie_count)
		return NTS_READY;
	if (now_ns < nts->not_before_ns)
		return NTS_WAITING;
	nts->not_before_ns = now_ns + (int64_t)(nts->delay_s * 1e9);
	nts->delay_s = fmin(DELAY_FACTOR * nts->delay_s, DELAY_MAX_S);
	stop_looking_up(nts);
	nts_ke_start(&nts->ke, &nts->ke_server);
	return NTS_BUSY;
}

size_t nts_request(struct nts *nts, uint8_t packet[NTP_PACKET_MAX], size_t length)
{
	struct nts_random random;

	if (random_bytes(&random, sizeof(random)))
		return 0;
	length = nts_seal(&nts->session, &random, packet, length);
	report(nts)->cookies = nts->session.cookie_count;
	return length;
}

/* The last establishment was good for a reply: the next need not wait for longer than the first. */
static void prove_worth(struct nts *nts)
{
	int64_t soon_ns = loop_now_ns() + (int64_t)(DELAY_FIRST_S * 1e9);

	nts->delay_s = DELAY_FIRST_S;
	if (nts->not_before_ns > soon_ns)
		nts->not_before_ns = soon_ns;
}

const char *nts_reply(struct nts *nts, const uint8_t *packet, size_t end)
{
	switch (nts_open(&nts->session, packet, end)) {
	case NTS_GENUINE:
		nts->nak = false;
		prove_worth(nts);
		report(nts)->cookies = nts->session.cookie_count;
		return NULL;
	case NTS_NAK:
		nts->nak = true;
		report(nts)->naks++;
		return "the server says that it does not know our cookie (NTS NAK)";
	case NTS_MISSING:
		return "a reply came that NTS does not authenticate";
	default:
		return "a reply came whose NTS authenticator is wrong";
	}
}
