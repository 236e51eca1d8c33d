// SPDX-License-Identifier: GPL-2.0-or-later
/* NTS-KE: the request as RFC 8915 has it, and every way in which a response can be wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/source/nts_ke_message.h"

static uint8_t message[NTS_KE_RESPONSE_MAX];
static size_t length;
static struct nts_ke_response response;
static char problem[NTS_KE_PROBLEM_SIZE];

static void add(unsigned int type, const void *body, size_t size)
{
	message[length] = (uint8_t)(type >> 8);
	message[length + 1] = (uint8_t)type;
	message[length + 2] = (uint8_t)(size >> 8);
	message[length + 3] = (uint8_t)size;
	memcpy(message + length + 4, body, size);
	length += 4 + size;
}

enum { CRITICAL = 0x8000 };

static void add_protocol(void)
{
	add(CRITICAL | 1, "\0\0", 2);
}

static void add_algorithm(void)
{
	add(4, "\0\17", 2);
}

static void add_cookie(char fill, size_t size)
{
	char cookie[400];

	memset(cookie, fill, sizeof(cookie));
	add(5, cookie, size);
}

static void add_end(void)
{
	add(CRITICAL | 0, "", 0);
}

/* What every good response has, up to its end. */
static void begin(void)
{
	length = 0;
	add_protocol();
	add_algorithm();
	add_cookie('a', 100);
}

static int parse(void)
{
	problem[0] = '\0';
	return nts_ke_parse(message, length, false, &response, problem);
}

static void assert_refused(const char *why)
{
	add_end();
	assert_int_equal(parse(), -EBADMSG);
	if (!strstr(problem, why))
		fail_msg("\"%s\" instead of \"%s\"", problem, why);
	assert_int_equal(response.cookie_count, 0);
}

static void the_request_is_that_of_the_rfc(void **state)
{
	static const uint8_t right[NTS_KE_REQUEST_SIZE] = {
		0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15, 0x80, 0, 0, 0,
	};
	uint8_t request[NTS_KE_REQUEST_SIZE];

	(void)state;
	nts_ke_request(request);
	assert_memory_equal(request, right, sizeof(right));
}

static void a_response_gives_cookies_server_and_port(void **state)
{
	(void)state;
	begin();
	add_cookie('b', NTS_COOKIE_MAX);
	add(6, "ntp.example.net", 15);
	add(CRITICAL | 7, "\4\323", 2);
	add(0x4000, "unknown", 7);
	add_end();
	assert_int_equal(parse(), 0);
	assert_int_equal(response.cookie_count, 2);
	assert_int_equal(response.cookies[0].length, 100);
	assert_int_equal(response.cookies[1].length, NTS_COOKIE_MAX);
	assert_int_equal(response.cookies[1].bytes[255], 'b');
	assert_string_equal(response.server, "ntp.example.net");
	assert_int_equal(response.port, 1235);
}

static void more_than_eight_cookies_are_not_kept(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 20; i++)
		add_cookie('x', 64);
	add_end();
	assert_int_equal(parse(), 0);
	assert_int_equal(response.cookie_count, 8);
	assert_int_equal(response.port, 0);
	assert_string_equal(response.server, "");
}

static void it_is_complete_with_its_last_byte_and_not_before(void **state)
{
	size_t whole;

	(void)state;
	begin();
	add_end();
	whole = length;
	for (length = 0; length < whole; length++)
		assert_int_equal(parse(), -EAGAIN);
	assert_int_equal(parse(), 0);
	assert_int_equal(nts_ke_parse(message, whole - 1, true, &response, problem), -EBADMSG);
	assert_non_null(strstr(problem, "ended before"));
	begin();
	assert_int_equal(nts_ke_parse(message, 0, true, &response, problem), -EBADMSG);
}

static void what_the_server_refuses_is_told(void **state)
{
	(void)state;
	begin();
	add(CRITICAL | 2, "\0\0", 2);
	assert_refused("error 0");
	begin();
	add(CRITICAL | 2, "\0\1", 2);
	assert_refused("error 1");
	begin();
	add(2, "\0\2", 2);
	assert_refused("error 2");
	begin();
	add(CRITICAL | 2, "\1\2", 2);
	assert_refused("there is an error");
	begin();
	add(CRITICAL | 3, "\0\1", 2);
	assert_refused("warns");
	length = 0;
	add(CRITICAL | 1, "", 0);
	assert_refused("does not offer NTPv4");
	length = 0;
	add_protocol();
	add(4, "", 0);
	assert_refused("AEAD_AES_SIV_CMAC_256");
	length = 0;
	add_protocol();
	add(4, "\0\36", 2);
	assert_refused("AEAD_AES_SIV_CMAC_256");
}

static void what_is_missing_is_told(void **state)
{
	(void)state;
	length = 0;
	assert_refused("does not offer NTPv4");
	length = 0;
	add_protocol();
	assert_refused("AEAD_AES_SIV_CMAC_256");
	length = 0;
	add_protocol();
	add_algorithm();
	assert_refused("no cookie");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	begin();
	add_protocol();
	assert_refused("twice");
	begin();
	add_algorithm();
	assert_refused("twice");
	begin();
	add_cookie('a', 0);
	assert_refused("cookies of a size");
	begin();
	add_cookie('a', NTS_COOKIE_MAX + 1);
	assert_refused("cookies of a size");
	begin();
	add(6, "a\0b", 3);
	assert_refused("names its NTP server");
	begin();
	add(6, "", 0);
	assert_refused("names its NTP server");
	begin();
	add(6, "a", 1);
	add(6, "b", 1);
	assert_refused("names its NTP server");
	begin();
	add(7, "\0\0", 2);
	assert_refused("names a port");
	begin();
	add(7, "\0", 1);
	assert_refused("names a port");
	begin();
	add(CRITICAL | 99, "", 0);
	assert_refused("insists on something");
	begin();
	add_end();
	add_cookie('z', 8);
	assert_refused("goes on behind its end");
}

static void a_server_name_that_is_too_long_is_refused(void **state)
{
	char name[NTS_KE_SERVER_MAX];

	(void)state;
	memset(name, 'n', sizeof(name));
	begin();
	add(6, name, NTS_KE_SERVER_MAX - 1);
	add_end();
	assert_int_equal(parse(), 0);
	begin();
	add(6, name, NTS_KE_SERVER_MAX);
	assert_refused("names its NTP server");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_is_that_of_the_rfc),
		cmocka_unit_test(a_response_gives_cookies_server_and_port),
		cmocka_unit_test(more_than_eight_cookies_are_not_kept),
		cmocka_unit_test(it_is_complete_with_its_last_byte_and_not_before),
		cmocka_unit_test(what_the_server_refuses_is_told),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_server_name_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("NTS-KE", tests, NULL, NULL);
}
