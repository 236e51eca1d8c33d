// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulated NTP server: honest stamps, whatever the path does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <math.h>
#include <string.h>

#include "tests/libcsim/server.h"

#define START_NS (1785000000LL * 1000000000)
#define NTP_EPOCH_S 2208988800LL

static const uint8_t request[NTP_BYTES] = {4 << 3 | 3, [2] = 6, [40] = 1, 2, 3, 4, 5, 6, 7, 8};

static struct server make(struct server_options options)
{
	struct options o = {.seed = 3, .servers = {options}, .server_count = 1};
	struct server s;

	server_init(&s, &o, 0);
	return s;
}

static bool ask(struct server *s, long double left_ns, struct exchange *out)
{
	return server_ask(s, START_NS, left_ns, request, sizeof(request), out);
}

/* ns since the start; rounded to whole ns again, as it was before. */
static int64_t stamp_ns(const struct exchange *e, size_t at)
{
	uint64_t value;

	memcpy(&value, e->reply + at, sizeof(value));
	value = be64toh(value);
	return ((int64_t)(value >> 32) - NTP_EPOCH_S) * 1000000000 - START_NS +
	       (int64_t)(((value & 0xffffffff) * 1000000000 + 0xffffffff) >> 32);
}

static void no_packet_is_faster_than_its_path(void **state)
{
	struct server s = make((struct server_options){
		.base_ns = 1000, .mean_ns = 200, .gamma = 2, .processing_ns = 50});
	struct exchange e;
	double sum = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		long double left_ns = i * 1e9L + 17;

		assert_true(ask(&s, left_ns, &e));
		assert_true((long double)stamp_ns(&e, 32) >= left_ns + 999);
		assert_true(stamp_ns(&e, 40) >= stamp_ns(&e, 32));
		assert_true(e.arrives_ns >= (long double)stamp_ns(&e, 40) + 999);
		sum += (double)(e.arrives_ns - left_ns);
	}
	assert_in_range(sum / 10000, 2000 + 2 * 190 + 45, 2000 + 2 * 210 + 55);
}

static void a_reply_belongs_to_its_request(void **state)
{
	struct server s = make((struct server_options){
		.stratum = 2, .root_delay_ns = 1e6, .root_dispersion_ns = 1});
	struct exchange e;

	(void)state;
	assert_true(ask(&s, 0, &e));
	assert_memory_equal(e.reply + 24, request + 40, 8);
	assert_int_equal(e.reply[0], 4 << 3 | 4);
	assert_int_equal(e.reply[1], 2);
	assert_int_equal(e.reply[2], 6);
	/* 65.536 and 0.000066 units of 2^-16 s, never less than meant. */
	assert_memory_equal(e.reply + 4, "\0\0\0\102\0\0\0\1", 8);
}

static void an_offset_moves_both_stamps(void **state)
{
	struct server right = make((struct server_options){.base_ns = 1000});
	struct server wrong = make((struct server_options){.base_ns = 1000, .offset_ns = -5000000});
	struct exchange e, f;

	(void)state;
	assert_true(ask(&right, 1e9L, &e) && ask(&wrong, 1e9L, &f));
	assert_int_equal(stamp_ns(&f, 32) - stamp_ns(&e, 32), -5000000);
	assert_int_equal(stamp_ns(&f, 40) - stamp_ns(&e, 40), -5000000);
	assert_true(fabsl(e.arrives_ns - f.arrives_ns) < 0.001L);
}

static void what_is_no_request_gets_no_reply(void **state)
{
	struct server s = make((struct server_options){.base_ns = 1000});
	uint8_t other[NTP_BYTES] = {4 << 3 | 1};
	struct exchange e;

	(void)state;
	assert_false(server_ask(&s, START_NS, 0, request, NTP_BYTES - 1, &e));
	assert_false(server_ask(&s, START_NS, 0, other, sizeof(other), &e));
}

static void nobody_answers_in_an_outage(void **state)
{
	struct server s = make((struct server_options){.outage_from_s = 10, .outage_to_s = 20});
	struct exchange e;

	(void)state;
	assert_true(ask(&s, 9.9e9L, &e));
	assert_false(ask(&s, 10e9L, &e));
	assert_false(ask(&s, 19.9e9L, &e));
	assert_true(ask(&s, 20e9L, &e));
}

static void either_way_loses_its_share(void **state)
{
	struct server s = make((struct server_options){.loss = 0.3});
	unsigned int answered = 0;
	struct exchange e;

	(void)state;
	for (int i = 0; i < 10000; i++)
		answered += ask(&s, i * 1e9L, &e);
	assert_in_range(answered, 4750, 5050); /* 49 %, three sigma */
}

static void congestion_is_on_the_way_there_and_a_shift_on_the_way_back(void **state)
{
	struct server s = make((struct server_options){.base_ns = 1000,
						       .congestion_from_s = 10,
						       .congestion_to_s = 20,
						       .congestion_ns = 1e6,
						       .shift_at_s = 30,
						       .shift_ns = 5000});
	double there = 0;
	struct exchange e;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(ask(&s, 15e9L, &e));
		there += (double)stamp_ns(&e, 32) - 15e9;
		assert_in_range(e.arrives_ns - (long double)stamp_ns(&e, 40), 999, 1001);
	}
	assert_in_range(there / 1000, 900000, 1100000);
	assert_true(ask(&s, 30e9L, &e));
	assert_in_range(stamp_ns(&e, 32) - 30000000000, 999, 1001);
	assert_in_range(e.arrives_ns - (long double)stamp_ns(&e, 40), 5999, 6001);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_packet_is_faster_than_its_path),
		cmocka_unit_test(a_reply_belongs_to_its_request),
		cmocka_unit_test(an_offset_moves_both_stamps),
		cmocka_unit_test(what_is_no_request_gets_no_reply),
		cmocka_unit_test(nobody_answers_in_an_outage),
		cmocka_unit_test(either_way_loses_its_share),
		cmocka_unit_test(congestion_is_on_the_way_there_and_a_shift_on_the_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
