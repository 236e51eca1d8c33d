// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl reload: the daemon reads its configuration again, and says what became of it. */
#include <stdio.h>

#include "client.h"
#include "ctl.h"
#include "format.h"

int reload_run(const struct options *options)
{
	json_t *reply = client_ask(options->socket, "Reload", NULL);
	const json_t *changes = json_object_get(reply, "changes");
	char safe[400];

	if (!reply)
		return CTL_ERROR;
	for (size_t i = 0; i < json_array_size(changes); i++)
		puts(format_safe(safe, sizeof(safe),
				 json_string_value(json_array_get(changes, i))));
	json_decref(reply);
	return CTL_FINE;
}
