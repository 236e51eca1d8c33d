// SPDX-License-Identifier: GPL-2.0-or-later
/* TLS 1.3 for clients, on sockets that never block: GnuTLS, loaded when it is first needed. */
#include "tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "address.h"

/* The library's name on Debian 12 and 13, with the ABI that the headers describe. */
#define LIBRARY "libgnutls.so.30"
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* What of GnuTLS is used; each becomes a member of struct tls_library. */
#define FUNCTIONS(X)                         \
	X(alert_get)                         \
	X(alert_get_name)                    \
	X(alpn_get_selected_protocol)        \
	X(alpn_set_protocols)                \
	X(bye)                               \
	X(certificate_allocate_credentials)  \
	X(certificate_free_credentials)      \
	X(certificate_set_x509_system_trust) \
	X(certificate_set_x509_trust_file)   \
	X(credentials_set)                   \
	X(deinit)                            \
	X(global_set_time_function)          \
	X(handshake)                         \
	X(init)                              \
	X(prf_rfc5705)                       \
	X(priority_set_direct)               \
	X(record_get_direction)              \
	X(record_recv)                       \
	X(record_send)                       \
	X(server_name_set)                   \
	X(session_get_verify_cert_status)    \
	X(session_set_verify_cert)           \
	X(strerror)                          \
	X(transport_set_int2)

/* Authorities, read once for all sessions that are open at the same time. */
struct trust {
	struct trust *next;
	const char *file;
	unsigned int users;
	gnutls_certificate_credentials_t credentials;
};

struct tls_library {
	unsigned int users;
	void *handle;
	struct trust *trusts;
#define MEMBER(name) __typeof__(gnutls_##name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

struct tls {
	struct tls_library *library;
	struct trust *trust;
	gnutls_session_t session;
	const struct tls_peer *peer;
};

/* GnuTLS asks a function without arguments what time it is. */
static time_t verification_time_s;

static time_t verification_time(time_t *out)
{
	if (out)
		*out = verification_time_s;
	return verification_time_s;
}

void tls_set_time(int64_t utc_s)
{
	verification_time_s = (time_t)utc_s;
}

static bool find_functions(struct tls_library *library)
{
	bool complete = true;

	/* POSIX wants the object pointer to be taken for one to a function like this. */
#define FIND(name)                                                          \
	*(void **)&library->name = dlsym(library->handle, "gnutls_" #name); \
	complete &= library->name != NULL;
	FUNCTIONS(FIND)
#undef FIND
	return complete;
}

/* Never unloaded again: GnuTLS and what it brings leave things behind that only exit ends. */
static int load(struct tls_library *library, char *problem)
{
	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (library->handle && find_functions(library)) {
		library->global_set_time_function(verification_time);
		return 0;
	}
	snprintf(problem, TLS_PROBLEM_SIZE, "TLS needs GnuTLS (%s), which cannot be loaded",
		 LIBRARY);
	if (library->handle)
		dlclose(library->handle);
	return -ELIBACC;
}

int tls_get(struct source_env *env, char *problem)
{
	int err;

	if (!env->tls) {
		struct tls_library *library = calloc(1, sizeof(*library));

		if (!library) {
			snprintf(problem, TLS_PROBLEM_SIZE, "%s", strerror(ENOMEM));
			return -ENOMEM;
		}
		err = load(library, problem);
		if (err) {
			free(library);
			return err;
		}
		env->tls = library;
	}
	env->tls->users++;
	return 0;
}

void tls_put(struct source_env *env)
{
	struct tls_library *library = env->tls;

	if (!library || --library->users)
		return;
	dlclose(library->handle);
	free(library);
	env->tls = NULL;
}

static void drop_trust(struct tls_library *library, struct trust *trust)
{
	struct trust **at = &library->trusts;

	if (!trust || --trust->users)
		return;
	while (*at != trust)
		at = &(*at)->next;
	*at = trust->next;
	library->certificate_free_credentials(trust->credentials);
	free(trust);
}

/* At least one authority, or -EINVAL. */
static int read_authorities(struct tls_library *library, struct trust *trust, char *problem)
{
	int system, further = 0;

	if (library->certificate_allocate_credentials(&trust->credentials) < 0)
		return -ENOMEM;
	system = library->certificate_set_x509_system_trust(trust->credentials);
	if (trust->file[0])
		further = library->certificate_set_x509_trust_file(trust->credentials, trust->file,
								   GNUTLS_X509_FMT_PEM);
	if (trust->file[0] ? further > 0 : system > 0)
		return 0;
	snprintf(problem, TLS_PROBLEM_SIZE, "no authorities: %.100s: %s",
		 trust->file[0] ? trust->file : "the system's store",
		 further < 0 ? library->strerror(further) : "none found there");
	library->certificate_free_credentials(trust->credentials);
	return -EINVAL;
}

static int take_trust(struct tls_library *library, const char *file, struct trust **out,
		      char *problem)
{
	struct trust *trust = library->trusts;
	int err;

	while (trust && strcmp(trust->file, file))
		trust = trust->next;
	if (!trust) {
		trust = calloc(1, sizeof(*trust));
		if (!trust)
			return -ENOMEM;
		trust->file = file;
		err = read_authorities(library, trust, problem);
		if (err) {
			free(trust);
			return err;
		}
		trust->next = library->trusts;
		library->trusts = trust;
	}
	trust->users++;
	*out = trust;
	return 0;
}

static bool is_name(const char *host)
{
	struct address address;

	return address_parse(host, 0, &address) == -EINVAL;
}

static int set_up(struct tls *tls, int fd)
{
	const struct tls_library *library = tls->library;
	const struct tls_peer *peer = tls->peer;
	gnutls_datum_t alpn = {.data = (unsigned char *)(uintptr_t)peer->alpn,
			       .size = (unsigned int)strlen(peer->alpn)};
	int status = library->priority_set_direct(tls->session, PRIORITIES, NULL);

	if (status >= 0)
		status = library->credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
						  tls->trust->credentials);
	if (status >= 0)
		status = library->alpn_set_protocols(tls->session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	if (status >= 0 && is_name(peer->host))
		status = library->server_name_set(tls->session, GNUTLS_NAME_DNS, peer->host,
						  strlen(peer->host));
	library->session_set_verify_cert(tls->session, peer->host, 0);
	library->transport_set_int2(tls->session, fd, fd);
	return status;
}

int tls_open(struct source_env *env, struct tls **out, int fd, const struct tls_peer *peer,
	     char *problem)
{
	struct tls_library *library = env->tls;
	struct tls *tls = calloc(1, sizeof(*tls));
	int err = tls ? 0 : -ENOMEM;
	int status = 0;

	snprintf(problem, TLS_PROBLEM_SIZE, "%s", strerror(ENOMEM));
	if (!err) {
		*tls = (struct tls){.library = library, .peer = peer};
		err = take_trust(library, peer->trust, &tls->trust, problem);
	}
	if (!err) {
		status = library->init(&tls->session,
				       GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
		if (status >= 0)
			status = set_up(tls, fd);
		err = status < 0 ? -EINVAL : 0;
	}
	if (status < 0)
		snprintf(problem, TLS_PROBLEM_SIZE, "TLS: %.140s", library->strerror(status));
	if (err) {
		tls_close(tls);
		return err;
	}
	*out = tls;
	return 0;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->session) {
		tls->library->bye(tls->session, GNUTLS_SHUT_WR);
		tls->library->deinit(tls->session);
	}
	drop_trust(tls->library, tls->trust);
	free(tls);
}

static int certificate_fault(const struct tls *tls, char *problem)
{
	static const struct {
		unsigned int bit;
		const char *text;
	} faults[] = {
		{GNUTLS_CERT_EXPIRED, "has expired"},
		{GNUTLS_CERT_NOT_ACTIVATED, "is not valid yet"},
		{GNUTLS_CERT_REVOKED, "was revoked"},
		{GNUTLS_CERT_SIGNER_NOT_FOUND, "is of an authority that is not trusted"},
		{GNUTLS_CERT_SIGNER_NOT_CA, "was signed by one that is no authority"},
		{GNUTLS_CERT_UNEXPECTED_OWNER, "is not for this name"},
		{GNUTLS_CERT_INSECURE_ALGORITHM, "is signed by an algorithm that is not secure"},
	};
	unsigned int status = tls->library->session_get_verify_cert_status(tls->session);

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!(status & faults[i].bit))
			continue;
		snprintf(problem, TLS_PROBLEM_SIZE, "the certificate of %.60s %s", tls->peer->host,
			 faults[i].text);
		return -EPROTO;
	}
	snprintf(problem, TLS_PROBLEM_SIZE, "the certificate of %.60s cannot be trusted",
		 tls->peer->host);
	return -EPROTO;
}

