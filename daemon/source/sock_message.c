// SPDX-License-Identifier: GPL-2.0-or-later
/* One sample by the protocol of chronyd's SOCK reference clock. */
#include "sock_message.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static_assert(sizeof(struct sock_wire) == 40, "as the senders' compilers lay it out");

/* 1970 to 2255. */
#define SECOND_MAX INT64_C(9000000000)
#define OFFSET_MAX_S 9e8

int sock_message_parse(const void *data, size_t size, struct sock_message *out)
{
	struct sock_wire wire;

	if (size != sizeof(wire))
		return -EBADMSG;
	memcpy(&wire, data, sizeof(wire));
	if (wire.magic != SOCK_MAGIC || wire.sec < 0 || wire.sec > SECOND_MAX || wire.usec < 0 ||
	    wire.usec > 999999 || !(fabs(wire.offset_s) <= OFFSET_MAX_S))
		return -EBADMSG;
	*out = (struct sock_message){
		.realtime_ns = wire.sec * 1000000000 + wire.usec * 1000,
		.offset_ns = (int64_t)llround(wire.offset_s * 1e9),
		.pulse = wire.pulse != 0,
		.leap = wire.leap >= 0 && wire.leap <= 2 ? (unsigned int)wire.leap : 3,
	};
	if (__builtin_add_overflow(out->realtime_ns, out->offset_ns, &(int64_t){0}))
		return -EBADMSG;
	return 0;
}
