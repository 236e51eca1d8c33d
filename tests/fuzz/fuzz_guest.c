// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of a guest: any text is refused, or says a scale that a page can be converted by. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/publish/guest_pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_page guest = {0};
	char text[128];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!guest_parse(text, &guest) && (!guest.scale.ratio || guest.scale.frac_bits > 63))
		abort();
	return 0;
}
