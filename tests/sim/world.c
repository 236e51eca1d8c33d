/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual machine room: an oscillator, servers behind networks, and the clock under test. */
#include "world.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "event_csv.h"

enum { NOISE_SAMPLES_MAX = 4096, RUNS_PER_LOOK_MAX = 10000 };

static const double NEVER_S = 1e18;
static const double MAX_SLEW_PPB = 50000;

struct server {
	const struct server_config *config;
	struct direction out;
	struct direction back;
	char name[8];
	int slot;
	double sends_at_s;
	double arrives_at_s; /* NEVER_S: nothing is on its way */
	struct event event;
	double edge_sign;
	double edge_until_s;
	bool leg_out;
	double leg_until_s;
	int64_t true_second; /* that its pulse marks */
};

struct world {
	const struct scenario *scenario;
	struct oscillator oscillator;
	struct rng rng;
	struct discipline *discipline; /* NULL: the daemon is dead */
	struct server servers[WORLD_SERVERS_MAX];
	double now_s;
	double next_look_s;
	unsigned int runs_since_look;
	double revive_at_s;
	double noise_ns[NOISE_SAMPLES_MAX];
	unsigned int noise_count;
	double settled_squares;
	uint64_t settled_count;
	double outage_squares;
	uint64_t outage_count;
	bool outage_begun;
	double wrong_since_s;
	FILE *record;
	struct result *out;
};

static uint64_t counter_at(struct world *w, double time_s)
{
	return oscillator_counter(&w->oscillator, (long double)time_s * 1e9L);
}

static void record(struct world *w, const struct event_csv *line)
{
	char text[EVENT_CSV_LINE_MAX];

	if (w->record && event_csv_format(line, text, sizeof(text)) > 0)
		fputs(text, w->record);
}

static void record_counter(struct world *w)
{
	struct event_csv line = {.kind = EVENT_CSV_COUNTER, .name = "simulated"};

	line.nominal_hz = w->scenario->oscillator.nominal_hz;
	record(w, &line);
}

/* A pulse has no error of its own here; who does not state how late it may be states nothing. */
static double own_error_ns(const struct server_config *c)
{
	return c->kind == SERVER_PPS && !(c->latency_ns > 0) ? INFINITY : 0;
}

static void record_source(struct world *w, const struct server *s)
{
	struct event_csv_settings settings = {
		.prefer = s->config->prefer,
		.trust = s->config->trust,
		.min_samples = 1,
		.poll_s = s->config->poll_s,
		.pulse = s->config->kind == SERVER_PPS,
		.max_error_ns = own_error_ns(s->config),
		.max_latency_ns = s->config->latency_ns,
	};
	struct event_csv line = {.kind = EVENT_CSV_SOURCE};

	memcpy(line.name, s->name, sizeof(s->name));
	event_csv_settings_format(&settings, line.text, sizeof(line.text));
	record(w, &line);
}

static void record_event(struct world *w, const struct server *s)
{
	struct event_csv line = {.kind = EVENT_CSV_EVENT, .event = s->event};

	memcpy(line.name, s->name, sizeof(s->name));
	record(w, &line);
}

static void record_truth(struct world *w, uint64_t counter)
{
	struct event_csv line = {.kind = EVENT_CSV_TRUTH, .c = counter};

	line.t_ns = w->oscillator.config.first_time_ns +
		    (int64_t)llroundl(oscillator_time(&w->oscillator, counter));
	record(w, &line);
}

static int start_daemon(struct world *w)
{
	struct discipline_config config = {
		.nominal_hz = w->scenario->oscillator.nominal_hz,
		.max_rate_change_ppb = w->scenario->max_rate_change_ppb,
		.max_slew_ppb = MAX_SLEW_PPB,
		.nesting_horizon_s = w->out->checker.horizon_s,
		.unreliable_above_ns = 1e9,
		.monotonic = true,
		.sources_max = WORLD_SERVERS_MAX,
	};

	w->discipline = discipline_create(&config);
	if (!w->discipline)
		return -errno;
	record_counter(w);
	for (unsigned int i = 0; i < w->scenario->server_count; i++) {
		struct server *s = &w->servers[i];
		struct discipline_source_config source = {
			.prefer = s->config->prefer,
			.trust = s->config->trust,
			.min_samples = 1,
			.pulse = s->config->kind == SERVER_PPS,
		};

		s->slot = discipline_add_source(w->discipline, &source);
		if (s->slot < 0)
			return s->slot;
		discipline_set_poll(w->discipline, s->slot, s->config->poll_s);
		record_source(w, s);
	}
	return 0;
}

