// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer as a program, for any machine under test. `fuzz_calls` in its environment says how many
 * calls: half of them by one thread, half by several.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device_fuzz.h"
#include "harness.h"

/* When everything was closed, nothing is left: neither guests, nor a hold on the module. */
static void test_nothing_left(void)
{
	struct vmclock_host_info info = {.size = sizeof(info)};
	int fd = open(DEVICE, O_RDONLY);

	check(!ioctl(fd, VMCLOCK_HOST_GET_INFO, &info) && info.guests == 0, "no guest is left");
	close(fd);
	check_errno(unload_driver(), 0, "the module unloads");
}

int main(void)
{
	long calls = atol(getenv("fuzz_calls") ?: "50000");

	check_errno(load_driver(), 0, "the module loads");
	fuzz_alone(calls - calls / 2);
	fuzz_together(calls / 2);
	test_nothing_left();
	return done();
}
