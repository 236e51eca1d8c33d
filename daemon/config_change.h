/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the configuration in force and another one, and what has to be done. */
#ifndef VMCLOCK_CONFIG_CHANGE_H
#define VMCLOCK_CONFIG_CHANGE_H

#include "config.h"
#include "config_key.h"

enum { CONFIG_KEYS_MAX = 64 };

/* What becomes of a source of the new configuration. */
enum source_change {
	SOURCE_SAME,  /* nothing: it keeps all that it has */
	SOURCE_TUNED, /* it keeps its history, sockets and place: only `online` keys are others */
	SOURCE_AGAIN, /* it starts over: what it measured was measured otherwise */
	SOURCE_ADDED,
};

struct config_change {
	/* Keys outside of sources that are others, in the table's order. */
	const struct config_key *now[CONFIG_KEYS_MAX];	 /* may be applied at once */
	const struct config_key *later[CONFIG_KEYS_MAX]; /* take effect after a restart */
	unsigned int now_count;
	unsigned int later_count;
	struct {
		enum source_change what;
		unsigned int old;      /* place in the old configuration; not with SOURCE_ADDED */
	} sources[CONFIG_SOURCES_MAX]; /* as in the new configuration */
	bool removed[CONFIG_SOURCES_MAX]; /* of the old configuration's sources */
};

/* Pure. Where in which file something was written is no difference; nor is the sources' order. */
void config_compare(const struct config *before, const struct config *after,
		    struct config_change *out);

/* "prefer, max-poll": keys of a source that are others. */
void config_source_keys_changed(const struct config_source *before,
				const struct config_source *after, char *out, size_t size);

/* The value of one key, from one configuration to another; of a source with struct config_source.
 */
void config_value_copy(const struct config_key *key, const void *from, void *to);

#endif
