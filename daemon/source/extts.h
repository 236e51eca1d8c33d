/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pulse per second at a pin of a PTP hardware clock, which stamps it without interrupts. */
#ifndef VMCLOCK_EXTTS_H
#define VMCLOCK_EXTTS_H

#include "phc_clock.h"
#include "source.h"

/* Type `extts`; as source_start(). */
int extts_start(struct source *source, const struct config_source *config, struct source_env *env);

/* The same with a device and a tree of one's own. */
int extts_start_at(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct phc_kernel *kernel,
		   const struct phc_places *places);

/* Of the device, from one reading to another. */
struct extts_rate {
	double ticks_per_ns; /* 0: not known */
	double error;	     /* what the readings' brackets leave open, as a ratio */
};

/*
 * The counter at device time t_ns, which lies between two readings of the device or a little after
 * the later one. False: the device stepped, runs beyond 500 ppm of the counter's nominal rate or is
 * steered by more than 2 ppm from one second to the next, or t_ns is far from both. *rate: that
 * between the readings before these; afterwards that between these. Where they differ somebody
 * steers the clock, or has set it since the edge, and the uncertainty is larger by that.
 */
bool extts_convert(const struct phc_reading *before, const struct phc_reading *after, int64_t t_ns,
		   double ns_per_tick, struct extts_rate *rate, struct event_edge *out);

#endif
