// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes on the control socket, cut anywhere: every message gets one valid answer or none.
 *
 * The first byte of the input says how the rest arrives (its length of pieces) and who sends it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control/method.h"
#include "daemon/log.h"
#include "tests/unit/control_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is nothing in an optimised build. */
static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Without "oneway" there is exactly one answer, and it is a reply or an error. */
static void check_output(const struct varlink_output *out)
{
	const char *at;
	size_t length = varlink_output_pending(out, &at);
	json_t *answer;

	if (length == 0)
		return;
	require(memchr(at, '\0', length) == at + length - 1);
	answer = json_loads(at, JSON_REJECT_DUPLICATES, NULL);
	require(json_is_object(json_object_get(answer, "parameters")));
	json_decref(answer);
}

static void answer_all(struct connection *c)
{
	const char *message;
	size_t length;

	while (!c->closing && !c->watching && varlink_input_next(&c->in, &message, &length)) {
		require(method_answer(c, message, length) == 0);
		check_output(&c->out);
		varlink_output_free(&c->out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct connection c = {.daemon = &control_fake.daemon};
	size_t piece;
	size_t done = 1;

	if (size < 2)
		return 0;
	log_open(false, LOG_LEVEL_ERROR);
	control_fake_init();
	piece = 1 + (data[0] & 63);
	c.uid = data[0] & 64 ? 0 : 1000;
	while (done < size && !c.closing && !c.watching) {
		char *at;
		size_t room;

		if (varlink_input_space(&c.in, &at, &room))
			break;
		room = room < piece ? room : piece;
		room = room < size - done ? room : size - done;
		memcpy(at, data + done, room);
		varlink_input_filled(&c.in, room);
		done += room;
		answer_all(&c);
	}
	require(c.uid == 0 ||
		(!control_fake.reset && !control_fake.reloads && !control_fake.edits));
	varlink_input_free(&c.in);
	varlink_output_free(&c.out);
	return 0;
}
