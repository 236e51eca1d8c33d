// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own selftest of the clock that follows a reference; its verdicts are its own. */
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "reference.h"

/* There is no shell. */
static int run(char *program)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execl(program, program, NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

int main(void)
{
	check_errno(load_driver(), 0, "the driver is loaded");
	check(wait_for_counter(), "the counter becomes the clocksource");
	check(run("/selftests/follow-reference") == 0, "nothing failed or was skipped");
	check_errno(unload_driver(), 0, "the driver is unloaded");
	return done();
}
