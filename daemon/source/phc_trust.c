// SPDX-License-Identifier: GPL-2.0-or-later
/* What a PTP hardware clock may be wrong by, and whether it follows anything at all. */
#include "phc_trust.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dpll.h"

#define NS_PER_S INT64_C(1000000000)

/* IEEE 1588, 7.6.2.4: locked to a primary reference; was, and is still within what it states. */
enum { CLASS_LOCKED = 6, CLASS_HOLDOVER = 7 };

/*
 * The last sync may be so many of their intervals old, for one may be lost on the way, or where
 * they are frequent so many ns; and so far ahead where it came during the reading.
 */
#define SYNC_OLDEST_INTERVALS 2.25
#define SYNC_OLDEST_NS 1e9
#define SYNC_AHEAD_NS -0.1e9

/* A sync that is older than that came at the time of another clock. */
#define SYNC_OTHER_CLOCK_NS 60e9

__attribute__((format(printf, 2, 3))) static void call_unfit(struct phc_verdict *verdict,
							     const char *format, ...)
{
	va_list arguments;

	if (verdict->unfit)
		return; /* the first reason is kept */
	verdict->unfit = true;
	va_start(arguments, format);
	vsnprintf(verdict->problem, sizeof(verdict->problem), format, arguments);
	va_end(arguments);
}

static void take_error(struct phc_verdict *verdict, double error_ns)
{
	if (isinf(verdict->error_ns) || error_ns > verdict->error_ns)
		verdict->error_ns = error_ns;
}

static void hear_driver(const struct phc_clock *clock, struct phc_verdict *verdict)
{
	double error_ns = INFINITY;
	int err = phc_published_error(clock->places, &clock->identity, &error_ns);

	if (!err)
		take_error(verdict, error_ns);
	else if (err == -ENODATA)
		call_unfit(verdict, "the device says that it does not know its error: it is not "
				    "synchronised");
	else if (err == -EBADMSG)
		call_unfit(verdict, "phc_error_bound holds no number of nanoseconds");
}

/* A clock that coasts drifts by nobody knows what; one that was never locked follows nothing. */
static void hear_dpll(const struct phc_clock *clock, struct phc_verdict *verdict)
{
	int lock = phc_dpll_lock(clock->places, &clock->identity);

	if (lock == DPLL_UNLOCKED) {
		call_unfit(verdict, "the card's DPLL is not locked");
	} else if (lock == DPLL_HOLDOVER && !verdict->unfit) {
		verdict->error_ns = INFINITY;
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "the card's DPLL has lost its input: no bound until it is locked again");
	} else if (lock < 0 && !verdict->problem[0]) {
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "nothing is known of a DPLL of this card: dpll = on has no effect");
	}
}

static bool has_spoken(const struct ptp4l *p, struct phc_verdict *verdict)
{
	if (ptp4l_has_answered(p))
		return true;
	if (p->error && p->error != -EAGAIN) /* which means that it reads no more */
		call_unfit(verdict, "ptp4l cannot be asked at %.60s: %s", p->path,
			   strerror(-p->error));
	else
		call_unfit(verdict, "ptp4l does not answer at %.60s for domain %u", p->path,
			   p->domain);
	return false;
}

/*
 * A clock that follows nobody runs free, unless it is itself what others follow. Who follows whom
 * may be what ptp4l remembers: the state of its port says whether it does.
 */
static bool follows_true_time(const struct ptp4l *p, struct phc_verdict *verdict)
{
	bool primary = p->parent.clock_class == CLASS_LOCKED;

	if (p->status.following && p->port.state == PTP_PORT_UNCALIBRATED)
		call_unfit(verdict, "ptp4l has not locked the clock to its grandmaster yet");
	else if (p->status.following ? p->port.state != PTP_PORT_SLAVE : !primary)
		call_unfit(verdict, "ptp4l follows no grandmaster (port %s): the clock runs free",
			   ptp_port_state_name(p->port.state));
	else if (!primary && p->parent.clock_class != CLASS_HOLDOVER &&
		 !p->properties.time_traceable)
		call_unfit(verdict, "the grandmaster (class %u) follows nothing itself",
			   p->parent.clock_class);
	else if (p->status.following && !ptp4l_is_settled(p))
		call_unfit(verdict, "ptp4l has only just locked the clock: %u of %u syncs seen",
			   p->syncs, PTP4L_SYNCS);
	return !verdict->unfit;
}

static double oldest_sync_ns(const struct ptp4l *p)
{
	double interval_ns = isinf(p->port.sync_interval_s) ? 0 : p->port.sync_interval_s * 1e9;

	return fmax(SYNC_OLDEST_NS, fmin(SYNC_OLDEST_INTERVALS * interval_ns, SYNC_OTHER_CLOCK_NS));
}

