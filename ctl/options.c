// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses a subcommand's options and prints its help. */
#include <getopt.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "format.h"

#define DEFAULT_SOCKET "/run/vmclock/control"
#define DEFAULT_GUESTS "/run/vmclock/guests"

struct option_text {
	enum option_bit bit;
	const char *name;
	const char *value; /* NULL: a switch */
	const char *help;
};

static const struct option_text texts[] = {
	{OPTION_SOCKET, "socket", "PATH", "the daemon's control socket (" DEFAULT_SOCKET ")"},
	{OPTION_JSON, "json", NULL, "print JSON"},
	{OPTION_HTTP, "http", NULL, "answer the HTTP request on standard input; for socket units"},
	{OPTION_COUNTER, "counter", "NAME",
	 "what a page counts that names no counter; monotonic-raw is known"},
	{OPTION_FOR, "for", "TIME", "end after this long, such as 20 s"},
	{OPTION_BOUND, "bound", "TIME", "wait for a maximum error of at most this, such as 100 us"},
	{OPTION_TIMEOUT, "timeout", "TIME", "give up after this long"},
	{OPTION_UNRELIABLE_ABOVE, "unreliable-above", "TIME",
	 "the largest maximum error that may still be called FREERUNNING (1 s)"},
	{OPTION_OFFSET, "offset", "N", "what is added to the host's counter; may be negative (0)"},
	{OPTION_RATIO, "ratio", "N", "what the host's counter is multiplied by before (1)"},
	{OPTION_FRAC_BITS, "frac-bits", "N", "bits of the product that are dropped (0)"},
	{OPTION_NAME, "name", "NAME", "the guest's name (the first of vm1, vm2, ... that is free)"},
	{OPTION_REPLACE, "replace", NULL, "remove the guest of this name before, if there is one"},
	{OPTION_DEVICE, "device", NULL,
	 "map /dev/vmclock_host itself, for a guest whose counter is exactly the host's"},
	{OPTION_TABLE, "table", "PATH", "the ACPI table (" VMCLOCK_ACPI_TABLE ")"},
	{OPTION_GENERATION, "generation", "N",
	 "the guest's generation; 'new' for one that nobody has had"},
	{OPTION_PID, "pid", "PID", "read the counter from KVM, of this process's virtual machine"},
	{OPTION_VM, "vm", "NAME", "likewise, of the one that QEMU or libvirt call so"},
	{OPTION_REASON, "reason", "TEXT", "what 'guest list' shall say"},
	{OPTION_SOON, "soon", NULL, "only warn: it will come within about a day"},
	{OPTION_IMMINENT, "imminent", NULL, "only warn: it will come within about an hour"},
	{OPTION_CLEAR, "clear", NULL, "take a warning back"},
	{OPTION_GUESTS, "guests", "DIR",
	 "the guests' pages, for when no daemon runs (" DEFAULT_GUESTS ")"},
};

enum { TEXT_COUNT = sizeof(texts) / sizeof(texts[0]), VALUE_HELP = 'h' };

static void print_help(const struct command *command)
{
	size_t i;

	printf("usage: vmclockctl %s [OPTION]... %s\n\n%s\n\n", command->name, command->argument,
	       command->description);
	for (i = 0; i < TEXT_COUNT; i++) {
		char left[40];

		if (!(command->takes & texts[i].bit))
			continue;
		snprintf(left, sizeof(left), "--%s %s", texts[i].name,
			 texts[i].value ? texts[i].value : "");
		printf("  %-24s %s\n", left, texts[i].help);
	}
	printf("  %-24s %s\n", "--help", "this text");
	printf("\nA TIME has a unit: ns, us, ms, s, min, h, d. vmclockctl(1) says more.\n");
}

static bool usage(const struct command *command, int *status)
{
	fprintf(stderr, "Try 'vmclockctl %s --help'.\n", command->name);
	*status = CTL_USAGE;
	return false;
}

static bool set_time(double *ns, const struct option_text *text, const char *value)
{
	/* A bare number of seconds is clear enough for how long to wait, not for an error. */
	bool seconds = text->bit == OPTION_FOR || text->bit == OPTION_TIMEOUT;

	if (parse_time(value, seconds, ns))
		return true;
	ctl_error("--%s %s: a time with its unit is expected, such as %s", text->name, value,
		  seconds ? "20 s" : "100 us");
	return false;
}

static bool set_counter(struct options *options, const char *value)
{
	options->monotonic_raw = strcmp(value, "monotonic-raw") == 0;
	if (!options->monotonic_raw)
		ctl_error("--counter %s: only monotonic-raw is known", value);
	return options->monotonic_raw;
}

