// SPDX-License-Identifier: GPL-2.0-or-later
/* PTP hardware clocks as sources: every kernel's way to read them, every way in which they fail. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vmclock-abi.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "daemon/source/dpll.h"
#include "daemon/source/phc.c"
#include "daemon/source/phc_clock.c"
#include "daemon/source/phc_device.c"

#define TAI_OFFSET_S 37
#define TIME_OF_DAY_NS (INT64_C(1800000000) * NS_PER_S)
#define TICKS_PER_NS 3
#define COUNTER_START UINT64_C(0x7fffffffff000000)

/* A device whose time is CLOCK_MONOTONIC_RAW + offset_ns, with a kernel of choice around it. */
static struct {
	unsigned int methods; /* that the kernel and the driver have, a bit each */
	int64_t offset_ns;
	int64_t realtime_shift_ns; /* of CLOCK_REALTIME against CLOCK_MONOTONIC_RAW */
	int64_t shift_in_call_ns;  /* the clock is set by that during each call */
	unsigned int busy;	   /* calls that are answered by EBUSY; -1: for ever */
	unsigned int most_reads;   /* more reads in one call are EBUSY; 0: no limit */
	bool gone;
	bool garbage;
	bool no_stamp;	  /* captures leave the system's clock at 0 */
	bool strange_raw; /* readings with CLOCK_MONOTONIC_RAW are of some other time */
	int opens;
	int calls;
	char path[CONFIG_PATH_MAX];
} device;

static int64_t raw_ns(void)
{
	return real_clock_ns(CLOCK_MONOTONIC_RAW);
}

static int64_t fake_clock_ns(clockid_t id)
{
	return raw_ns() + (id == CLOCK_REALTIME ? device.realtime_shift_ns : 0);
}

static uint64_t fast_counter(void)
{
	return COUNTER_START + TICKS_PER_NS * (uint64_t)raw_ns();
}

static uint64_t raw_counter(void)
{
	return (uint64_t)raw_ns();
}

static const struct counter fast = {.name = "tsc",
				    .page_id = VMCLOCK_COUNTER_X86_TSC,
				    .nominal_hz = TICKS_PER_NS * 1e9,
				    .ns_per_tick = 1.0 / TICKS_PER_NS,
				    .read = fast_counter};
static const struct counter raw = {.name = "monotonic-raw",
				   .page_id = VMCLOCK_COUNTER_INVALID,
				   .nominal_hz = 1e9,
				   .ns_per_tick = 1,
				   .read = raw_counter};

static int fake_open(const char *path)
{
	device.opens++;
	snprintf(device.path, sizeof(device.path), "%s", path);
	return device.gone ? -ENOENT : 99;
}

static void fake_close(int fd)
{
	assert_int_equal(fd, 99);
}

static struct ptp_clock_time stamp(int64_t ns)
{
	return (struct ptp_clock_time){.sec = ns / NS_PER_S, .nsec = (uint32_t)(ns % NS_PER_S)};
}

static struct ptp_clock_time shown(void)
{
	if (device.garbage)
		return (struct ptp_clock_time){.sec = -5, .nsec = UINT32_MAX};
	return stamp(raw_ns() + device.offset_ns);
}

static int busy(unsigned int reads)
{
	device.calls++;
	device.realtime_shift_ns += device.shift_in_call_ns;
	if (device.gone)
		return -ENODEV;
	if (device.most_reads && reads > device.most_reads)
		return -EBUSY;
	if (!device.busy)
		return 0;
	if (device.busy != UINT_MAX)
		device.busy--;
	return -EBUSY;
}

static int fake_precise(struct ptp_sys_offset_precise *data)
{
	int err = busy(1);

	if (device.no_stamp)
		return err;
	data->sys_monoraw = stamp(raw_ns());
	data->device = stamp(raw_ns() + device.offset_ns);
	/* Captured at the same moment. */
	data->device = stamp((int64_t)data->sys_monoraw.sec * NS_PER_S + data->sys_monoraw.nsec +
			     device.offset_ns);
	return err;
}

