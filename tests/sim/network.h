/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of a path: a base delay, and queueing of many shapes on top. */
#ifndef VMCLOCK_SIM_NETWORK_H
#define VMCLOCK_SIM_NETWORK_H

#include <stddef.h>

#include "rng.h"

enum shape {
	SHAPE_EXPONENTIAL,
	SHAPE_GAMMA,	 /* parameter: shape; above 1 the edge at the minimum is soft */
	SHAPE_PARETO,	 /* parameter: exponent of the tail */
	SHAPE_BURSTS,	 /* quiet, but for bursts of some seconds; parameter: how much longer */
	SHAPE_BIMODAL,	 /* two paths in turn; parameter: distance over the mean */
	SHAPE_LOGNORMAL, /* parameter: sigma of the logarithm */
	SHAPE_COUNT,
};

struct direction {
	double base_ns;
	enum shape shape;
	double mean_ns; /* median for the heavy-tailed shapes */
	double parameter;
	double correlation; /* 0..1: weight of the last queue in the next, per exchange */
	/* The path gets longer (or shorter) once. */
	double shift_at_s;
	double shift_ns;
	/* Congestion: queueing is `congestion_ns` longer on average for a while. */
	double congestion_from_s;
	double congestion_to_s;
	double congestion_ns;
	/* state */
	double last_ns;
	double burst_until_s;
};

/* The delay of a packet that leaves now, ns. */
double direction_delay(struct direction *d, struct rng *rng, double now_s);
/* The part of it that is the same for every packet now. */
double direction_base(const struct direction *d, double now_s);

void direction_describe(const struct direction *d, char *out, size_t size);

#endif
