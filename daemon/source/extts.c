// SPDX-License-Identifier: GPL-2.0-or-later
/* A pulse per second at a pin of a PTP hardware clock, which stamps it without interrupts. */
#include "extts.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "source_env.h"
#include "source_note.h"
#include "stamp.h"

#define NS_PER_S INT64_C(1000000000)
/* Without an edge for this long one was missed; a device that is not there is tried again. */
#define SILENCE_NS (3 * NS_PER_S / 2)
/* An edge is converted by a reading of its clock no further away than this. */
#define FARTHEST_NS (2 * NS_PER_S)
/*
 * The clock may be steered between two readings, and the rate at the edge be another than that from
 * one reading to the next: by so much at least, and by what the rate has last changed by.
 */
#define STEERED 2e-6

enum { MISSED_TO_DROP = 3, EVENTS = 8 };

struct extts {
	struct source *source;
	struct loop_timer timer;
	struct loop_watch watch; /* fd -1: not listening */
	struct phc_clock clock;
	struct phc_reading last; /* of the clock, before the edge that is waited for */
	struct extts_rate rate;	 /* from the reading before to that one */
	bool strict;		 /* the driver stamps the edge that it was asked for, only */
	int64_t stamped_ns;	 /* the latest stamp, of whichever edge; 0: none */
	unsigned int missed;	 /* in a row */
	bool dropped;
};

static void silence_in(struct extts *e, int64_t after_ns)
{
	loop_arm(e->source->env->loop, &e->timer, loop_now_ns() + after_ns);
}

static void drop(struct extts *e)
{
	if (e->dropped)
		return;
	e->dropped = true;
	log_warning("source %s: dropped: %s", e->source->name, e->source->claims.problem);
	source_tell_offline(e->source);
}

static void stop_listening(struct extts *e)
{
	loop_remove_watch(e->source->env->loop, &e->watch);
	e->watch.fd = -1;
	phc_clock_close(&e->clock);
}

static void device_failed(struct extts *e, const char *problem)
{
	stop_listening(e);
	source_problem(e->source, "%.95s", problem);
	source_missed(e->source, 1);
	drop(e);
	silence_in(e, NS_PER_S);
}

static double middle(const struct phc_reading *r, uint64_t origin)
{
	return ((double)counter_diff(r->c_before, origin) +
		(double)counter_diff(r->c_after, origin)) /
	       2;
}

static double half(const struct phc_reading *r)
{
	return (double)counter_diff(r->c_after, r->c_before) / 2;
}

/* false: the later one does not show more than the one before. */
static bool rate_between(const struct phc_reading *before, const struct phc_reading *after,
			 struct extts_rate *out)
{
	double span_ticks = middle(after, before->c_before) - middle(before, before->c_before);
	double span_ns = (double)(after->t_ns - before->t_ns);

	if (!(span_ns > 0 && span_ticks > 0))
		return false;
	out->ticks_per_ns = span_ticks / span_ns;
	out->error = (half(before) + half(after)) / span_ticks;
	return true;
}

/* By how much the clock is steered, seen from one second to the next, as a ratio. */
static double changed(const struct extts_rate *rate, const struct extts_rate *before)
{
	return before->ticks_per_ns > 0 ? fabs(rate->ticks_per_ns / before->ticks_per_ns - 1) : 0;
}

/*
 * A step between the edge and the reading after it is all error of the edge, and looks like another
 * rate since the reading before. By how much the clock is not where its rate had taken it, as a
 * share of the time since, but for what the readings' brackets hide.
 */
static double astray(const struct extts_rate *rate, const struct extts_rate *before)
{
	return fmax(0, changed(rate, before) - rate->error - before->error);
}

