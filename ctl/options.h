/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: which options there are, and which of them a subcommand takes. */
#ifndef VMCLOCKCTL_OPTIONS_H
#define VMCLOCKCTL_OPTIONS_H

#include <stdbool.h>

enum option_bit {
	OPTION_SOCKET = 1 << 0,
	OPTION_JSON = 1 << 1,
	OPTION_COUNTER = 1 << 2,
	OPTION_FOR = 1 << 3,
	OPTION_BOUND = 1 << 4,
	OPTION_TIMEOUT = 1 << 5,
	OPTION_UNRELIABLE_ABOVE = 1 << 6,
	OPTION_OFFSET = 1 << 7,
	OPTION_RATIO = 1 << 8,
	OPTION_FRAC_BITS = 1 << 9,
	OPTION_NAME = 1 << 10,
	OPTION_REPLACE = 1 << 11,
	OPTION_DEVICE = 1 << 12,
	OPTION_TABLE = 1 << 13,
	OPTION_GENERATION = 1 << 14,
	OPTION_REASON = 1 << 15,
	OPTION_SOON = 1 << 16,
	OPTION_IMMINENT = 1 << 17,
	OPTION_CLEAR = 1 << 18,
	OPTION_GUESTS = 1 << 19,
	OPTION_PID = 1 << 20,
	OPTION_VM = 1 << 21,
	OPTION_HTTP = 1 << 22,
};

struct options {
	const char *socket;
	const char *argument; /* NULL: none given */
	char **more;	      /* arguments after that one; NULL ends them */
	bool json;
	bool http; /* standard input is a connection */
	bool monotonic_raw; /* --counter monotonic-raw */
	double for_ns;	    /* INFINITY: until interrupted */
	double bound_ns;    /* INFINITY: any */
	double timeout_ns;  /* INFINITY: for ever */
	double unreliable_above_ns;
	/* Of a guest's counter; NULL: not given. */
	const char *offset;
	const char *ratio;
	const char *frac_bits;
	const char *name; /* NULL: any that is free */
	bool replace;
	bool device;
	const char *table;
	/* Of a guest's disruption; NULL: not given. */
	const char *generation;
	const char *reason;
	const char *warning; /* soon, imminent, none */
	const char *pid; /* whose counter the guest has */
	const char *vm;	 /* likewise, by name */
	bool new_vm;	 /* which is still to be started */
	const char *guests;  /* where the guests' pages are */
};

struct command;

/* True: go on. False: *status is what to exit with (after --help, or a message about what is
 * wrong). argv[0] is the subcommand's name. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
		   int *status);

#endif
