// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockd: options, signals, start and end. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"

enum { EXIT_CONFIG = 78 }; /* EX_CONFIG of sysexits.h */

static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t reload_asked;

static void handle_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
}

static void handle_reload(int signal)
{
	(void)signal;
	reload_asked = 1;
}

static void on_signal(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

struct options {
	const char *config;
	bool check_config;
	bool debug;
};

static const char usage[] =
	"usage: vmclockd [--config FILE] [--check-config] [--debug] [--version] [--help]\n"
	"  --config FILE    default /etc/vmclockd.conf, and FILE.d/*.conf\n"
	"  --check-config   read it, say what is wrong, and exit: 0 fine, 78 wrong\n"
	"  --debug          say more\n"
	"Runs in the foreground. See vmclockd(8) and vmclockd.conf(5).\n";

/* -1: go on; else the status to exit with. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
		{"debug", no_argument, NULL, 'd'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:dVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check_config = true;
			break;
		case 'd':
			options->debug = true;
			break;
		case 'V':
			puts("vmclockd " VMCLOCK_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "vmclockd: unexpected '%s'\n%s", argv[optind], usage);
	return 2;
}

static int run(struct daemon *daemon)
{
	char message[500];
	int status;

	on_signal(SIGTERM, handle_stop);
	on_signal(SIGINT, handle_stop);
	on_signal(SIGHUP, handle_reload);
	on_signal(SIGPIPE, SIG_IGN);
	status = daemon_start(daemon, message, sizeof(message));
	if (status)
		log_error("%s", message);
	else
		status = daemon_run(daemon, &stop_asked, &reload_asked);
	daemon_stop(daemon);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {.config = CONFIG_DEFAULT_PATH};
	struct daemon *daemon;
	char message[500];
	int status = parse_options(argc, argv, &options);

	if (status >= 0)
		return status;
	daemon = calloc(1, sizeof(*daemon));
	if (!daemon) {
		perror("vmclockd");
		return EXIT_FAILURE;
	}
	daemon->config_path = options.config;
	if (config_read(&daemon->config, options.config, message, sizeof(message))) {
		fprintf(stderr, "vmclockd: %s\n", message);
		status = EXIT_CONFIG;
	} else if (options.check_config) {
		printf("%s: configuration is fine; sources: %u sections\n", options.config,
		       daemon->config.source_count);
		status = EXIT_SUCCESS;
	} else {
		log_open(daemon->config.journal, options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		status = run(daemon);
	}
	explicit_bzero(&daemon->config, sizeof(daemon->config)); /* it may hold keys */
	free(daemon);
	return status;
}
