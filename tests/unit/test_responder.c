// SPDX-License-Identifier: GPL-2.0-or-later
/* The test server: what it says when it is honest, and that each fault spoils just one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/system/responder_reply.h"

static const int64_t noon_ns = 1800000000250000000; /* a quarter past a second */

static struct behaviour honest(void)
{
	struct behaviour b;

	behaviour_honest(&b);
	return b;
}

static void set(struct behaviour *b, const char *name, const char *value, int64_t now_ns)
{
	char message[256];

	assert_int_equal(behaviour_set(b, name, value, now_ns, message, sizeof(message)), 0);
}

static struct reply answer(enum fault fault, const struct reply *previous)
{
	static const struct reply none;
	struct behaviour b = honest();
	uint8_t request[NTP_HEADER_SIZE] = {0x23, 0, 6};
	struct reply out;

	memset(request + 40, 0x77, 8);
	reply_make(&b, fault, request, noon_ns, noon_ns + 1000, previous ? previous : &none, &out);
	return out;
}

static void stamps_count_from_1900_in_binary_fractions(void **state)
{
	(void)state;
	assert_true(ntp_stamp(0) == UINT64_C(2208988800) << 32);
	assert_true(ntp_stamp(250000000) == (UINT64_C(2208988800) << 32 | 0x40000000));
	assert_true(ntp_stamp(-750000000) == (UINT64_C(2208988799) << 32 | 0x40000000));
}

static void claims_are_never_rounded_down(void **state)
{
	(void)state;
	assert_int_equal(ntp_short(0), 0);
	assert_int_equal(ntp_short(1), 1);
	assert_int_equal(ntp_short(15258), 1);
	assert_int_equal(ntp_short(15259), 2); /* 2^-16 s is 15258.789 ns */
	assert_int_equal(ntp_short(INT64_MAX / 65536), UINT32_MAX);
}

static void honest_reply_returns_the_clients_own_stamp(void **state)
{
	struct reply r = answer(FAULT_NONE, NULL);

	(void)state;
	assert_int_equal(r.length, NTP_HEADER_SIZE);
	assert_int_equal(r.copies, 1);
	assert_int_equal(r.bytes[0], 0x24); /* no leap, version 4, server */
	assert_int_equal(r.bytes[1], 1);
	for (int i = 24; i < 32; i++)
		assert_int_equal(r.bytes[i], 0x77);
}

static void clock_does_not_step_when_its_rate_changes(void **state)
{
	struct behaviour b = honest();

	(void)state;
	set(&b, "rate", "100 ppm", noon_ns);
	assert_int_equal(behaviour_time(&b, noon_ns + 1000000000) - noon_ns, 1000100000);
	set(&b, "rate", "-1 ppm", noon_ns + 1000000000);
	assert_int_equal(behaviour_time(&b, noon_ns + 1000000000) - noon_ns, 1000100000);
	assert_int_equal(behaviour_time(&b, noon_ns + 2000000000) - noon_ns, 2000099000);
}

static void offset_steps_the_clock(void **state)
{
	struct behaviour b = honest();

	(void)state;
	set(&b, "offset", "-50 ms", noon_ns);
	assert_int_equal(behaviour_time(&b, noon_ns) - noon_ns, -50000000);
}

static void fault_ends_after_its_count(void **state)
{
	struct behaviour b = honest();

	(void)state;
	set(&b, "fault", "rate 2", 0);
	assert_int_equal(behaviour_next_fault(&b), FAULT_RATE);
	assert_int_equal(behaviour_next_fault(&b), FAULT_RATE);
	assert_int_equal(behaviour_next_fault(&b), FAULT_NONE);
	set(&b, "fault", "deny", 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(behaviour_next_fault(&b), FAULT_DENY);
}

static void wrong_settings_are_refused_and_change_nothing(void **state)
{
	static const char *const wrong[][2] = {
		{"offset", "50"},	    {"offset", "50 parsecs"},
		{"offset", "nan s"},	    {"rate", "1"},
		{"rate", "1 ppb"},	    {"stratum", "256"},
		{"stratum", "one"},	    {"leap", "4"},
		{"fault", "sulk"},	    {"fault", "rate 0"},
		{"fault", "rate -1"},	    {"refid", "LONGER"},
		{"request-delay", "-1 ms"}, {"colour", "red"},
	};
	struct behaviour before = honest();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct behaviour b = before;
		char message[256] = "";

		assert_true(behaviour_set(&b, wrong[i][0], wrong[i][1], 0, message,
					  sizeof(message)) < 0);
		assert_non_null(strstr(message, wrong[i][0]));
		assert_memory_equal(&b, &before, sizeof(b));
	}
}

