/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small world for the filter's tests: an oscillator that wanders, a path that queues, a server.
 */
#ifndef TESTS_UNIT_FILTER_WORLD_H
#define TESTS_UNIT_FILTER_WORLD_H

#include <stdint.h>

#include "clock/filter.h"

enum queueing_shape { EXPONENTIAL, GAMMA_2, PARETO };

struct world {
	uint64_t random;
	double wander;	 /* ns/s per sqrt(s) */
	double rate_ppb; /* of true time against the counter's nominal */
	double phase_ns; /* true time - nominal time since the epoch */
	double now_s;	 /* true time since the epoch */
	double ns_per_tick;
	uint64_t counter_at_epoch;
	int64_t epoch_ns;
	enum queueing_shape shape;
	double base_ns[2];     /* delay of request and reply without queueing */
	double queue_ns[2];    /* mean of the queueing */
	double server_ns;      /* the server is ahead of true time */
	double jitter_ns;      /* of every stamp */
	int64_t resolution_ns; /* the server cuts its stamps off; 1: it does not */
};

/* 1 ns ticks, 20 us of exponential queueing over 100 us each way, wander 1e-9 per sqrt(s). */
void world_init(struct world *w, uint64_t seed);

double world_uniform(struct world *w);
double world_gaussian(struct world *w);

void world_advance(struct world *w, double seconds);
/* The counter as it was or will be away_ns from now. */
uint64_t world_counter(const struct world *w, double away_ns);
int64_t world_time(const struct world *w, double away_ns);
/* An exchange that begins now. */
void world_exchange(struct world *w, struct sample *out);

/* Estimated minus true time at the counter value, which is not far from now. */
double world_error(const struct world *w, const struct filter *f, uint64_t counter);
/* Exchanges, poll_s apart; returns the RMS error just after each. */
double world_run(struct world *w, struct filter *f, unsigned int count, double poll_s);

/* A fresh filter in memory of its own, without a prior; both are released together. */
struct filter *world_filter(const struct world *w);
void world_filter_free(struct filter *f);

#endif
