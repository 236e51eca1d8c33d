/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Varlink wire format: JSON objects that end with a NUL byte, cut from and put into a stream.
 *
 * Pure: no descriptor is touched here.
 */
#ifndef VMCLOCK_CONTROL_VARLINK_H
#define VMCLOCK_CONTROL_VARLINK_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* The interface that every service has. */
#define VARLINK_SERVICE "org.varlink.service"

enum {
	VARLINK_MESSAGE_MAX = 64 * 1024,  /* of a call, its NUL included */
	VARLINK_OUTPUT_MAX = 1024 * 1024, /* replies that wait for a reader */
};

/* Bytes received and not yet taken as messages. Zeroed is empty. */
struct varlink_input {
	char *data;
	size_t capacity;
	size_t used;
	size_t taken;	/* the next message starts here */
	size_t scanned; /* no NUL between `taken` and here */
};

/* Where the next bytes go. -EMSGSIZE: a message of VARLINK_MESSAGE_MAX without an end; -ENOMEM. */
int varlink_input_space(struct varlink_input *in, char **at, size_t *room);
void varlink_input_filled(struct varlink_input *in, size_t count);
/* True when a whole message waits. */
bool varlink_input_ready(struct varlink_input *in);
/* Takes the next message; it stays valid until the next varlink_input_space(). */
bool varlink_input_next(struct varlink_input *in, const char **message, size_t *length);
void varlink_input_free(struct varlink_input *in);

/* Bytes to be sent. Zeroed is empty. */
struct varlink_output {
	char *data;
	size_t capacity;
	size_t used;
	size_t sent;
};

/* Appends one message. -ENOBUFS beyond VARLINK_OUTPUT_MAX, -ENOMEM. */
int varlink_output_add(struct varlink_output *out, const json_t *message);
size_t varlink_output_pending(const struct varlink_output *out, const char **at);
void varlink_output_sent(struct varlink_output *out, size_t count);
void varlink_output_free(struct varlink_output *out);

struct varlink_call {
	json_t *message; /* owns everything below */
	const char *method;
	const json_t *parameters; /* an object; NULL: none given */
	bool oneway;
	bool more;
};

/* 0, or -EBADMSG with a reason that a person can act on. varlink_call_free() only after 0. */
int varlink_call_parse(struct varlink_call *call, const char *text, size_t length, char *reason,
		       size_t reason_size);
void varlink_call_free(struct varlink_call *call);

/* Replies; both take over `parameters` (NULL there gives NULL back, as does lack of memory). */
json_t *varlink_reply(json_t *parameters, bool continues);
json_t *varlink_error(const char *name, json_t *parameters);

#endif