static int fake_extended(struct ptp_sys_offset_extended *data)
{
	clockid_t id;
	int err;

	memcpy(&id, (char *)data + sizeof(data->n_samples), sizeof(id));
	if (id == CLOCK_MONOTONIC_RAW && !(device.methods & 1u << PHC_EXTENDED_RAW))
		return -EINVAL; /* a reserved word that is not zero */
	if (id == CLOCK_REALTIME && !(device.methods & 1u << PHC_EXTENDED))
		return -EOPNOTSUPP;
	err = busy(data->n_samples);
	for (unsigned int i = 0; i < data->n_samples; i++) {
		int64_t off_ns =
			id == CLOCK_MONOTONIC_RAW && device.strange_raw ? 1000 * NS_PER_S : 0;

		data->ts[i][0] = stamp(fake_clock_ns(id) + off_ns);
		data->ts[i][1] = shown();
		data->ts[i][2] = stamp(fake_clock_ns(id) + off_ns);
	}
	return err;
}

static int fake_plain(struct ptp_sys_offset *data)
{
	int err = busy(data->n_samples);

	for (unsigned int i = 0; i <= 2 * data->n_samples; i++)
		data->ts[i] = i % 2 ? shown() : stamp(fake_clock_ns(CLOCK_REALTIME));
	return err;
}

static int fake_control(int fd, unsigned long request, void *argument)
{
	assert_int_equal(fd, 99);
	if (request == PTP_SYS_OFFSET_PRECISE)
		return device.methods & 1u << PHC_PRECISE ? fake_precise(argument) : -EOPNOTSUPP;
	if (request == PTP_SYS_OFFSET_EXTENDED)
		return fake_extended(argument);
	if (request == PTP_SYS_OFFSET)
		return device.methods & 1u << PHC_PLAIN ? fake_plain(argument) : -EOPNOTSUPP;
	return -ENOTTY;
}

static const struct phc_kernel kernel = {
	.open = fake_open,
	.control = fake_control,
	.close = fake_close,
	.clock_ns = fake_clock_ns,
};

/* A tree of sysfs and /dev of our own. */
static char tree[PATH_MAX];
static char dev[PATH_MAX + 8];
static int interface_index;
static char interface_asked[32];

static int fake_index(const char *interface)
{
	snprintf(interface_asked, sizeof(interface_asked), "%s", interface);
	if (!strcmp(interface, "bond0"))
		return -ENODEV;
	return interface_index;
}

static int dpll_lock;
static char dpll_asked[32];

static int fake_dpll(const char *module)
{
	snprintf(dpll_asked, sizeof(dpll_asked), "%s", module);
	return dpll_lock;
}

static const struct phc_places places = {
	.sys = tree, .dev = dev, .index_of_interface = fake_index, .dpll_lock = fake_dpll};

static void put_file(const char *name, const char *text)
{
	char path[2 * PATH_MAX];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	for (char *at = path + strlen(tree) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

/* What the environment was told. */
static struct loop loop;
static struct {
	unsigned int events;
	struct event last;
	unsigned int offline;
} told;

static int take_event(void *context, struct source *source, const struct event *event)
{
	(void)context;
	(void)source;
	told.events++;
	told.last = *event;
	return 0;
}

static void take_offline(void *context, struct source *source)
{
	(void)context;
	(void)source;
	told.offline++;
}

static int take_offset(void *context, int64_t tai_s)
{
	(void)context;
	assert_true(tai_s > EARLIEST_S);
	return TAI_OFFSET_S;
}

static struct source_env env = {
	.loop = &loop, .event = take_event, .offline = take_offline, .tai_offset_s = take_offset};
static struct config_source config;
static struct source source;

static struct phc *start(const struct counter *counter)
{
	env.counter = counter;
	memset(&source, 0, sizeof(source));
	assert_int_equal(phc_start_at(&source, &config, &env, &kernel, &places), 0);
	return source.impl;
}

static void poll_times(struct phc *p, int times)
{
	while (times--)
		look_at_clock(p);
}

static int setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	memset(&told, 0, sizeof(told));
	memset(&config, 0, sizeof(config));
	device.methods = (1u << PHC_METHODS) - 1;
	device.realtime_shift_ns = TIME_OF_DAY_NS;
	device.offset_ns = TIME_OF_DAY_NS + TAI_OFFSET_S * NS_PER_S;
	interface_index = 3;
	snprintf(tree, sizeof(tree), "/tmp/phc-XXXXXX");
	assert_non_null(mkdtemp(tree));
	snprintf(dev, sizeof(dev), "%s/dev", tree);
	put_file("dev/ptp3", "");
	put_file("class/ptp/ptp3/clock_name", "igb-00:11\n");
	put_file("class/ptp/ptp3/device/net/eth0/address", "");
	put_file("class/ptp/ptp4/clock_name", "KVM virtual PTP\n");
	put_file("class/ptp/ptp5/clock_name", "a thing\n");
	snprintf(config.name, sizeof(config.name), "phc");
	config.type = SOURCE_TYPE_PHC;
	snprintf(config.device, sizeof(config.device), "%.240s/ptp3", dev);
	config.timescale = TIMESCALE_TAI;
	config.reads = 5;
	config.min_poll_s = config.max_poll_s = 1;
	config.max_error_ns = 100;
	return 0;
}

static int teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	if (source.impl)
		source_stop(&source);
	snprintf(command, sizeof(command), "rm -r %s", tree);
	return system(command) ? -1 : 0;
}

