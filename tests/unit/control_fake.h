/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon without a clock behind it: known numbers for the control server's tests. */
#ifndef VMCLOCK_TESTS_CONTROL_FAKE_H
#define VMCLOCK_TESTS_CONTROL_FAKE_H

#include "daemon/daemon.h"

/* What discipline_get_totals() and discipline_get_source() answer. */
struct control_fake {
	struct daemon daemon;
	struct discipline_totals totals;
	struct discipline_source_status sources[DISCIPLINE_SOURCES_MAX];
	struct config_source configs[3];
	struct source source_room[3]; /* what daemon.sources points to */
	int reload_error;	      /* of daemon_reload() */
	unsigned int reloads;
	struct config edited; /* what sources by hand are parsed into */
	unsigned int edits;
	uint64_t counter; /* what the counter reads next; grows by step at each read */
	uint64_t counter_step;
	const struct source *reset; /* last one that was asked to start over */
};

extern struct control_fake control_fake;

/*
 * A 1 GHz counter at 5,000,000,000, half a second after a line at tai_s 1,800,000,037; three
 * sources: "good" is selected, "liar" is a falseticker, "mute" never answered.
 */
void control_fake_init(void);

#endif