static bool stalled(const struct world *w, double time_s)
{
	const struct scenario *s = w->scenario;

	return time_s >= s->stall_from_s && time_s < s->stall_from_s + s->stall_s;
}

static bool in_outage(const struct scenario *s, double time_s)
{
	return time_s >= s->outage_from_s && time_s < s->outage_from_s + s->outage_s;
}

static double after_stall(const struct world *w, double time_s)
{
	return stalled(w, time_s) ? w->scenario->stall_from_s + w->scenario->stall_s : time_s;
}

/* What the server is wrong by at this moment. */
static double server_error_ns(struct world *w, struct server *s, double time_s)
{
	const struct server_config *c = s->config;
	double error_ns = c->error_ns;

	if (c->edge) {
		if (time_s >= s->edge_until_s) {
			s->edge_sign = -s->edge_sign;
			s->edge_until_s = time_s + rng_log_between(&w->rng, 1, 3000);
		}
		error_ns = s->edge_sign * c->claim_ns;
	}
	if (c->step_ns != 0 && time_s >= c->step_at_s)
		error_ns += c->step_ns;
	return error_ns;
}

static int64_t quantised_time(const struct world *w, const struct server_config *c,
			      long double since_ns)
{
	int64_t time_ns = w->oscillator.config.first_time_ns + (int64_t)floorl(since_ns);
	int64_t quantum = c->quantum_ns > 1 ? (int64_t)c->quantum_ns : 1;

	return time_ns / quantum * quantum;
}

static uint64_t quantised_counter(const struct world *w, const struct server_config *c,
				  uint64_t counter)
{
	uint64_t quantum = (uint64_t)(c->quantum_ns / w->oscillator.ns_per_tick);

	return quantum > 1 ? counter / quantum * quantum : counter;
}

/* With `one_leg` the queueing of both directions is put on one of them. */
static void draw_delays(struct world *w, struct server *s, double *out_ns, double *back_ns)
{
	double queue_out, queue_back;

	*out_ns = direction_delay(&s->out, &w->rng, w->now_s);
	*back_ns = direction_delay(&s->back, &w->rng, w->now_s);
	queue_out = *out_ns - direction_base(&s->out, w->now_s);
	queue_back = *back_ns - direction_base(&s->back, w->now_s);
	if (s->config->one_leg) {
		if (w->now_s >= s->leg_until_s) {
			s->leg_out = !s->leg_out;
			s->leg_until_s = w->now_s + rng_log_between(&w->rng, 10, 2000);
		}
		*out_ns += s->leg_out ? queue_back : -queue_out;
		*back_ns += s->leg_out ? -queue_back : queue_out;
	}
	if (w->noise_count < NOISE_SAMPLES_MAX)
		w->noise_ns[w->noise_count++] = fabs(queue_out - queue_back) / 2;
}

/* Precision that covers the quantum: at least one unit in the last place. */
static int precision_log2(const struct server_config *c)
{
	return (int)ceil(log2(fmax(c->quantum_ns, 1) * 1e-9));
}

static void make_exchange(struct world *w, struct server *s)
{
	const struct server_config *c = s->config;
	double out_ns, back_ns, error_ns = server_error_ns(w, s, w->now_s);
	double turnaround_ns = rng_exponential(&w->rng, 20000);
	long double sent_ns = (long double)w->now_s * 1e9L, t4_ns;
	struct event_ntp *ntp = &s->event.ntp;

	draw_delays(w, s, &out_ns, &back_ns);
	t4_ns = sent_ns + out_ns + turnaround_ns + back_ns;
	s->event.kind = EVENT_NTP;
	memset(ntp, 0, sizeof(*ntp));
	ntp->c1 = quantised_counter(w, c, oscillator_counter(&w->oscillator, sent_ns));
	ntp->t2_ns = quantised_time(w, c, sent_ns + out_ns + error_ns);
	ntp->t3_ns = quantised_time(w, c, sent_ns + out_ns + turnaround_ns + error_ns);
	ntp->c4 = quantised_counter(w, c, oscillator_counter(&w->oscillator, t4_ns) + 1);
	ntp->stratum = 1;
	ntp->root_dispersion_ns = c->claim_ns;
	ntp->precision_log2 = precision_log2(c);
	ntp->stamp_error_ns = c->quantum_ns;
	s->arrives_at_s = (double)(t4_ns * 1e-9L) + 1e-6;
}

