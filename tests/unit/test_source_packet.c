// SPDX-License-Identifier: GPL-2.0-or-later
/* NTP packets: what is taken, what is refused, and which second a timestamp means. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/source/ntp_packet.h"

#define NS_PER_S INT64_C(1000000000)
/* 2026-07-01 and the first second of NTP era 1, 2036-02-07 06:28:16 UTC. */
#define IN_2026_S INT64_C(1782864000)
#define ERA_1_S INT64_C(2085978496)

/* A good reply of a stratum 2 server, as bytes. */
static void make_reply(uint8_t out[NTP_PACKET_MAX + 4])
{
	static const uint8_t head[] = {
		0x24, 2, 6, 0xe9, 0, 0, 0x10, 0, 0, 0, 0x08, 0, 192, 0, 2, 7,
	};

	memset(out, 0, NTP_PACKET_MAX + 4);
	memcpy(out, head, sizeof(head));
	for (int i = 16; i < NTP_HEADER_SIZE; i++)
		out[i] = (uint8_t)i;
	memcpy(out + 40, out + 32, 8); /* transmit = receive */
}

static void every_field_is_found(void **state)
{
	uint8_t data[NTP_PACKET_MAX + 4];
	struct ntp_packet p;

	(void)state;
	make_reply(data);
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE, &p), 0);
	assert_int_equal(p.leap, 0);
	assert_int_equal(p.version, 4);
	assert_int_equal(p.mode, 4);
	assert_int_equal(p.stratum, 2);
	assert_int_equal(p.poll_log2, 6);
	assert_int_equal(p.precision_log2, -23);
	assert_int_equal(p.root_delay, 0x1000);
	assert_int_equal(p.root_dispersion, 0x800);
	assert_int_equal(p.reference_id, 0xc0000207);
	assert_int_equal(p.reference, 0x1011121314151617);
	assert_int_equal(p.origin, 0x18191a1b1c1d1e1f);
	assert_int_equal(p.receive, 0x2021222324252627);
	assert_int_equal(p.transmit, p.receive);
}

static void a_request_tells_only_its_random_number(void **state)
{
	uint8_t data[NTP_HEADER_SIZE];

	(void)state;
	ntp_request_encode(data, 0, 0, 0x0102030405060708);
	assert_int_equal(data[0], 0x23);
	for (int i = 1; i < 40; i++)
		assert_int_equal(data[i], i == 3 ? 32 : 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(data[40 + i], i + 1);
}

static void a_request_for_interleaved_mode_names_the_last_receipt(void **state)
{
	uint8_t data[NTP_HEADER_SIZE];

	(void)state;
	ntp_request_encode(data, 0x1112131415161718, 0x2122232425262728, 0x3132333435363738);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(data[24 + i], 0x11 + i);
		assert_int_equal(data[32 + i], 0x21 + i);
		assert_int_equal(data[40 + i], 0x31 + i);
	}
}

static void any_length_but_a_packets_is_refused(void **state)
{
	uint8_t data[NTP_PACKET_MAX + 4];
	struct ntp_packet p;

	(void)state;
	make_reply(data);
	for (size_t length = 0; length < NTP_HEADER_SIZE; length++)
		assert_int_equal(ntp_packet_parse(data, length, &p), -EBADMSG);
	for (size_t length = NTP_HEADER_SIZE + 1; length < NTP_HEADER_SIZE + 4; length++)
		assert_int_equal(ntp_packet_parse(data, length, &p), -EBADMSG);
	assert_int_equal(ntp_packet_parse(data, NTP_PACKET_MAX + 4, &p), -EBADMSG);
	/* Zeros are no extension field. */
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 64, &p), -EBADMSG);
}

