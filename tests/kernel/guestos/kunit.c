// SPDX-License-Identifier: GPL-2.0-or-later
/* The driver's KUnit tests: loads their module and passes on the verdict about each case. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"

enum { CONSOLE_LEVEL = 8, WARNINGS = 5, ALL = 8 };

static const char *const suites[] = {"vmclock_line", "vmclock_line_portable", "vmclock_check"};
static const char *const of_the_kernel[] = {"timekeeping_reference"};

/* The kernel's own account would be taken for verdicts of this program. */
static int load_tests(void)
{
	int fd = open("/vmclock_host_test.ko", O_RDONLY | O_CLOEXEC);
	long rc;

	klogctl(CONSOLE_LEVEL, NULL, WARNINGS);
	rc = syscall(SYS_finit_module, fd, "", 0);
	klogctl(CONSOLE_LEVEL, NULL, ALL);
	close(fd);
	return (int)rc;
}

/* A verdict about a case; anything else says why. True: it was about all of the suite, and good. */
static bool pass_on(const char *suite, const char *line)
{
	bool good = !strncmp(line, "ok ", 3);
	char name[100] = "";
	int number;

	if (sscanf(good ? line : line + strlen("not "), "ok %d %99s", &number, name) != 2)
		note("%s", line);
	else if (strcmp(name, suite))
		check(good, "KUnit %s: %s", suite, name);
	return good && !strcmp(name, suite);
}

/* The verdict about the whole comes last: without it the cases did not all run. */
static void show(const char *suite)
{
	char path[100], line[300];
	bool good = false;
	FILE *results;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kunit/%s/results", suite);
	results = fopen(path, "re");
	while (results && fgets(line, sizeof(line), results)) {
		line[strcspn(line, "\n")] = '\0';
		if (strlen(line) > strlen("not "))
			good = pass_on(suite, line + strspn(line, " ")) || good;
	}
	check(good, "KUnit %s: all of it", suite);
	if (results)
		fclose(results);
}

int main(void)
{
	if (getenv("kunit_of_the_kernel")) {
		show(of_the_kernel[0]);
		return done();
	}
	check_errno(load_tests(), 0, "the module with the KUnit tests loads");
	for (unsigned int i = 0; i < sizeof(suites) / sizeof(*suites); i++)
		show(suites[i]);
	check_errno(syscall(SYS_delete_module, "vmclock_host_test", O_NONBLOCK), 0,
		    "and is unloaded");
	return done();
}
