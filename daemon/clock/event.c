// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns what a source saw into the two one-sided facts that hold whatever the path did. */
#include "event.h"

#include <errno.h>
#include <float.h>
#include <stddef.h>

/* One unit of the NTP short format (RFC 5905 section 6), in which the root fields travel. */
#define NTP_SHORT_UNIT_NS (1e9 / 65536.0)
/* A 64-bit NTP timestamp is taken to the nearest ns, and servers cut theirs off at 2^-32 s. */
#define NTP_STAMP_ROUNDING_NS 1.0
/* Far beyond what an operator may configure; rounds to ns without loss. */
#define OFFSET_MAX_NS 1e15
/* What a server's way from T3 to the wire is taken to be of our own. */
#define SERVER_LEAD_SHARE 0.5
/* Longer than that and we were interrupted, which says nothing of the server. */
#define LEAD_MAX_NS 1e5
/* T3 may come out before T2 by the noise of a server's clock reads, not by more. */
#define NTP_TURNAROUND_SLACK_NS 1000000

static bool is_error(double value_ns)
{
	return value_ns >= 0 && value_ns <= DBL_MAX;
}

static bool is_error_or_unknown(double value_ns)
{
	return value_ns >= 0; /* INFINITY says unknown; NAN is false here */
}

/* What the operator and the scale of the line do to every event of a source. */
struct correction {
	int64_t utc_to_line_ns;
	double offset_ns;
	double extra_error_ns;
	double ns_per_tick;
};

/*
 * `t_ns` in the scale of the line and free of the operator's offset. The correction is whole ns;
 * what its rounding loses is in error_of().
 */
static int to_line(int64_t t_ns, const struct correction *c, int64_t *out_ns)
{
	if (__builtin_add_overflow(t_ns, c->utc_to_line_ns, out_ns) ||
	    __builtin_sub_overflow(*out_ns, (int64_t)llround(c->offset_ns), out_ns))
		return -EINVAL;
	return 0;
}

/* The source's own error, the operator's on top of it, and the part of the offset below 1 ns. */
static double error_of(double source_ns, const struct correction *c)
{
	return source_ns + c->extra_error_ns + fabs(c->offset_ns - round(c->offset_ns));
}

/* The other errors are the same on both sides; a source knows no sign of its own mistake. */
static void set_errors(struct sample *out, double error_ns)
{
	out->upper_error_ns = error_ns;
	out->lower_error_ns = error_ns;
}

/* A server's claim is sent in units of 15.3 us; 0 is exact, anything else was rounded to a unit. */
static double claimed_ns(double value_ns)
{
	return value_ns > 0 ? value_ns + NTP_SHORT_UNIT_NS / 2 : 0;
}

static bool ntp_makes_sense(const struct event_ntp *e)
{
	if (e->leap > 2 || e->stratum < 1 || e->stratum > 15)
		return false;
	if (!is_error(e->root_delay_ns) || !is_error(e->root_dispersion_ns) ||
	    !is_error(e->stamp_error_ns))
		return false;
	if (e->precision_log2 > 30 || e->precision_log2 < INT8_MIN)
		return false;
	if (e->t2_ns > e->t3_ns && e->t2_ns - e->t3_ns > NTP_TURNAROUND_SLACK_NS)
		return false;
	return counter_diff(e->c4, e->c1) >= 0;
}

/*
 * RFC 5905 calls root_delay / 2 + root_dispersion the root distance: what the server may be wrong
 * by. Its precision adds to that, because both of its stamps are reads of its clock.
 */
static double server_error_ns(const struct event_ntp *e)
{
	double precision_ns = e->precision_log2 > INT8_MIN ? ldexp(1e9, e->precision_log2) : 0;

	return claimed_ns(e->root_delay_ns) / 2 + claimed_ns(e->root_dispersion_ns) + precision_ns +
	       NTP_STAMP_ROUNDING_NS;
}

/*
 * The request took this long from our last counter read to the kernel's stamp; the reply took the
 * server as long from writing T3 into it, or less, since it was awake already. Half of ours lies in
 * the middle of what it can have been. In interleaved mode T3 is when the reply left.
 */
