// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration: every kind of value, every kind of fault with its line, files and drop-ins. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "own_directory.h"
#include "config.h"
#include "config_key.h"
#include "config_value.h"

static struct config config;
static char message[512];

static int parse(const char *text)
{
	message[0] = '\0';
	return config_parse(&config, text, strlen(text), "f", message, sizeof(message));
}

/* Parses into fresh defaults and checks the whole. */
static int parse_all(const char *text)
{
	int err;

	config_defaults(&config);
	err = parse(text);
	return err ? err : config_check(&config, message, sizeof(message));
}

static void assert_fault(const char *text, const char *expected)
{
	if (parse_all(text) != -EINVAL)
		fail_msg("accepted: %s", text);
	assert_string_equal(message, expected);
}

/* The message starts like this (the list of what is allowed follows). */
static void assert_fault_starts(const char *text, const char *expected)
{
	if (parse_all(text) != -EINVAL)
		fail_msg("accepted: %s", text);
	if (strncmp(message, expected, strlen(expected)))
		fail_msg("%s\n  instead of: %s", message, expected);
	assert_non_null(strstr(message, "; expected "));
}

static void assert_taken(const char *text)
{
	if (parse_all(text))
		fail_msg("refused: %s: %s", text, message);
}

/* One that is not would leave zero behind, which no range is asked about. */
static void every_default_is_a_value_that_its_key_takes(void **state)
{
	static union {
		struct config config;
		struct config_source source;
	} scratch;
	char why[256];

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->fallback && config_value_set(key, key->fallback, &scratch, why, sizeof(why)))
			fail_msg("[%s] %s = %s: %s", key->section, key->name, key->fallback, why);
}

static void defaults_are_those_of_the_manual(void **state)
{
	(void)state;
	config_defaults(&config);
	assert_int_equal(config.counter, COUNTER_TSC);
	assert_int_equal(config.counter_check, COUNTER_CHECK_STRICT);
	assert_true(config.max_rate_change_ppb == 1000);
	assert_true(config.monotonic);
	assert_true(config.nesting_horizon_s == 60);
	assert_true(config.max_slew_ppb == 50e3);
	assert_true(config.unreliable_above_ns == 1e9);
	assert_string_equal(config.leap_file, "");
	assert_false(config.tai_offset_set);
	assert_string_equal(config.page_file, "/run/vmclock/page");
	assert_string_equal(config.control_socket, "/run/vmclock/control");
	assert_string_equal(config.control_group, "vmclock");
	assert_true(config.journal);
	assert_string_equal(config.event_log, "");
	assert_string_equal(config.state_file, "/var/lib/vmclock/state");
	assert_int_equal(config.realtime_priority, 0);
	assert_string_equal(config.cpu_list, "");
	assert_false(config.lock_memory);
	assert_int_equal(config.source_count, 0);
}

static void source_defaults_depend_on_its_type(void **state)
{
	const struct config_source *s = config.sources;

	(void)state;
	assert_taken(
		"[source a]\ntype = ntp\naddress = 192.0.2.1\n"
		"[source b]\ntype = pool\naddress = pool.example\n[source c]\ntype = system\n");
	assert_int_equal(config.source_count, 3);
	assert_true(s[0].min_poll_s == 1 && s[0].max_poll_s == 64);
	assert_true(s[1].min_poll_s == 64 && s[1].max_poll_s == 1024);
	assert_true(s[2].min_poll_s == 1 && s[2].max_poll_s == 64);
	assert_int_equal(s[1].pool_sources, 4);
	for (int i = 0; i < 3; i++) {
		assert_false(s[i].prefer || s[i].trust || s[i].noselect);
		assert_true(s[i].offset_ns == 0 && s[i].max_error_ns == 0);
		assert_int_equal(s[i].min_samples, 1);
		assert_int_equal(s[i].port, 123);
		assert_true(s[i].iburst);
		assert_int_equal(s[i].timestamps, TIMESTAMPS_AUTO);
		assert_string_equal(s[i].interface, "");
	}
}

static void an_open_end_of_the_poll_range_follows_the_other(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = pool\naddress = a\nmax-poll = 32 s\n");
	assert_true(config.sources[0].min_poll_s == 32 && config.sources[0].max_poll_s == 32);
	assert_taken("[source a]\ntype = ntp\naddress = a\nmin-poll = 128 s\n");
	assert_true(config.sources[0].min_poll_s == 128 && config.sources[0].max_poll_s == 128);
}

static void every_unit_is_converted(void **state)
{
	static const struct {
		const char *text;
		double ns;
	} offsets[] = {{"1 ns", 1},    {"120 us", 120e3}, {"250 ms", 250e6}, {"1 s", 1e9},
		       {"-1 s", -1e9}, {"+0.5 us", 500},  {"0.25ms", 250e3}, {"-120  ns", -120}};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		snprintf(text, sizeof(text), "[source a]\ntype=system\noffset = %s\n",
			 offsets[i].text);
		assert_taken(text);
		assert_true(config.sources[0].offset_ns == offsets[i].ns);
	}
	assert_taken("[clock]\nmax-rate-change = 15 ppm\nmax-slew = 15000 ppb\n");
	assert_true(config.max_rate_change_ppb == 15e3 && config.max_slew_ppb == 15e3);
	assert_taken("[clock]\nnesting-horizon = 1500 ms\n");
	assert_true(config.nesting_horizon_s == 1.5);
}

