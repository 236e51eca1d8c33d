// SPDX-License-Identifier: MIT
/* Prints the time and how far it may be off: cc now.c $(pkg-config --cflags --libs libvmclock) */
#include <stdio.h>
#include <string.h>
#include <vmclock.h>

int main(int argc, char **argv)
{
	struct vmclock *clock;
	struct vmclock_reading now;
	int rc = vmclock_open(argc > 1 ? argv[1] : NULL, 0, &clock);

	if (!rc)
		rc = vmclock_now(clock, &now);
	if (rc)
		return fprintf(stderr, "no time: %s\n", strerror(-rc)), 1;
	printf("UTC %lld ns, true time in [%lld, %lld]\n", (long long)now.utc.time_ns,
	       (long long)now.utc.earliest_ns, (long long)now.utc.latest_ns);
	vmclock_close(clock);
	return 0;
}
