// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl reset: one source starts over. */
#include "client.h"
#include "ctl.h"

int reset_run(const struct options *options)
{
	json_t *parameters = json_pack("{s:s}", "name", options->argument);
	json_t *reply;

	if (!parameters)
		return ctl_error("'%s' is no name of a source", options->argument);
	reply = client_ask(options->socket, "ResetSource", parameters);
	json_decref(reply);
	return reply ? CTL_FINE : CTL_ERROR;
}
