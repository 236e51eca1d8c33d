/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.3 for clients, on sockets that never block: GnuTLS, loaded when it is first needed.
 *
 * A daemon that uses no TLS pays nothing for it. All texts for people go to `problem`, of
 * TLS_PROBLEM_SIZE bytes.
 */
#ifndef VMCLOCK_TLS_H
#define VMCLOCK_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source.h"

enum { TLS_PROBLEM_SIZE = 160 };

struct tls;

/* Whom to talk to, and how to know that it is they. The texts have to last as long as the session.
 */
struct tls_peer {
	const char *host;  /* the certificate has to be for this name or numeric address */
	const char *trust; /* file of further authorities beside the system's; "": none */
	const char *alpn;  /* protocol, which the server has to choose */
};

/* Each get wants its put; the last one lets go of what is in memory. 0; -ELIBACC: there is no
 * GnuTLS; -ENOMEM. */
int tls_get(struct source_env *env, char *problem);
void tls_put(struct source_env *env);

/*
 * A session over a connected, non-blocking socket, which stays the caller's. Certificates are
 * looked at as of `utc_s`. 0; -EINVAL: the file of authorities cannot be used; -ENOMEM.
 */
int tls_open(struct source_env *env, struct tls **out, int fd, const struct tls_peer *peer,
	     char *problem);
/* Wipes the session's keys. NULL is allowed. */
void tls_close(struct tls *tls);

/* As of when certificates are looked at, for all sessions: s since 1970 UTC. */
void tls_set_time(int64_t utc_s);

/* 0: the peer is who it should be; -EAGAIN: goes on when the socket is ready; -EPROTO: failed. */
int tls_handshake(struct tls *tls, char *problem);
/* What the socket has to be ready for after -EAGAIN. */
bool tls_wants_to_write(const struct tls *tls);

/* Bytes, 0 at the end of what is received; -EAGAIN; -EPROTO. */
ssize_t tls_send(struct tls *tls, const void *data, size_t length, char *problem);
ssize_t tls_receive(struct tls *tls, void *data, size_t size, char *problem);

/* Keying material (RFC 8446 section 7.5) for both ends. 0 or -EPROTO. */
int tls_export(struct tls *tls, const char *label, const uint8_t *context, size_t context_length,
	       uint8_t *out, size_t size);

#endif
