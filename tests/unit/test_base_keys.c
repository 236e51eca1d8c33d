// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of symmetric keys: what is a key, and what every wrong line is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/config.h"
#include "daemon/key_file.h"

static char message[300];

static int find(const char *text, uint32_t id, struct ntp_key *key)
{
	message[0] = '\0';
	return key_file_parse(text, strlen(text), "k", id, key, message, sizeof(message));
}

static void assert_fault(const char *text, const char *fault)
{
	struct ntp_key key;

	assert_int_equal(find(text, 1, &key), -EINVAL);
	assert_string_equal(message, fault);
	assert_int_equal(key.id, 0);
}

static void keys_are_found_by_their_number(void **state)
{
	static const char text[] = "# chronyd's format\n"
				   "! another comment\n\n"
				   "  1 SHA1 HEX:00ffA5\r\n"
				   "4294967295\tSHA512\tASCII:HEX:xy\n"
				   "% and another\n"
				   "7 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
				   "8 AES256 0123456789abcdef0123456789abcdef";
	struct ntp_key key;

	(void)state;
	assert_int_equal(find(text, 1, &key), 0);
	assert_int_equal(key.id, 1);
	assert_int_equal(key.type, NTP_KEY_SHA1);
	assert_int_equal(key.length, 3);
	assert_memory_equal(key.secret, "\x00\xff\xa5", 3);
	assert_int_equal(find(text, 4294967295, &key), 0);
	assert_int_equal(key.type, NTP_KEY_SHA512);
	assert_int_equal(key.length, 6);
	assert_memory_equal(key.secret, "HEX:xy", 6);
	assert_int_equal(find(text, 7, &key), 0);
	assert_int_equal(key.length, 16);
	assert_int_equal(key.secret[15], 15);
	assert_int_equal(find(text, 8, &key), 0);
	assert_int_equal(key.type, NTP_KEY_AES256);
	assert_int_equal(find(text, 2, &key), 0);
	assert_int_equal(key.id, 0);
}

#define TYPES "expected SHA1, SHA256, SHA384, SHA512, AES128 or AES256"

static void wrong_lines_are_named_and_what_was_expected(void **state)
{
	(void)state;
	assert_fault("1 SHA1 a\n0 SHA1 b\n", "k:2: not a key's number; expected 1 to 4294967295");
	assert_fault("4294967296 SHA1 b\n", "k:1: not a key's number; expected 1 to 4294967295");
	assert_fault("-1 SHA1 b\n", "k:1: not a key's number; expected 1 to 4294967295");
	assert_fault("1 SHA1\n", "k:1: too little for a key; expected ID TYPE KEY");
	assert_fault("1 SHA1 a b\n", "k:1: more than a key; expected ID TYPE KEY");
	assert_fault("1 MD5 a\n",
		     "k:1: a key of type MD5, which no longer protects (RFC 8573); " TYPES);
	assert_fault("1 sha1 a\n", "k:1: unknown type of key; " TYPES);
	assert_fault("\n1 SHA1 HEX:abc\n",
		     "k:2: HEX: and 3 digits; expected an even number, at most 1024");
	assert_fault("1 SHA1 HEX:ag\n", "k:1: HEX: and what is no hexadecimal digit; expected "
					"0-9, a-f or A-F");
	assert_fault("1 SHA1 HEX:\n", "k:1: an empty key; expected at least one byte");
	assert_fault("1 AES128 short\n", "k:1: key of 5 bytes for AES128; expected 16");
	assert_fault("1 AES256 HEX:00\n", "k:1: key of 1 bytes for AES256; expected 32");
	assert_fault("1 SHA1 a\n2 SHA1 b\n1 SHA1 c\n",
		     "k:3: key 1 a second time; expected it once");
}

static void a_message_never_quotes_a_secret(void **state)
{
	static const char *const texts[] = {
		"1 SHA1 verysecret more\n", "1 verysecret\n",	     "verysecret\n",
		"1 verysecret x\n",	    "1 AES128 verysecret\n", "1 SHA1 HEX:verysecret\n"};
	struct ntp_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(find(texts[i], 1, &key), -EINVAL);
		assert_null(strstr(message, "secret"));
	}
}

static void a_key_that_is_too_long_is_refused(void **state)
{
	char text[NTP_KEY_SECRET_MAX + 20] = "1 SHA1 ";
	struct ntp_key key;

	(void)state;
	memset(text + 7, 'x', NTP_KEY_SECRET_MAX);
	assert_int_equal(find(text, 1, &key), 0);
	assert_int_equal(key.length, NTP_KEY_SECRET_MAX);
	text[7 + NTP_KEY_SECRET_MAX] = 'x';
	assert_fault(text, "k:1: key of 513 bytes; expected at most 512");
}

