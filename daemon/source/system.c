// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's own CLOCK_REALTIME as a source, for hosts where somebody else keeps it right. */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "poll_control.h"
#include "random.h"
#include "source_env.h"

#define NS_PER_DAY (INT64_C(86400) * 1000000000)
/* UTC midnight with a leap second is not looked at from this close: the kernel changes its clock at
 * the next tick, in the meantime what it shows is a second off. */
#define LEAP_DISTANCE_NS INT64_C(2000000000)

struct system_clock {
	struct source *source;
	struct loop_timer timer;
	struct poll_control poll;
};

static bool leap_is_near(int state, int64_t realtime_ns)
{
	int64_t of_day_ns = (realtime_ns % NS_PER_DAY + NS_PER_DAY) % NS_PER_DAY;

	if (state == TIME_OOP)
		return true;
	return (state == TIME_INS || state == TIME_DEL || state == TIME_WAIT) &&
	       (of_day_ns < LEAP_DISTANCE_NS || of_day_ns > NS_PER_DAY - LEAP_DISTANCE_NS);
}

const char *system_event(const struct stamp_pair *pair, int state, const struct timex *kernel,
			 struct event *out)
{
	if (state < 0)
		return "the kernel does not tell how good its clock is (adjtimex failed)";
	if (kernel->status & STA_UNSYNC)
		return "the host clock is not synchronised, says the kernel";
	if (kernel->maxerror < 0)
		return "the kernel states no maximum error";
	if (leap_is_near(state, pair->realtime_ns))
		return "waiting for a leap second to pass";
	*out = (struct event){
		.kind = EVENT_TIME,
		.time = {.c = pair->counter,
			 .t_ns = pair->realtime_ns,
			 .max_error_ns = (double)kernel->maxerror * 1e3 + pair->half_ns},
	};
	return NULL;
}

static unsigned int leap_of(int state, const struct timex *kernel)
{
	if (kernel->status & STA_UNSYNC)
		return 3;
	return state == TIME_INS ? 1 : state == TIME_DEL ? 2 : 0;
}

static void note_claims(struct source *source, int state, const struct timex *kernel)
{
	source->claims.leap = state < 0 ? 3 : leap_of(state, kernel);
	source->claims.root_delay_ns = 0;
	source->claims.root_dispersion_ns = (double)kernel->maxerror * 1e3;
}

/* A new reason is told once, not at every poll. */
static void set_problem(struct source *source, const char *why)
{
	if (strcmp(source->claims.problem, why))
		log_warning("source %s: %s", source->name, why);
	snprintf(source->claims.problem, sizeof(source->claims.problem), "%s", why);
}

/*
 * The clock is read before the kernel is asked about it, so that an unsynchronised state that began
 * in between is seen. modes = 0: nothing is changed.
 */
static void look(struct system_clock *s)
{
	struct source *source = s->source;
	struct timex kernel = {.modes = 0};
	struct stamp_pair pair;
	struct event event;
	const char *why;
	int state;

	source->stats.reach = (uint8_t)(source->stats.reach << 1);
	source->stats.sent++;
	stamp_pair_read(source->env->counter, &pair);
	state = adjtimex(&kernel);
	note_claims(source, state, &kernel);
	why = system_event(&pair, state, &kernel, &event);
	if (why) {
		source->stats.rejected++;
		set_problem(source, why);
		return;
	}
	source->claims.problem[0] = '\0';
	source->stats.received++;
	source->stats.reach |= 1;
	source->stats.last_reply_ns = loop_now_ns();
	source_emit(source, &event);
	poll_control_reply(&s->poll, source_poll_hint(source));
}

static void poll_due(struct loop_timer *timer, int64_t now_ns)
{
	struct system_clock *s = timer->context;
	double delay_s;

	look(s);
	if (s->source->poll_s < s->poll.poll_s || s->source->poll_s > s->poll.poll_s)
		source_tell_poll(s->source, s->poll.poll_s);
	delay_s = poll_control_next_s(&s->poll, random_spread());
	loop_arm(s->source->env->loop, timer, now_ns + (int64_t)(delay_s * 1e9));
}

static void system_stop(struct source *source)
{
	struct system_clock *s = source->impl;

	loop_disarm(source->env->loop, &s->timer);
	free(s);
	source->impl = NULL;
}

static void system_retune(struct source *source)
{
	struct system_clock *s = source->impl;

	poll_control_limit(&s->poll, source->config->min_poll_s, source->config->max_poll_s);
	source_tell_poll(source, s->poll.poll_s);
	loop_arm(source->env->loop, &s->timer, loop_now_ns());
}

static const struct source_ops system_ops = {
	.type = "system", .stop = system_stop, .retune = system_retune};

int system_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	struct system_clock *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->source = source;
	s->timer = (struct loop_timer){.fire = poll_due, .context = s};
	poll_control_init(&s->poll, config->min_poll_s, config->max_poll_s, false);
	source->ops = &system_ops;
	source->config = config;
	source->env = env;
	source->impl = s;
	source->claims.leap = 3;
	snprintf(source->name, sizeof(source->name), "%s", config->name);
	snprintf(source->claims.address, sizeof(source->claims.address), "CLOCK_REALTIME");
	snprintf(source->claims.reference, sizeof(source->claims.reference), "kernel");
	source_tell_poll(source, config->min_poll_s);
	loop_arm(env->loop, &s->timer, loop_now_ns());
	return 0;
}
