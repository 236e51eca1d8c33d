/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to ask a server next: the interval, the burst at the start, and what RATE demands. */
#ifndef VMCLOCK_POLL_CONTROL_H
#define VMCLOCK_POLL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define POLL_LONGEST_S 1024.0

struct poll_control {
	double min_s; /* as configured, raised by RATE */
	double max_s;
	double asked_s; /* by RATE; 0: it never came */
	double poll_s;
	unsigned int burst_replies;  /* still wanted at the pace of the burst */
	unsigned int burst_requests; /* that it may still cost */
	unsigned int steady;	     /* replies since the interval last changed */
};

void poll_control_init(struct poll_control *p, double min_s, double max_s, bool burst);

/* Other limits from now on; what RATE asked for stays. */
void poll_control_limit(struct poll_control *p, double min_s, double max_s);

void poll_control_sent(struct poll_control *p);

/* A usable reply came; hint_s is the interval that the discipline would like. */
void poll_control_reply(struct poll_control *p, double hint_s);

/* Nothing usable for 8 polls: back to the shortest interval allowed. */
void poll_control_silent(struct poll_control *p);

/* Kiss code RATE: at least twice the interval, for good; what the server's poll field asks for
 * if that is longer. Ends the burst. */
void poll_control_rate(struct poll_control *p, int server_poll_log2);

/* Seconds until the next request. `random` spreads them: earlier by up to 1/32, at intervals of
 * 2 s and below by up to 1/512, so that samples never come further apart than the interval. */
double poll_control_next_s(const struct poll_control *p, uint32_t random);

#endif