static char directory[] = "/tmp/vmclock-keys-XXXXXX";
static char keys_path[64], config_path[64];

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int read_config(struct config *config, const char *text)
{
	char whole[512];

	snprintf(whole, sizeof(whole), text, keys_path);
	write_file(config_path, whole);
	return config_read(config, config_path, message, sizeof(message));
}

static struct config *config;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(keys_path, sizeof(keys_path), "%s/keys", directory);
	snprintf(config_path, sizeof(config_path), "%s/conf", directory);
	config = calloc(1, sizeof(*config));
	return config ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(config);
	unlink(keys_path);
	unlink(config_path);
	return rmdir(directory);
}

static void sources_are_given_their_keys(void **state)
{
	(void)state;
	write_file(keys_path, "5 SHA1 five\n3000000000 SHA256 big\n");
	assert_int_equal(chmod(keys_path, 0640), 0);
	assert_int_equal(read_config(config,
				     "[ntp]\nkeys = %s\n"
				     "[source a]\ntype = ntp\naddress = a\nkey = 3000000000\n"
				     "[source b]\ntype = ntp\naddress = b\n"),
			 0);
	assert_int_equal(config->sources[0].secret.id, 3000000000);
	assert_memory_equal(config->sources[0].secret.secret, "big", 3);
	assert_int_equal(config->sources[1].secret.id, 0);
}

static void assert_refused(const char *text, const char *fault)
{
	assert_true(read_config(config, text) < 0);
	if (strcmp(strstr(message, fault) ? fault : message, fault))
		fail_msg("\"%s\" is not in \"%s\"", fault, message);
}

static void what_does_not_fit_the_file_is_refused_at_the_check(void **state)
{
	(void)state;
	write_file(keys_path, "5 SHA1 five\n");
	assert_int_equal(chmod(keys_path, 0640), 0);
	assert_refused("[ntp]\nkeys = %s\n[source a]\ntype = ntp\naddress = a\nkey = 6\n",
		       "conf:3: [source a]: key 6 is not in /tmp/vmclock-keys-");
	assert_refused("[source a]\ntype = ntp\naddress = a\nkey = 5\n",
		       "conf:1: [source a]: key without a file of keys; expected keys = PATH in "
		       "[ntp]");
	assert_refused("[source a]\ntype = ntp\naddress = a\nkey = 4294967296\n",
		       "conf:4: key = 4294967296: out of range; expected none or a whole number "
		       "from 1 to 4294967295");
	assert_refused("[source a]\ntype = system\nkey = 5\n",
		       "source 'a' of type system has 'key'; expected it in type ntp or pool only");
	assert_refused("[ntp]\nkeys = /nowhere/keys\n",
		       "/nowhere/keys: No such file or directory; expected a file of keys that "
		       "can be read");
	assert_refused("[source a]\ntype = ntp\naddress = a\nnts = on\nnts-trust = /nowhere/ca\n",
		       "conf:1: [source a]: nts-trust = /nowhere/ca: No such file or directory; "
		       "expected a readable file");
	write_file(keys_path, "5 SHA1 five\n6 SHA1\n");
	assert_refused("[ntp]\nkeys = %s\n", "keys:2: too little for a key; expected ID TYPE KEY");
}

static void a_file_that_everybody_may_read_is_refused(void **state)
{
	(void)state;
	write_file(keys_path, "5 SHA1 five\n");
	for (mode_t mode = 0; mode <= 0777; mode++) {
		assert_int_equal(chmod(keys_path, mode), 0);
		if (mode & 0006)
			assert_refused("[ntp]\nkeys = %s\n",
				       "keys: everybody may read or write it; expected a file of "
				       "keys that others may not (mode 0640)");
		else if (mode & 0400)
			assert_int_equal(read_config(config, "[ntp]\nkeys = %s\n"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_their_number),
		cmocka_unit_test(wrong_lines_are_named_and_what_was_expected),
		cmocka_unit_test(a_message_never_quotes_a_secret),
		cmocka_unit_test(a_key_that_is_too_long_is_refused),
		cmocka_unit_test(sources_are_given_their_keys),
		cmocka_unit_test(what_does_not_fit_the_file_is_refused_at_the_check),
		cmocka_unit_test(a_file_that_everybody_may_read_is_refused),
	};

	return cmocka_run_group_tests_name("key file", tests, set_up, tear_down);
}