static bool set_warning(struct options *options, const char *warning)
{
	if (options->warning)
		return ctl_error("--soon, --imminent and --clear exclude each other"), false;
	options->warning = warning;
	return true;
}

/* Where an option's value goes as it is; NULL: it means something. */
static const char **text_of(struct options *options, enum option_bit bit)
{
	switch (bit) {
	case OPTION_SOCKET:
		return &options->socket;
	case OPTION_OFFSET:
		return &options->offset;
	case OPTION_RATIO:
		return &options->ratio;
	case OPTION_FRAC_BITS:
		return &options->frac_bits;
	case OPTION_NAME:
		return &options->name;
	case OPTION_TABLE:
		return &options->table;
	case OPTION_GENERATION:
		return &options->generation;
	case OPTION_PID:
		return &options->pid;
	case OPTION_VM:
		return &options->vm;
	case OPTION_REASON:
		return &options->reason;
	case OPTION_GUESTS:
		return &options->guests;
	default:
		return NULL;
	}
}

/* What an option turns on; NULL: it takes a value. */
static bool *flag_of(struct options *options, enum option_bit bit)
{
	switch (bit) {
	case OPTION_JSON:
		return &options->json;
	case OPTION_HTTP:
		return &options->http;
	case OPTION_REPLACE:
		return &options->replace;
	case OPTION_DEVICE:
		return &options->device;
	default:
		return NULL;
	}
}

static bool set_option(struct options *options, const struct option_text *text, const char *value)
{
	const char **plain = text_of(options, text->bit);
	bool *flag = flag_of(options, text->bit);

	if (plain)
		*plain = value;
	if (flag)
		*flag = true;
	switch (text->bit) {
	case OPTION_COUNTER:
		return set_counter(options, value);
	case OPTION_FOR:
		return set_time(&options->for_ns, text, value);
	case OPTION_BOUND:
		return set_time(&options->bound_ns, text, value);
	case OPTION_TIMEOUT:
		return set_time(&options->timeout_ns, text, value);
	case OPTION_UNRELIABLE_ABOVE:
		return set_time(&options->unreliable_above_ns, text, value);
	case OPTION_SOON:
		return set_warning(options, "soon");
	case OPTION_IMMINENT:
		return set_warning(options, "imminent");
	case OPTION_CLEAR:
		return set_warning(options, "none");
	default:
		return plain || flag;
	}
}

/* What getopt_long() shall know: the options that this subcommand takes. */
static void fill_getopt(struct option known[TEXT_COUNT + 2], unsigned int takes)
{
	size_t count = 0;
	size_t i;

	memset(known, 0, (TEXT_COUNT + 2) * sizeof(known[0]));
	for (i = 0; i < TEXT_COUNT; i++) {
		if (takes & texts[i].bit)
			known[count++] = (struct option){
				.name = texts[i].name,
				.has_arg = texts[i].value ? required_argument : no_argument,
				.val = (int)(256 + i),
			};
	}
	known[count] = (struct option){.name = "help", .val = VALUE_HELP};
}

static bool take_argument(struct options *options, const struct command *command, int argc,
			  char **argv)
{
	int given = argc - optind;
	bool optional = command->argument[0] == '[';
	bool several = strstr(command->argument, "...");

	if ((given > 1 && !several) || (given == 1 && !command->argument[0])) {
		ctl_error("%s: '%s' is one argument too many", command->name,
			  argv[command->argument[0] ? optind + 1 : optind]);
		return false;
	}
	if (given == 0 && command->argument[0] && !optional) {
		ctl_error("%s: %s is missing", command->name, command->argument);
		return false;
	}
	options->argument = given ? argv[optind] : NULL;
	options->more = given ? argv + optind + 1 : argv + argc;
	return true;
}

bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
		   int *status)
{
	struct option known[TEXT_COUNT + 2];
	int value;

	*options = (struct options){
		.socket = DEFAULT_SOCKET,
		.guests = DEFAULT_GUESTS,
		.for_ns = INFINITY,
		.bound_ns = INFINITY,
		.timeout_ns = INFINITY,
		.unreliable_above_ns = 1e9,
		.table = VMCLOCK_ACPI_TABLE,
	};
	fill_getopt(known, command->takes);
	optind = 1;
	argv[0] = (char[]){"vmclockctl"}; /* who getopt's messages come from */
	while ((value = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (value == VALUE_HELP) {
			print_help(command);
			*status = CTL_FINE;
			return false;
		}
		if (value < 256 || !set_option(options, &texts[value - 256], optarg))
			return usage(command, status);
	}
	return take_argument(options, command, argc, argv) || usage(command, status);
}