/* Where the counter was when the device showed the time of an event: this device knows. */
static uint64_t true_counter(const struct event_phc *e, const struct counter *counter)
{
	int64_t at_raw_ns = e->t_ns +
			    (config.timescale == TIMESCALE_TAI ? TAI_OFFSET_S * NS_PER_S : 0) -
			    device.offset_ns;

	return counter == &fast ? COUNTER_START + TICKS_PER_NS * (uint64_t)at_raw_ns
				: (uint64_t)at_raw_ns;
}

static void assert_brackets_truth(const struct counter *counter)
{
	const struct event_phc *e = &told.last.phc;
	uint64_t truth = true_counter(e, counter);
	/* The device shows whole ns. */
	uint64_t ns = counter == &fast ? TICKS_PER_NS : 1;

	assert_int_equal(told.last.kind, EVENT_PHC);
	assert_true(counter_diff(truth + ns, e->c_before) >= 0);
	assert_true(counter_diff(e->c_after + ns, truth) >= 0);
}

static void every_method_brackets_the_true_moment(void **state)
{
	static const struct counter *const counters[] = {&fast, &raw};

	(void)state;
	for (unsigned int m = 0; m < PHC_METHODS; m++)
		for (unsigned int c = 0; c < 2; c++) {
			struct phc *p;

			device.methods = 1u << m;
			p = start(counters[c]);
			for (int i = 0; i < 1000; i++) {
				look_at_clock(p);
				assert_brackets_truth(counters[c]);
			}
			assert_int_equal(p->clock.device.method, m);
			assert_int_equal(told.offline, 0);
			source_stop(&source);
		}
}

static void the_best_method_is_taken_and_the_next_when_it_is_refused(void **state)
{
	struct phc *p = start(&fast);

	(void)state;
	for (unsigned int m = 0; m < PHC_METHODS; m++) {
		look_at_clock(p);
		assert_int_equal(p->clock.device.method, m);
		device.methods &= ~(1u << m);
	}
	look_at_clock(p);
	assert_non_null(strstr(source.claims.problem, "the device cannot be read"));
	/* A driver that only was resetting its device has everything again. */
	device.methods = (1u << PHC_METHODS) - 1;
	look_at_clock(p);
	assert_int_equal(p->clock.device.method, PHC_PRECISE);
}

static void a_capture_without_the_systems_clock_is_not_used(void **state)
{
	static const struct counter *const counters[] = {&fast, &raw};

	(void)state;
	device.no_stamp = true;
	for (int i = 0; i < 2; i++) {
		struct phc *p = start(counters[i]);

		look_at_clock(p);
		assert_int_equal(p->clock.device.method, PHC_EXTENDED_RAW);
		assert_brackets_truth(counters[i]);
		source_stop(&source);
	}
}

