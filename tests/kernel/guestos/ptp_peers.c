// SPDX-License-Identifier: GPL-2.0-or-later
/* linuxptp in a machine of its own: a grandmaster behind a veth, a client on the PTP clock. */
#include "ptp_peers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define GM_SOCKET "/run/gm"
#define LOG "/run/peers.log"
#define SHIM "LD_PRELOAD=/ptp_stamps.so"

/* ptp4l in its namespace, with a clock for its card's stamps, and what all have in common. */
#define IN_GM "/ip", "netns", "exec", "gm"
#define PTP4L "/ptp4l", "-m", "-i", "veth0", "-2", "--logAnnounceInterval=0"

static char *const true_stamps[] = {SHIM, "STAMPS=true", NULL};
static char *const card_stamps[] = {SHIM, "STAMPS=/dev/ptp0", NULL};
static char *const no_stamps[] = {NULL};

static pid_t start(const char *const *arguments, char *const *environment)
{
	pid_t child = fork();

	if (!child) {
		int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(log, 1);
		dup2(log, 2);
		execve(arguments[0], (char *const *)arguments, environment);
		_exit(127);
	}
	return child;
}

pid_t start_program(const char *const *arguments)
{
	return start(arguments, no_stamps);
}

void end_program(pid_t child, int signal)
{
	kill(child, signal);
	waitpid(child, NULL, 0);
}

/* pmc ends with 0 whoever answers, or nobody. */
static bool gets_a_response(const char *const *arguments)
{
	static char text[4096];
	size_t used = 0;
	ssize_t length;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		return false;
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		execve(arguments[0], (char *const *)arguments, no_stamps);
		_exit(127);
	}
	close(ends[1]);
	while ((length = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = '\0';
	close(ends[0]);
	waitpid(child, NULL, 0);
	return strstr(text, " RESPONSE MANAGEMENT GRANDMASTER_SETTINGS_NP");
}

static bool succeeds(const char *const *arguments)
{
	int status = -1;

	waitpid(start_program(arguments), &status, 0);
	return status == 0;
}

bool peers_join(void)
{
	static const char *const steps[][14] = {
		{"/ip", "netns", "add", "gm", NULL},
		{"/ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns",
		 "gm", NULL},
		{"/ip", "link", "set", "veth0", "up", NULL},
		{"/ip", "-n", "gm", "link", "set", "veth0", "up", NULL},
	};

	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!succeeds(steps[i]))
			return false;
	return true;
}

pid_t start_grandmaster(void)
{
	static const char *const arguments[] = {
		IN_GM, PTP4L, "-S", "--free_running=1", "--uds_address=" GM_SOCKET, NULL};

	return start(arguments, true_stamps);
}

bool grandmaster_claims(const struct claim *claim)
{
	char text[300];
	const char *const arguments[] = {"/pmc", "-u", "-b", "0", "-s", GM_SOCKET, text, NULL};

	snprintf(text, sizeof(text),
		 "SET GRANDMASTER_SETTINGS_NP clockClass %d clockAccuracy %s "
		 "offsetScaledLogVariance 0xffff currentUtcOffset %d leap61 0 leap59 0 "
		 "currentUtcOffsetValid %d ptpTimescale %d timeTraceable %d frequencyTraceable %d "
		 "timeSource 0x20",
		 claim->clock_class, claim->accuracy, claim->utc_offset_s, claim->utc_valid,
		 claim->ptp_timescale, claim->traceable, claim->traceable);
	return gets_a_response(arguments);
}

pid_t start_client(const char *option)
{
	const char *const arguments[] = {PTP4L, "-s", "-H", option, NULL};

	return start(arguments, card_stamps);
}

pid_t start_phc2sys(void)
{
	static const char *const arguments[] = {"/phc2sys",	  "-m", "-s",  "/dev/ptp0", "-c",
						"CLOCK_REALTIME", "-O", "-37", NULL};

	return start_program(arguments);
}

void show_peers(void)
{
	char line[300];
	FILE *log = fopen(LOG, "r");

	while (log && fgets(line, sizeof(line), log))
		if (!strstr(line, " offset ") && line[0] != '\t')
			printf("# %s", line);
	if (log)
		fclose(log);
}
