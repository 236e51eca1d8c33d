// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl: asks vmclockd, or reads its page, and says what it finds. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct command commands[] = {
	{"status", status_run, OPTION_SOCKET | OPTION_JSON, "",
	 "Show the clock, its bound and what it rests on."},
	{"sources", sources_run, OPTION_SOCKET | OPTION_JSON, "",
	 "Show each source: is it heard, is it used, and why not."},
	{"watch", watch_run, OPTION_SOCKET | OPTION_JSON | OPTION_FOR, "",
	 "Show clock and sources live, until interrupted."},
	{"now", now_run, OPTION_JSON | OPTION_COUNTER, "[PATH]",
	 "Read the time with its bounds from a page, without the daemon."},
	{"page", page_run, OPTION_JSON | OPTION_COUNTER, "[PATH]",
	 "Show all fields of a page, without the daemon."},
	{"waitsync", waitsync_run, OPTION_BOUND | OPTION_TIMEOUT | OPTION_COUNTER, "[PATH]",
	 "Wait until a page is synchronized and its maximum error small enough."},
	{"reset", reset_run, OPTION_SOCKET, "SOURCE",
	 "Have the daemon forget what it learned from a source. For root."},
	{"downgrade", downgrade_run, OPTION_UNRELIABLE_ABOVE, "[PATH]",
	 "Mark a page file whose writer has died as no longer synchronized."},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_commands(FILE *to)
{
	size_t i;

	fprintf(to, "usage: vmclockctl COMMAND [OPTION]...\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].description);
	fprintf(to, "\n'vmclockctl COMMAND --help' lists a command's options; vmclockctl(1) says "
		    "more.\n");
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options;
	int status;

	if (!options_parse(&options, command, argc, argv, &status))
		return status;
	status = command->run(&options);
	if (fflush(stdout) != 0 || ferror(stdout))
		return ctl_error("cannot write the output");
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	if (strcmp(name, "--version") == 0) {
		printf("vmclockctl %s\n", VMCLOCK_VERSION);
		return CTL_FINE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_commands(stdout);
		return CTL_FINE;
	}
	for (i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return run(&commands[i], argc - 1, argv + 1);
	}
	if (name[0])
		ctl_error("there is no command '%s'", name);
	print_commands(stderr);
	return CTL_USAGE;
}