/* A device read between two counter reads, a microsecond apart. */
static void make_bracket(struct world *w, struct server *s)
{
	const struct server_config *c = s->config;
	double width_ns = rng_between(&w->rng, 600, 1500);
	double noise_ns = rng_normal(&w->rng) * c->noise_ns;
	double room_ns = fmax(c->claim_ns - fabs(c->error_ns), 0);
	long double before_ns = (long double)w->now_s * 1e9L;
	long double read_ns = before_ns + rng_between(&w->rng, 0.3, 0.7) * width_ns;
	struct event_phc *phc = &s->event.phc;

	noise_ns = fmax(-room_ns, fmin(room_ns, noise_ns));
	s->event.kind = EVENT_PHC;
	phc->c_before = oscillator_counter(&w->oscillator, before_ns);
	phc->c_after = oscillator_counter(&w->oscillator, before_ns + width_ns) + 1;
	phc->t_ns = quantised_time(w, c, read_ns + server_error_ns(w, s, w->now_s) + noise_ns);
	phc->max_error_ns = c->claim_ns + 1; /* whole ns */
	s->arrives_at_s = w->now_s + width_ns * 1e-9 + 1e-6;
}

static double lateness_ns(struct world *w, const struct server_config *c)
{
	double late_ns = rng_exponential(&w->rng, c->noise_ns);

	if (rng_chance(&w->rng, c->wild))
		return rng_between(&w->rng, 0.01, 0.9) * 1e9;
	return c->latency_ns > 0 ? fmin(late_ns, c->latency_ns) : late_ns;
}

/* The pulse of the next whole second, stamped late, or something that is none. */
static void make_edge(struct world *w, struct server *s)
{
	const int64_t second_ns = 1000000000;
	int64_t first_ns = w->oscillator.config.first_time_ns;
	struct event_edge *edge = &s->event.edge;
	double late_ns = lateness_ns(w, s->config);
	int64_t pulse_ns;

	s->event.kind = EVENT_PPS;
	edge->labelled = false;
	edge->uncertainty_ticks = 1;
	s->true_second = (first_ns + (int64_t)(w->now_s * 1e9)) / second_ns + 1;
	pulse_ns = s->true_second * second_ns - first_ns;
	edge->c_edge = oscillator_counter(&w->oscillator, (long double)pulse_ns + late_ns);
	s->arrives_at_s = ((double)pulse_ns + late_ns) * 1e-9 + 1e-6;
}

static void send(struct world *w, struct server *s)
{
	const struct server_config *c = s->config;
	bool lost = in_outage(w->scenario, w->now_s) || rng_chance(&w->rng, c->loss);

	if (c->kind == SERVER_PHC)
		make_bracket(w, s);
	else if (c->kind == SERVER_PPS)
		make_edge(w, s);
	else
		make_exchange(w, s);
	if (lost)
		s->arrives_at_s = NEVER_S;
	s->sends_at_s = w->now_s + c->poll_s * rng_between(&w->rng, 0.98, 1.02);
	if (!lost && s->sends_at_s <= s->arrives_at_s)
		s->sends_at_s = s->arrives_at_s + 1e-3;
}

static void note_totals(struct world *w)
{
	struct discipline_totals totals;

	discipline_get_totals(w->discipline, &totals);
	if (totals.nesting_violations || totals.promise_widened || totals.falsetickers ||
	    totals.disruptions > 1 || totals.status != DISCIPLINE_SYNCHRONIZED)
		w->out->admitted = true;
	for (unsigned int i = 0; i < w->scenario->server_count; i++) {
		struct discipline_source_status status;

		discipline_get_source(w->discipline, w->servers[i].slot, &status);
		if (status.restarts || status.refused || status.state == SOURCE_CONFLICT)
			w->out->admitted = true;
	}
}

static void run_clock(struct world *w, uint64_t counter)
{
	struct publication publication;
	struct discipline_totals totals;

	if (!discipline_run(w->discipline, counter, &publication))
		return;
	discipline_get_totals(w->discipline, &totals);
	checker_publish(&w->out->checker, counter, &publication,
			fabs(totals.slew_ppb) >= MAX_SLEW_PPB * (1 - 1e-6));
}