static void words_and_switches_are_stored(void **state)
{
	(void)state;
	assert_taken("[clock]\ncounter = monotonic-raw\ncounter-check = kernel\nmonotonic = off\n"
		     "tai-offset = 38\nleap-file = /a/b\n"
		     "[page]\nfile = /p\ndriver = off\n[host]\nclock = off\n"
		     "[control]\nsocket = none\ngroup = staff\n"
		     "[log]\njournal = off\nevent-log = /e\n[state]\nfile = none\n"
		     "[process]\nrealtime = 50\ncpu = 0-3,8\nlock-memory = on\n");
	assert_int_equal(config.counter, COUNTER_MONOTONIC_RAW);
	assert_int_equal(config.counter_check, COUNTER_CHECK_KERNEL);
	assert_false(config.monotonic);
	assert_true(config.tai_offset_set);
	assert_int_equal(config.tai_offset_s, 38);
	assert_string_equal(config.leap_file, "/a/b");
	assert_string_equal(config.page_file, "/p");
	assert_string_equal(config.control_socket, "");
	assert_string_equal(config.control_group, "staff");
	assert_false(config.journal);
	assert_string_equal(config.event_log, "/e");
	assert_string_equal(config.state_file, "");
	assert_int_equal(config.realtime_priority, 50);
	assert_string_equal(config.cpu_list, "0-3,8");
	assert_true(config.lock_memory);
}

static void the_driver_is_a_word_or_a_device(void **state)
{
	(void)state;
	assert_taken("");
	assert_string_equal(config.page_driver, "auto");
	assert_true(config.page_lease_ns == 10e9);
	assert_taken("[page]\ndriver = off\nlease = 2500 ms\n");
	assert_string_equal(config.page_driver, "off");
	assert_true(config.page_lease_ns == 2.5e9);
	assert_taken("[page]\ndriver = /dev/other\n");
	assert_string_equal(config.page_driver, "/dev/other");
	assert_fault("[page]\ndriver = on\n", "f:2: driver = on: not an absolute path; expected "
					      "auto|off or an absolute path of at most 255 bytes");
	assert_fault("[page]\nlease = 999 ms\n", "f:2: lease = 999 ms: out of range; expected a "
						 "time with unit (s, ms, us, ns), from 1 s to "
						 "3600 s");
}

static void source_keys_are_stored(void **state)
{
	const struct config_source *s = config.sources;

	(void)state;
	assert_taken("[source lan]\ntype = pool\naddress = time.example:1123\nprefer = on\n"
		     "trust = on\nmin-poll = 2 s\nmax-poll = 512 s\nmin-samples = 8\niburst = off\n"
		     "timestamps = daemon\ninterface = eth0.5\nsources = 16\nmax-error = 3 us\n"
		     "nts = off\ninterleaved = on\n[source x]\ntype = system\nnoselect = on\n");
	assert_string_equal(s->name, "lan");
	assert_int_equal(s->type, SOURCE_TYPE_POOL);
	assert_string_equal(s->host, "time.example");
	assert_int_equal(s->port, 1123);
	assert_true(s->prefer && s->trust && !s->noselect && !s->iburst && s->interleaved);
	assert_true(s->min_poll_s == 2 && s->max_poll_s == 512 && s->max_error_ns == 3000);
	assert_int_equal(s->min_samples, 8);
	assert_int_equal(s->timestamps, TIMESTAMPS_DAEMON);
	assert_string_equal(s->interface, "eth0.5");
	assert_int_equal(s->pool_sources, 16);
	assert_string_equal(s->file, "f");
	assert_int_equal(s->line, 1);
	assert_true(s[1].noselect);
	assert_int_equal(s[1].line, 16);
}

static void addresses_of_both_families_are_split(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		uint16_t port;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", 123},
		{"192.0.2.1:1", "192.0.2.1", 1},
		{"ntp.example.org:65535", "ntp.example.org", 65535},
		{"2001:db8::1", "2001:db8::1", 123},
		{"[2001:db8::1]", "2001:db8::1", 123},
		{"[2001:db8::1]:4123", "2001:db8::1", 4123},
		{"::1", "::1", 123},
		{"fe80::1%eth0", "fe80::1%eth0", 123},
		{"[fe80::1%eth0]:5", "fe80::1%eth0", 5},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[source a]\ntype=ntp\naddress = %s\n", cases[i].text);
		assert_taken(text);
		assert_string_equal(config.sources[0].host, cases[i].host);
		assert_int_equal(config.sources[0].port, cases[i].port);
	}
}