/* Old syncs say nothing of now; ones of another time tell that ptp4l steers another clock. */
static bool is_fresh(const struct ptp4l *p, double age_ns, struct phc_verdict *verdict)
{
	if (!p->status.following)
		return true;
	if (p->status.ingress_ns == 0)
		call_unfit(verdict, "ptp4l has had no sync yet");
	else if (age_ns > SYNC_OTHER_CLOCK_NS || age_ns < SYNC_AHEAD_NS)
		call_unfit(verdict, "ptp4l steers another clock: its last sync came at another "
				    "time");
	else if (age_ns > oldest_sync_ns(p))
		call_unfit(verdict, "ptp4l has had no sync for %.1f s", age_ns * 1e-9);
	return !verdict->unfit;
}

/*
 * Who is a second off in TAI - UTC may have made either of the two from the other: neither can be
 * told from right.
 */
static bool agrees_on_utc(const struct phc_clock *clock, const struct ptp4l *p, int64_t t_ns,
			  struct phc_verdict *verdict)
{
	int theirs = p->properties.utc_offset_s;
	int ours;

	if (!p->properties.utc_offset_valid || !p->properties.ptp_timescale ||
	    !clock->env->tai_offset_s)
		return true;
	if (clock->config->timescale == TIMESCALE_UTC)
		t_ns += theirs * NS_PER_S;
	ours = clock->env->tai_offset_s(clock->env->context, t_ns / NS_PER_S);
	if (ours != theirs)
		call_unfit(verdict, "the grandmaster says that TAI - UTC is %d s, and it is %d s",
			   theirs, ours);
	return !verdict->unfit;
}

/*
 * Against its grandmaster the clock is off by what ptp4l saw of late and what that can have grown
 * to since, and by the asymmetry of the path, which is all of its delay at most. What boundary
 * clocks on the way add, nobody says.
 */
static void add_up(const struct ptp4l *p, double age_ns, struct phc_verdict *verdict)
{
	double accuracy_ns = ptp_accuracy_ns(p->parent.accuracy);
	double error_ns = accuracy_ns;

	if (p->status.following)
		error_ns += ptp4l_worst_offset_ns(p) * (1 + fmax(age_ns, 0) * 1e-9) +
			    ptp4l_worst_delay_ns(p);
	if (isinf(accuracy_ns))
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "the grandmaster does not state its accuracy: set max-error");
	else if (p->current.steps_removed > 1)
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "nobody states the error of the %u boundary clocks: set max-error",
			 p->current.steps_removed - 1);
	else
		take_error(verdict, error_ns);
}

static void hear_ptp4l(const struct phc_clock *clock, const struct ptp4l *p,
		       const struct phc_reading *reading, struct phc_verdict *verdict)
{
	double age_ns;

	if (!has_spoken(p, verdict) || !follows_true_time(p, verdict))
		return;
	age_ns = (double)reading->t_ns - (double)p->status.ingress_ns;
	if (!is_fresh(p, age_ns, verdict) || !agrees_on_utc(clock, p, reading->t_ns, verdict))
		return;
	if (!p->properties.ptp_timescale && clock->config->timescale == TIMESCALE_AUTO)
		call_unfit(verdict, "the grandmaster's time scale is its own: give timescale = "
				    "tai or utc");
	else
		add_up(p, age_ns, verdict);
}

/* What nobody states is for the operator to state, and never taken to be zero. */
static void hear_operator(const struct phc_clock *clock, const struct ptp4l *ptp4l,
			  struct phc_verdict *verdict)
{
	if (!isinf(verdict->error_ns) || verdict->unfit)
		return;
	if (clock->config->max_error_ns > 0) {
		/* The operator's is added to every sample of the source. */
		verdict->error_ns =
			ptp4l && ptp4l->status.following ? ptp4l_worst_offset_ns(ptp4l) : 0;
		verdict->problem[0] = '\0';
	} else if (!verdict->problem[0]) {
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "nothing states the clock's own error, so it gives no bound: set "
			 "max-error");
	}
}

void phc_judge(const struct phc_clock *clock, const struct ptp4l *ptp4l,
	       const struct phc_reading *reading, struct phc_verdict *out)
{
	*out = (struct phc_verdict){.error_ns = INFINITY};
	hear_driver(clock, out);
	if (ptp4l)
		hear_ptp4l(clock, ptp4l, reading, out);
	hear_operator(clock, ptp4l, out);
	if (clock->config->dpll)
		hear_dpll(clock, out);
}
