// SPDX-License-Identifier: GPL-2.0-or-later
/* When to ask a server next: the interval, the burst at the start, and what RATE demands. */
#include "poll_control.h"

#include <math.h>

/* Eight requests 2 s apart at most are what public servers expect of a newcomer (RFC 5905 BTIME).
 */
#define BURST_SPACING_S 2.0

enum {
	BURST_REPLIES = 4,
	BURST_REQUESTS = 8,
	/* The noise estimate that the hint rests on needs a few samples at the present interval. */
	STEADY_REPLIES = 4,
};

void poll_control_init(struct poll_control *p, double min_s, double max_s, bool burst)
{
	*p = (struct poll_control){
		.min_s = min_s,
		.max_s = max_s,
		.poll_s = min_s,
		.burst_replies = burst ? BURST_REPLIES : 0,
		.burst_requests = burst ? BURST_REQUESTS : 0,
	};
}

void poll_control_sent(struct poll_control *p)
{
	if (p->burst_requests)
		p->burst_requests--;
}

static double clamp(const struct poll_control *p, double poll_s)
{
	return fmin(fmax(poll_s, p->min_s), p->max_s);
}

void poll_control_limit(struct poll_control *p, double min_s, double max_s)
{
	p->min_s = fmax(min_s, p->asked_s);
	p->max_s = fmax(max_s, p->min_s);
	p->poll_s = clamp(p, p->poll_s);
	p->steady = 0;
}

/* The next power of two above or below, where the limits (which need not be one) allow. */
static double power_of_two(double seconds, int step)
{
	return ldexp(1, (int)floor(log2(seconds)) + step);
}

void poll_control_reply(struct poll_control *p, double hint_s)
{
	double want_s = clamp(p, hint_s >= 1 ? power_of_two(fmin(hint_s, POLL_LONGEST_S), 0) : 1);
	double next_s = p->poll_s;

	if (p->burst_replies)
		p->burst_replies--;
	p->steady++;
	if (want_s < p->poll_s)
		next_s = want_s;
	else if (want_s > p->poll_s && p->steady >= STEADY_REPLIES && !p->burst_replies)
		next_s = fmin(want_s, clamp(p, power_of_two(p->poll_s, 1)));
	if (next_s < p->poll_s || next_s > p->poll_s) {
		p->poll_s = next_s;
		p->steady = 0;
	}
}

void poll_control_silent(struct poll_control *p)
{
	p->poll_s = p->min_s;
	p->steady = 0;
}

void poll_control_rate(struct poll_control *p, int server_poll_log2)
{
	double asked_s = server_poll_log2 > 0 ? ldexp(1, server_poll_log2) : 0;

	p->poll_s = fmin(fmax(2 * p->poll_s, asked_s), POLL_LONGEST_S);
	p->min_s = p->asked_s = fmax(p->min_s, p->poll_s);
	p->max_s = fmax(p->max_s, p->min_s);
	p->burst_replies = 0;
	p->burst_requests = 0;
	p->steady = 0;
}

double poll_control_next_s(const struct poll_control *p, uint32_t random)
{
	bool burst = p->burst_replies && p->burst_requests;
	double interval_s = burst ? fmin(BURST_SPACING_S, p->poll_s) : p->poll_s;
	double spread = interval_s <= 2 ? 1 / 512.0 : 1 / 32.0;

	return interval_s * (1 - spread * ldexp(random, -32));
}
