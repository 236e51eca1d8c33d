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

/*
 * The counter at device time t_ns, which lies between two readings of the device or a little after
 * the later one. False: the device stepped, or runs beyond 500 ppm of the counter's nominal rate,
 * or t_ns is far from both. *ticks_per_ns: the rate between the readings before these, 0 if not
 * known; that between these afterwards. Where they differ somebody steers the clock, and the
 * uncertainty is larger by what that can have done since the edge.
 */
bool extts_convert(const struct phc_reading *before, const struct phc_reading *after, int64_t t_ns,
		   double ns_per_tick, double *ticks_per_ns, struct event_edge *out);

#endif
