// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the kernel's messages about links and routes. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/link_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* From the heap, for the sanitizer to know where it ends. */
	void *message = malloc(size ? size : 1);
	struct link_state state;
	int index;

	memcpy(message, data, size);
	if (!link_message_parse(message, size, &state) &&
	    (state.index <= 0 || !memchr(state.name, '\0', sizeof(state.name))))
		abort();
	index = route_message_parse(message, size);
	if (index == 0 || (index < 0 && index != -EBADMSG && index != -ENETUNREACH))
		abort();
	free(message);
	return 0;
}