static void stamps_of_another_time_leave_the_next_method(void **state)
{
	struct phc *p;

	(void)state;
	device.methods = 1u << PHC_EXTENDED_RAW | 1u << PHC_EXTENDED;
	device.strange_raw = true;
	p = start(&fast);
	look_at_clock(p);
	assert_int_equal(p->clock.device.method, PHC_EXTENDED);
	assert_brackets_truth(&fast);
	source_stop(&source);
}

static void tai_is_told_as_utc_and_utc_as_it_is(void **state)
{
	int64_t now_ns;
	struct phc *p = start(&raw);

	(void)state;
	look_at_clock(p);
	now_ns = raw_ns() + TIME_OF_DAY_NS;
	assert_true(llabs(told.last.phc.t_ns - now_ns) < NS_PER_S / 2);
	source_stop(&source);
	config.timescale = TIMESCALE_UTC;
	device.offset_ns = TIME_OF_DAY_NS;
	p = start(&raw);
	look_at_clock(p);
	assert_true(llabs(told.last.phc.t_ns - now_ns) < NS_PER_S / 2);
}

static void conventions_are_known_by_driver_and_never_guessed(void **state)
{
	struct phc_identity identity = {.index = -1};

	(void)state;
	config.device[0] = '\0';
	config.timescale = TIMESCALE_AUTO;
	snprintf(config.clock_name, sizeof(config.clock_name), "igb-00:11");
	look_at_clock(start(&raw));
	assert_int_equal(((struct phc *)source.impl)->clock.timescale, TIMESCALE_TAI);
	source_stop(&source);
	snprintf(config.clock_name, sizeof(config.clock_name), "KVM virtual PTP");
	look_at_clock(start(&raw));
	assert_int_equal(((struct phc *)source.impl)->clock.timescale, TIMESCALE_UTC);
	source_stop(&source);
	told.events = 0;
	snprintf(config.clock_name, sizeof(config.clock_name), "a thing");
	look_at_clock(start(&raw));
	assert_int_equal(told.events, 0);
	assert_string_equal(source.claims.problem, "nobody says whether 'a thing' keeps TAI or "
						   "UTC: give timescale = tai or utc");
	assert_int_equal(phc_convention(&places, &identity), TIMESCALE_AUTO);
}

static void clocks_are_found_by_name_and_by_interface(void **state)
{
	(void)state;
	snprintf(config.clock_name, sizeof(config.clock_name), "KVM virtual PTP");
	look_at_clock(start(&raw));
	assert_string_equal(device.path + strlen(tree), "/dev/ptp4");
	assert_string_equal(source.claims.reference, "KVM virtual PTP");
	source_stop(&source);
	snprintf(config.clock_name, sizeof(config.clock_name), "nobody");
	look_at_clock(start(&raw));
	assert_string_equal(source.claims.problem, "no PTP clock is called 'nobody'");
	source_stop(&source);
	config.clock_name[0] = config.device[0] = '\0';
	snprintf(config.interface, sizeof(config.interface), "eth0");
	look_at_clock(start(&raw));
	assert_string_equal(device.path + strlen(tree), "/dev/ptp3");
	assert_string_equal(source.claims.address + strlen(source.claims.address) - 5, "/ptp3");
	source_stop(&source);
	interface_index = -ENODEV;
	look_at_clock(start(&raw));
	assert_string_equal(source.claims.problem,
			    "interface eth0 has no PTP clock or is not there");
}

static void the_clock_of_a_bond_follows_its_active_port(void **state)
{
	struct phc *p;

	(void)state;
	config.device[0] = '\0';
	snprintf(config.interface, sizeof(config.interface), "bond0");
	put_file("class/net/bond0/bonding/active_slave", "eth0\n");
	p = start(&raw);
	look_at_clock(p);
	assert_string_equal(interface_asked, "eth0");
	assert_string_equal(device.path + strlen(tree), "/dev/ptp3");
	put_file("class/net/bond0/bonding/active_slave", "eth1\n");
	interface_index = 4;
	phc_clock_look_again(&p->clock);
	look_at_clock(p);
	assert_string_equal(interface_asked, "eth1");
	assert_string_equal(device.path + strlen(tree), "/dev/ptp4");
	/* Without being told, too. */
	put_file("class/net/bond0/bonding/active_slave", "eth0\n");
	interface_index = 3;
	poll_times(p, LOOKS_TO_ASK);
	assert_string_equal(device.path + strlen(tree), "/dev/ptp3");
	assert_int_equal(told.events, 2 + LOOKS_TO_ASK);
	/* No active port for a moment: the clock that is open goes on. */
	put_file("class/net/bond0/bonding/active_slave", "\n");
	poll_times(p, 3 * LOOKS_TO_ASK);
	assert_int_equal(told.events, 2 + 4 * LOOKS_TO_ASK);
}

