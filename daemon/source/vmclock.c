// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vmclock page of the machine below, as a source.
 *
 * The page is a line for the very counter that is disciplined here, so that nothing is lost between
 * its time and ours: no bracket, no delay. Its bound is taken as it is.
 */
#include "vmclock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vmclock.h>

#include "source_env.h"
#include "source_note.h"

/* So many polls in a row without a usable time are silence. */
enum { MISSED_TO_OFFLINE = 3 };

/* Not every page is announced when it changes, and those that we publish to must not go on being
 * believed: between polls the marker is looked at this often, which takes no system call. */
#define LOOK_NS INT64_C(100000000)

struct upstream {
	struct source *source;
	struct vmclock *page; /* NULL: not open */
	struct loop_timer timer;
	struct loop_timer look_timer;
	bool known; /* the next two are of an earlier look */
	uint64_t marker;
	uint64_t generation;
	unsigned int missed; /* polls in a row */
};

static void close_page(struct upstream *u)
{
	if (u->page)
		vmclock_close(u->page);
	u->page = NULL;
}

static const char *path_of(const struct source *source)
{
	return source->config->device[0] ? source->config->device : VMCLOCK_SOURCE_DEVICE;
}

static int open_page(struct upstream *u)
{
	int err = u->page ? 0 : vmclock_open(path_of(u->source), VMCLOCK_OPEN_INSPECT, &u->page);

	if (err)
		u->page = NULL;
	return err;
}

/* One copy of the page, whatever it says. */
static int copy_page(struct upstream *u, struct vmclock_abi *page)
{
	int err = open_page(u);

	return err ? err : vmclock_read_page(u->page, page);
}

/* What it says at a value of our counter. */
static int evaluate(const struct upstream *u, const struct vmclock_abi *page,
		    struct vmclock_reading *reading)
{
	const struct counter *counter = u->source->env->counter;
	int err;

	if (page->counter_id != counter->page_id)
		return -EOPNOTSUPP;
	err = vmclock_reading_at(page, counter->read(), reading);
	return !err && !(reading->flags & VMCLOCK_READING_UTC) ? -ENODATA : err;
}

static const char *problem_of(int err)
{
	switch (err) {
	case -ENODATA:
		return "the page says that it has no time to rely on";
	case -ETIMEDOUT:
		return "the page was left half-written";
	case -EOPNOTSUPP:
		return "the page counts by another counter than [clock] counter";
	case -EPROTO:
		return "this is no vmclock page of version 1";
	default:
		return strerror(-err);
	}
}

static void missed(struct upstream *u, int err)
{
	close_page(u); /* it may be another file, or device, next time */
	source_problem(u->source, "%s", problem_of(err));
	source_missed(u->source, 1);
	u->source->stats.rejected++;
	if (++u->missed == MISSED_TO_OFFLINE)
		source_tell_offline(u->source);
}

static uint64_t generation_of(const struct vmclock_abi *page)
{
	return page->flags & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT ? page->vm_generation_counter : 0;
}

/* The specification: a new marker says that the counter may be another one, as seen from here. */
static void note_disruption(struct upstream *u, const struct vmclock_abi *page)
{
	uint64_t generation = generation_of(page);

	if (u->known && u->generation != generation)
		source_tell_disrupted(u->source,
				      "this machine was restored or moved, says the page "
				      "of the one below");
	else if (u->known && u->marker != page->disruption_marker)
		source_tell_disrupted(u->source, "the page of the machine below was disrupted");
	u->known = true;
	u->marker = page->disruption_marker;
	u->generation = generation;
}

static unsigned int leap_of(const struct vmclock_reading *reading)
{
	switch (reading->leap_indicator) {
	case VMCLOCK_LEAP_PRE_POS:
		return 1;
	case VMCLOCK_LEAP_PRE_NEG:
		return 2;
	default:
		return 0;
	}
}

static void emit(struct upstream *u, const struct vmclock_reading *reading)
{
	struct event event = {.kind = EVENT_TIME};

	event.time = (struct event_time){
		.c = reading->counter,
		.t_ns = reading->utc.time_ns,
		.max_error_ns = reading->flags & VMCLOCK_READING_MAX_ERROR
					? (double)reading->max_error_ns + 1 /* whole ns */
					: (double)INFINITY,
	};
	u->source->claims.leap = leap_of(reading);
	u->source->claims.root_dispersion_ns = event.time.max_error_ns;
	if (source_emit(u->source, &event))
		u->source->stats.rejected++;
	else
		source_answered(u->source);
}

/* The counter was read after the page: it may be another one since, which the page tells first. */
static bool moved_meanwhile(const struct upstream *u, const struct vmclock_abi *page)
{
	struct vmclock_abi now;

	return vmclock_read_page(u->page, &now) ||
	       now.disruption_marker != page->disruption_marker ||
	       generation_of(&now) != generation_of(page);
}

static void poll_due(struct loop_timer *timer, int64_t now_ns)
{
	struct upstream *u = timer->context;
	struct vmclock_reading reading;
	struct vmclock_abi page;
	int err;

	loop_arm(u->source->env->loop, timer, now_ns + (int64_t)(u->source->poll_s * 1e9));
	if (!u->look_timer.linked)
		loop_arm(u->source->env->loop, &u->look_timer, now_ns + LOOK_NS);
	u->source->stats.sent++;
	err = copy_page(u, &page);
	if (!err) {
		/* Also told by a page that has no time yet, as after a move to another host. */
		note_disruption(u, &page);
		err = evaluate(u, &page, &reading);
	}
	if (err) {
		missed(u, err);
		return;
	}
	u->missed = 0;
	/* What moved is seen at the next look. */
	if (!(reading.flags & VMCLOCK_READING_LEAP_SECOND) && !moved_meanwhile(u, &page))
		emit(u, &reading);
}

/* A page that cannot be read, which takes a while, is left to the next poll. */
static void look_due(struct loop_timer *timer, int64_t now_ns)
{
	struct upstream *u = timer->context;
	struct vmclock_abi page;

	loop_arm(u->source->env->loop, timer, now_ns + LOOK_NS);
	if (!u->page || !u->known)
		return;
	if (vmclock_read_page(u->page, &page))
		close_page(u);
	else if (page.disruption_marker != u->marker || generation_of(&page) != u->generation)
		poll_due(&u->timer, now_ns);
}

static void vmclock_stop(struct source *source)
{
	struct upstream *u = source->impl;

	loop_disarm(source->env->loop, &u->timer);
	loop_disarm(source->env->loop, &u->look_timer);
	close_page(u);
	free(u);
	source->impl = NULL;
}

static const struct source_ops vmclock_ops = {
	.type = "vmclock", .stop = vmclock_stop, .retune = source_retune_poll};

int vmclock_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->source = source;
	u->timer = (struct loop_timer){.fire = poll_due, .context = u};
	u->look_timer = (struct loop_timer){.fire = look_due, .context = u};
	source_begin(source, &vmclock_ops, config, env,
		     config->device[0] ? config->device : VMCLOCK_SOURCE_DEVICE, "VMCL");
	source->impl = u;
	source_tell_poll(source, config->min_poll_s);
	loop_arm(env->loop, &u->timer, loop_now_ns());
	return 0;
}