static void bad_addresses_are_refused(void **state)
{
	static const char *const cases[] = {
		"a:0",	"a:65536",  "a:",     "a:12x",	  ":123",
		"[::1", "[::1]x",   "[]:12",  "1:2:3",	  "[1.2.3.4]",
		"a b",	"http://a", "[::1]:", "fe80::1%", "fe80::1%a b",
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[source a]\ntype=ntp\naddress = %s\n", cases[i]);
		assert_fault_starts(text, "f:3: address = ");
	}
}

/* A value of a key as one would write it, in the unit of storage. */
static void print_number(const struct config_key *key, double value, char *out, size_t size)
{
	const char *unit = "";

	if (key->kind == CONFIG_TIME_NS)
		unit = " ns";
	else if (key->kind == CONFIG_TIME_S)
		unit = " s";
	else if (key->kind == CONFIG_RATE_PPB)
		unit = " ppb";
	snprintf(out, size, "%.3f%s", value, unit);
	if (key->kind == CONFIG_INTEGER)
		snprintf(out, size, "%.0f", value);
}

/* Every numeric row of the table: both ends are taken, one step beyond each is not. */
static void ranges_hold_at_both_ends(void **state)
{
	unsigned int keys = 0;
	char text[64];
	char why[256];

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++) {
		double step = key->kind == CONFIG_INTEGER ? 1 : 0.001;
		union {
			struct config config;
			struct config_source source;
		} *base = calloc(1, sizeof(*base));

		assert_non_null(base);
		if (key->kind == CONFIG_TIME_NS || key->kind == CONFIG_TIME_S ||
		    key->kind == CONFIG_RATE_PPB || key->kind == CONFIG_INTEGER) {
			print_number(key, key->min, text, sizeof(text));
			assert_int_equal(config_value_set(key, text, base, why, sizeof(why)), 0);
			print_number(key, key->max, text, sizeof(text));
			assert_int_equal(config_value_set(key, text, base, why, sizeof(why)), 0);
			print_number(key, key->min - step, text, sizeof(text));
			assert_int_equal(config_value_set(key, text, base, why, sizeof(why)),
					 -EINVAL);
			print_number(key, key->max + step, text, sizeof(text));
			assert_int_equal(config_value_set(key, text, base, why, sizeof(why)),
					 -EINVAL);
			assert_int_equal(strncmp(why, "out of range; expected ", 23), 0);
			keys++;
		}
		free(base);
	}
	assert_true(keys >= 11);
}

static void wrong_numbers_and_units_are_refused(void **state)
{
	(void)state;
	assert_fault("[clock]\nmax-slew = 50 s\n",
		     "f:2: max-slew = 50 s: wrong unit; expected a rate with unit (ppm, ppb), "
		     "from 100 ppb to 500 ppm");
	assert_fault("[clock]\n\nnesting-horizon = 60\n",
		     "f:3: nesting-horizon = 60: no unit; expected a time with unit "
		     "(s, ms, us, ns), from 1 s to 600 s");
	assert_fault("[clock]\nunreliable-above = soon\n",
		     "f:2: unreliable-above = soon: not a number; expected a time with unit "
		     "(s, ms, us, ns), from 1 us to 1000 s");
	assert_fault_starts("[clock]\nmax-slew = 50 ppm x\n",
			    "f:2: max-slew = 50 ppm x: wrong unit");
	assert_fault_starts("[clock]\nmax-slew = nan ppm\n",
			    "f:2: max-slew = nan ppm: not a number");
	assert_fault_starts("[clock]\nmax-slew = inf ppm\n",
			    "f:2: max-slew = inf ppm: not a number");
	assert_fault_starts("[clock]\nmax-slew = 0x10 ppm\n",
			    "f:2: max-slew = 0x10 ppm: wrong unit");
	assert_fault_starts("[clock]\nmax-slew = 5. ppm\n", "f:2: max-slew = 5. ppm: not a number");
	assert_fault_starts("[clock]\nmax-slew = 5e1 ppm\n", "f:2: max-slew = 5e1 ppm: wrong unit");
	assert_fault_starts("[clock]\nmax-slew =\n", "f:2: max-slew = : not a number");
	assert_fault("[clock]\ntai-offset = -37\n",
		     "f:2: tai-offset = -37: out of range; expected a whole number from 10 to 100");
	assert_fault_starts("[clock]\ntai-offset = 37.5\n",
			    "f:2: tai-offset = 37.5: not a whole number");
	assert_fault_starts("[clock]\ntai-offset = 99999999999\n",
			    "f:2: tai-offset = 99999999999: out of range");
}

