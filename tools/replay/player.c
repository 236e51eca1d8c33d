/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives a recording again: its events into the discipline, publications out. */
#include "player.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "utc_scale.h"

/* What a daemon that hears nothing more still publishes is part of the result. It ends by this
 * clock and not by the last truth, which must not have any influence on what is published. */
static const double AFTER_LAST_EVENT_S = 3600;
/* As often as the daemon keeps its house: leap seconds are voted on. */
static const double HOUSEKEEPING_S = 10;
/* In silence nobody has a vote: after a day of it there is no more to be done until it ends. */
enum { HOUSEKEEPINGS_MAX = 8640 };

#define NS_PER_S INT64_C(1000000000)

struct player {
	const struct recording *recording;
	const struct player_options *options;
	struct discipline *discipline;
	int slots[DISCIPLINE_SOURCES_MAX];
	bool begun;	      /* `now` is meaningful */
	uint64_t now;	      /* the latest counter value that anything happened at */
	uint64_t next_house;  /* counter at the next regular vote on leap seconds ... */
	uint64_t next_change; /* ... and when what the page says of UTC changes next; 0: not near */
	struct utc_scale utc;
	const struct published *page; /* in force; NULL: none yet in this epoch */
	unsigned int epoch;
	size_t room;
	size_t verdict_room;
	enum source_state states[DISCIPLINE_SOURCES_MAX]; /* as told last, by source */
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
	struct leap_table list;
	int error = 0;

	if (p->discipline)
		discipline_destroy(p->discipline);
	p->discipline = discipline_create(&config);
	if (!p->discipline)
		return -errno;
	p->begun = false;
	p->page = NULL;
	utc_scale_start(&p->utc);
	leap_built_in(&list);
	utc_scale_take_list(&p->utc, &list);
	memset(p->states, 0, sizeof(p->states));
	for (unsigned int i = 0; i < p->recording->source_count && !error; i++)
		error = add_source(p, i);
	for (unsigned int i = 0; i < p->recording->source_count && !error; i++)
		set_lock(p, i);
	return error;
}

static double ns_per_tick(const struct player *p)
{
	return p->recording->ns_per_tick;
}

static int64_t tai_now_ns(const struct player *p)
{
	double frac_ns;

	return line_time(&p->page->publication.line, ns_per_tick(p), p->now, &frac_ns);
}

/* The page says something else of UTC from this counter value on. */
static void plan_change(struct player *p)
{
	int64_t tai_ns = tai_now_ns(p);
	int64_t change_s = calendar_next_change(&p->utc.table, tai_ns / NS_PER_S);

	p->next_change = 0;
	if (change_s - tai_ns / NS_PER_S <= (int64_t)HOUSEKEEPING_S)
		p->next_change =
			p->now +
			(uint64_t)ceil((double)(change_s * NS_PER_S - tai_ns + 1) / ns_per_tick(p));
}

static int put_page(struct player *p, const struct publication *publication,
		    const struct page_calendar *calendar)
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
	p->page = &out->published[out->count++];
	out->published[out->count - 1] =
		(struct published){p->epoch, p->now, *publication, *calendar};
	plan_change(p);
	return 0;
}

static int publish(struct player *p, const struct publication *publication)
{
	struct page_calendar calendar;

	calendar_at(&p->utc.table, publication->line.time_ns / NS_PER_S, &calendar);
	return put_page(p, publication, &calendar);
}