/* The wrong second is as bad as a program that dies. */
static bool second_is_right(const struct world *w, const struct server *s)
{
	struct discipline_source_status status;

	discipline_get_source(w->discipline, s->slot, &status);
	return status.second == s->true_second;
}

static void receive(struct world *w, struct server *s)
{
	const struct event_terms terms = {.max_error_ns = own_error_ns(s->config),
					  .max_latency_ns = s->config->latency_ns};
	bool pulse = s->config->kind == SERVER_PPS;
	int err;

	s->arrives_at_s = NEVER_S;
	record_event(w, s);
	err = discipline_event(w->discipline, s->slot, &s->event, &terms);
	if (!err && pulse && !second_is_right(w, s))
		w->out->error = -ERANGE;
	w->out->samples += !err;
	run_clock(w, counter_at(w, w->now_s));
}

/* A slew that is worth to be killed in. */
static bool in_slew(const struct world *w)
{
	struct discipline_totals totals;

	discipline_get_totals(w->discipline, &totals);
	return totals.has_line && fabs(totals.slew_ppb) > w->scenario->kill_slew_ppb;
}

static void kill_daemon(struct world *w)
{
	discipline_destroy(w->discipline);
	w->discipline = NULL;
	w->out->killed = true;
	w->revive_at_s = w->now_s + w->scenario->dead_s;
}

/* The page says all that the new daemon knows of the old one's life. */
static void revive_daemon(struct world *w)
{
	const struct publication *p = &w->out->checker.last;
	struct interval bound = {
		.counter = p->line.counter,
		.base_ns = p->line.time_ns,
		.lo_ns = p->line.frac_ns - p->max_error_ns,
		.hi_ns = p->line.frac_ns + p->max_error_ns,
		.rate_lo_ppb = p->line.rate_ppb - p->max_rate_error_ppb,
		.rate_hi_ppb = p->line.rate_ppb + p->max_rate_error_ppb,
	};

	w->out->error = start_daemon(w);
	if (w->out->error)
		return;
	discipline_seed(w->discipline, &p->line, &bound);
	for (unsigned int i = 0; i < w->scenario->server_count; i++) {
		w->servers[i].arrives_at_s = NEVER_S;
		w->servers[i].sends_at_s = w->now_s + 0.1 * (i + 1);
	}
}

/* Keeps account of how long the page was wrong while nothing was said. */
static void note_silence(struct world *w, const struct seen *seen)
{
	if (fabs(seen->error_ns) <= seen->bound_ns || w->out->admitted) {
		w->wrong_since_s = NEVER_S;
		return;
	}
	w->wrong_since_s = fmin(w->wrong_since_s, w->now_s);
	if (w->now_s - w->wrong_since_s > (double)w->out->longest_wrong_s)
		w->out->longest_wrong_s = (uint64_t)(w->now_s - w->wrong_since_s) + 1;
}

static void judge(struct world *w, uint64_t counter, const struct seen *seen)
{
	const struct scenario *s = w->scenario;
	double error_ns = fabs(seen->error_ns);

	w->out->last_bound_ns = seen->bound_ns;
	if (in_outage(s, w->now_s) && !w->outage_begun) {
		struct discipline_totals totals;

		discipline_get_totals(w->discipline, &totals);
		w->outage_begun = true;
		w->out->outage_rate_error_ppb =
			totals.estimate.rate_ppb - oscillator_rate_ppb(&w->oscillator, counter);
	}
	if (in_outage(s, w->now_s)) {
		w->outage_squares += error_ns * error_ns;
		w->outage_count++;
	}
	if (w->now_s < s->settled_from_s)
		return;
	w->settled_squares += error_ns * error_ns;
	w->settled_count++;
	w->out->judged++;
	w->out->kept_whole += w->out->checker.last.kept_s >= w->out->checker.horizon_s;
	w->out->within_1sigma += error_ns <= seen->sigma_ns;
	w->out->within_3sigma += error_ns <= 3 * seen->sigma_ns;
}

/* Once a second somebody reads the page. */
static void look(struct world *w)
{
	uint64_t counter = counter_at(w, w->now_s);
	struct seen seen;

	if (w->discipline && !stalled(w, w->now_s))
		note_totals(w);
	if (checker_read(&w->out->checker, counter, &seen)) {
		note_silence(w, &seen);
		judge(w, counter, &seen);
	}
	record_truth(w, counter);
	w->runs_since_look = 0;
	w->next_look_s = w->now_s + rng_between(&w->rng, 0.5, 1.5);
}

