// SPDX-License-Identifier: GPL-2.0-or-later
/* State files, with the checksum as it comes and with one that fits what comes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t size)
{
	struct state state;
	char message[128];
	int err = state_parse(&state, text, size, message, sizeof(message));

	if (err ? err != -EBADMSG : invalid_field(&state) != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[FILE_BYTES_MAX + 64];
	int closing;

	parse((const char *)data, size);
	if (size > FILE_BYTES_MAX)
		return 0;
	memcpy(text, data, size);
	closing = snprintf(text + size, sizeof(text) - size, "checksum = %016" PRIx64 "\n",
			   checksum(text, size));
	parse(text, size + (size_t)closing);
	return 0;
}
