// SPDX-License-Identifier: GPL-2.0-or-later
/* Numeric addresses are told from names, and written as people know them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/source/address.h"

static void assert_written(const char *text, uint16_t port, const char *expected)
{
	char written[ADDRESS_TEXT_SIZE];
	struct address address;

	assert_int_equal(address_parse(text, port, &address), 0);
	address_format(&address, written);
	assert_string_equal(written, expected);
}

static void numeric_addresses_are_taken_and_written_back(void **state)
{
	(void)state;
	assert_written("192.0.2.1", 123, "192.0.2.1:123");
	assert_written("2001:DB8:0::1", 11123, "[2001:db8::1]:11123");
	assert_written("::ffff:192.0.2.1", 123, "[::ffff:192.0.2.1]:123");
	assert_written("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535,
		       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void names_and_near_misses_are_no_addresses(void **state)
{
	static const char *const names[] = {
		"pool.ntp.org",	 "",	  "192.0.2",   "192.0.2.256", "1", "192.0.2.1 ",
		"2001:db8::1::", "[::1]", "::1:123:x", "0x7f.1"};
	struct address address;
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(address_parse(names[i], 123, &address), -EINVAL);
	memset(longest, ':', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(address_parse(longest, 123, &address), -EINVAL);
}

static void a_scope_has_to_be_an_interface(void **state)
{
	struct address address, other;

	(void)state;
	assert_int_equal(address_parse("fe80::1%none7", 123, &address), -ENODEV);
	assert_int_equal(address_parse("fe80::1%lo", 123, &address), 0);
	assert_int_equal(address_parse("fe80::1", 123, &other), 0);
	assert_false(address_equal(&address, &other));
}

static void addresses_are_equal_only_in_all_their_parts(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2",
					    "::ffff:192.0.2.1"};
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < 5; k++) {
			assert_int_equal(address_parse(texts[i], 123, &a), 0);
			assert_int_equal(address_parse(texts[k], 123, &b), 0);
			assert_int_equal(address_equal(&a, &b), i == k);
		}
		assert_int_equal(address_parse(texts[i], 124, &b), 0);
		assert_false(address_equal(&a, &b));
	}
}

static void a_resolvers_answer_is_taken_with_our_port(void **state)
{
	struct address from, to;
	struct sockaddr other = {.sa_family = AF_UNIX};

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", 53, &from), 0);
	assert_true(address_set(&to, &from.any, from.length, 123));
	assert_int_equal(ntohs(to.v4.sin_port), 123);
	assert_int_equal(address_parse("2001:db8::1", 53, &from), 0);
	assert_true(address_set(&to, &from.any, from.length, 123));
	assert_int_equal(ntohs(to.v6.sin6_port), 123);
	assert_false(address_set(&to, &from.any, sizeof(struct sockaddr_in), 123));
	assert_false(address_set(&to, &other, sizeof(other), 123));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses_are_taken_and_written_back),
		cmocka_unit_test(names_and_near_misses_are_no_addresses),
		cmocka_unit_test(a_scope_has_to_be_an_interface),
		cmocka_unit_test(addresses_are_equal_only_in_all_their_parts),
		cmocka_unit_test(a_resolvers_answer_is_taken_with_our_port),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
