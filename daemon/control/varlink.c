// SPDX-License-Identifier: GPL-2.0-or-later
/* Cuts Varlink messages out of a byte stream, checks calls, and builds replies. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "varlink.h"

enum { INPUT_FIRST = 4096 };

static void drop_taken(struct varlink_input *in)
{
	if (in->taken == 0)
		return;
	memmove(in->data, in->data + in->taken, in->used - in->taken);
	in->used -= in->taken;
	in->scanned -= in->taken;
	in->taken = 0;
}

int varlink_input_space(struct varlink_input *in, char **at, size_t *room)
{
	drop_taken(in);
	if (in->used == in->capacity) {
		size_t wanted = in->capacity ? in->capacity * 2 : INPUT_FIRST;
		char *grown;

		if (wanted > VARLINK_MESSAGE_MAX)
			return -EMSGSIZE;
		grown = realloc(in->data, wanted);
		if (!grown)
			return -ENOMEM;
		in->data = grown;
		in->capacity = wanted;
	}
	*at = in->data + in->used;
	*room = in->capacity - in->used;
	return 0;
}

void varlink_input_filled(struct varlink_input *in, size_t count)
{
	in->used += count;
}

bool varlink_input_ready(struct varlink_input *in)
{
	const char *end;

	/* Also keeps memchr() from a NULL buffer. */
	if (in->scanned == in->used)
		return false;
	end = memchr(in->data + in->scanned, '\0', in->used - in->scanned);
	/* Stopping at the NUL, not behind it, lets the next call find it at once. */
	in->scanned = end ? (size_t)(end - in->data) : in->used;
	return end != NULL;
}

bool varlink_input_next(struct varlink_input *in, const char **message, size_t *length)
{
	if (!varlink_input_ready(in))
		return false;
	*message = in->data + in->taken;
	*length = in->scanned - in->taken;
	in->taken = in->scanned + 1;
	in->scanned = in->taken;
	return true;
}

void varlink_input_free(struct varlink_input *in)
{
	free(in->data);
	memset(in, 0, sizeof(*in));
}

static int output_grow(struct varlink_output *out, size_t needed)
{
	size_t capacity = out->capacity ? out->capacity : 4096;
	char *grown;

	if (needed > VARLINK_OUTPUT_MAX)
		return -ENOBUFS;
	while (capacity < needed)
		capacity *= 2;
	grown = realloc(out->data, capacity);
	if (!grown)
		return -ENOMEM;
	out->data = grown;
	out->capacity = capacity;
	return 0;
}

int varlink_output_add(struct varlink_output *out, const json_t *message)
{
	/* 12 digits: a nanosecond in a quarter of an hour, without the noise of the 17th. */
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(12);
	size_t room = out->capacity - out->used;
	size_t length = json_dumpb(message, room ? out->data + out->used : NULL, room, flags);
	int rc;

	if (length == 0)
		return -ENOMEM;
	if (length + 1 > room) {
		rc = output_grow(out, out->used + length + 1);
		if (rc)
			return rc;
		json_dumpb(message, out->data + out->used, length, flags);
	}
	out->used += length;
	out->data[out->used++] = '\0';
	return 0;
}

size_t varlink_output_pending(const struct varlink_output *out, const char **at)
{
	*at = out->used > out->sent ? out->data + out->sent : NULL;
	return out->used - out->sent;
}

void varlink_output_sent(struct varlink_output *out, size_t count)
{
	out->sent += count;
	if (out->sent == out->used)
		out->sent = out->used = 0;
}

void varlink_output_free(struct varlink_output *out)
{
	free(out->data);
	memset(out, 0, sizeof(*out));
}

/* A member that may be absent; -EBADMSG when it is there with another type. */
static int optional_flag(const json_t *message, const char *name, bool *value)
{
	const json_t *flag = json_object_get(message, name);

	*value = json_is_true(flag);
	return !flag || json_is_boolean(flag) ? 0 : -EBADMSG;
}

static int check_call(struct varlink_call *call, char *reason, size_t reason_size)
{
	const json_t *parameters = json_object_get(call->message, "parameters");
	bool upgrade;

	call->method = json_string_value(json_object_get(call->message, "method"));
	if (!call->method || !strchr(call->method, '.')) {
		snprintf(reason, reason_size, "a call needs \"method\": \"INTERFACE.METHOD\"");
		return -EBADMSG;
	}
	if (parameters && !json_is_object(parameters) && !json_is_null(parameters)) {
		snprintf(reason, reason_size, "\"parameters\" has to be an object");
		return -EBADMSG;
	}
	call->parameters = json_is_object(parameters) ? parameters : NULL;
	if (optional_flag(call->message, "oneway", &call->oneway) ||
	    optional_flag(call->message, "more", &call->more) ||
	    optional_flag(call->message, "upgrade", &upgrade)) {
		snprintf(reason, reason_size,
			 "\"oneway\", \"more\" and \"upgrade\" have to be true or false");
		return -EBADMSG;
	}
	return 0;
}

int varlink_call_parse(struct varlink_call *call, const char *text, size_t length, char *reason,
		       size_t reason_size)
{
	json_error_t error;
	int rc;

	memset(call, 0, sizeof(*call));
	call->message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!call->message) {
		snprintf(reason, reason_size, "not JSON: %s", error.text);
		return -EBADMSG;
	}
	if (!json_is_object(call->message)) {
		snprintf(reason, reason_size, "a call has to be a JSON object");
		rc = -EBADMSG;
	} else {
		rc = check_call(call, reason, reason_size);
	}
	if (rc)
		varlink_call_free(call);
	return rc;
}

void varlink_call_free(struct varlink_call *call)
{
	json_decref(call->message);
	memset(call, 0, sizeof(*call));
}

json_t *varlink_reply(json_t *parameters, bool continues)
{
	if (continues)
		return json_pack("{s:o, s:b}", "parameters", parameters, "continues", 1);
	return json_pack("{s:o}", "parameters", parameters);
}

json_t *varlink_error(const char *name, json_t *parameters)
{
	return json_pack("{s:s, s:o}", "error", name, "parameters", parameters);
}
