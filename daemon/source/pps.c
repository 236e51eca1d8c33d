// SPDX-License-Identifier: GPL-2.0-or-later
/* A pulse per second that the kernel stamps: /dev/ppsN. */
#include "pps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "hotplug.h"
#include "pulse_timer.h"
#include "realtime.h"
#include "source_env.h"
#include "source_note.h"

/* A device that is not there, or went away, is tried again after this. */
#define REOPEN_NS INT64_C(1000000000)
/* So many pulses in a row that are shorter before than after the edge: it is their end. */
#define ENDS_TO_SAY 8
/*
 * After so many seconds without a pulse that is said, and the device opened anew every time: one
 * that went away is silent for who has it open, for ever.
 */
enum { SILENT_TO_REOPEN = 3 };

struct pps {
	struct source *source;
	struct loop_timer timer;
	struct pulse_timer pulses;
	struct realtime_track track;
	struct pps_device device;
	struct hotplug_listener devices;
	char path[CONFIG_PATH_MAX]; /* of the device, as last found */
	uint32_t number;	    /* of the last edge */
	bool begun;		    /* `number` is meaningful */
	bool reopened;		    /* it may be another device's */
	unsigned int silent;	    /* seconds in a row */
	unsigned int ends;
};

static void again_at(struct pps *p, int64_t at_ns)
{
	loop_arm(p->source->env->loop, &p->timer, at_ns);
}

static void device_failed(struct pps *p, int64_t now_ns, const char *why)
{
	pps_device_close(&p->device);
	source_problem(p->source, "%.95s", why);
	source_missed(p->source, 1);
	source_tell_offline(p->source);
	again_at(p, now_ns + REOPEN_NS);
}

/* A device that is named is looked for each time: its number may be another one now. */
static int find_and_open(struct pps *p, char problem[96])
{
	const struct config_source *config = p->source->config;
	char path[CONFIG_PATH_MAX], why[96];
	int err = 0;

	snprintf(path, sizeof(path), "%s", config->device);
	if (config->pps_name[0])
		err = p->device.calls->find(config->pps_name, path, sizeof(path));
	if (err) {
		snprintf(problem, 96, "no PPS device is called '%s'", config->pps_name);
		return err;
	}
	err = pps_device_open(&p->device, path, config->edge == EDGE_CLEAR, why);
	if (err)
		snprintf(problem, 96, "%.40s %.54s", path, why);
	else if (strcmp(path, p->path))
		log_info("source %s: %s is open", p->source->name, path);
	snprintf(p->path, sizeof(p->path), "%s", err ? "" : path);
	return err;
}

static bool open_device(struct pps *p, int64_t now_ns)
{
	char problem[96];

	p->path[0] = '\0';
	if (find_and_open(p, problem)) {
		device_failed(p, now_ns, problem);
		return false;
	}
	snprintf(p->source->claims.address, sizeof(p->source->claims.address), "%.63s", p->path);
	p->source->claims.problem[0] = '\0';
	p->pulses = (struct pulse_timer){0};
	p->begun = false;
	p->silent = 0;
	realtime_start(&p->track, p->source->env->counter, p->source->env->realtime_steered);
	realtime_look(&p->track);
	return true;
}

/* Who is silent may be gone, and another in its place. What is known of its pulses is kept. */
static void reopen(struct pps *p, int64_t now_ns)
{
	char problem[96];

	pps_device_close(&p->device);
	if (find_and_open(p, problem)) {
		device_failed(p, now_ns, problem);
		return;
	}
	p->reopened = true;
	snprintf(p->source->claims.address, sizeof(p->source->claims.address), "%.63s", p->path);
}

/* A pulse is shorter than the pause in between: what follows the shorter part is its end. */
static void watch_direction(struct pps *p, int64_t since_other_ns)
{
	if (!since_other_ns || since_other_ns > 500000000) {
		p->ends = 0;
		return;
	}
	if (++p->ends == ENDS_TO_SAY)
		log_warning("source %s: edge = %s seems to be where the pulse ends, not where it "
			    "begins",
			    p->source->name, p->device.clear ? "clear" : "assert");
}

