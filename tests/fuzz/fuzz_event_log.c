/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a line of the event log: no crash, and what is accepted survives a round trip. */
#include <stdlib.h>
#include <string.h>

#include "daemon/event_csv.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct event_csv *line)
{
	char text[EVENT_CSV_LINE_MAX], again[EVENT_CSV_LINE_MAX], message[200];
	struct event_csv copy;
	int length = event_csv_format(line, text, sizeof(text));

	if (length <= 0 || event_csv_parse(&copy, text, (size_t)length - 1, message, 200) != 0)
		abort();
	if (event_csv_format(&copy, again, sizeof(again)) != length || strcmp(text, again) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_csv_settings settings = {0};
	struct event_csv line;
	char message[200];

	if (event_csv_parse(&line, (const char *)data, size, message, sizeof(message)) != 0)
		return 0;
	if (line.kind == EVENT_CSV_SOURCE)
		event_csv_settings_parse(&settings, line.text, message, sizeof(message));
	check_round_trip(&line);
	return 0;
}
