// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices that a kernel simulates appear: network cards with a clock, links. */
#include <unistd.h>

#include "harness.h"
#include "services.h"

static void test_cards(void)
{
	check(put_text("/sys/bus/netdevsim/new_device", "1 2"), "network cards appear");
	check(!access("/sys/class/net/eth0", F_OK) && !access("/sys/class/net/eth1", F_OK),
	      "with two ports");
	check(!access("/sys/class/ptp/ptp0", F_OK), "and a clock");
	check(run("ip link add left type veth peer name right"), "a cable with two ends appears");
	check(run("ip link add together type bond mode active-backup"), "a bond appears");
	check(run("ip link set left up") && run("ip link set right up"), "links go up");
}

int main(void)
{
	test_cards();
	return done();
}
