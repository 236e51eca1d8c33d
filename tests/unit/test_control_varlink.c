// SPDX-License-Identifier: GPL-2.0-or-later
/* The Varlink framing: messages out of any stream of bytes, calls checked, replies built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/control/varlink.h"

static int feed(struct varlink_input *in, const char *bytes, size_t count)
{
	while (count > 0) {
		char *at;
		size_t room;
		int rc = varlink_input_space(in, &at, &room);

		if (rc)
			return rc;
		if (room > count)
			room = count;
		memcpy(at, bytes, room);
		varlink_input_filled(in, room);
		bytes += room;
		count -= room;
	}
	return 0;
}

static void assert_next(struct varlink_input *in, const char *expected)
{
	const char *message;
	size_t length;

	assert_true(varlink_input_next(in, &message, &length));
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(message, expected, length);
}

static void assert_none(struct varlink_input *in)
{
	const char *message;
	size_t length;

	assert_false(varlink_input_ready(in));
	assert_false(varlink_input_next(in, &message, &length));
}

static void a_message_arrives_whole_however_it_was_split(void **state)
{
	static const char bytes[] = "{\"a\":1}";
	struct varlink_input in = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++) {
		assert_none(&in);
		assert_int_equal(feed(&in, bytes + i, 1), 0);
	}
	assert_next(&in, bytes);
	assert_none(&in);
	varlink_input_free(&in);
}

static void messages_sent_together_come_one_by_one_in_order(void **state)
{
	static const char bytes[] = "one\0two\0\0three\0fo";
	struct varlink_input in = {0};

	(void)state;
	assert_int_equal(feed(&in, bytes, sizeof(bytes) - 1), 0);
	assert_next(&in, "one");
	assert_next(&in, "two");
	assert_next(&in, "");
	assert_next(&in, "three");
	assert_none(&in);
	assert_int_equal(feed(&in, "ur", 3), 0);
	assert_next(&in, "four");
	varlink_input_free(&in);
}

static void a_message_of_the_largest_size_is_taken_and_one_byte_more_is_not(void **state)
{
	char *bytes = malloc(VARLINK_MESSAGE_MAX + 1);
	struct varlink_input in = {0};

	(void)state;
	memset(bytes, 'x', VARLINK_MESSAGE_MAX + 1);
	bytes[VARLINK_MESSAGE_MAX - 1] = '\0';
	assert_int_equal(feed(&in, bytes, VARLINK_MESSAGE_MAX), 0);
	assert_next(&in, bytes);
	bytes[VARLINK_MESSAGE_MAX - 1] = 'x';
	assert_int_equal(feed(&in, bytes, VARLINK_MESSAGE_MAX + 1), -EMSGSIZE);
	assert_int_equal(in.capacity, VARLINK_MESSAGE_MAX);
	varlink_input_free(&in);
	free(bytes);
}

static void a_long_stream_of_messages_needs_no_more_memory_than_one(void **state)
{
	struct varlink_input in = {0};
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		assert_int_equal(feed(&in, "abc", 4), 0);
		if (i % 3)
			assert_next(&in, "abc");
		if (i % 300 == 299) {
			while (varlink_input_ready(&in))
				assert_next(&in, "abc");
		}
	}
	assert_true(in.capacity <= 8192);
	varlink_input_free(&in);
}

static void parse_fails(const char *text, const char *part_of_reason)
{
	struct varlink_call call;
	char reason[200] = "";

	assert_int_equal(varlink_call_parse(&call, text, strlen(text), reason, sizeof(reason)),
			 -EBADMSG);
	if (!strstr(reason, part_of_reason))
		fail_msg("'%s' is refused with '%s'", text, reason);
}

static void what_is_no_call_is_refused_with_a_reason(void **state)
{
	(void)state;
	parse_fails("", "not JSON");
	parse_fails("hello", "not JSON");
	parse_fails("{\"method\":\"a.B\"", "not JSON");
	parse_fails("{\"method\":\"a.B\"} {}", "not JSON");
	parse_fails("{\"method\":\"a.B\",\"method\":\"a.C\"}", "not JSON");
	parse_fails("{\"method\":\"\xff.B\"}", "not JSON");
	parse_fails("[]", "object");
	parse_fails("{}", "method");
	parse_fails("{\"method\":5}", "method");
	parse_fails("{\"method\":\"GetStatus\"}", "method");
	parse_fails("{\"method\":\"a.B\",\"parameters\":[]}", "parameters");
	parse_fails("{\"method\":\"a.B\",\"more\":1}", "more");
	parse_fails("{\"method\":\"a.B\",\"oneway\":\"yes\"}", "oneway");
}

static void deep_nesting_is_refused(void **state)
{
	char *bytes = malloc(60000);
	struct varlink_call call;
	char reason[200];

	(void)state;
	memset(bytes, '[', 60000);
	assert_int_equal(varlink_call_parse(&call, bytes, 60000, reason, sizeof(reason)), -EBADMSG);
	free(bytes);
}

static void a_call_is_read_with_its_flags(void **state)
{
	static const char text[] = "{\"method\":\"org.x.Do\",\"parameters\":{\"n\":\"v\"},"
				   "\"more\":true,\"oneway\":false}";
	struct varlink_call call;
	char reason[200];

	(void)state;
	assert_int_equal(varlink_call_parse(&call, text, strlen(text), reason, sizeof(reason)), 0);
	assert_string_equal(call.method, "org.x.Do");
	assert_true(call.more);
	assert_false(call.oneway);
	assert_string_equal(json_string_value(json_object_get(call.parameters, "n")), "v");
	varlink_call_free(&call);
}

static void null_parameters_are_no_parameters(void **state)
{
	static const char text[] = "{\"method\":\"org.x.Do\",\"parameters\":null}";
	struct varlink_call call;
	char reason[200];

	(void)state;
	assert_int_equal(varlink_call_parse(&call, text, strlen(text), reason, sizeof(reason)), 0);
	assert_null(call.parameters);
	varlink_call_free(&call);
}

static void replies_end_with_one_nul_and_follow_each_other(void **state)
{
	struct varlink_output out = {0};
	json_t *reply = varlink_reply(json_pack("{s:i}", "n", 1), true);
	json_t *error = varlink_error("org.x.Bad", json_object());
	static const char expected[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0"
				       "{\"error\":\"org.x.Bad\",\"parameters\":{}}";
	const char *at;

	(void)state;
	assert_int_equal(varlink_output_add(&out, reply), 0);
	assert_int_equal(varlink_output_add(&out, error), 0);
	assert_int_equal(varlink_output_pending(&out, &at), sizeof(expected));
	assert_memory_equal(at, expected, sizeof(expected));
	varlink_output_sent(&out, 5);
	assert_int_equal(varlink_output_pending(&out, &at), sizeof(expected) - 5);
	assert_memory_equal(at, expected + 5, sizeof(expected) - 5);
	varlink_output_free(&out);
	json_decref(reply);
	json_decref(error);
}

static void output_stops_at_its_limit_and_keeps_what_it_has(void **state)
{
	struct varlink_output out = {0};
	char *text = malloc(60000);
	const char *at;
	json_t *message;
	int rc = 0;
	int i;

	(void)state;
	memset(text, 'x', 59999);
	text[59999] = '\0';
	message = json_pack("{s:s}", "text", text);
	for (i = 0; i < 100 && !rc; i++)
		rc = varlink_output_add(&out, message);
	assert_int_equal(rc, -ENOBUFS);
	assert_true(out.capacity <= VARLINK_OUTPUT_MAX);
	assert_int_equal(varlink_output_pending(&out, &at) % (59999 + 12), 0);
	varlink_output_free(&out);
	json_decref(message);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_arrives_whole_however_it_was_split),
		cmocka_unit_test(messages_sent_together_come_one_by_one_in_order),
		cmocka_unit_test(a_message_of_the_largest_size_is_taken_and_one_byte_more_is_not),
		cmocka_unit_test(a_long_stream_of_messages_needs_no_more_memory_than_one),
		cmocka_unit_test(what_is_no_call_is_refused_with_a_reason),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_call_is_read_with_its_flags),
		cmocka_unit_test(null_parameters_are_no_parameters),
		cmocka_unit_test(replies_end_with_one_nul_and_follow_each_other),
		cmocka_unit_test(output_stops_at_its_limit_and_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
