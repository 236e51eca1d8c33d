// SPDX-License-Identifier: GPL-2.0-or-later
/* A PTP hardware clock as a source: read at every poll, between two readings of the counter. */
#include "phc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "hotplug.h"
#include "links.h"
#include "phc_trust.h"
#include "poll_control.h"
#include "random.h"
#include "source_env.h"

/* Polls in a row without a usable reading until the source is dropped, by name, in the log. */
enum { POLLS_TO_DROP = 3 };

/*
 * ptp4l is asked before each reading, so that what it says is no older than that, however long the
 * polls. It answers at once unless it is busy; it is waited for so long, in steps.
 */
#define ANSWER_STEP_NS 10000000
#define ANSWER_LIMIT_NS 300000000

struct phc {
	struct source *source;
	struct loop_timer timer;
	struct poll_control poll;
	struct phc_clock clock;
	struct ptp4l ptp4l;
	bool asks_ptp4l;
	int64_t answer_by_ns; /* 0: not asked for the next reading yet */
	struct hotplug_listener devices;
	struct links_listener links;
	unsigned int failures; /* in a row */
	bool dropped;
	bool boundless_said;
};

static void drop(struct phc *p)
{
	if (p->dropped)
		return;
	p->dropped = true;
	log_warning("source %s: dropped: %s", p->source->name, p->source->claims.problem);
	source_tell_offline(p->source);
}

static void failed(struct phc *p, const char *problem, bool gone)
{
	struct source_claims *claims = &p->source->claims;

	snprintf(claims->problem, sizeof(claims->problem), "%.95s", problem);
	claims->leap = 3;
	p->failures++;
	if (gone || p->failures >= POLLS_TO_DROP)
		drop(p);
	if (p->failures == POLLS_TO_DROP)
		poll_control_silent(&p->poll);
}

static void recovered(struct phc *p)
{
	if (p->dropped)
		log_notice("source %s: %s is back after %u polls", p->source->name,
			   p->clock.identity.path, p->failures);
	p->failures = 0;
	p->dropped = false;
}

static void note_grandmaster(struct phc *p)
{
	struct source_claims *claims = &p->source->claims;

	ptp_identity_format(p->ptp4l.parent.identity, claims->reference);
	claims->root_delay_ns = fabs(p->ptp4l.current.mean_path_delay_ns) * 2;
	/* Who does not know UTC has nothing to announce of it: that is no word against others. */
	if (p->ptp4l.properties.utc_offset_valid)
		claims->leap = p->ptp4l.properties.leap_61   ? 1
			       : p->ptp4l.properties.leap_59 ? 2
							     : 0;
}

static void note_claims(struct phc *p, const struct phc_verdict *verdict)
{
	struct source_claims *claims = &p->source->claims;

	snprintf(claims->address, sizeof(claims->address), "%.63s", p->clock.identity.path);
	snprintf(claims->reference, sizeof(claims->reference), "%.19s",
		 p->clock.identity.clock_name);
	claims->leap = 3; /* a clock knows of no leap seconds */
	if (p->asks_ptp4l)
		note_grandmaster(p);
	claims->root_dispersion_ns = isinf(verdict->error_ns) ? 0 : verdict->error_ns;
	snprintf(claims->problem, sizeof(claims->problem), "%.95s", verdict->problem);
	if (isinf(verdict->error_ns) && !p->boundless_said)
		log_warning("source %s: %s", p->source->name, claims->problem);
	p->boundless_said = isinf(verdict->error_ns);
}

static void emit(struct phc *p, const struct phc_reading *reading, int64_t utc_ns, double error_ns)
{
	struct event event = {
		.kind = EVENT_PHC,
		.phc = {.c_before = reading->c_before,
			.t_ns = utc_ns,
			.c_after = reading->c_after,
			.max_error_ns = error_ns},
	};

	p->source->stats.received++;
	p->source->stats.reach |= 1;
	p->source->stats.last_reply_ns = loop_now_ns();
	source_emit(p->source, &event);
	poll_control_reply(&p->poll, source_poll_hint(p->source));
}

static void look_at_clock(struct phc *p)
{
	char problem[PHC_PROBLEM_SIZE];
	struct phc_verdict verdict;
	struct phc_reading reading;
	int64_t utc_ns;
	int err;

	p->source->stats.reach = (uint8_t)(p->source->stats.reach << 1);
	p->source->stats.sent++;
	err = phc_clock_read(&p->clock, &reading, problem);
	if (err) {
		p->source->stats.lost++;
		failed(p, problem, p->clock.device.fd < 0);
		return;
	}
	p->source->stats.bogus = p->ptp4l.bogus;
	phc_judge(&p->clock, p->asks_ptp4l ? &p->ptp4l : NULL, &reading, &verdict);
	if (p->asks_ptp4l && p->source->config->timescale == TIMESCALE_AUTO &&
	    ptp4l_has_answered(&p->ptp4l) && p->ptp4l.properties.ptp_timescale)
		p->clock.timescale = TIMESCALE_TAI;
	if (!verdict.unfit && phc_clock_to_utc(&p->clock, reading.t_ns, &utc_ns, verdict.problem))
		verdict.unfit = true;
	if (verdict.unfit) {
		p->source->stats.rejected++;
		failed(p, verdict.problem, false);
		return;
	}
	recovered(p);
	note_claims(p, &verdict);
	emit(p, &reading, utc_ns, verdict.error_ns);
}

