// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text as a file of keys: a key that is sound, or a message that names a line. */
#include <stdlib.h>
#include <string.h>

#include "daemon/key_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char message[300] = "";
	struct ntp_key key;

	if (key_file_parse((const char *)data, size, "k", 7, &key, message, sizeof(message))) {
		check(!strncmp(message, "k:", 2) && strstr(message, "; expected ") && !key.id);
		return 0;
	}
	if (!key.id)
		return 0;
	check(key.id == 7 && key.type < NTP_KEY_TYPES);
	check(key.length >= 1 && key.length <= NTP_KEY_SECRET_MAX);
	check(key.type != NTP_KEY_AES128 || key.length == 16);
	check(key.type != NTP_KEY_AES256 || key.length == 32);
	return 0;
}