static void emit(struct pps *p, const struct pps_edge *edge, const struct pps_edge *other)
{
	struct source *source = p->source;
	double ns_per_tick = source->env->counter->ns_per_tick;
	int64_t since_other_ns = other->number ? edge->realtime_ns - other->realtime_ns : 0;
	struct event event = {.kind = EVENT_PPS};
	struct stamp stamp;

	if (!realtime_convert(&p->track, edge->realtime_ns, &stamp)) {
		source->stats.stamps_dropped++;
		return;
	}
	if (since_other_ns < 0 || since_other_ns >= 1000000000)
		since_other_ns = 0;
	watch_direction(p, since_other_ns);
	source->stats.stamps_kernel++;
	event.edge.c_edge = stamp.counter;
	event.edge.uncertainty_ticks = stamp.error_ns / ns_per_tick;
	event.edge.since_other_ticks = (double)since_other_ns / ns_per_tick;
	if (source_emit(source, &event))
		source->stats.rejected++;
	else
		source_answered(source);
}

static void edge_came(struct pps *p, const struct pps_edge *edge, const struct pps_edge *other)
{
	bool stepped_over = p->begun && edge->number - p->number > 1;
	const struct stamp_pair *now;

	realtime_look(&p->track);
	now = &p->track.looks[p->track.count - 1].pair;
	if (stepped_over) /* edges that came and went between two looks */
		p->source->stats.duplicates += edge->number - p->number - 1;
	if (p->begun)
		emit(p, edge, other);
	p->begun = true;
	p->silent = 0;
	p->number = edge->number;
	again_at(p,
		 pulse_timer_seen(&p->pulses, loop_now_ns(), now->realtime_ns - edge->realtime_ns));
}

static void no_edge(struct pps *p, int64_t now_ns)
{
	unsigned int missed;

	again_at(p, pulse_timer_none(&p->pulses, now_ns, &missed));
	if (!missed)
		return;
	source_missed(p->source, missed);
	/* A look now and then, for the pulse that comes back. */
	realtime_look(&p->track);
	p->silent += missed;
	if (p->silent < SILENT_TO_REOPEN)
		return;
	p->silent = 0;
	source_problem(p->source, "no pulse comes");
	source_tell_offline(p->source);
	reopen(p, now_ns);
}

static void fetch_failed(struct pps *p, int64_t now_ns, int err)
{
	char problem[96];

	if (err == -EBUSY)
		snprintf(problem, sizeof(problem),
			 "%.40s is shifted by an offset that another program has set", p->path);
	else
		snprintf(problem, sizeof(problem), "%.60s: %.32s", p->path, strerror(-err));
	device_failed(p, now_ns, problem);
}

static void look(struct loop_timer *timer, int64_t now_ns)
{
	struct pps *p = timer->context;
	struct pps_edge edge, other;
	int err;

	if (p->device.fd < 0 && !open_device(p, now_ns))
		return;
	p->source->stats.sent++;
	err = pps_device_fetch(&p->device, &edge, &other);
	if (!err && p->reopened && edge.number != p->number)
		p->begun = false;
	p->reopened = false;
	if (err && err != -EINTR && err != -ETIMEDOUT)
		fetch_failed(p, now_ns, err);
	else if (err || !edge.number || (p->begun && edge.number == p->number))
		no_edge(p, now_ns);
	else
		edge_came(p, &edge, &other);
}

/* Something came or went: what is open may not be what is meant any more. */
static void devices_changed(struct hotplug_listener *listener)
{
	struct pps *p = listener->context;
	const char *name = p->source->config->pps_name;
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "%s", p->path);
	if (p->device.fd >= 0 && (!name[0] || !p->device.calls->find(name, path, sizeof(path))) &&
	    !strcmp(path, p->path) && p->device.calls->is_at(p->device.fd, path))
		return;
	pps_device_close(&p->device);
	again_at(p, loop_now_ns());
}

static void pps_stop(struct source *source)
{
	struct pps *p = source->impl;

	hotplug_forget(source->env, &p->devices);
	loop_disarm(source->env->loop, &p->timer);
	pps_device_close(&p->device);
	free(p);
	source->impl = NULL;
}

static const struct source_ops pps_ops = {.type = "pps", .stop = pps_stop};

int pps_start_with(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct pps_calls *calls)
{
	struct pps *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source = source;
	p->timer = (struct loop_timer){.fire = look, .context = p};
	p->device = (struct pps_device){.calls = calls, .fd = -1};
	p->devices = (struct hotplug_listener){.changed = devices_changed, .context = p};
	source_begin(source, &pps_ops, config, env,
		     config->pps_name[0] ? config->pps_name : config->device,
		     config->edge == EDGE_CLEAR ? "clear" : "assert");
	source->impl = p;
	source_tell_poll(source, 1);
	hotplug_listen(env, &p->devices);
	again_at(p, loop_now_ns());
	return 0;
}

int pps_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	return pps_start_with(source, config, env, &pps_system);
}
