// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl: asks vmclockd, or reads its page, and says what it finds. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

enum { GUEST_COUNTER = OPTION_OFFSET | OPTION_RATIO | OPTION_FRAC_BITS | OPTION_PID | OPTION_VM };

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
	{"metrics", metrics_run, OPTION_SOCKET | OPTION_HTTP, "",
	 "Print everything in the form that Prometheus reads."},
	{"reset", reset_run, OPTION_SOCKET, "SOURCE",
	 "Have the daemon forget what it learned from a source. For root."},
	{"reload", reload_run, OPTION_SOCKET, "",
	 "Have the daemon read its configuration again. For root."},
	{"source add", source_add_run, OPTION_SOCKET, "NAME KEY=VALUE...",
	 "Add a source, until the daemon restarts. For root."},
	{"source set", source_set_run, OPTION_SOCKET, "NAME KEY=VALUE...",
	 "Change keys of a source. For root."},
	{"source remove", source_remove_run, OPTION_SOCKET, "NAME", "Remove a source. For root."},
	{"downgrade", downgrade_run, OPTION_UNRELIABLE_ABOVE, "[PATH]",
	 "Mark a page file whose writer has died as no longer synchronized."},
	{"guest list", guest_list_run, OPTION_SOCKET | OPTION_JSON, "",
	 "Show the guests that have a page of their own."},
	{"guest add", guest_add_run, OPTION_SOCKET | GUEST_COUNTER | OPTION_GENERATION, "NAME",
	 "Have the daemon keep a page for a guest. For root."},
	{"guest set", guest_set_run, OPTION_SOCKET | GUEST_COUNTER, "NAME",
	 "Say what a guest's counter is. For root."},
	{"guest disrupt", guest_disrupt_run,
	 OPTION_SOCKET | OPTION_REASON | OPTION_SOON | OPTION_IMMINENT | OPTION_CLEAR |
		 OPTION_GENERATION | OPTION_GUESTS,
	 "NAME", "Say that a guest's counter is not, or soon will not be, what it was. For root."},
	{"guest remove", guest_remove_run, OPTION_SOCKET, "NAME",
	 "Remove a guest's page. For root."},
	{"qemu-args", qemu_args_run,
	 OPTION_SOCKET | OPTION_JSON | OPTION_NAME | OPTION_REPLACE | OPTION_DEVICE | OPTION_TABLE |
		 GUEST_COUNTER,
	 "", "Make a guest's page and print the arguments that give it to QEMU. For root."},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_commands(FILE *to)
{
	size_t i;

	fprintf(to, "usage: vmclockctl COMMAND [OPTION]...\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-13s %s\n", commands[i].name, commands[i].description);
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

/* A command is one word, or "guest" or "source" and another; how many arguments its name takes up. */
static int name_of(int argc, char **argv, char *name, size_t size)
{
	bool two = argc > 2 && (!strcmp(argv[1], "guest") || !strcmp(argv[1], "source"));

	snprintf(name, size, "%s%s%s", argc > 1 ? argv[1] : "", two ? " " : "", two ? argv[2] : "");
	return two ? 2 : 1;
}

int main(int argc, char **argv)
{
	char name[64];
	int words = name_of(argc, argv, name, sizeof(name));
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
			return run(&commands[i], argc - words, argv + words);
	}
	if (name[0])
		ctl_error("there is no command '%s'", name);
	print_commands(stderr);
	return CTL_USAGE;
}