static void wrong_words_paths_and_lists_are_refused(void **state)
{
	(void)state;
	assert_fault("[clock]\ncounter = hpet\n",
		     "f:2: counter = hpet: not a word that this key knows; "
		     "expected tsc|vcnt|monotonic-raw");
	assert_fault("[clock]\nmonotonic = yes\n",
		     "f:2: monotonic = yes: neither on nor off; expected on|off");
	assert_fault("[page]\nfile = page\n", "f:2: file = page: not an absolute path; expected an "
					      "absolute path of at most 255 bytes");
	assert_fault_starts("[state]\nfile =\n",
			    "f:2: file = : empty; expected none or an absolute");
	assert_fault_starts("[control]\ngroup = a b\n", "f:2: group = a b: not a name");
	assert_fault_starts("[process]\ncpu = 3-1\n", "f:2: cpu = 3-1: not a list");
	assert_fault_starts("[process]\ncpu = 1,\n", "f:2: cpu = 1,: not a list");
	assert_fault_starts("[process]\ncpu = 1024\n", "f:2: cpu = 1024: not a list");
	assert_fault_starts("[process]\ncpu = ,1\n", "f:2: cpu = ,1: not a list");
	assert_fault_starts("[process]\ncpu = 1-2-3\n", "f:2: cpu = 1-2-3: not a list");
	assert_fault_starts("[source a]\ntype = system\ninterface = a/b\n", "f:3: interface = a/b");
	assert_fault_starts("[source a]\ninterface = sixteen-letters-\n",
			    "f:2: interface = sixteen-letters-: too long");
	assert_taken("[process]\ncpu = 1023\n");
	assert_taken("[process]\ncpu = 2-2,0\n");
}

static void a_socket_path_fits_the_address_of_a_socket(void **state)
{
	char text[160];

	(void)state;
	snprintf(text, sizeof(text), "[control]\nsocket = /%0106d\n", 0);
	assert_taken(text);
	snprintf(text, sizeof(text), "[control]\nsocket = /%0107d\n", 0);
	assert_int_equal(parse_all(text), -EINVAL);
	assert_non_null(
		strstr(message, ": too long; expected none or an absolute path of at most 107"));
}

static void unknown_sections_and_keys_are_refused(void **state)
{
	(void)state;
	assert_fault("# a comment\n[clok]\n",
		     "f:2: unknown section [clok]; expected [clock], [page], [host], [control], "
		     "[log], [ntp], [state], [process] or [source NAME]");
	assert_fault("[control]\nsocket = none\npath = /x\n",
		     "f:3: unknown key 'path' in [control]; expected one of socket, group");
	assert_fault("counter = tsc\n",
		     "f:1: 'counter' outside of a section; expected [SECTION] first");
	assert_fault_starts("[source]\n", "f:1: unknown section [source]");
	assert_fault_starts("[source a b]\n", "f:1: [source a b]: bad name");
	assert_fault_starts("[source ]\n", "f:1: [source ]: bad name");
	assert_fault_starts("[source 12345678901234567890123456789012]\n",
			    "f:1: [source 12345678901234567890123456789012]: bad name");
	assert_fault_starts("[source a]\nprefers = on\n",
			    "f:2: unknown key 'prefers' in [source a]");
	assert_taken("[source 1234567890123456789012345678901]\ntype = system\n");
}

static void lines_that_are_no_setting_are_refused(void **state)
{
	(void)state;
	assert_fault("[clock]\nmonotonic\n", "f:2: not a setting; expected KEY = VALUE");
	assert_fault("[clock] monotonic = on\n",
		     "f:1: '[clock] monotonic = on'; expected [SECTION] alone on its line");
	assert_fault("[clock\n", "f:1: '[clock'; expected [SECTION] alone on its line");
	assert_fault("[\n", "f:1: '['; expected [SECTION] alone on its line");
	assert_fault_starts("[]\n", "f:1: unknown section []");
	/* The first fault is the one that is told. */
	assert_fault("[clock]\nmonotonic\nfoo = 1\n", "f:2: not a setting; expected KEY = VALUE");
	assert_fault_starts("[clock]\nfoo = 1\nmonotonic\n", "f:2: unknown key 'foo'");
}

static void long_lines_and_control_characters_are_refused(void **state)
{
	static const char nul[] = "[clock]\nmonotonic = o\0n\n";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "[page]\nfile = /%0190d\n", 0);
	assert_taken(text);
	assert_int_equal(strlen(config.page_file), 191);
	snprintf(text, sizeof(text), "[page]\nfile = /%0191d\n", 0);
	assert_fault(text, "f:2: line of 199 bytes; expected at most 198");
	snprintf(text, sizeof(text), "#%0220d\n", 0);
	assert_fault(text, "f:1: line of 221 bytes; expected at most 198");
	assert_fault("[clock]\nmonotonic = o\x01n\n",
		     "f:2: byte 0x01; expected text without control characters");
	config_defaults(&config);
	assert_int_equal(config_parse(&config, nul, sizeof(nul) - 1, "f", message, sizeof(message)),
			 -EINVAL);
	assert_string_equal(message, "f:2: byte 0x00; expected text without control characters");
}

static void blanks_comments_and_line_ends_do_not_matter(void **state)
{
	(void)state;
	assert_taken("\xef\xbb\xbf[clock] ; first\r\n"
		     "  max-slew=20 ppm # fast enough\r\n"
		     "\t\tmonotonic = off\n"
		     "; no key = here\n#nor = here\n\n"
		     "[page]\nfile = /a#b;c");
	assert_true(config.max_slew_ppb == 20e3);
	assert_false(config.monotonic);
	assert_string_equal(config.page_file, "/a#b;c");
}

