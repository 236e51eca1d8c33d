// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs that a test of the daemon runs: vmclockd, an NTP server, and what else it names. */
#include "services.h"

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define CONFIG "/run/vmclockd.conf"

static const char common[] = "[page]\nfile = " PAGE "\ndriver = off\n"
			     "[control]\nsocket = /run/vmclock/control\n"
			     "[log]\njournal = off\n"
			     "[state]\nfile = none\n";

enum { WORDS = 32 };

/* Becomes the program that the first word names, in the root directory. */
static void become(char *text)
{
	char *words[WORDS + 1], path[80];
	int n = 0;

	while (n < WORDS && (words[n] = strsep(&text, " ")))
		n++;
	words[n] = NULL;
	snprintf(path, sizeof(path), "/%s", words[0]);
	execv(path, words);
	_exit(127);
}

bool run(const char *format, ...)
{
	char text[400];
	va_list args;
	int status = -1;
	pid_t child;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	child = fork();
	if (!child)
		become(text);
	waitpid(child, &status, 0);
	if (status)
		note("%s: ended with status %#x", text, (unsigned int)status);
	return !status;
}

/* What it prints looks like verdicts, as what ntp-responder does. */
static pid_t start_with(int input, int others, char *text)
{
	pid_t child = fork();

	if (child)
		return child;
	if (input >= 0)
		dup2(input, 0);
	if (others >= 0)
		close(others);
	dup2(open("/dev/null", O_WRONLY), 1);
	become(text);
	return -1;
}

pid_t start(const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return start_with(-1, -1, text);
}

pid_t start_told(int *commands, const char *format, ...)
{
	char text[400];
	va_list args;
	int ends[2];
	pid_t child;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (pipe(ends))
		return -1;
	child = start_with(ends[0], ends[1], text);
	close(ends[0]);
	*commands = ends[1];
	return child;
}

void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "the loopback is up");
	close(fd);
}

pid_t start_daemon(const char *configuration)
{
	FILE *file = fopen(CONFIG, "w");
	pid_t child;

	fprintf(file, "%s%s", common, configuration);
	fclose(file);
	mkdir("/run/vmclock", 0755);
	unlink(PAGE);
	child = fork();
	if (!child) {
		dup2(1, 2);
		execl("/vmclockd", "vmclockd", "--config", CONFIG, NULL);
		_exit(127);
	}
	return child;
}

int end(pid_t child)
{
	int status = -1;

	kill(child, SIGTERM);
	waitpid(child, &status, 0);
	return status;
}

static const char *ask_for_sources(void)
{
	static char text[16384];
	size_t used = 0;
	ssize_t length;
	int ends[2];
	pid_t child;

	text[0] = '\0';
	if (pipe(ends))
		return text;
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		execl("/vmclockctl", "vmclockctl", "sources", "--json", NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((length = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = '\0';
	close(ends[0]);
	waitpid(child, NULL, 0);
	return text;
}

static const char *value_of(const char *text, const char *key)
{
	char quoted[40];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	at = strstr(text, quoted);
	return at ? strchr(at + strlen(quoted), ':') : NULL;
}

static void get_word(const char *text, const char *key, char *out, int size)
{
	const char *at = value_of(text, key);

	out[0] = '\0';
	at = at ? at + strspn(at, ": ") : NULL;
	if (at && *at == '"')
		snprintf(out, (size_t)size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

static long get_number(const char *text, const char *key)
{
	const char *at = value_of(text, key);

	return at ? strtol(at + 1, NULL, 10) : -1;
}

struct report report_of(const char *source)
{
	struct report report = {.sent = -1, .received = -1};
	char name[80];
	const char *text;

	snprintf(name, sizeof(name), "\"%s\"", source);
	text = strstr(ask_for_sources(), name);
	if (!text)
		return report;
	get_word(text, "state", report.state, sizeof(report.state));
	get_word(text, "why", report.why, sizeof(report.why));
	get_word(text, "problem", report.problem, sizeof(report.problem));
	get_word(text, "address", report.address, sizeof(report.address));
	report.sent = get_number(text, "sent");
	report.received = get_number(text, "received");
	return report;
}

bool becomes(const char *source, const char *state, int limit_s)
{
	struct report now;

	for (int i = 0; i <= 2 * limit_s; i++, sleep_ms(500)) {
		now = report_of(source);
		if (!strcmp(now.state, state))
			return true;
	}
	note("%s is %s, not %s: %s; %s", source, now.state, state, now.why, now.problem);
	return false;
}