/* True: its answers to what was asked for this reading are still to come. */
static bool waits_for_ptp4l(struct phc *p, int64_t now_ns)
{
	if (!p->asks_ptp4l)
		return false;
	if (!p->answer_by_ns) {
		ptp4l_ask(&p->ptp4l);
		p->answer_by_ns = now_ns + ANSWER_LIMIT_NS;
	}
	if (!p->ptp4l.error && !ptp4l_has_answered(&p->ptp4l) && now_ns < p->answer_by_ns)
		return true;
	p->answer_by_ns = 0;
	return false;
}

static void poll_due(struct loop_timer *timer, int64_t now_ns)
{
	struct phc *p = timer->context;
	double delay_s;

	if (waits_for_ptp4l(p, now_ns)) {
		loop_arm(p->source->env->loop, timer, now_ns + ANSWER_STEP_NS);
		return;
	}
	look_at_clock(p);
	if (p->source->poll_s < p->poll.poll_s || p->source->poll_s > p->poll.poll_s)
		source_tell_poll(p->source, p->poll.poll_s);
	delay_s = poll_control_next_s(&p->poll, random_spread());
	loop_arm(p->source->env->loop, timer, now_ns + (int64_t)(delay_s * 1e9));
}

/* Something came or went: a clock that is missing may be it. */
static void devices_changed(struct hotplug_listener *listener)
{
	struct phc *p = listener->context;

	if (p->clock.device.fd < 0 || p->failures)
		loop_arm(p->source->env->loop, &p->timer, loop_now_ns());
}

/* The active port of a bond may be another one now, with a clock of its own. */
static bool links_changed(struct links_listener *listener)
{
	struct phc *p = listener->context;

	phc_clock_look_again(&p->clock);
	loop_arm(p->source->env->loop, &p->timer, loop_now_ns());
	return false;
}

static void phc_stop(struct source *source)
{
	struct phc *p = source->impl;

	hotplug_forget(source->env, &p->devices);
	links_forget(source->env, &p->links);
	loop_disarm(source->env->loop, &p->timer);
	phc_clock_close(&p->clock);
	if (p->asks_ptp4l)
		ptp4l_close(&p->ptp4l);
	free(p);
	source->impl = NULL;
}

static void phc_retune(struct source *source)
{
	struct phc *p = source->impl;

	poll_control_limit(&p->poll, source->config->min_poll_s, source->config->max_poll_s);
	source_tell_poll(source, p->poll.poll_s);
	loop_arm(source->env->loop, &p->timer, loop_now_ns());
}

static const struct source_ops phc_ops = {
	.type = "phc", .stop = phc_stop, .retune = phc_retune};

static void start_asking(struct phc *p)
{
	const struct config_source *config = p->source->config;

	p->asks_ptp4l = true;
	ptp4l_init(&p->ptp4l, p->source->env->loop, config->ptp4l, (uint8_t)config->ptp_domain);
}

/* What is shown until the clock is found. */
static const char *wanted(const struct config_source *config)
{
	if (config->clock_name[0])
		return config->clock_name;
	return config->interface[0] ? config->interface : config->device;
}

int phc_start_at(struct source *source, const struct config_source *config, struct source_env *env,
		 const struct phc_kernel *kernel, const struct phc_places *places)
{
	struct phc *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source = source;
	p->timer = (struct loop_timer){.fire = poll_due, .context = p};
	poll_control_init(&p->poll, config->min_poll_s, config->max_poll_s, false);
	phc_clock_init(&p->clock, config, env, kernel, places);
	source->ops = &phc_ops;
	source->config = config;
	source->env = env;
	source->impl = p;
	source->claims.leap = 3;
	snprintf(source->name, sizeof(source->name), "%s", config->name);
	snprintf(source->claims.address, sizeof(source->claims.address), "%.63s", wanted(config));
	source_tell_poll(source, config->min_poll_s);
	if (config->ptp4l[0])
		start_asking(p);
	p->devices = (struct hotplug_listener){.changed = devices_changed, .context = p};
	p->links = (struct links_listener){.changed = links_changed, .context = p};
	hotplug_listen(env, &p->devices);
	if (config->interface[0])
		links_listen(env, &p->links);
	loop_arm(env->loop, &p->timer, loop_now_ns());
	return 0;
}

int phc_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	return phc_start_at(source, config, env, &phc_kernel_real, &phc_places_real);
}