static int put_verdict(struct player *p, unsigned int source,
		       const struct discipline_source_status *status)
{
	struct played *out = p->out;

	if (out->verdict_count == p->verdict_room) {
		size_t room = p->verdict_room ? 2 * p->verdict_room : 256;
		struct verdict *larger = realloc(out->verdicts, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		out->verdicts = larger;
		p->verdict_room = room;
	}
	out->verdicts[out->verdict_count++] =
		(struct verdict){p->epoch, p->now, source, status->state, status->why};
	p->states[source] = status->state;
	return 0;
}

static int tell_verdicts(struct player *p)
{
	int error = 0;

	for (unsigned int i = 0; i < p->recording->source_count && !error; i++) {
		struct discipline_source_status status;

		discipline_get_source(p->discipline, p->slots[i], &status);
		if (status.state != p->states[i])
			error = put_verdict(p, i, &status);
	}
	return error;
}

static uint64_t house_ticks(const struct player *p)
{
	return (uint64_t)(HOUSEKEEPING_S * p->recording->nominal_hz);
}

static int run_at(struct player *p, uint64_t counter)
{
	struct publication publication;
	int error = 0;

	if (!p->begun)
		p->next_house = counter + house_ticks(p);
	if (!p->begun || counter_diff(counter, p->now) > 0)
		p->now = counter;
	p->begun = true;
	if (discipline_run(p->discipline, p->now, &publication))
		error = publish(p, &publication);
	if (!error && p->options->verdicts)
		error = tell_verdicts(p);
	return error;
}

/* The page as it stands, with what UTC is now: at a leap second, or when the list has changed. */
static int renew_calendar(struct player *p)
{
	struct publication again;
	struct page_calendar calendar;

	if (!p->page)
		return 0;
	calendar_at(&p->utc.table, tai_now_ns(p) / NS_PER_S, &calendar);
	if (calendar.leap == p->page->calendar.leap &&
	    calendar.tai_offset_s == p->page->calendar.tai_offset_s) {
		plan_change(p);
		return 0;
	}
	again = p->page->publication;
	again.disrupted = false;
	publication_move(&again, ns_per_tick(p), p->now);
	return put_page(p, &again, &calendar);
}

static int keep_house(struct player *p, uint64_t counter)
{
	if (counter_diff(counter, p->now) > 0)
		p->now = counter;
	if (counter == p->next_house) {
		p->next_house += house_ticks(p);
		utc_scale_vote(&p->utc, p->discipline, p->now, ns_per_tick(p));
	}
	return renew_calendar(p);
}

static uint64_t house_deadline(const struct player *p)
{
	if (p->page && p->next_change && counter_diff(p->next_change, p->next_house) < 0)
		return p->next_change;
	return p->next_house;
}

/* Wakes discipline and housekeeping, in order, whenever they are due before `until`. */
static int run_deadlines(struct player *p, uint64_t until)
{
	uint64_t last = UINT64_MAX;
	int kept = 0, error = 0;

	while (p->begun && !error) {
		uint64_t deadline = discipline_deadline(p->discipline);
		uint64_t house = house_deadline(p);
		bool stuck = deadline == UINT64_MAX || deadline == last;

		if (!stuck && counter_diff(deadline, until) < 0 &&
		    counter_diff(deadline, house) <= 0) {
			last = deadline;
			error = run_at(p, deadline);
		} else if (counter_diff(house, until) < 0 && ++kept > HOUSEKEEPINGS_MAX) {
			p->next_house = until;
			p->next_change = 0;
		} else if (counter_diff(house, until) < 0) {
			error = keep_house(p, house);
		} else {
			break;
		}
	}
	return error;
}

static int take_event(struct player *p, const struct step *step)
{
	const struct event_csv_settings *settings = &p->recording->sources[step->source].settings;
	struct event_terms terms = {.offset_ns = settings->offset_ns,
				    .max_error_ns = settings->max_error_ns,
				    .max_latency_ns = settings->max_latency_ns};
	int error;

	utc_scale_claim(&p->utc, p->slots[step->source], step->leap);
	error = utc_scale_event(&p->utc, &step->event, &terms.utc_to_line_s);
	if (error)
		return error;
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
	p->page = NULL;
	discipline_disrupt(p->discipline, step->c, "recorded");
	p->begun = false;
	return run_at(p, step->c);
}

static int play_life(struct player *p)
{
	p->epoch++;
	return begin_life(p);
}

static int play_leaps(struct player *p, const struct step *step)
{
	const struct event_csv_leaps *leaps = &p->recording->leaps[step->leaps];
	struct leap_table list = {.count = leaps->count, .expires_utc_s = leaps->expires_utc_s};
	int error = run_deadlines(p, step->c);

	if (error)
		return error;
	memcpy(list.entries, leaps->entries, leaps->count * sizeof(list.entries[0]));
	if (leaps->announced.utc_s)
		p->utc.announced = leaps->announced;
	utc_scale_take_list(&p->utc, &list);
	if (p->begun && counter_diff(step->c, p->now) > 0)
		p->now = step->c;
	return renew_calendar(p);
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
		utc_scale_claim(&p->utc, p->slots[step->source], 3);
		break;
	case STEP_LEAPS:
		return play_leaps(p, step);
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
	out->leaps = player.utc.table;
	if (player.discipline)
		discipline_destroy(player.discipline);
	if (error)
		player_free(out);
	return error;
}

void player_free(struct played *played)
{
	free(played->published);
	free(played->verdicts);
	memset(played, 0, sizeof(*played));
}