/* -EAGAIN, or -EPROTO with the problem. */
static int fault(const struct tls *tls, ssize_t status, char *problem)
{
	if (status == GNUTLS_E_AGAIN || status == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	if (status == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return certificate_fault(tls, problem);
	if (status == GNUTLS_E_FATAL_ALERT_RECEIVED)
		snprintf(problem, TLS_PROBLEM_SIZE, "TLS: the server says: %.100s",
			 tls->library->alert_get_name(tls->library->alert_get(tls->session)));
	else
		snprintf(problem, TLS_PROBLEM_SIZE, "TLS: %.140s",
			 tls->library->strerror((int)status));
	return -EPROTO;
}

int tls_handshake(struct tls *tls, char *problem)
{
	gnutls_datum_t chosen = {0};
	int status = tls->library->handshake(tls->session);

	if (status < 0)
		return fault(tls, status, problem);
	if (!tls->library->alpn_get_selected_protocol(tls->session, &chosen) &&
	    chosen.size == strlen(tls->peer->alpn) &&
	    !memcmp(chosen.data, tls->peer->alpn, chosen.size))
		return 0;
	snprintf(problem, TLS_PROBLEM_SIZE, "the server does not speak %.20s", tls->peer->alpn);
	return -EPROTO;
}

bool tls_wants_to_write(const struct tls *tls)
{
	return tls->library->record_get_direction(tls->session) != 0;
}

ssize_t tls_send(struct tls *tls, const void *data, size_t length, char *problem)
{
	ssize_t sent = tls->library->record_send(tls->session, data, length);

	return sent >= 0 ? sent : fault(tls, sent, problem);
}

ssize_t tls_receive(struct tls *tls, void *data, size_t size, char *problem)
{
	ssize_t got = tls->library->record_recv(tls->session, data, size);

	return got >= 0 ? got : fault(tls, got, problem);
}

int tls_export(struct tls *tls, const char *label, const uint8_t *context, size_t context_length,
	       uint8_t *out, size_t size)
{
	return tls->library->prf_rfc5705(tls->session, strlen(label), label, context_length,
					 (const char *)context, size, (char *)out) < 0
		       ? -EPROTO
		       : 0;
}