static double lead_ns(const struct event_ntp *e, const struct correction *c)
{
	int64_t ticks = e->c1_user && !e->interleaved ? counter_diff(e->c1, e->c1_user) : 0;

	return ticks > 0 ? SERVER_LEAD_SHARE * fmin((double)ticks * c->ns_per_tick, LEAD_MAX_NS)
			 : 0;
}

static int exchange(const struct event_ntp *e, const struct correction *c, struct sample *out)
{
	if (!ntp_makes_sense(e) || to_line(e->t2_ns, c, &out->t_before_ns) ||
	    to_line(e->t3_ns, c, &out->t_after_ns))
		return -EINVAL;
	out->kind = SAMPLE_EXCHANGE;
	out->c_before = e->c1;
	out->c_after = e->c4;
	set_errors(out, error_of(server_error_ns(e), c));
	out->stamp_error_ns = e->stamp_error_ns;
	out->lead_ns = lead_ns(e, c);
	return 0;
}

/* One time between two counter values, which are the same for a point. */
static int reading(enum sample_kind kind, const struct event_phc *e, const struct correction *c,
		   struct sample *out)
{
	if (!is_error_or_unknown(e->max_error_ns) || counter_diff(e->c_after, e->c_before) < 0 ||
	    to_line(e->t_ns, c, &out->t_before_ns))
		return -EINVAL;
	out->kind = kind;
	out->c_before = e->c_before;
	out->c_after = e->c_after;
	out->t_after_ns = out->t_before_ns;
	set_errors(out, error_of(e->max_error_ns, c));
	return 0;
}

static int point(const struct event_time *e, const struct correction *c, struct sample *out)
{
	const struct event_phc same = {.c_before = e->c,
				       .t_ns = e->t_ns,
				       .c_after = e->c,
				       .max_error_ns = e->max_error_ns};

	return reading(SAMPLE_POINT, &same, c, out);
}

/* A pulse's own error is what the operator states. How late software was is not known. */
static int edge(enum sample_kind kind, const struct event_edge *e, const struct correction *c,
		struct sample *out)
{
	struct event_phc pulse = {.c_before = e->c_edge, .c_after = e->c_edge};

	if (!e->labelled || !is_error(e->uncertainty_ticks) ||
	    __builtin_mul_overflow(e->label_s, INT64_C(1000000000), &pulse.t_ns) ||
	    reading(kind, &pulse, c, out))
		return -EINVAL;
	if (kind == SAMPLE_EDGE)
		out->upper_error_ns = INFINITY;
	out->stamp_error_ns = e->uncertainty_ticks * c->ns_per_tick;
	return 0;
}

void event_limit_latency(struct sample *sample, double max_latency_ns)
{
	if (sample->kind == SAMPLE_EDGE)
		sample->upper_error_ns = sample->lower_error_ns + max_latency_ns;
}

int event_to_sample(const struct event *e, int64_t utc_to_line_ns, double offset_ns,
		    double extra_error_ns, double ns_per_tick, struct sample *out)
{
	const struct correction c = {utc_to_line_ns, offset_ns, extra_error_ns, ns_per_tick};

	if (!is_error_or_unknown(extra_error_ns) || !(ns_per_tick > 0 && ns_per_tick <= 1e9) ||
	    !(fabs(offset_ns) <= OFFSET_MAX_NS))
		return -EINVAL;
	*out = (struct sample){0};
	switch (e->kind) {
	case EVENT_NTP:
		return exchange(&e->ntp, &c, out);
	case EVENT_PHC:
		return reading(SAMPLE_BRACKET, &e->phc, &c, out);
	case EVENT_PPS:
		return edge(SAMPLE_EDGE, &e->edge, &c, out);
	case EVENT_LATCH:
		return edge(SAMPLE_POINT, &e->edge, &c, out);
	case EVENT_TIME:
		return point(&e->time, &c, out);
	}
	return -EINVAL;
}
