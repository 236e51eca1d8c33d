/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world for the clock's tests: an oscillator whose rate the test sets, servers that answer
 * over two legs, a discipline, and a check of every published bound against true time.
 */
#ifndef VMCLOCK_TESTS_CLOCK_WORLD_H
#define VMCLOCK_TESTS_CLOCK_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/clock/discipline.h"

enum { WORLD_SERVERS = 6, WORLD_TURNS = 60000, WORLD_MEMORY = 512 };

/* splitmix64: the same numbers on every machine. */
struct dice {
	uint64_t state;
};

uint64_t dice_bits(struct dice *d);
double dice_unit(struct dice *d); /* [0, 1] */
double dice_between(struct dice *d, double least, double most);
double dice_log_between(struct dice *d, double least, double most);
double dice_exponential(struct dice *d, double mean);

/* True time over the counter, exact: pieces of constant rate. */
struct oscillator {
	double ns_per_tick;
	int64_t epoch_ns; /* true time at the first piece's beginning */
	unsigned int count;
	struct {
		uint64_t counter;
		long double since_ns; /* true ns since epoch */
		double rate_ppb;
	} pieces[WORLD_TURNS];
};

void oscillator_begin(struct oscillator *o, double hz, uint64_t counter, int64_t epoch_ns,
		      double rate_ppb);
/* From this counter value on (not before the last turn). */
void oscillator_turn(struct oscillator *o, uint64_t counter, double rate_ppb);
/* True ns since epoch_ns; extrapolates before the first piece. */
long double oscillator_since(const struct oscillator *o, uint64_t counter);
/* The counter value at that time, of the last piece reached. */
uint64_t oscillator_when(const struct oscillator *o, long double since_ns);
/* time_ns + frac_ns minus true time at `counter`. */
long double oscillator_error(const struct oscillator *o, uint64_t counter, int64_t time_ns,
			     long double frac_ns);

struct server {
	bool on;
	int slot;
	double poll_s;
	double leg_ns[2];   /* base delays */
	double queue_ns[2]; /* means of exponential queueing */
	double claim_ns;
	double error_ns;  /* of its clock: positive is ahead */
	double drift_ppb; /* of its clock, from began on */
	bool edge;	  /* error jumps between -claim and +claim */
	double loss;
	enum sample_kind kind;
	long double next_ns; /* true ns since epoch */
	long double began_ns;
	double error_min_ns, error_max_ns; /* seen */
};

/* What a reader once got, kept to see what becomes of it. */
struct promise {
	uint64_t counter;
	int64_t time_ns;
	double frac_ns;
	double half_ns;
	long double until_ns; /* kept until; true ns since epoch */
};

struct world {
	struct discipline_config config;
	struct discipline *discipline;
	struct oscillator oscillator;
	struct dice dice;
	struct server servers[WORLD_SERVERS];
	long double now_ns; /* true ns since epoch */
	/* An oscillator that exhausts the promise: jumps between the ends of its band. */
	double centre_ppb, swing_ppb, swing_least_s, swing_most_s;
	long double next_swing_ns;
	bool has_page;
	struct publication page;
	struct promise promises[WORLD_MEMORY];
	unsigned int promise_next;
	/* what was found */
	uint64_t publications, samples, refused, disruptions;
	uint64_t bound_violations;
	double worst_violation_ns; /* beyond the bound */
	uint64_t backward_steps;
	uint64_t slews_too_fast;
	double worst_slew_ppb;
	uint64_t broken_promises;
	double worst_broken_ns;
	uint64_t statuses[3]; /* publications of each status */
};

/* 1 GHz, 1 ppm promised, 50 ppm slew; the config may be changed before world_start(). */
void world_defaults(struct world *w, uint64_t seed);
void world_start(struct world *w);
void world_end(struct world *w);

/* A server of a LAN: 50 us a leg, 2 us of queueing, exact, 1 s polls. Its index. */
int world_add(struct world *w);
void world_silence(struct world *w, int server);

/* Runs for so long; checks every publication, and the page in force just before each. */
void world_run(struct world *w, double seconds);
/* The daemon does nothing for so long; the page stays in force and is checked at the end. */
void world_stall(struct world *w, double seconds);

uint64_t world_counter(const struct world *w);
/* The page's line at now, minus true time. */
double world_error_ns(const struct world *w);
double world_bound_ns(const struct world *w); /* of the page, at now */
/* Is true time within the page's bound at this counter value? */
bool world_page_holds(const struct world *w, uint64_t counter);
void world_status(const struct world *w, int server, struct discipline_source_status *out);
void world_totals(const struct world *w, struct discipline_totals *out);
/* No bound missed the truth, no step back, no slew beyond the limit. */
void world_assert_sound(const struct world *w);

#endif