static void extension_fields_and_mac_are_passed_over(void **state)
{
	uint8_t data[NTP_PACKET_MAX + 4];
	struct ntp_packet p;

	(void)state;
	make_reply(data);
	data[NTP_HEADER_SIZE + 3] = 28;
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 28, &p), 0);
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 28 + 20, &p), 0);
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 20, &p), 0);
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 4, &p), 0);
	data[NTP_HEADER_SIZE + 3] = 60; /* more than there is */
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 28, &p), -EBADMSG);
	data[NTP_HEADER_SIZE + 3] = 30;
	assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE + 32, &p), -EBADMSG);
}

static void only_replies_of_version_3_and_4_are_taken(void **state)
{
	uint8_t data[NTP_PACKET_MAX + 4];
	struct ntp_packet p;

	(void)state;
	make_reply(data);
	for (unsigned int first = 0; first < 256; first++) {
		unsigned int version = first >> 3 & 7, mode = first & 7;
		int expected = mode == 4 && (version == 3 || version == 4) ? 0 : -EBADMSG;

		data[0] = (uint8_t)first;
		assert_int_equal(ntp_packet_parse(data, NTP_HEADER_SIZE, &p), expected);
	}
}

static struct ntp_packet good_packet(void)
{
	return (struct ntp_packet){
		.version = 4,
		.mode = 4,
		.stratum = 2,
		.receive = ntp_from_unix_ns(IN_2026_S * NS_PER_S),
		.transmit = ntp_from_unix_ns(IN_2026_S * NS_PER_S + 1000),
	};
}

static void assert_judged(const struct ntp_packet *p, int expected, const char *word)
{
	char problem[NTP_PROBLEM_SIZE];

	assert_int_equal(ntp_packet_judge(p, false, problem), expected);
	if (!strstr(problem, word))
		fail_msg("'%s' does not mention '%s'", problem, word);
}

static void a_server_that_is_not_fit_is_refused_with_a_reason(void **state)
{
	struct ntp_packet p = good_packet();

	(void)state;
	assert_judged(&p, 0, "");
	p.leap = 3;
	assert_judged(&p, -EPROTO, "leap");
	p = good_packet();
	p.stratum = 0;
	assert_judged(&p, -EPROTO, "stratum");
	p.stratum = 16;
	assert_judged(&p, -EPROTO, "stratum 16");
	p.stratum = 15;
	assert_judged(&p, 0, "");
	p.receive = 0;
	assert_judged(&p, -EPROTO, "no time");
	p = good_packet();
	p.transmit = ntp_from_unix_ns((IN_2026_S - 1) * NS_PER_S);
	assert_judged(&p, -EPROTO, "before");
	p.transmit = ntp_from_unix_ns((IN_2026_S + 3600) * NS_PER_S);
	assert_judged(&p, -EPROTO, "held");
	p.transmit = p.receive - 100; /* the noise of its clock */
	assert_judged(&p, 0, "");
}

static void the_root_distance_is_limited(void **state)
{
	struct ntp_packet p = good_packet();

	(void)state;
	p.root_delay = 1 << 16;	     /* half of it counts */
	p.root_dispersion = 1 << 16; /* 1 s */
	assert_judged(&p, 0, "");
	p.root_dispersion++;
	assert_judged(&p, -EPROTO, "distance");
	p = good_packet();
	p.root_delay = 0xffffffff; /* what NTPv3 would read as just below 0 */
	assert_judged(&p, -EPROTO, "distance");
}