static unsigned int bytes_changed(const struct reply *a, const struct reply *b)
{
	unsigned int count = 0;

	for (int i = 0; i < NTP_HEADER_SIZE; i++)
		count += a->bytes[i] != b->bytes[i];
	return count;
}

static void every_fault_of_the_header_changes_only_its_field(void **state)
{
	static const struct {
		enum fault fault;
		int first;
		int last;
	} fields[] = {
		{FAULT_WRONG_ORIGIN, 24, 31}, {FAULT_UNSYNCHRONISED, 0, 0},
		{FAULT_STRATUM0, 1, 15},      {FAULT_STRATUM16, 1, 1},
		{FAULT_CLIENT_MODE, 0, 0},    {FAULT_BACKWARDS, 32, 39},
		{FAULT_ZERO_STAMPS, 32, 47},
	};
	struct reply right = answer(FAULT_NONE, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct reply spoiled = answer(fields[i].fault, NULL);
		int length = fields[i].last - fields[i].first + 1;

		assert_true(bytes_changed(&right, &spoiled) > 0);
		memcpy(spoiled.bytes + fields[i].first, right.bytes + fields[i].first,
		       (size_t)length);
		assert_int_equal(bytes_changed(&right, &spoiled), 0);
		assert_int_equal(spoiled.length, NTP_HEADER_SIZE);
	}
}

static void faults_of_the_datagram_change_its_length_or_number(void **state)
{
	(void)state;
	assert_int_equal(answer(FAULT_SILENT, NULL).copies, 0);
	assert_int_equal(answer(FAULT_DUPLICATE, NULL).copies, 2);
	assert_int_equal(answer(FAULT_TRUNCATED, NULL).length, NTP_HEADER_SIZE - 1);
	assert_int_equal(answer(FAULT_OVERSIZED, NULL).length, REPLY_SIZE_MAX);
}

static void replay_repeats_the_previous_reply(void **state)
{
	struct reply previous = answer(FAULT_NONE, NULL);
	struct reply r;

	(void)state;
	memset(previous.bytes + 24, 0x11, 8);
	r = answer(FAULT_REPLAY, &previous);
	assert_int_equal(r.copies, 1);
	assert_memory_equal(r.bytes, previous.bytes, NTP_HEADER_SIZE);
}

static void kiss_of_death_carries_its_code(void **state)
{
	(void)state;
	assert_memory_equal(answer(FAULT_RATE, NULL).bytes + 12, "RATE", 4);
	assert_memory_equal(answer(FAULT_DENY, NULL).bytes + 12, "DENY", 4);
	assert_memory_equal(answer(FAULT_RSTR, NULL).bytes + 12, "RSTR", 4);
	assert_int_equal(answer(FAULT_RATE, NULL).bytes[1], 0);
}

static void only_whole_client_requests_are_answered(void **state)
{
	uint8_t request[NTP_HEADER_SIZE] = {0x23};

	(void)state;
	assert_true(request_valid(request, sizeof(request)));
	assert_false(request_valid(request, sizeof(request) - 1));
	request[0] = 0x24; /* a reply: two such servers would never stop */
	assert_false(request_valid(request, sizeof(request)));
	request[0] = 0x03; /* version 0 */
	assert_false(request_valid(request, sizeof(request)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_count_from_1900_in_binary_fractions),
		cmocka_unit_test(claims_are_never_rounded_down),
		cmocka_unit_test(honest_reply_returns_the_clients_own_stamp),
		cmocka_unit_test(clock_does_not_step_when_its_rate_changes),
		cmocka_unit_test(offset_steps_the_clock),
		cmocka_unit_test(fault_ends_after_its_count),
		cmocka_unit_test(wrong_settings_are_refused_and_change_nothing),
		cmocka_unit_test(every_fault_of_the_header_changes_only_its_field),
		cmocka_unit_test(faults_of_the_datagram_change_its_length_or_number),
		cmocka_unit_test(replay_repeats_the_previous_reply),
		cmocka_unit_test(kiss_of_death_carries_its_code),
		cmocka_unit_test(only_whole_client_requests_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