static void a_busy_device_is_dropped_within_three_polls_and_comes_back(void **state)
{
	struct phc *p = start(&fast);

	(void)state;
	look_at_clock(p);
	device.busy = UINT_MAX;
	poll_times(p, 2);
	assert_int_equal(told.offline, 0);
	look_at_clock(p);
	assert_int_equal(told.offline, 1);
	assert_non_null(strstr(source.claims.problem, "the device is busy"));
	assert_int_equal(source.stats.reach, 8);
	poll_times(p, 100);
	assert_int_equal(told.offline, 1);
	assert_int_equal(told.events, 1);
	device.busy = 0;
	look_at_clock(p);
	assert_int_equal(told.events, 2);
	assert_string_equal(source.claims.problem, "");
	assert_false(p->dropped);
}

static void a_device_that_allows_one_read_is_read_once(void **state)
{
	(void)state;
	device.methods = 1u << PHC_EXTENDED;
	device.most_reads = 1;
	look_at_clock(start(&fast));
	assert_int_equal(told.events, 1);
	assert_int_equal(device.calls, 2);
}

static void a_device_that_goes_is_dropped_at_once_and_found_under_another_number(void **state)
{
	struct phc *p;

	(void)state;
	config.device[0] = '\0';
	snprintf(config.clock_name, sizeof(config.clock_name), "igb-00:11");
	p = start(&fast);
	look_at_clock(p);
	device.gone = true;
	put_file("class/ptp/ptp3/clock_name", "something else\n");
	look_at_clock(p);
	assert_int_equal(told.offline, 1);
	assert_non_null(strstr(source.claims.problem, "the device is gone"));
	poll_times(p, 5);
	assert_string_equal(source.claims.problem, "no PTP clock is called 'igb-00:11'");
	device.gone = false;
	put_file("class/ptp/ptp17/clock_name", "igb-00:11\n");
	look_at_clock(p);
	assert_string_equal(device.path + strlen(tree), "/dev/ptp17");
	assert_int_equal(told.events, 2);
	assert_int_equal(told.offline, 1);
}

static void a_device_may_come_late(void **state)
{
	struct phc *p = start(&fast);

	(void)state;
	device.gone = true;
	poll_times(p, 5);
	assert_int_equal(told.offline, 1);
	assert_non_null(strstr(source.claims.problem, "No such file or directory"));
	device.gone = false;
	look_at_clock(p);
	assert_int_equal(told.events, 1);
}

static void a_device_without_a_file_is_one_all_the_same(void **state)
{
	(void)state;
	snprintf(config.device, sizeof(config.device), "/nowhere/ptp4");
	look_at_clock(start(&fast));
	assert_int_equal(told.events, 1);
	assert_string_equal(device.path, "/nowhere/ptp4");
	assert_string_equal(source.claims.reference, "KVM virtual PTP");
}

static void nonsense_is_refused(void **state)
{
	struct phc *p = start(&fast);

	(void)state;
	device.methods &= ~(1u << PHC_PRECISE);
	device.garbage = true;
	poll_times(p, 3);
	assert_int_equal(told.events, 0);
	assert_int_equal(told.offline, 1);
	assert_non_null(strstr(source.claims.problem, "no sensible time"));
	device.garbage = false;
	device.offset_ns = 0;
	look_at_clock(p);
	assert_int_equal(told.events, 0);
	assert_string_equal(source.claims.problem,
			    "the clock was never set: it shows a time before 2000");
}

