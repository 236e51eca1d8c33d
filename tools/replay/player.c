/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives a recording again: its events into the discipline, publications out. */
#include "player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"

/* What a daemon that hears nothing more still publishes is part of the result. It ends by this
 * clock and not by the last truth, which must not have any influence on what is published. */
static const double AFTER_LAST_EVENT_S = 3600;

struct player {
	const struct recording *recording;
	const struct player_options *options;
	struct discipline *discipline;
	int slots[DISCIPLINE_SOURCES_MAX];
	bool begun;   /* `now` is meaningful */
	uint64_t now; /* the latest counter value that anything happened at */
	unsigned int epoch;
	size_t room;
	struct played *out;
};

void player_defaults(struct player_options *options)
{
	struct config *config = calloc(1, sizeof(*config));

	memset(options, 0, sizeof(*options));
	if (!config)
		return; /* the discipline refuses zeros */
	config_defaults(config);
	options->max_rate_change_ppb = config->max_rate_change_ppb;
	options->max_slew_ppb = config->max_slew_ppb;
	options->nesting_horizon_s = config->nesting_horizon_s;
	options->unreliable_above_ns = config->unreliable_above_ns;
	options->monotonic = config->monotonic;
	free(config);
}

static double first_poll_s(const struct recording_source *source)
{
	return source->settings.poll_s > 0 ? source->settings.poll_s : source->interval_s;
}

static int add_source(struct player *p, unsigned int index)
{
	const struct recording_source *source = &p->recording->sources[index];
	struct discipline_source_config config = {
		.prefer = source->settings.prefer,
		.trust = source->settings.trust,
		.noselect = source->settings.noselect,
		.min_samples = source->settings.min_samples,
		.pulse = source->pulse,
		.max_jitter_ns = source->settings.max_jitter_ns,
	};
	double poll_s = first_poll_s(source);

	p->slots[index] = discipline_add_source(p->discipline, &config);
	if (p->slots[index] < 0)
		return p->slots[index];
	if (poll_s > 0)
		discipline_set_poll(p->discipline, p->slots[index], poll_s);
	return 0;
}

/* A source of that name, or a pool's member NAME.1, NAME.2 ... */
static bool is_locked_to(const char *lock, const char *name)
{
	size_t length = strlen(lock);

	return lock[0] && !strncmp(name, lock, length) &&
	       (!name[length] || (name[length] == '.' && name[length + 1] &&
				  !name[length + 1 + strspn(name + length + 1, "0123456789")]));
}

static void set_lock(struct player *p, unsigned int index)
{
	const struct recording *r = p->recording;
	uint64_t slots = 0;

	for (unsigned int i = 0; i < r->source_count; i++)
		if (is_locked_to(r->sources[index].settings.lock, r->sources[i].name))
			slots |= UINT64_C(1) << p->slots[i];
	discipline_set_lock(p->discipline, p->slots[index], slots);
}

/* A daemon just started: nothing is known of the past. */
static int begin_life(struct player *p)
{
	struct discipline_config config = {
		.nominal_hz = p->recording->nominal_hz,
		.max_rate_change_ppb = p->options->max_rate_change_ppb,
		.max_slew_ppb = p->options->max_slew_ppb,
		.nesting_horizon_s = p->options->nesting_horizon_s,
		.unreliable_above_ns = p->options->unreliable_above_ns,
		.monotonic = p->options->monotonic,
		.sources_max = p->recording->source_count ? p->recording->source_count : 1,
	};
	int error = 0;

	if (p->discipline)
		discipline_destroy(p->discipline);
	p->discipline = discipline_create(&config);
	if (!p->discipline)
		return -errno;
	p->begun = false;
	for (unsigned int i = 0; i < p->recording->source_count && !error; i++)
		error = add_source(p, i);
	for (unsigned int i = 0; i < p->recording->source_count && !error; i++)
		set_lock(p, i);
	return error;
}

static int publish(struct player *p, const struct publication *publication)
{
	struct played *out = p->out;

	if (out->count == p->room) {
		size_t room = p->room ? 2 * p->room : 4096;
		struct published *larger = realloc(out->published, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		out->published = larger;
		p->room = room;
	}
	out->published[out->count++] = (struct published){p->epoch, p->now, *publication};
	return 0;
}

static int run_at(struct player *p, uint64_t counter)
{
	struct publication publication;

	if (!p->begun || counter_diff(counter, p->now) > 0)
		p->now = counter;
	p->begun = true;
	return discipline_run(p->discipline, p->now, &publication) ? publish(p, &publication) : 0;
}

/* Wakes the discipline whenever it asked to be woken before `until`. */
static int run_deadlines(struct player *p, uint64_t until)
{
	uint64_t last = UINT64_MAX;
	int error = 0;

	while (p->begun && !error) {
		uint64_t deadline = discipline_deadline(p->discipline);

		if (deadline == UINT64_MAX || counter_diff(deadline, until) >= 0 ||
		    deadline == last)
			break;
		last = deadline;
		error = run_at(p, deadline);
	}
	return error;
}

/* In the scale of the recording. */
static int take_event(struct player *p, const struct step *step)
{
	const struct event_csv_settings *settings = &p->recording->sources[step->source].settings;
	const struct event_terms terms = {.offset_ns = settings->offset_ns,
					  .max_error_ns = settings->max_error_ns,
					  .max_latency_ns = settings->max_latency_ns};

	return discipline_event(p->discipline, p->slots[step->source], &step->event, &terms);
}

static int play_event(struct player *p, const struct step *step)
{
	uint64_t counter = event_counter(&step->event);
	int error = run_deadlines(p, counter);

	if (error)
		return error;
	if (take_event(p, step) == 0)
		p->out->samples++;
	else
		p->out->refused++;
	return run_at(p, counter);
}

static int play_disrupt(struct player *p, const struct step *step)
{
	p->epoch++;
	discipline_disrupt(p->discipline, step->c, "recorded");
	p->begun = false;
	return run_at(p, step->c);
}

static int play_life(struct player *p)
{
	p->epoch++;
	return begin_life(p);
}

static int play_step(struct player *p, const struct step *step)
{
	switch (step->kind) {
	case STEP_EVENT:
		return play_event(p, step);
	case STEP_DISRUPT:
		return play_disrupt(p, step);
	case STEP_LIFE:
		return play_life(p);
	case STEP_SETTINGS:
		discipline_set_poll(p->discipline, p->slots[step->source], step->poll_s);
		break;
	case STEP_OFFLINE:
		discipline_offline(p->discipline, p->slots[step->source]);
		break;
	case STEP_RESET:
		discipline_reset_source(p->discipline, p->slots[step->source]);
		break;
	}
	return 0;
}

static double cpu_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int player_run(const struct recording *recording, const struct player_options *options,
	       struct played *out)
{
	struct player player = {.recording = recording, .options = options, .out = out};
	double start_s;
	int error;

	memset(out, 0, sizeof(*out));
	error = begin_life(&player);
	start_s = cpu_now_s();
	for (size_t i = 0; i < recording->step_count && !error; i++)
		error = play_step(&player, &recording->steps[i]);
	if (!error)
		error = run_deadlines(&player, player.now + (uint64_t)(AFTER_LAST_EVENT_S *
								       recording->nominal_hz));
	out->cpu_s = cpu_now_s() - start_s;
	if (player.discipline)
		discipline_destroy(player.discipline);
	if (error)
		player_free(out);
	return error;
}

void player_free(struct played *played)
{
	free(played->published);
	memset(played, 0, sizeof(*played));
}
