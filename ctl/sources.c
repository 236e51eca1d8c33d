// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl sources: the table, and below each unused source the reason. */
#include <stdio.h>

#include "client.h"
#include "ctl.h"
#include "format.h"
#include "member.h"
#include "source_table.h"

static void print_source(const json_t *source)
{
	char line[256];
	char note[400];

	source_table_row(line, sizeof(line), source);
	puts(line);
	source_table_note(note, sizeof(note), source);
	if (note[0])
		printf("   %s\n", note);
}

static void print_sources(const json_t *sources)
{
	const json_t *source;
	size_t i;

	puts(source_table_head);
	for (i = 0; source_table_head[i]; i++)
		putchar('=');
	putchar('\n');
	json_array_foreach((json_t *)(uintptr_t)sources, i, source) print_source(source);
	puts("\nUsed: * most, + too; not used: - spare, x false, ~ in conflict with itself, ? not "
	     "heard.\nOffset + : the source is ahead of the page (chronyc's sign is the "
	     "opposite).");
}

int sources_run(const struct options *options)
{
	json_t *reply = client_ask(options->socket, "GetSources", NULL);
	const json_t *sources = json_object_get(reply, "sources");

	if (!reply)
		return CTL_ERROR;
	if (options->json)
		print_json(sources, false);
	else
		print_sources(sources);
	json_decref(reply);
	return CTL_FINE;
}
