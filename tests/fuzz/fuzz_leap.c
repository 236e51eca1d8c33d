// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap-seconds lists: refused, or a table that answers alike from either side. */
#include <stdint.h>
#include <stdlib.h>

#include "leap.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct leap_table table;
	char message[128];
	int64_t at;

	leap_built_in(&table);
	if (leap_parse(&table, (const char *)data, size, message, sizeof(message))) {
		require(table.entries[0].tai_offset_s == 37);
		return 0;
	}
	require(table.count >= 1 && table.count <= LEAP_ENTRIES_MAX);
	for (unsigned int i = 0; i < table.count; i++) {
		const struct leap_entry *e = &table.entries[i];

		require(leap_tai_offset_s(&table, e->utc_s) == e->tai_offset_s);
		require(leap_tai_offset_at_tai_s(&table, e->utc_s + e->tai_offset_s) ==
			e->tai_offset_s);
		require(i == 0 || (leap_next(&table, e->utc_s - 1, &at) && at == e->utc_s));
	}
	return 0;
}
