// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl guest disrupt: by the daemon, or, where none runs, on the guest's page itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vmclock_writer.h>

#include "client.h"
#include "ctl.h"

enum { PATH_SIZE = 400 };

static int ask_daemon(const struct options *options)
{
	json_t *parameters = json_pack("{s:s}", "name", options->argument);
	json_t *reply;

	if (!parameters)
		return ctl_error("'%s' is no name of a guest", options->argument);
	if (options->reason)
		json_object_set_new(parameters, "reason", json_string(options->reason));
	if (options->warning)
		json_object_set_new(parameters, "warning", json_string(options->warning));
	if (options->generation)
		json_object_set_new(parameters, "generation", json_string(options->generation));
	reply = client_ask(options->socket, "DisruptGuest", parameters);
	json_decref(reply);
	return reply ? CTL_FINE : CTL_ERROR;
}

/* For the daemon's next life, which must not take up the counter that it knew. */
static int leave_note(const char *path, const char *reason)
{
	/* Root writes into a directory of another user's. */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int bad;

	if (!file) {
		ctl_error("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CTL_ERROR;
	}
	bad = fprintf(file, "%.100s\n", reason ? reason : "disrupted") < 0;
	if (fclose(file) || bad)
		return ctl_error("%s: %s", path, strerror(errno));
	return CTL_FINE;
}

static int without_daemon(const struct options *options)
{
	char page[PATH_SIZE], note[PATH_SIZE + 16];
	int status;
	int rc;

	snprintf(page, sizeof(page), "%s/%s", options->guests, options->argument);
	snprintf(note, sizeof(note), "%s.disrupted", page);
	if (strchr(options->argument, '/') || access(page, F_OK))
		return ctl_error("there is no page of a guest '%s' in %s", options->argument,
				 options->guests);
	status = leave_note(note, options->reason);
	rc = vmclock_page_downgrade(page, VMCLOCK_STATUS_UNRELIABLE);
	if (rc == -EBUSY)
		return ctl_error("%s: a daemon that is not reached by %s keeps this page", page,
				 options->socket);
	return rc ? ctl_error("%s: %s", page, strerror(-rc)) : status;
}

/* The page is made safe first, whatever else could not be done. */
int guest_disrupt_run(const struct options *options)
{
	int status;

	if (!client_finds_nobody(options->socket))
		return ask_daemon(options);
	if (options->warning)
		return ctl_error("no vmclockd that could warn the guest of a disruption");
	status = without_daemon(options);
	if (!status && options->generation)
		return ctl_error("no vmclockd: disrupted, but with the generation that it had");
	return status;
}
