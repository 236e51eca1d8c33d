// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a latched counter's line: refused, or numbers within their ranges. */
#include <stdlib.h>

#include "daemon/source/latch_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct latch_message message;

	if (latch_message_parse((const char *)data, size, &message))
		return 0;
	check(size > 0 && size <= LATCH_MESSAGE_MAX);
	check(message.uncertainty_ticks >= 0 && message.uncertainty_ticks <= 1e9);
	check(message.has_uncertainty || !(message.uncertainty_ticks > 0));
	check(message.second >= 0 && message.second <= INT64_C(10000000000));
	check(message.labelled || message.second == 0);
	return 0;
}
