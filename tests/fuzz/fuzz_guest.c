// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of a guest: any text is refused, or says a scale that a page can be converted by. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/publish/guest_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_facts guest;
	char text[GUEST_TEXT_SIZE];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!guest_text_parse(text, &guest) && (!guest.scale.ratio || guest.scale.frac_bits > 63))
		abort();
	return 0;
}