static void a_key_stands_once_in_a_file(void **state)
{
	(void)state;
	assert_fault("[clock]\nmonotonic = on\nmonotonic = on\n",
		     "f:3: 'monotonic' a second time in [clock]; expected it once in a file");
	assert_fault("[source a]\ntype = system\n[clock]\n[source a]\ntype = system\n",
		     "f:5: 'type' a second time in [source a]; expected it once in a file");
	assert_taken("[source a]\ntype = system\nprefer = on\n[source b]\ntype = system\n"
		     "prefer = on\n[source a]\ntrust = on\n");
	assert_int_equal(config.source_count, 2);
	assert_true(config.sources[0].trust);
}

static void a_later_file_wins_and_adds(void **state)
{
	(void)state;
	assert_taken("[clock]\nmonotonic = off\nmax-slew = 10 ppm\n"
		     "[source a]\ntype = ntp\naddress = a\nprefer = on\n");
	assert_int_equal(parse("[clock]\nmonotonic = on\n[source a]\naddress = b\n"), 0);
	assert_true(config.monotonic);
	assert_true(config.max_slew_ppb == 10e3);
	assert_int_equal(config.source_count, 1);
	assert_string_equal(config.sources[0].host, "b");
	assert_true(config.sources[0].prefer);
}

static void keys_of_another_type_are_refused_in_any_order(void **state)
{
	(void)state;
	assert_fault("[source a]\ntype = ntp\nsources = 4\n",
		     "f:3: source 'a' of type ntp has 'sources'; expected it in type pool only");
	assert_fault("[source a]\nsources = 4\ntype = ntp\n",
		     "f:3: source 'a' of type ntp has 'sources'; expected it in type pool only");
	assert_fault("[source a]\ntype = system\naddress = b\n",
		     "f:3: source 'a' of type system has 'address'; "
		     "expected it in type ntp or pool only");
	assert_taken("[source a]\nsources = 4\naddress = b\ntype = pool\n");
}

static void a_phc_is_named_in_one_way(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = phc\ndevice = /dev/ptp0\n");
	assert_int_equal(config.sources[0].reads, 5);
	assert_true(config.sources[0].timescale == TIMESCALE_AUTO);
	assert_true(config.sources[0].min_poll_s == 1 && config.sources[0].max_poll_s == 1);
	assert_taken("[source a]\ntype = phc\nclock-name = KVM virtual PTP\ntimescale = utc\n");
	assert_string_equal(config.sources[0].clock_name, "KVM virtual PTP");
	assert_true(config.sources[0].timescale == TIMESCALE_UTC);
	assert_fault("[source a]\ntype = phc\ninterface = eth0\ndevice = /dev/ptp0\n",
		     "f:1: [source a]: no clock, or more than one; expected one of device, "
		     "clock-name and interface");
	assert_fault("[source a]\ntype = phc\ninterface = any\n",
		     "f:1: [source a]: no clock, or more than one; expected one of device, "
		     "clock-name and interface");
	assert_taken("[source a]\ntype = extts\ninterface = eth0\nchannel = 1\n");
	assert_int_equal(config.sources[0].pin, -1);
	assert_true(isinf(config.sources[0].max_error_ns));
	assert_true(config_marks_seconds(&config.sources[0]));
	assert_taken("[source a]\ntype = extts\ndevice = /dev/ptp0\npin = 0\nedge = clear\n");
	assert_int_equal(config.sources[0].pin, 0);
	assert_fault("[source a]\ntype = extts\nchannel = 1\n",
		     "f:1: [source a]: no clock, or more than one; expected one of device, "
		     "clock-name and interface");
	assert_fault("[source a]\ntype = phc\nreads = 26\n",
		     "f:3: reads = 26: out of range; expected a whole number from 1 to 25");
	assert_fault("[source a]\ntype = phc\niburst = on\n",
		     "f:3: source 'a' of type phc has 'iburst'; expected it in type ntp or pool "
		     "only");
	assert_fault("[source a]\ntype = system\ninterface = eth0\n",
		     "f:3: source 'a' of type system has 'interface'; expected it in type ntp, "
		     "pool, phc or extts only");
}

static void a_pulse_has_no_bound_that_nobody_stated(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = pps\ndevice = /dev/pps0\n");
	assert_true(isinf(config.sources[0].max_error_ns));
	assert_true(isinf(config.sources[0].max_latency_ns));
	assert_true(config.sources[0].max_jitter_ns == 1e6);
	assert_true(config.sources[0].edge == EDGE_ASSERT);
	assert_true(config_marks_seconds(&config.sources[0]));
	assert_taken("[source a]\ntype = pps\ndevice = /dev/pps0\nmax-error = 100 ns\n"
		     "max-latency = 20 us\nedge = clear\nmax-jitter = 50 us\n");
	assert_true(config.sources[0].max_error_ns == 100);
	assert_true(config.sources[0].max_latency_ns == 20e3);
	assert_true(config.sources[0].edge == EDGE_CLEAR);
	assert_taken("[source a]\ntype = pps\npps-name = pps-gpio.0\n");
	assert_string_equal(config.sources[0].pps_name, "pps-gpio.0");
	assert_fault(
		"[source a]\ntype = pps\ndevice = /dev/pps0\npps-name = pps-gpio.0\n",
		"f:1: [source a]: neither or both of device and pps-name; expected one of them");
	assert_fault("[source a]\ntype = phc\npps-name = pps-gpio.0\n",
		     "f:3: source 'a' of type phc has 'pps-name'; expected it in type pps only");
	assert_fault(
		"[source a]\ntype = pps\n",
		"f:1: [source a]: neither or both of device and pps-name; expected one of them");
	assert_fault("[source a]\ntype = pps\ndevice = /dev/pps0\nmax-latency = 20 us\n",
		     "f:1: [source a]: max-latency without max-error; expected both, or neither");
}

