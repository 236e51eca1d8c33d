// SPDX-License-Identifier: GPL-2.0-or-later
/* Links that go down and up, in a network namespace of our own: who can be reached is known at
 * once. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/source/ethtool.h"
#include "daemon/source/hotplug.h"
#include "daemon/source/links.c"
#include "daemon/source/pool.h"

static struct loop loop;
static struct {
	unsigned int offline;
} told;

static void take_offline(void *context, struct source *source)
{
	(void)context;
	(void)source;
	told.offline++;
}

static int take_event(void *context, struct source *source, const struct event *event)
{
	(void)context;
	(void)source;
	(void)event;
	return 0;
}

static uint64_t read_counter(void)
{
	return (uint64_t)loop_now_ns();
}

static const struct counter counter = {
	.name = "monotonic-raw", .nominal_hz = 1e9, .ns_per_tick = 1, .read = read_counter};
static struct source_env env;
static unsigned int changes;
static bool have_namespace;

static bool note_change(struct links_listener *listener)
{
	(void)listener;
	changes++;
	return false;
}

static struct links_listener listener = {.changed = note_change};

static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static void settle(void)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_run_once(&loop, loop_now_ns() + 1000000), 0);
}

/* The kernel puts off what it has to say of a carrier, by up to a second where much happens. */
#define UNTIL(condition)                                                                    \
	do {                                                                                \
		for (int rounds = 0; rounds < 2000 && !(condition); rounds++)               \
			assert_int_equal(loop_run_once(&loop, loop_now_ns() + 5000000), 0); \
		assert_true(condition);                                                     \
	} while (0)

static bool reach(const char *text, const char *interface)
{
	struct address address;

	assert_int_equal(address_parse(text, 123, &address), 0);
	return links_reach(env.links, &address, interface);
}

static int enter_namespace(void **state)
{
	(void)state;
	have_namespace = !unshare(CLONE_NEWNET) && !system("ip link set lo up");
	return 0;
}

static int setup(void **state)
{
	(void)state;
	if (!have_namespace)
		return 0;
	memset(&loop, 0, sizeof(loop));
	memset(&told, 0, sizeof(told));
	env = (struct source_env){.loop = &loop,
				  .counter = &counter,
				  .hotplug = true,
				  .offline = take_offline,
				  .event = take_event};
	run("ip link add va type veth peer name vb");
	run("ip addr add 192.0.2.1/24 dev va");
	run("ip addr add 2001:db8::1/64 dev va nodad");
	run("ip link set va up; ip link set vb up");
	assert_true(links_listen(&env, &listener));
	UNTIL(reach("192.0.2.2", "va") && reach("2001:db8::2", "va"));
	settle();
	changes = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!have_namespace)
		return 0;
	links_forget(&env, &listener);
	assert_null(env.links);
	run("ip link del va");
	return 0;
}

#define NEEDS_NAMESPACE()                                                         \
	do {                                                                      \
		if (!have_namespace) {                                            \
			print_message("no network namespace can be made here\n"); \
			skip();                                                   \
		}                                                                 \
	} while (0)

static void a_link_that_goes_down_is_told_at_once(void **state)
{
	(void)state;
	NEEDS_NAMESPACE();
	assert_true(reach("192.0.2.2", ""));
	assert_true(reach("2001:db8::2", ""));
	assert_true(reach("192.0.2.2", "va"));
	run("ip link set vb down"); /* the carrier of va */
	UNTIL(changes > 0 && !reach("192.0.2.2", ""));
	UNTIL(!reach("2001:db8::2", ""));
	UNTIL(!reach("192.0.2.2", "va"));
	assert_true(reach("127.0.0.1", ""));
	run("ip link set vb up");
	UNTIL(reach("192.0.2.2", ""));
	UNTIL(reach("192.0.2.2", "va"));
}

static void another_name_is_told(void **state)
{
	unsigned int before;

	(void)state;
	NEEDS_NAMESPACE();
	run("ip link add wa type veth peer name wb");
	UNTIL(env.links->count >= 5);
	settle();
	before = changes;
	run("ip link set wa name wx");
	UNTIL(changes > before);
	run("ip link del wx");
}

/* What netlink says of a bond: its settings lie in an attribute of an attribute. */
static void the_active_port_of_a_bond_is_told(void **state)
{
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct ifinfomsg info = {.ifi_index = 9, .ifi_flags = IFF_UP | IFF_RUNNING};
	struct nlattr *link, *data;
	struct link_state link_state;

	(void)state;
	nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO);
	nla_put_string(message, IFLA_IFNAME, "bond0");
	link = nla_nest_start(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, "bond");
	data = nla_nest_start(message, IFLA_INFO_DATA);
	nla_put_u8(message, IFLA_BOND_MODE, 1);
	nla_put_u32(message, IFLA_BOND_ACTIVE_SLAVE, 7);
	nla_nest_end(message, data);
	nla_nest_end(message, link);
	assert_int_equal(
		link_message_parse(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, &link_state),
		0);
	assert_string_equal(link_state.name, "bond0");
	assert_int_equal(link_state.active, 7);
	nlmsg_free(message);
}