static double deadline_s(struct world *w)
{
	uint64_t deadline = discipline_deadline(w->discipline);

	if (deadline == UINT64_MAX)
		return NEVER_S;
	return (double)(oscillator_time(&w->oscillator, deadline) * 1e-9L);
}

/* The server that acts next, and when; NULL when the daemon does not listen. */
static struct server *next_server(struct world *w, double *at_s)
{
	struct server *next = NULL;

	*at_s = NEVER_S;
	for (unsigned int i = 0; i < w->scenario->server_count; i++) {
		struct server *s = &w->servers[i];
		double s_at = after_stall(w, fmin(s->sends_at_s, s->arrives_at_s));

		if (s_at < *at_s) {
			*at_s = s_at;
			next = s;
		}
	}
	return next;
}

static void act(struct world *w, struct server *s)
{
	if (s->arrives_at_s <= s->sends_at_s)
		receive(w, s);
	else
		send(w, s);
}

/* Lets the daemon be killed, or a new one start; true when that was what happened now. */
static bool live_and_die(struct world *w)
{
	const struct scenario *s = w->scenario;

	if (w->discipline && s->kill_from_s > 0 && !w->out->killed && w->now_s >= s->kill_from_s &&
	    in_slew(w))
		kill_daemon(w);
	if (!w->discipline && w->now_s >= w->revive_at_s)
		revive_daemon(w);
	return !w->discipline;
}

/* Whatever comes first: a packet, a deadline of the clock, a reader. */
static void step(struct world *w)
{
	double server_s = NEVER_S, clock_s = NEVER_S;
	struct server *server = NULL;

	if (!live_and_die(w)) {
		server = next_server(w, &server_s);
		clock_s = after_stall(w, fmax(deadline_s(w), w->now_s));
	}
	if (w->next_look_s <= server_s && w->next_look_s <= clock_s) {
		w->now_s = w->next_look_s;
		look(w);
	} else if (server_s <= clock_s) {
		w->now_s = fmax(server_s, w->now_s);
		act(w, server);
	} else {
		w->now_s = clock_s + 1e-9; /* timers fire late, never early */
		run_clock(w, counter_at(w, w->now_s));
		if (++w->runs_since_look > RUNS_PER_LOOK_MAX)
			w->out->error = -ELOOP; /* a deadline that does not move */
	}
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void finish(struct world *w)
{
	struct result *out = w->out;

	qsort(w->noise_ns, w->noise_count, sizeof(w->noise_ns[0]), compare_doubles);
	out->noise_ns = w->noise_count ? w->noise_ns[w->noise_count / 2] : 0;
	out->settled_rms_ns = sqrt(w->settled_squares / (double)w->settled_count);
	out->outage_rms_ns = sqrt(w->outage_squares / (double)w->outage_count);
	out->reached_s = w->now_s;
}

static int make_world(struct world *w, const struct scenario *s, FILE *file, struct result *out)
{
	int error = oscillator_init(&w->oscillator, &s->oscillator, s->stream ^ 0x05c111a70);

	if (error)
		return error;
	w->scenario = s;
	w->record = file;
	w->out = out;
	w->wrong_since_s = NEVER_S;
	w->next_look_s = 0.05;
	rng_seed(&w->rng, ~s->stream);
	checker_init(&out->checker, &w->oscillator, 60);
	out->checker.bound_from_s = s->lies ? NEVER_S : s->bound_from_s;
	for (unsigned int i = 0; i < s->server_count; i++) {
		struct server *server = &w->servers[i];

		server->config = &s->servers[i];
		server->out = s->servers[i].out;
		server->back = s->servers[i].back;
		server->edge_sign = 1;
		server->sends_at_s = 0.15 + 0.1 * i;
		server->arrives_at_s = NEVER_S;
		snprintf(server->name, sizeof(server->name), "s%u", i);
	}
	return start_daemon(w);
}

void world_run(const struct scenario *scenario, FILE *file, struct result *out)
{
	struct world *w = calloc(1, sizeof(*w));

	memset(out, 0, sizeof(*out));
	out->error = w ? make_world(w, scenario, file, out) : -ENOMEM;
	while (!out->error && w->now_s < scenario->duration_s)
		step(w);
	if (!w)
		return;
	finish(w);
	if (w->discipline)
		discipline_destroy(w->discipline);
	oscillator_free(&w->oscillator);
	out->checker.oscillator = NULL;
	free(w);
}