static void a_lock_is_on_another_source_that_has_a_bound(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = pps\ndevice = /dev/pps0\nlock = b\n"
		     "[source b]\ntype = system\n");
	assert_string_equal(config.sources[0].lock, "b");
	assert_fault("[source a]\ntype = pps\ndevice = /dev/pps0\nlock = a\n",
		     "f:1: [source a]: lock on a source that is not there; expected the name of "
		     "another source");
	assert_fault("[source a]\ntype = pps\ndevice = /dev/pps0\nlock = b\n"
		     "[source b]\ntype = pps\ndevice = /dev/pps1\n",
		     "f:1: [source a]: lock on a source that has no bound; expected max-error in "
		     "that source");
	assert_fault("[source b]\ntype = system\nlock = c\n",
		     "f:3: source 'b' of type system has 'lock'; expected it in type pps, latch, "
		     "sock, shm or extts only");
}

static void the_host_clock_follows_only_when_asked_to(void **state)
{
	(void)state;
	assert_taken("");
	assert_int_equal(config.host_clock, HOST_CLOCK_MODE_OFF);
	assert_true(config.step_above_ns == 100e6 && config.step_limit == 3);
	assert_taken("[host]\nclock = adjtimex\nstep-above = 1 s\nstep-limit = 0\n");
	assert_int_equal(config.host_clock, HOST_CLOCK_MODE_ADJTIMEX);
	assert_true(config.step_above_ns == 1e9 && config.step_limit == 0);
	assert_taken("[host]\nclock = kernel\n");
	assert_int_equal(config.host_clock, HOST_CLOCK_MODE_KERNEL);
	assert_taken("[host]\nclock = auto\n");
	assert_int_equal(config.host_clock, HOST_CLOCK_MODE_AUTO);
	assert_fault_starts("[host]\nclock = kernel\n[source a]\ntype = system\n",
			    "f:3: [source a]: the host's clock as a source");
	assert_fault_starts("[host]\nclock = adjtimex\n[source a]\ntype = system\n",
			    "f:3: [source a]: the host's clock as a source");
}

static void its_own_page_is_no_source(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = vmclock\n");
	assert_true(config.sources[0].min_poll_s == 1 && config.sources[0].max_error_ns == 0);
	assert_taken("[source a]\ntype = vmclock\ndevice = /dev/vmclock0\n");
	assert_fault_starts("[page]\nfile = /p\n[source a]\ntype = vmclock\ndevice = /p\n",
			    "f:3: [source a]: the page that vmclockd itself writes");
	assert_fault_starts("[source a]\ntype = vmclock\ndevice = /dev/vmclock_host\n",
			    "f:1: [source a]: the page that vmclockd itself writes");
}

static void features_of_later_versions_are_refused_by_name(void **state)
{
	(void)state;
	assert_fault_starts("[source a]\ntimestamps = hardware\n",
			    "f:2: timestamps = hardware: this version of vmclockd does not have");
}

static void nts_is_asked_for_with_what_it_needs(void **state)
{
	(void)state;
	assert_taken("[source a]\ntype = ntp\naddress = a\nnts = on\nnts-port = 4461\n"
		     "nts-trust = /ca.pem\n[source b]\ntype = pool\naddress = b\nnts = on\n");
	assert_true(config.sources[0].nts && config.sources[0].nts_port == 4461);
	assert_string_equal(config.sources[0].nts_trust, "/ca.pem");
	assert_true(config.sources[1].nts && config.sources[1].nts_port == 4460);
	assert_string_equal(config.sources[1].nts_trust, "");
	assert_fault("[ntp]\nkeys = /k\n[source a]\ntype = ntp\naddress = a\nnts = on\nkey = 1\n",
		     "f:3: [source a]: nts and key; expected one of them");
	assert_fault("[source a]\ntype = ntp\naddress = a\nnts-trust = /ca.pem\n",
		     "f:1: [source a]: nts-port or nts-trust without NTS; expected nts = on");
	assert_fault("[source a]\ntype = ntp\naddress = a\nnts-port = 4460\n",
		     "f:1: [source a]: nts-port or nts-trust without NTS; expected nts = on");
	assert_fault(
		"[source a]\ntype = ntp\nnts-port = 65536\n",
		"f:3: nts-port = 65536: out of range; expected a whole number from 1 to 65535");
	assert_fault("[source a]\ntype = ntp\nnts-trust = ca.pem\n",
		     "f:3: nts-trust = ca.pem: not an absolute path; expected none or an absolute "
		     "path of at most 255 bytes");
	assert_fault("[source a]\ntype = phc\nnts = on\n",
		     "f:3: source 'a' of type phc has 'nts'; expected it in type ntp or pool only");
}