static void a_clock_that_is_set_during_the_read_spoils_only_that_read(void **state)
{
	struct phc *p;

	(void)state;
	device.methods = 1u << PHC_EXTENDED | 1u << PHC_PLAIN;
	device.shift_in_call_ns = 5000000;
	p = start(&fast);
	look_at_clock(p);
	assert_int_equal(told.events, 0);
	assert_non_null(strstr(source.claims.problem, "clock was set"));
	/* A slew of hundreds of ns between the two sides makes the bracket wider, never wrong. */
	device.shift_in_call_ns = 300;
	for (int i = 0; i < 100; i++) {
		look_at_clock(p);
		assert_brackets_truth(&fast);
	}
	assert_int_equal(told.events, 100);
}

static void an_error_is_never_taken_as_zero(void **state)
{
	struct phc *p;

	(void)state;
	config.max_error_ns = 0;
	p = start(&fast);
	look_at_clock(p);
	assert_int_equal(told.events, 1);
	assert_true(isinf(told.last.phc.max_error_ns));
	assert_string_equal(source.claims.problem, "nothing states the clock's own error, so it "
						   "gives no bound: set max-error");
	source_stop(&source);
	config.max_error_ns = 250;
	p = start(&fast);
	look_at_clock(p);
	assert_true(told.last.phc.max_error_ns == 0); /* the operator's comes on top */
	assert_string_equal(source.claims.problem, "");
}

static void the_bound_that_a_driver_publishes_is_read_each_time(void **state)
{
	struct phc *p = start(&fast);

	(void)state;
	put_file("class/ptp/ptp3/device/phc_error_bound", "17000\n");
	look_at_clock(p);
	assert_true(told.last.phc.max_error_ns == 17000);
	assert_true(source.claims.root_dispersion_ns == 17000);
	put_file("class/ptp/ptp3/device/phc_error_bound", "42000\n");
	look_at_clock(p);
	assert_true(told.last.phc.max_error_ns == 42000);
	put_file("class/ptp/ptp3/device/phc_error_bound", "4294967295\n");
	poll_times(p, 3);
	assert_int_equal(told.events, 2);
	assert_int_equal(told.offline, 1);
	assert_non_null(strstr(source.claims.problem, "not synchronised"));
	put_file("class/ptp/ptp3/device/phc_error_bound", "0x10\n");
	look_at_clock(p);
	assert_int_equal(told.events, 2);
	assert_string_equal(source.claims.problem,
			    "phc_error_bound holds no number of nanoseconds");
}

