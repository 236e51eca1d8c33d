/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of configuration keys: one row says all about a key. */
#ifndef VMCLOCK_CONFIG_KEY_H
#define VMCLOCK_CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum config_kind {
	CONFIG_WORD,	 /* one of `words`; stored as its place among them (an enum) */
	CONFIG_SWITCH,	 /* on|off, stored as bool */
	CONFIG_TIME_NS,	 /* time with unit, stored as double ns */
	CONFIG_TIME_S,	 /* time with unit, stored as double s */
	CONFIG_RATE_PPB, /* rate with unit, stored as double ppb */
	CONFIG_TICKS,	 /* counter ticks with unit, stored as double */
	CONFIG_INTEGER,	 /* whole number, stored as int or unsigned; `words` stands for 0 */
	CONFIG_PATH,	 /* absolute path below `max` bytes; `words`: one stands for "", several for
			  * themselves */
	CONFIG_NAME,	 /* letters, digits and ._- below `max` bytes; `words` as for a path */
	CONFIG_TEXT,	 /* printable text below `max` bytes */
	CONFIG_ADDRESS,	 /* HOST[:PORT] of a source, stored as host and port */
	CONFIG_CPUS,	 /* list of processors, "0-3,8"; `words` stands for "" */
};

enum {
	CONFIG_NTP = 1 << SOURCE_TYPE_NTP,
	CONFIG_POOL = 1 << SOURCE_TYPE_POOL,
	CONFIG_PHC = 1 << SOURCE_TYPE_PHC,
	CONFIG_PPS = 1 << SOURCE_TYPE_PPS,
	CONFIG_LATCH = 1 << SOURCE_TYPE_LATCH,
	CONFIG_SOCK = 1 << SOURCE_TYPE_SOCK,
	CONFIG_SHM = 1 << SOURCE_TYPE_SHM,
	CONFIG_VMCLOCK = 1 << SOURCE_TYPE_VMCLOCK,
	CONFIG_EXTTS = 1 << SOURCE_TYPE_EXTTS,
	CONFIG_MARKS = CONFIG_PPS | CONFIG_LATCH | CONFIG_SOCK | CONFIG_SHM | CONFIG_EXTTS,
	CONFIG_TYPES_MAX = 16,
};

struct config_key {
	const char *section; /* "source" for each [source NAME] */
	const char *name;
	enum config_kind kind;
	size_t offset; /* in struct config, or struct config_source */
	double min;    /* in the unit of storage; texts: max is the size of the buffer */
	double max;
	const char *fallback; /* default as one would write it; NULL: nothing, or by type */
	const char *words;    /* "a|b|c" */
	const char *later;    /* words that a later version may have */
	unsigned int types;   /* source types that it belongs to; 0: all */
	/* May change while the daemon runs; of a source, without an end of its history. Any other
	 * key takes effect when the daemon, or that source, starts anew. */
	bool online;
};

/* Ends with a row without a name; the keys of sources come last. */
extern const struct config_key config_keys[];

/* NULL: no such key in this section. */
const struct config_key *config_key_find(const char *section, const char *name);

/* The section's name as it stands in the table, NULL: no such section. */
const char *config_key_section(const char *section);

uint64_t config_key_bit(const struct config_key *key);

/* As in the configuration. */
const char *config_type_name(enum source_type type);

/* "ntp", "ntp or pool", "pps, phc or extts": the source types of which `types` holds the bit. */
void config_type_list(unsigned int types, char *out, size_t size);

/* "a, b, c": the keys of a section that this version has. */
void config_key_list(const char *section, char *out, size_t size);

#endif
