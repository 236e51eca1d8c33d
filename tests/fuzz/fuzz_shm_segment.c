// SPDX-License-Identifier: GPL-2.0-or-later
/* Any content of the shared memory: refused, or a time that can be computed with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/shm_segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shm_segment segment = {0};
	struct shm_sample sample;
	int err;

	memcpy(&segment, data, size < sizeof(segment) ? size : sizeof(segment));
	err = shm_segment_take(&segment, &sample);
	check(err == 0 || err == -EAGAIN || err == -EBADMSG);
	check(segment.valid == 0);
	if (err)
		return 0;
	check(sample.t_ns >= 0 && sample.t_ns <= INT64_C(9000000001000000000));
	check(sample.realtime_ns >= 0 && sample.realtime_ns <= INT64_C(9000000001000000000));
	check(sample.leap <= 3);
	return 0;
}