static void error_bounds_are_whole_ns_and_not_zero(void **state)
{
	static const struct {
		const char *text;
		int err;
		double ns;
	} cases[] = {
		{"1", 0, 1},
		{"123456\n", 0, 123456},
		{"4294967294", 0, 4294967294.0},
		{"0\n", -ENODATA, 0},
		{"4294967295", -ENODATA, 0},
		{"99999999999", -ENODATA, 0},
		{"", -EBADMSG, 0},
		{"-5", -EBADMSG, 0},
		{"12 ns", -EBADMSG, 0},
		{"1e3", -EBADMSG, 0},
		{"9999999999999", -EBADMSG, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double ns = 0;

		assert_int_equal(phc_parse_error_bound(cases[i].text, strlen(cases[i].text), &ns),
				 cases[i].err);
		assert_true(ns == cases[i].ns);
	}
}

static void a_clock_is_worth_no_more_than_its_dpll(void **state)
{
	char link[PATH_MAX + 64];
	struct phc *p = start(&fast);

	(void)state;
	snprintf(link, sizeof(link), "%s/class/ptp/ptp3/device/driver", tree);
	assert_int_equal(symlink("../../bus/pci/drivers/ice", link), 0);
	dpll_lock = DPLL_UNLOCKED;
	look_at_clock(p);
	assert_int_equal(told.events, 1); /* nobody asked for it */
	config.dpll = true;
	poll_times(p, 3);
	assert_string_equal(dpll_asked, "ice");
	assert_int_equal(told.events, 1);
	assert_int_equal(told.offline, 1);
	assert_string_equal(source.claims.problem, "the card's DPLL is not locked");
	dpll_lock = DPLL_HOLDOVER;
	look_at_clock(p);
	assert_int_equal(told.events, 2);
	assert_true(isinf(told.last.phc.max_error_ns)); /* whatever the operator stated */
	dpll_lock = DPLL_LOCKED;
	look_at_clock(p);
	assert_true(told.last.phc.max_error_ns == 0);
	assert_string_equal(source.claims.problem, "");
	dpll_lock = -ENOENT;
	look_at_clock(p);
	assert_true(told.last.phc.max_error_ns == 0);
	assert_non_null(strstr(source.claims.problem, "dpll = on has no effect"));
}

/* As the kernel would send it. */
static size_t dpll_message(uint8_t *out, const char *module, uint32_t type, uint32_t status)
{
	struct nl_msg *message = nlmsg_alloc();
	size_t size;

	genlmsg_put(message, 0, 0, 0x20, 0, 0, 2, 1);
	nla_put_u32(message, 1, 0);
	nla_put_string(message, 2, module);
	nla_put_u32(message, 7, status);
	nla_put_u32(message, 9, type);
	size = nlmsg_hdr(message)->nlmsg_len;
	memcpy(out, nlmsg_hdr(message), size);
	nlmsg_free(message);
	return size;
}

static void dpll_answers_are_understood(void **state)
{
	static const enum dpll_lock locks[] = {DPLL_UNLOCKED, DPLL_UNLOCKED, DPLL_LOCKED,
					       DPLL_LOCKED,   DPLL_HOLDOVER, DPLL_UNLOCKED};
	_Alignas(8) uint8_t message[256];
	struct dpll_device out;
	size_t size;

	(void)state;
	for (uint32_t status = 0; status < 6; status++) {
		size = dpll_message(message, "ice", 1, status);
		assert_int_equal(dpll_parse(message, size, &out), 0);
		assert_string_equal(out.module, "ice");
		assert_true(out.is_pps);
		assert_int_equal(out.lock, locks[status]);
	}
	size = dpll_message(message, "a name that is longer than any module's is", 2, 2);
	assert_int_equal(dpll_parse(message, size, &out), 0);
	assert_false(out.is_pps);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(dpll_parse(message, cut, &out), -EBADMSG);
	/* This kernel has none, or none of that name. */
	assert_true(dpll_lock_of_module("no module") < 0);
}

static void polls_follow_the_configured_interval(void **state)
{
	struct phc *p;

	(void)state;
	config.min_poll_s = config.max_poll_s = 4;
	p = start(&fast);
	assert_true(source.poll_s == 4);
	poll_due(&p->timer, INT64_C(1000) * NS_PER_S);
	assert_true(p->timer.linked);
	assert_true(p->timer.at_ns <= 1004 * NS_PER_S && p->timer.at_ns > 1003 * NS_PER_S);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_method_brackets_the_true_moment),
		TEST(the_best_method_is_taken_and_the_next_when_it_is_refused),
		TEST(a_capture_without_the_systems_clock_is_not_used),
		TEST(stamps_of_another_time_leave_the_next_method),
		TEST(tai_is_told_as_utc_and_utc_as_it_is),
		TEST(conventions_are_known_by_driver_and_never_guessed),
		TEST(clocks_are_found_by_name_and_by_interface),
		TEST(the_clock_of_a_bond_follows_its_active_port),
		TEST(a_busy_device_is_dropped_within_three_polls_and_comes_back),
		TEST(a_device_that_allows_one_read_is_read_once),
		TEST(a_device_that_goes_is_dropped_at_once_and_found_under_another_number),
		TEST(a_device_may_come_late),
		TEST(a_device_without_a_file_is_one_all_the_same),
		TEST(nonsense_is_refused),
		TEST(a_clock_that_is_set_during_the_read_spoils_only_that_read),
		TEST(an_error_is_never_taken_as_zero),
		TEST(the_bound_that_a_driver_publishes_is_read_each_time),
		TEST(error_bounds_are_whole_ns_and_not_zero),
		TEST(a_clock_is_worth_no_more_than_its_dpll),
		TEST(dpll_answers_are_understood),
		TEST(polls_follow_the_configured_interval),
	};

	return cmocka_run_group_tests_name("phc", tests, NULL, NULL);
}
