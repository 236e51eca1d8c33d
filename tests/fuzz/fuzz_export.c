// SPDX-License-Identifier: GPL-2.0-or-later
/* What came from another host: any bytes are refused, or give a reference that a page can hold. */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vmclock_export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The sum would keep all but the corpus out. */
static uint32_t sum(const uint8_t *bytes, size_t size)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < size; i++) {
		crc ^= i >= 8 && i < 12 ? 0 : bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static void use(const struct vmclock_export *e, struct vmclock_arrival how)
{
	struct vmclock_reference reference;

	if (vmclock_import(e, &how, &reference))
		return;
	if (!reference.counter_period_frac_sec || reference.counter_period_shift > 127 ||
	    reference.time_sec >= 1ULL << 33)
		abort();
	if (!how.same_counter &&
	    (reference.time_maxerror_nanosec == UINT64_MAX ||
	     reference.time_maxerror_nanosec < (how.elapsed_max_ns - how.elapsed_min_ns) / 2))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmclock_export e, raw;
	struct vmclock_arrival how = {.counter_period_shift = 29};

	if (size < sizeof(raw) + 32)
		return vmclock_export_check(data, size, &e), 0;
	memcpy(&raw, data, sizeof(raw));
	raw.crc = htole32(sum(data, sizeof(raw)));
	if (vmclock_export_check(&raw, sizeof(raw), &e))
		return 0;
	memcpy(&how.counter_now, data + sizeof(raw), 8);
	memcpy(&how.elapsed_min_ns, data + sizeof(raw) + 8, 8);
	memcpy(&how.elapsed_max_ns, data + sizeof(raw) + 16, 8);
	memcpy(&how.counter_period_frac_sec, data + sizeof(raw) + 24, 8);
	use(&e, how);
	how.same_counter = true;
	use(&e, how);
	return 0;
}