static void an_interface_without_route_or_existence_reaches_nobody(void **state)
{
	(void)state;
	NEEDS_NAMESPACE();
	assert_false(reach("198.51.100.1", ""));
	assert_false(reach("192.0.2.2", "nobody"));
	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	assert_true(reach("198.51.100.1", ""));
	run("ip link set va down");
	UNTIL(!reach("198.51.100.1", ""));
	UNTIL(!reach("192.0.2.2", "va"));
}

static void another_way_is_as_good(void **state)
{
	(void)state;
	NEEDS_NAMESPACE();
	run("ip link add wa type veth peer name wb; ip link set wa up; ip link set wb up");
	run("ip addr add 203.0.113.1/24 dev wa; ip route add default via 203.0.113.2 metric 9");
	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	UNTIL(reach("198.51.100.1", ""));
	run("ip link set va down"); /* and its routes are gone */
	UNTIL(reach("198.51.100.1", ""));
	run("ip link del wa");
	UNTIL(!reach("198.51.100.1", ""));
}

static void a_server_behind_a_dead_link_is_unreachable_at_once_and_asked_in_a_burst(void **state)
{
	static struct source source;
	static const struct config_source config = {.name = "a",
						    .type = SOURCE_TYPE_NTP,
						    .host = "192.0.2.2",
						    .port = 123,
						    .min_poll_s = 1024,
						    .max_poll_s = 1024,
						    .timestamps = TIMESTAMPS_DAEMON};
	uint64_t sent;

	(void)state;
	NEEDS_NAMESPACE();
	memset(&source, 0, sizeof(source));
	assert_int_equal(pool_start(&source, &config, &env), 0);
	UNTIL(source.stats.sent == 1); /* the first request is spread over 0.1 s */
	sent = source.stats.sent;
	run("ip link set vb down");
	UNTIL(told.offline == 1);
	assert_string_equal(source.claims.problem, "the link that leads there is down");
	assert_int_equal(source.stats.reach, 0);
	run("ip link set vb up");
	UNTIL(source.stats.sent == sent + 1); /* not 1024 s later */
	assert_int_equal(told.offline, 1);
	source.ops->stop(&source);
}

static void without_hotplug_nothing_is_opened(void **state)
{
	struct source_env quiet = {.loop = &loop};
	struct links_listener other = {.changed = note_change};

	(void)state;
	assert_false(links_listen(&quiet, &other));
	assert_null(quiet.links);
	links_forget(&quiet, &other);
	assert_true(links_reach(NULL, &(struct address){0}, "eth0"));
}

static void never_called(struct hotplug_listener *unused)
{
	(void)unused;
	fail();
}

/* Whether udev runs here or not: its socket joins the loop, and leaves it with the last listener.
 */
static void devices_are_watched_while_somebody_listens(void **state)
{
	struct hotplug_listener one = {.changed = never_called}, two = one;
	unsigned int before = loop.watch_count;

	(void)state;
	NEEDS_NAMESPACE();
	if (!hotplug_listen(&env, &one))
		skip();
	assert_true(hotplug_listen(&env, &two));
	assert_int_equal(loop.watch_count, before + 1);
	settle();
	hotplug_forget(&env, &one);
	assert_non_null(env.devices);
	hotplug_forget(&env, &two);
	hotplug_forget(&env, &two);
	assert_null(env.devices);
	assert_int_equal(loop.watch_count, before);
}

static void interfaces_without_a_clock_have_none(void **state)
{
	(void)state;
	NEEDS_NAMESPACE();
	assert_int_equal(ethtool_phc_index("va"), -ENODEV);
	assert_int_equal(ethtool_phc_index("lo"), -ENODEV);
	assert_int_equal(ethtool_phc_index("nobody"), -ENODEV);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_link_that_goes_down_is_told_at_once),
		TEST(another_name_is_told),
		cmocka_unit_test(the_active_port_of_a_bond_is_told),
		TEST(an_interface_without_route_or_existence_reaches_nobody),
		TEST(another_way_is_as_good),
		TEST(a_server_behind_a_dead_link_is_unreachable_at_once_and_asked_in_a_burst),
		TEST(devices_are_watched_while_somebody_listens),
		TEST(interfaces_without_a_clock_have_none),
		cmocka_unit_test(without_hotplug_nothing_is_opened),
	};

	return cmocka_run_group_tests_name("links", tests, enter_namespace, NULL);
}