bool extts_convert(const struct phc_reading *before, const struct phc_reading *after, int64_t t_ns,
		   double ns_per_tick, struct extts_rate *rate, struct event_edge *out)
{
	double span_ns = (double)(after->t_ns - before->t_ns);
	double since_ns = (double)(after->t_ns - t_ns); /* > 0: the edge was earlier */
	double away_ns = fabs(since_ns);
	struct extts_rate last = *rate;
	double ticks;

	if (!rate_between(before, after, rate) || away_ns > (double)FARTHEST_NS ||
	    fabs(rate->ticks_per_ns * ns_per_tick - 1) > STAMP_RATE_TOLERANCE + rate->error ||
	    astray(rate, &last) > STEERED)
		return false;
	ticks = middle(after, after->c_before) - since_ns * rate->ticks_per_ns;
	*out = (struct event_edge){
		.c_edge = after->c_before + (uint64_t)llround(ticks),
		/* The later reading's own error, that of the rate, and half a tick. */
		.uncertainty_ticks =
			half(after) + 0.5 +
			(1 + span_ns * astray(rate, &last) +
			 away_ns * (rate->error + fmax(STEERED, changed(rate, &last)))) /
				ns_per_tick,
	};
	return true;
}

static unsigned long edge_flags(const struct config_source *config)
{
	return config->edge == EDGE_CLEAR ? PTP_FALLING_EDGE : PTP_RISING_EDGE;
}

/* Some drivers know no strictness; then both edges may come. */
static int request_stamps(struct extts *e)
{
	const struct phc_device *device = &e->clock.device;
	const struct config_source *config = e->source->config;
	struct ptp_extts_request request = {
		.index = config->channel,
		.flags = (unsigned int)(PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | edge_flags(config)),
	};
	int err = device->kernel->control(device->fd, PTP_EXTTS_REQUEST2, &request);

	e->strict = !err;
	e->stamped_ns = 0;
	if (err != -EOPNOTSUPP && err != -ENOTTY && err != -EINVAL)
		return err;
	request.flags = (unsigned int)(PTP_ENABLE_FEATURE | edge_flags(config));
	return device->kernel->control(device->fd, PTP_EXTTS_REQUEST, &request);
}

static int set_up_pin(struct extts *e)
{
	const struct phc_device *device = &e->clock.device;
	const struct config_source *config = e->source->config;
	struct ptp_pin_desc pin = {
		.index = (unsigned int)config->pin, .func = PTP_PF_EXTTS, .chan = config->channel};

	return config->pin < 0 ? 0 : device->kernel->control(device->fd, PTP_PIN_SETFUNC, &pin);
}

static bool start_listening(struct extts *e)
{
	char problem[PHC_PROBLEM_SIZE];
	int err;

	if (phc_clock_read(&e->clock, &e->last, problem)) {
		device_failed(e, problem);
		return false;
	}
	e->rate = (struct extts_rate){0};
	err = set_up_pin(e);
	if (err) {
		snprintf(problem, sizeof(problem), "pin %d cannot stamp for channel %u: %s",
			 e->source->config->pin, e->source->config->channel, strerror(-err));
		device_failed(e, problem);
		return false;
	}
	err = request_stamps(e);
	if (err) {
		snprintf(problem, sizeof(problem), "channel %u takes no stamps: %s",
			 e->source->config->channel, strerror(-err));
		device_failed(e, problem);
		return false;
	}
	e->watch.fd = e->clock.device.fd;
	if (loop_add_watch(e->source->env->loop, &e->watch)) {
		device_failed(e, "too many descriptors are watched");
		return false;
	}
	snprintf(e->source->claims.address, sizeof(e->source->claims.address), "%.50s:%u",
		 e->clock.identity.path, e->source->config->channel);
	return true;
}

/*
 * Where both edges may come, the one that marks the second is the one after the longer part of it:
 * a pulse is shorter than half a second. The first stamp cannot be told.
 */
static bool may_mark(struct extts *e, int64_t t_ns)
{
	int64_t since_ns = t_ns - e->stamped_ns;
	bool any = e->stamped_ns != 0;

	e->stamped_ns = t_ns;
	return e->strict || (any && since_ns > NS_PER_S / 2);
}

static int64_t stamp_ns(const struct ptp_extts_event *stamp)
{
	return stamp->t.sec * NS_PER_S + stamp->t.nsec;
}

