// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices that a kernel simulates appear: a GPIO line, network cards with a clock, links. */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static bool ip(const char *what)
{
	char text[200], *args[20] = {"ip"}, *rest = text;
	int n = 1;
	pid_t child;
	int status;

	strncpy(text, what, sizeof(text) - 1);
	while ((args[n] = strsep(&rest, " ")))
		n++;
	child = fork();
	if (!child) {
		execv("/ip", args);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && !status;
}

static void test_gpio(void)
{
	mkdir("/sys/kernel/config", 0755);
	check(!mount("config", "/sys/kernel/config", "configfs", 0, NULL), "there is configfs");
	check(!mkdir("/sys/kernel/config/gpio-sim/pulse", 0755) &&
		      !mkdir("/sys/kernel/config/gpio-sim/pulse/bank", 0755) &&
		      put_text("/sys/kernel/config/gpio-sim/pulse/bank/num_lines", "4") &&
		      put_text("/sys/kernel/config/gpio-sim/pulse/live", "1"),
	      "GPIO lines appear");
	check(!access("/sys/bus/platform/drivers/pps-gpio", F_OK), "pulses may come at them");
}

static void test_cards(void)
{
	check(put_text("/sys/bus/netdevsim/new_device", "1 2"), "network cards appear");
	check(!access("/sys/class/net/eth0", F_OK) && !access("/sys/class/net/eth1", F_OK),
	      "with two ports");
	check(!access("/sys/class/ptp/ptp0", F_OK), "and a clock");
	check(ip("link add left type veth peer name right"), "a cable with two ends appears");
	check(ip("link add together type bond mode active-backup"), "a bond appears");
	check(ip("link set left up") && ip("link set right up"), "links go up");
}

int main(void)
{
	test_gpio();
	test_cards();
	return done();
}
