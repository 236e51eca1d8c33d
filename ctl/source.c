// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl source: adds, changes and removes sources of the running daemon. */
#include <string.h>

#include "client.h"
#include "ctl.h"

static int change(const struct options *options, const char *method, json_t *parameters)
{
	json_t *reply;

	if (!parameters)
		return ctl_error("'%s' and what follows cannot be sent: it is not UTF-8",
				 options->argument);
	reply = client_ask(options->socket, method, parameters);
	json_decref(reply);
	return reply ? CTL_FINE : CTL_ERROR;
}

/* "KEY=VALUE" each, which the daemon reads as it reads its files. */
static json_t *settings(char *const *more)
{
	json_t *array = json_array();

	for (; *more; more++) {
		if (!json_array_append_new(array, json_string(*more)))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static int edit(const struct options *options, const char *method)
{
	if (!*options->more) {
		ctl_error("KEY=VALUE is missing, such as type=ntp");
		return CTL_USAGE;
	}
	return change(options, method,
		      json_pack("{s:s, s:o}", "name", options->argument, "settings",
				settings(options->more)));
}

int source_add_run(const struct options *options)
{
	return edit(options, "AddSource");
}

int source_set_run(const struct options *options)
{
	return edit(options, "SetSource");
}

int source_remove_run(const struct options *options)
{
	return change(options, "RemoveSource", json_pack("{s:s}", "name", options->argument));
}
