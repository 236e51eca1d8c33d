// SPDX-License-Identifier: GPL-2.0-or-later
/* Any datagram as a SOCK sample: refused, or a time that can be computed with. */
#include <stdlib.h>

#include "daemon/source/sock_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_message m;
	int64_t sum, difference;

	if (sock_message_parse(data, size, &m))
		return 0;
	check(size == sizeof(struct sock_wire));
	check(m.realtime_ns >= 0 && m.leap <= 3);
	check(!__builtin_add_overflow(m.realtime_ns, m.offset_ns, &sum));
	check(!__builtin_sub_overflow(m.realtime_ns, m.offset_ns, &difference));
	return 0;
}