static void sources_have_to_be_complete_and_consistent(void **state)
{
	(void)state;
	assert_fault("\n[source a]\nprefer = on\n",
		     "f:2: [source a]: no type; expected type = TYPE, such as ntp");
	assert_fault("[source a]\ntype = ntp\n",
		     "f:1: [source a]: no address; expected address = HOST[:PORT]");
	assert_fault("[source a]\ntype = system\nmin-poll = 8 s\nmax-poll = 4 s\n",
		     "f:1: [source a]: min-poll is above max-poll; expected min-poll <= max-poll");
	assert_fault_starts("[source a]\ntype = system\nnoselect = on\ntrust = on\n",
			    "f:1: [source a]: noselect together with prefer or trust");
	assert_fault_starts("[source a]\ntype = pool\naddress = p\n[source a.1]\ntype = system\n",
			    "f:4: [source a.1]: name of a pool's member");
	assert_taken("[source a]\ntype = pool\naddress = p\n[source a.b]\ntype = system\n");
}

static void at_most_64_sources_counting_the_members_of_pools(void **state)
{
	static char text[8192];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 64; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "[source s%d]\ntype = system\n", i);
	assert_taken(text);
	assert_int_equal(config.source_count, 64);
	snprintf(text + used, sizeof(text) - used, "[source more]\n");
	assert_int_equal(parse_all(text), -EINVAL);
	assert_string_equal(message, "f:129: [source more]: too many sources; expected at most 64");
}

static void pool_members_take_places_too(void **state)
{
	(void)state;
	assert_fault_starts("[source a]\ntype = pool\naddress = a\nsources = 16\n"
			    "[source b]\ntype = pool\naddress = b\nsources = 16\n"
			    "[source c]\ntype = pool\naddress = c\nsources = 16\n"
			    "[source d]\ntype = pool\naddress = d\nsources = 16\n"
			    "[source e]\ntype = system\n",
			    "f:17: [source e]: too many sources");
}

/* A directory of its own for each test of files. */
static char path[128];

