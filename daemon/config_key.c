// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of configuration keys; adding a key is adding a row (and a paragraph to the manual). */
#include "config_key.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define C(member) offsetof(struct config, member)
#define S(member) offsetof(struct config_source, member)

/* A UNIX socket's address holds 108 bytes; interface names are IFNAMSIZ. */
enum { SOCKET_PATH_MAX = 108, INTERFACE_MAX = 16 };

/* By enum source_type; in the words of `type` they stand in the same order. */
static const char *const type_names[CONFIG_TYPES_MAX] = {
	"ntp", "pool", "system", "phc", "pps", "latch", "sock", "shm", "vmclock", "extts"};

/* clang-format off */
const struct config_key config_keys[] = {
	{ "clock", "counter", CONFIG_WORD, C(counter), .fallback = "tsc",
	  .words = "tsc|vcnt|monotonic-raw" },
	{ "clock", "counter-check", CONFIG_WORD, C(counter_check), .fallback = "strict",
	  .words = "strict|kernel" },
	{ "clock", "max-rate-change", CONFIG_RATE_PPB, C(max_rate_change_ppb), 1, 500e3,
	  .fallback = "1 ppm", .online = true },
	{ "clock", "monotonic", CONFIG_SWITCH, C(monotonic), .fallback = "on" },
	{ "clock", "nesting-horizon", CONFIG_TIME_S, C(nesting_horizon_s), 1, 600,
	  .fallback = "60 s", .online = true },
	{ "clock", "max-slew", CONFIG_RATE_PPB, C(max_slew_ppb), 100, 500e3, .fallback = "50 ppm",
	  .online = true },
	{ "clock", "unreliable-above", CONFIG_TIME_NS, C(unreliable_above_ns), 1e3, 1e12,
	  .fallback = "1 s", .online = true },
	{ "clock", "leap-file", CONFIG_PATH, C(leap_file), .max = CONFIG_PATH_MAX, .online = true },
	{ "clock", "tai-offset", CONFIG_INTEGER, C(tai_offset_s), .min = 10, .max = 100,
	  .online = true },

	{ "page", "file", CONFIG_PATH, C(page_file), 0, CONFIG_PATH_MAX,
	  .fallback = "/run/vmclock/page" },
	{ "page", "driver", CONFIG_PATH, C(page_driver), 0, CONFIG_PATH_MAX, .fallback = "auto",
	  .words = "auto|off" },
	{ "page", "lease", CONFIG_TIME_NS, C(page_lease_ns), 1e9, 3600e9, .fallback = "10 s" },
	{ "page", "kvm", CONFIG_PATH, C(page_kvm), 0, CONFIG_PATH_MAX, .fallback = "auto",
	  .words = "auto|off" },

	{ "host", "clock", CONFIG_WORD, C(host_clock), .fallback = "off",
	  .words = "off|adjtimex|kernel|auto" },
	{ "host", "step-above", CONFIG_TIME_NS, C(step_above_ns), 1e3, 1e10,
	  .fallback = "100 ms", .online = true },
	{ "host", "step-limit", CONFIG_INTEGER, C(step_limit), 0, 1000, .fallback = "3",
	  .online = true },

	{ "control", "socket", CONFIG_PATH, C(control_socket), 0, SOCKET_PATH_MAX,
	  .fallback = "/run/vmclock/control", .words = "none" },
	{ "control", "group", CONFIG_NAME, C(control_group), 0, CONFIG_NAME_MAX,
	  .fallback = "vmclock" },

	{ "log", "journal", CONFIG_SWITCH, C(journal), .fallback = "on", .online = true },
	{ "log", "event-log", CONFIG_PATH, C(event_log), 0, CONFIG_PATH_MAX, .fallback = "none",
	  .words = "none", .online = true },
	{ "log", "statistics", CONFIG_PATH, C(statistics), 0, CONFIG_PATH_MAX,
	  .fallback = "none", .words = "none", .online = true },
	{ "log", "statistics-interval", CONFIG_TIME_S, C(statistics_interval_s), 1, 86400,
	  .fallback = "60 s", .online = true },

	{ "ntp", "keys", CONFIG_PATH, C(ntp_keys), 0, CONFIG_PATH_MAX, .fallback = "none",
	  .words = "none", .online = true },

	{ "state", "file", CONFIG_PATH, C(state_file), 0, CONFIG_PATH_MAX,
	  .fallback = "/var/lib/vmclock/state", .words = "none", .online = true },

	{ "process", "realtime", CONFIG_INTEGER, C(realtime_priority), 1, 99, .fallback = "off",
	  .words = "off" },
	{ "process", "cpu", CONFIG_CPUS, C(cpu_list), 0, sizeof(((struct config *)0)->cpu_list),
	  .fallback = "any", .words = "any" },
	{ "process", "lock-memory", CONFIG_SWITCH, C(lock_memory), .fallback = "off" },
	{ "process", "hotplug", CONFIG_WORD, C(hotplug), .fallback = "auto",
	  .words = "auto|on|off" },

	{ "source", "type", CONFIG_WORD, S(type),
	  .words = "ntp|pool|system|phc|pps|latch|sock|shm|vmclock|extts" },
	{ "source", "prefer", CONFIG_SWITCH, S(prefer), .fallback = "off", .online = true },
	{ "source", "trust", CONFIG_SWITCH, S(trust), .fallback = "off", .online = true },
	{ "source", "noselect", CONFIG_SWITCH, S(noselect), .fallback = "off", .online = true },
	{ "source", "offset", CONFIG_TIME_NS, S(offset_ns), -1e9, 1e9, .fallback = "0 ns" },
	{ "source", "max-error", CONFIG_TIME_NS, S(max_error_ns), 0, 1e10, .fallback = "0 ns" },
	{ "source", "min-poll", CONFIG_TIME_S, S(min_poll_s), .min = 1, .max = 1024,
	  .online = true },
	{ "source", "max-poll", CONFIG_TIME_S, S(max_poll_s), .min = 1, .max = 1024,
	  .online = true },
	{ "source", "min-samples", CONFIG_INTEGER, S(min_samples), 1, 64, .fallback = "1",
	  .online = true },
	{ "source", "address", CONFIG_ADDRESS, S(host), 0, CONFIG_HOST_MAX,
	  .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "iburst", CONFIG_SWITCH, S(iburst), .fallback = "on",
	  .types = CONFIG_NTP | CONFIG_POOL, .online = true },
	{ "source", "interleaved", CONFIG_SWITCH, S(interleaved), .fallback = "off",
	  .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "timestamps", CONFIG_WORD, S(timestamps), .fallback = "auto",
	  .words = "auto|kernel|daemon", .later = "hardware", .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "interface", CONFIG_NAME, S(interface), 0, INTERFACE_MAX, .fallback = "any",
	  .words = "any",
	  .types = CONFIG_NTP | CONFIG_POOL | CONFIG_PHC | CONFIG_EXTTS },
	{ "source", "nts", CONFIG_SWITCH, S(nts), .fallback = "off",
	  .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "nts-port", CONFIG_INTEGER, S(nts_port), 1, UINT16_MAX, .fallback = "4460",
	  .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "nts-trust", CONFIG_PATH, S(nts_trust), 0, CONFIG_PATH_MAX, .fallback = "none",
	  .words = "none", .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "sources", CONFIG_INTEGER, S(pool_sources), 1, 16, .fallback = "4",
	  .types = CONFIG_POOL },
	{ "source", "device", CONFIG_PATH, S(device), 0, CONFIG_PATH_MAX,
	  .types = CONFIG_PHC | CONFIG_PPS | CONFIG_LATCH | CONFIG_VMCLOCK | CONFIG_EXTTS },
	{ "source", "clock-name", CONFIG_TEXT, S(clock_name), 0,
	  sizeof(((struct config_source *)0)->clock_name),
	  .types = CONFIG_PHC | CONFIG_EXTTS },
	{ "source", "pps-name", CONFIG_TEXT, S(pps_name), 0,
	  sizeof(((struct config_source *)0)->pps_name), .types = CONFIG_PPS },
	{ "source", "timescale", CONFIG_WORD, S(timescale), .fallback = "auto",
	  .words = "auto|tai|utc", .types = CONFIG_PHC },
	{ "source", "reads", CONFIG_INTEGER, S(reads), 1, 25, .fallback = "5",
	  .types = CONFIG_PHC | CONFIG_EXTTS },
	{ "source", "ptp4l", CONFIG_PATH, S(ptp4l), 0, SOCKET_PATH_MAX, .fallback = "none",
	  .words = "none", .types = CONFIG_PHC },
	{ "source", "ptp-domain", CONFIG_INTEGER, S(ptp_domain), 0, 255, .fallback = "0",
	  .types = CONFIG_PHC },
	{ "source", "dpll", CONFIG_SWITCH, S(dpll), .fallback = "off", .types = CONFIG_PHC },
	{ "source", "key", CONFIG_INTEGER, S(key), 1, UINT32_MAX, .fallback = "none",
	  .words = "none", .types = CONFIG_NTP | CONFIG_POOL },
	{ "source", "edge", CONFIG_WORD, S(edge), .fallback = "assert", .words = "assert|clear",
	  .types = CONFIG_PPS | CONFIG_EXTTS },
	{ "source", "lock", CONFIG_NAME, S(lock), 0, CONFIG_NAME_MAX, .fallback = "any",
	  .words = "any", .types = CONFIG_MARKS },
	{ "source", "max-latency", CONFIG_TIME_NS, S(max_latency_ns), 0, 0.4e9,
	  .types = CONFIG_PPS },
	{ "source", "max-jitter", CONFIG_TIME_NS, S(max_jitter_ns), 1e3, 0.1e9,
	  .fallback = "1 ms", .types = CONFIG_MARKS },
	{ "source", "socket", CONFIG_PATH, S(socket), 0, SOCKET_PATH_MAX, .types = CONFIG_LATCH },
	{ "source", "uncertainty", CONFIG_TICKS, S(uncertainty_ticks), 0, 1e9,
	  .fallback = "2 ticks", .types = CONFIG_LATCH },
	{ "source", "path", CONFIG_PATH, S(socket), 0, SOCKET_PATH_MAX, .types = CONFIG_SOCK },
	{ "source", "unit", CONFIG_INTEGER, S(unit), 0, 255, .fallback = "0",
	  .types = CONFIG_SHM },
	{ "source", "channel", CONFIG_INTEGER, S(channel), 0, 63, .fallback = "0",
	  .types = CONFIG_EXTTS },
	{ "source", "pin", CONFIG_INTEGER, S(pin), 0, 63, .types = CONFIG_EXTTS },
	{ 0 },
};
/* clang-format on */

static_assert(sizeof(enum source_type) == sizeof(int), "words and integers are stored as int");

const struct config_key *config_key_find(const char *section, const char *name)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if (!strcmp(key->section, section) && !strcmp(key->name, name))
			return key;
	return NULL;
}

const char *config_key_section(const char *section)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if (!strcmp(key->section, section))
			return key->section;
	return NULL;
}

uint64_t config_key_bit(const struct config_key *key)
{
	const struct config_key *first = config_keys;

	while (!strcmp(key->section, "source") && strcmp(first->section, "source"))
		first++;
	return UINT64_C(1) << (key - first);
}

const char *config_type_name(enum source_type type)
{
	return type_names[type];
}

void config_type_list(unsigned int types, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < CONFIG_TYPES_MAX && used < size; i++) {
		unsigned int rest = types >> i;

		if (rest & 1)
			used += (size_t)snprintf(out + used, size - used, "%s%s",
						 !used	    ? ""
						 : rest > 1 ? ", "
							    : " or ",
						 type_names[i]);
	}
}

void config_key_list(const char *section, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct config_key *key = config_keys; key->name && used < size; key++)
		if (!strcmp(key->section, section))
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 key->name);
}