/* The stamp is of a moment ago: the clock is read once more and compared with the last time. */
static void edge_came(struct extts *e, const struct ptp_extts_event *stamp)
{
	int64_t t_ns = stamp_ns(stamp);
	struct event event = {.kind = EVENT_LATCH};
	char problem[PHC_PROBLEM_SIZE];
	struct phc_reading now;
	bool rate_known = e->rate.ticks_per_ns > 0;

	if (phc_clock_read(&e->clock, &now, problem)) {
		device_failed(e, problem);
		return;
	}
	if (!extts_convert(&e->last, &now, t_ns, e->source->env->counter->ns_per_tick, &e->rate,
			   &event.edge)) {
		e->rate = (struct extts_rate){0};
		e->source->stats.bogus++;
		source_problem(e->source, "the clock that stamps the pulse was stepped");
	} else if (!rate_known) {
		source_problem(e->source, "waiting for a second pulse, to know the clock's rate");
	} else if (source_emit(e->source, &event)) {
		e->source->stats.rejected++;
	} else {
		source_answered(e->source);
	}
	e->last = now;
	e->missed = 0;
	if (e->dropped)
		log_notice("source %s: pulses are back at %s", e->source->name,
			   e->source->claims.address);
	e->dropped = false;
	silence_in(e, SILENCE_NS);
}

/* A read returns what is queued and does not wait, since there is something. */
static void stamps_ready(struct loop_watch *watch, short revents)
{
	struct ptp_extts_event events[EVENTS];
	const struct ptp_extts_event *marks = NULL;
	struct extts *e = watch->context;
	ssize_t size;

	if (!(revents & POLLIN)) {
		device_failed(e, "the device is gone");
		return;
	}
	size = read(watch->fd, events, sizeof(events));
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size < (ssize_t)sizeof(events[0])) {
		device_failed(e, "the device is gone");
		return;
	}
	e->source->stats.sent++;
	/* What queued up while we were away is too old but for the last. */
	for (size_t i = 0; i < (size_t)size / sizeof(events[0]); i++)
		if (events[i].index == e->source->config->channel)
			marks = may_mark(e, stamp_ns(&events[i])) ? &events[i] : NULL;
	if (marks)
		edge_came(e, marks);
}

static void silence(struct loop_timer *timer, int64_t now_ns)
{
	struct extts *e = timer->context;
	char problem[PHC_PROBLEM_SIZE];
	struct phc_reading now;

	(void)now_ns;
	if (e->watch.fd < 0) {
		if (start_listening(e))
			silence_in(e, SILENCE_NS);
		return;
	}
	/* A reading keeps the rate known, and tells whether the device is still there. */
	if (phc_clock_read(&e->clock, &now, problem)) {
		device_failed(e, problem);
		return;
	}
	if (!rate_between(&e->last, &now, &e->rate))
		e->rate = (struct extts_rate){0};
	e->last = now;
	source_missed(e->source, 1);
	source_problem(e->source, "no pulse comes at channel %u", e->source->config->channel);
	if (++e->missed == MISSED_TO_DROP)
		drop(e);
	silence_in(e, NS_PER_S);
}

static void extts_stop(struct source *source)
{
	struct extts *e = source->impl;
	struct ptp_extts_request off = {.index = source->config->channel};

	if (e->watch.fd >= 0)
		e->clock.kernel->control(e->watch.fd, PTP_EXTTS_REQUEST, &off);
	loop_disarm(source->env->loop, &e->timer);
	stop_listening(e);
	free(e);
	source->impl = NULL;
}

static const struct source_ops extts_ops = {
	.type = "extts", .stop = extts_stop, .retune = source_retune_poll};

int extts_start_at(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct phc_kernel *kernel,
		   const struct phc_places *places)
{
	struct extts *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->source = source;
	e->timer = (struct loop_timer){.fire = silence, .context = e};
	e->watch = (struct loop_watch){
		.fd = -1, .events = POLLIN, .ready = stamps_ready, .context = e};
	phc_clock_init(&e->clock, config, env, kernel, places);
	source_begin(source, &extts_ops, config, env, "", "PPS");
	source->impl = e;
	source_tell_poll(source, config->min_poll_s);
	loop_arm(env->loop, &e->timer, loop_now_ns());
	return 0;
}

int extts_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	return extts_start_at(source, config, env, &phc_kernel_real, &phc_places_real);
}