static void kiss_codes_are_told_apart(void **state)
{
	static const struct {
		const char *code;
		enum ntp_kiss kiss;
	} cases[] = {
		{"RATE", NTP_KISS_RATE},  {"DENY", NTP_KISS_DENY},  {"RSTR", NTP_KISS_DENY},
		{"INIT", NTP_KISS_OTHER}, {"RATF", NTP_KISS_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *c = (const uint8_t *)cases[i].code;
		struct ntp_packet p = {.reference_id = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 |
						       (uint32_t)c[2] << 8 | c[3]};

		assert_int_equal(ntp_packet_kiss(&p), cases[i].kiss);
		p.stratum = 1; /* then it is a name */
		assert_int_equal(ntp_packet_kiss(&p), NTP_KISS_NONE);
	}
	assert_int_equal(ntp_packet_kiss(&(struct ntp_packet){0}), NTP_KISS_NONE);
}

static void references_are_safe_to_print(void **state)
{
	char text[NTP_REFERENCE_SIZE];
	struct ntp_packet p = {.stratum = 1, .reference_id = 0x47505300};

	(void)state;
	ntp_packet_reference(&p, text);
	assert_string_equal(text, "GPS");
	p.reference_id = 0x1b5b4a22; /* escape sequence and a quote */
	ntp_packet_reference(&p, text);
	assert_string_equal(text, "?[J?");
	p = (struct ntp_packet){.stratum = 3, .reference_id = 0xffffffff};
	ntp_packet_reference(&p, text);
	assert_string_equal(text, "255.255.255.255");
}

static void a_timestamp_means_the_era_next_to_the_pivot(void **state)
{
	static const int64_t pivots_s[] = {0,	    IN_2026_S,	 ERA_1_S - 1,
					   ERA_1_S, ERA_1_S + 1, INT64_C(4000000000)};

	(void)state;
	for (size_t i = 0; i < sizeof(pivots_s) / sizeof(pivots_s[0]); i++) {
		for (int years = -67; years <= 67; years++) {
			int64_t t_ns =
				(pivots_s[i] + years * INT64_C(31557600)) * NS_PER_S + 123456789;
			int64_t back_ns = ntp_to_unix_ns(ntp_from_unix_ns(t_ns), pivots_s[i]);

			assert_true(llabs(back_ns - t_ns) <= 1);
		}
	}
}

static void time_runs_through_the_rollover_of_2036(void **state)
{
	uint64_t last = UINT64_MAX; /* the last moment of era 0 */

	(void)state;
	assert_int_equal(ntp_to_unix_ns(last, IN_2026_S), ERA_1_S * NS_PER_S);
	assert_int_equal(ntp_to_unix_ns(0, IN_2026_S), ERA_1_S * NS_PER_S);
	assert_int_equal(ntp_to_unix_ns(UINT64_C(1) << 32, IN_2026_S), (ERA_1_S + 1) * NS_PER_S);
	assert_int_equal(ntp_to_unix_ns(UINT64_C(0xffffffff) << 32, ERA_1_S + 5),
			 (ERA_1_S - 1) * NS_PER_S);
}

static void short_format_is_a_65536th_of_a_second(void **state)
{
	(void)state;
	assert_true(fabs(ntp_short_to_ns(1) - 1e9 / 65536) < 1e-6);
	assert_true(fabs(ntp_short_to_ns(0x18000) - 1.5e9) < 1e-3);
	assert_true(ntp_short_to_ns(UINT32_MAX) > 65535e9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_found),
		cmocka_unit_test(a_request_tells_only_its_random_number),
		cmocka_unit_test(a_request_for_interleaved_mode_names_the_last_receipt),
		cmocka_unit_test(any_length_but_a_packets_is_refused),
		cmocka_unit_test(extension_fields_and_mac_are_passed_over),
		cmocka_unit_test(only_replies_of_version_3_and_4_are_taken),
		cmocka_unit_test(a_server_that_is_not_fit_is_refused_with_a_reason),
		cmocka_unit_test(the_root_distance_is_limited),
		cmocka_unit_test(kiss_codes_are_told_apart),
		cmocka_unit_test(references_are_safe_to_print),
		cmocka_unit_test(a_timestamp_means_the_era_next_to_the_pivot),
		cmocka_unit_test(time_runs_through_the_rollover_of_2036),
		cmocka_unit_test(short_format_is_a_65536th_of_a_second),
	};

	return cmocka_run_group_tests_name("ntp packet", tests, NULL, NULL);
}
