/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual machine room: an oscillator, servers behind networks, and the clock under test. */
#ifndef VMCLOCK_SIM_WORLD_H
#define VMCLOCK_SIM_WORLD_H

#include <stdio.h>

#include "checker.h"
#include "clock/event.h"
#include "network.h"
#include "oscillator.h"

enum { WORLD_SERVERS_MAX = 8 };

enum server_kind { SERVER_NTP, SERVER_PHC, SERVER_PPS };

struct server_config {
	enum server_kind kind;
	struct direction out;  /* request */
	struct direction back; /* reply */
	double poll_s;
	double loss;	   /* of exchanges, 0..1 */
	double claim_ns;   /* what it says that it may be wrong by */
	double error_ns;   /* what it is wrong by */
	bool edge;	   /* jumps between -claim and +claim instead */
	bool one_leg;	   /* all queueing on one leg, for minutes, then on the other */
	double step_at_s;  /* its time steps, without a word ... */
	double step_ns;	   /* ... by this */
	double quantum_ns; /* all stamps are rounded down to this; 0: ns */
	double noise_ns;   /* PHC: one sigma of a read, cut off at the claim; PPS: mean lateness */
	double latency_ns; /* PPS: the most it is late by, as the operator states; 0: not stated */
	double wild;	   /* PPS: share of edges that are no pulse */
	bool prefer;
	bool trust;
};

struct scenario {
	const char *family;
	uint64_t seed;
	uint64_t stream; /* what all random numbers of this world come from */
	double duration_s;
	double max_rate_change_ppb;
	struct oscillator_config oscillator;
	struct server_config servers[WORLD_SERVERS_MAX];
	unsigned int server_count;
	double outage_from_s, outage_s; /* nobody answers */
	double stall_from_s, stall_s;	/* the daemon is stopped */
	double kill_from_s;		/* 0: never; killed in the first slew after this ... */
	double kill_slew_ppb;		/* ... that is faster than this */
	double dead_s;	       /* the page is read for so long; then a new daemon continues it */
	double settled_from_s; /* the error is judged from here on */
	double bound_from_s;   /* the bound is held against the page from here on */
	double known_bias_ns;  /* by how much nobody could know better */
	bool lies;	       /* servers or the oscillator break their word: no bound can hold */
	bool may_disrupt;      /* a disruption is a legitimate answer */
};

struct result {
	int error; /* -ENOMEM and the like: nothing was tested */
	struct checker checker;
	double reached_s;
	uint64_t samples;
	double settled_rms_ns; /* from settled_from_s on; NAN: no page */
	double noise_ns;       /* median size of a sample's midpoint error */
	uint64_t judged, within_1sigma, within_3sigma;
	uint64_t kept_whole; /* of those judged: pages that are kept for the whole horizon */
	double outage_rms_ns;
	double outage_rate_error_ppb; /* of the estimate when the outage began */
	bool killed;		      /* the moment came */
	bool admitted;		      /* anything but "synchronized, nothing to report" was said */
	double last_bound_ns;
	uint64_t longest_wrong_s; /* longest time with the bound violated and nothing admitted */
};

/* Runs the scenario; with `record`, the events and truths go there as a recording. */
void world_run(const struct scenario *scenario, FILE *record, struct result *out);

#endif
