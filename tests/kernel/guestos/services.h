/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that a test of the daemon runs: vmclockd, an NTP server, and what else it names. */
#ifndef VMCLOCK_TEST_SERVICES_H
#define VMCLOCK_TEST_SERVICES_H

#include <stdbool.h>
#include <sys/types.h>

#define PAGE "/run/vmclock/page"

/* What vmclockctl tells of one source. */
struct report {
	char state[24];
	char why[100];
	char problem[100];
	char address[80];
	long sent, received; /* -1: there is no such source */
};

/* Runs a program with these words as its arguments and waits for it; true: it ended well. */
__attribute__((format(printf, 1, 2))) bool run(const char *format, ...);

/* The same with what it prints, but for errors, thrown away; does not wait. */
__attribute__((format(printf, 1, 2))) pid_t start(const char *format, ...);

/* As start(), with a pipe to its standard input in *commands. */
__attribute__((format(printf, 2, 3))) pid_t start_told(int *commands, const char *format, ...);

void loopback_up(void);

/*
 * vmclockd, with the page at PAGE, its log among what is printed, a control socket and nothing that
 * outlives it; `configuration` has [clock] and the sources.
 */
pid_t start_daemon(const char *configuration);

/* Its status, as of waitpid(). */
int end(pid_t child);

struct report report_of(const char *source);

/* Waits until the source has this state, for up to so long, and says what came of it. */
bool becomes(const char *source, const char *state, int limit_s);

#endif