static void put(const char *name, const char *text)
{
	char file[160];
	FILE *stream;

	snprintf(file, sizeof(file), "%s/%s", directory, name);
	stream = fopen(file, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static int make_paths(void **state)
{
	int rc = make_directory(state);

	snprintf(path, sizeof(path), "%s/c.conf", directory);
	return rc;
}

static int read_files(void)
{
	message[0] = '\0';
	return config_read(&config, path, message, sizeof(message));
}

static void put_drop_in(const char *name, const char *text)
{
	char file[160];

	snprintf(file, sizeof(file), "%s/c.conf.d", directory);
	assert_true(mkdir(file, 0755) == 0 || errno == EEXIST);
	snprintf(file, sizeof(file), "c.conf.d/%s", name);
	put(file, text);
}

static void without_sources_the_pool_is_asked(void **state)
{
	(void)state;
	put("c.conf", "# nothing\n");
	assert_int_equal(read_files(), 0);
	assert_int_equal(config.source_count, 1);
	assert_string_equal(config.sources[0].name, "pool");
	assert_string_equal(config.sources[0].host, "pool.ntp.org");
	assert_int_equal(config.sources[0].type, SOURCE_TYPE_POOL);
	assert_int_equal(config.sources[0].pool_sources, 4);
	assert_true(config.sources[0].min_poll_s == 64);
	assert_true(config.sources[0].iburst);
}

static void drop_ins_are_read_in_the_order_of_their_names(void **state)
{
	(void)state;
	put("c.conf", "[clock]\nmax-slew = 1 ppm\nmax-rate-change = 7 ppm\n"
		      "[source a]\ntype = system\n");
	put_drop_in("20-b.conf", "[clock]\nmax-slew = 3 ppm\n[source b]\ntype = system\n");
	put_drop_in("10-a.conf", "[clock]\nmax-slew = 2 ppm\nmonotonic = off\n");
	put_drop_in("30-c.conf.bak", "[clock]\nmax-slew = 4 ppm\n");
	put_drop_in(".hidden.conf", "[clock]\nmax-rate-change = 5 ppm\n");
	assert_int_equal(read_files(), 0);
	assert_true(config.max_slew_ppb == 3e3);
	assert_true(config.max_rate_change_ppb == 7e3);
	assert_false(config.monotonic);
	assert_int_equal(config.source_count, 2);
}

static void a_source_in_a_drop_in_replaces_the_default_pool(void **state)
{
	(void)state;
	put("c.conf", "");
	put_drop_in("x.conf", "[source only]\ntype = system\n");
	assert_int_equal(read_files(), 0);
	assert_int_equal(config.source_count, 1);
	assert_string_equal(config.sources[0].name, "only");
}

static void a_fault_in_a_drop_in_names_that_file(void **state)
{
	char expected[256];

	(void)state;
	put("c.conf", "[source a]\ntype = system\n");
	put_drop_in("x.conf", "[source a]\n\nmin-samples = 0\n");
	assert_int_equal(read_files(), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s.d/x.conf:3: min-samples = 0: out of range; expected a whole number from 1 to "
		 "64",
		 path);
	assert_string_equal(message, expected);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	char expected[256];

	(void)state;
	assert_int_equal(read_files(), -ENOENT);
	snprintf(expected, sizeof(expected),
		 "%s: No such file or directory; expected a readable configuration file", path);
	assert_string_equal(message, expected);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(read_files(), -EISDIR);
	assert_int_equal(config_read(&config, "/dev/zero", message, sizeof(message)), -EFBIG);
	assert_int_equal(config_read(&config, "/dev/null", message, sizeof(message)), 0);
}

static void a_drop_in_directory_that_is_none_is_refused(void **state)
{
	(void)state;
	put("c.conf", "");
	put("c.conf.d", "");
	assert_int_equal(read_files(), -ENOTDIR);
	assert_non_null(strstr(message, "c.conf.d: Not a directory; expected a directory"));
}

static void shipped_files_are_accepted(void **state)
{
	static const char *const files[] = {"vmclockd.conf",
					    "examples/ntp-only.conf",
					    "examples/chrony-stays.conf",
					    "examples/cloud-phc.conf",
					    "examples/nic-ptp4l.conf",
					    "examples/gnss-pps.conf",
					    "examples/gpsd.conf",
					    "examples/latched-tsc.conf",
					    "examples/nts.conf"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", CONF_DIR, files[i]);
		if (read_files())
			fail_msg("%s", message);
	}
}

/* Every setting that vmclockd.conf shows in a comment is the default and is accepted as written. */
static void the_commented_default_shows_the_defaults(void **state)
{
	static struct config defaults;
	static char text[1 << 16];
	char line[256];
	size_t used = 0;
	FILE *stream = fopen(CONF_DIR "/vmclockd.conf", "r");

	(void)state;
	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream)) {
		const char *from = line[0] == '#' && line[1] != ' ' ? line + 1 : line;

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", from);
	}
	fclose(stream);
	assert_taken(text);
	config_defaults(&defaults);
	config.source_count = 0;
	memset(config.sources, 0, sizeof(config.sources));
	assert_memory_equal(&config, &defaults, sizeof(config));
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_paths, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_a_value_that_its_key_takes),
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(source_defaults_depend_on_its_type),
		cmocka_unit_test(an_open_end_of_the_poll_range_follows_the_other),
		cmocka_unit_test(every_unit_is_converted),
		cmocka_unit_test(words_and_switches_are_stored),
		cmocka_unit_test(the_driver_is_a_word_or_a_device),
		cmocka_unit_test(source_keys_are_stored),
		cmocka_unit_test(addresses_of_both_families_are_split),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(ranges_hold_at_both_ends),
		cmocka_unit_test(wrong_numbers_and_units_are_refused),
		cmocka_unit_test(wrong_words_paths_and_lists_are_refused),
		cmocka_unit_test(a_socket_path_fits_the_address_of_a_socket),
		cmocka_unit_test(unknown_sections_and_keys_are_refused),
		cmocka_unit_test(lines_that_are_no_setting_are_refused),
		cmocka_unit_test(long_lines_and_control_characters_are_refused),
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_matter),
		cmocka_unit_test(a_key_stands_once_in_a_file),
		cmocka_unit_test(a_later_file_wins_and_adds),
		cmocka_unit_test(keys_of_another_type_are_refused_in_any_order),
		cmocka_unit_test(a_phc_is_named_in_one_way),
		cmocka_unit_test(a_pulse_has_no_bound_that_nobody_stated),
		cmocka_unit_test(a_lock_is_on_another_source_that_has_a_bound),
		cmocka_unit_test(the_host_clock_follows_only_when_asked_to),
		cmocka_unit_test(its_own_page_is_no_source),
		cmocka_unit_test(features_of_later_versions_are_refused_by_name),
		cmocka_unit_test(nts_is_asked_for_with_what_it_needs),
		cmocka_unit_test(sources_have_to_be_complete_and_consistent),
		cmocka_unit_test(at_most_64_sources_counting_the_members_of_pools),
		cmocka_unit_test(pool_members_take_places_too),
		FILE_TEST(without_sources_the_pool_is_asked),
		FILE_TEST(drop_ins_are_read_in_the_order_of_their_names),
		FILE_TEST(a_source_in_a_drop_in_replaces_the_default_pool),
		FILE_TEST(a_fault_in_a_drop_in_names_that_file),
		FILE_TEST(files_that_cannot_be_read_are_named),
		FILE_TEST(a_drop_in_directory_that_is_none_is_refused),
		cmocka_unit_test(shipped_files_are_accepted),
		cmocka_unit_test(the_commented_default_shows_the_defaults),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
