/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The families of scenarios; each draws its particulars from a seed. */
#include "families.h"

#include <math.h>
#include <string.h>

/* 1e-9 per second per sqrt(s) is 1 ns/s: wander below is in ns/s per sqrt(s). */
static const double WANDER_LEAST = 0.01; /* 1e-11 per sqrt(s) */
static const double WANDER_MOST = 10;	 /* 1e-8 per sqrt(s) */

static struct direction make_direction(double base_ns, double mean_ns)
{
	struct direction d = {.base_ns = base_ns, .mean_ns = mean_ns, .parameter = 1};

	return d;
}

static struct server_config make_server(double base_ns, double mean_ns)
{
	struct server_config c = {.poll_s = 1};

	c.out = make_direction(base_ns, mean_ns);
	c.back = make_direction(base_ns, mean_ns);
	return c;
}

static void set_shape(struct server_config *c, enum shape shape, double parameter)
{
	c->out.shape = c->back.shape = shape;
	c->out.parameter = c->back.parameter = parameter;
}

/* Any shape, each direction its own. */
static void draw_shape(struct direction *d, struct rng *r)
{
	d->shape = (enum shape)(rng_next(r) % SHAPE_COUNT);
	d->parameter = rng_between(r, 1.2, 3);
	if (d->shape == SHAPE_BURSTS || d->shape == SHAPE_BIMODAL)
		d->parameter = rng_between(r, 3, 30);
	if (d->shape == SHAPE_LOGNORMAL)
		d->parameter = rng_between(r, 0.3, 1.5);
	d->correlation = rng_chance(r, 0.3) ? rng_between(r, 0, 0.8) : 0;
}

/* A path of a LAN, a metropolitan or a wide area network. */
static struct server_config draw_server(struct rng *r)
{
	double base_ns = rng_log_between(r, 2e4, 2e7);

	return make_server(base_ns, base_ns * rng_log_between(r, 0.003, 0.3));
}

static const double COUNTERS_HZ[] = {1e9, 2.4e9, 2.893e9, 25e6, 24e6, 3.3e9, 1.0000003e9};

/* One honest server on a LAN, an ordinary oscillator, any counter. */
static void base(struct scenario *s, struct rng *r)
{
	struct oscillator_config *o = &s->oscillator;

	s->duration_s = 3000;
	s->settled_from_s = 1500;
	s->max_rate_change_ppb = 1000;
	o->nominal_hz = COUNTERS_HZ[rng_next(r) % (sizeof(COUNTERS_HZ) / sizeof(COUNTERS_HZ[0]))];
	o->first_counter = rng_next(r) >> rng_next(r) % 64;
	o->first_time_ns = 1262304000000000000 + (int64_t)(rng_next(r) % 1000000000000000);
	o->rate_ppb = rng_between(r, -200000, 200000);
	o->wander = rng_log_between(r, WANDER_LEAST, 1);
	o->band_ppb = 450; /* within the promise of 1 ppm between any two moments */
	s->server_count = 1;
	s->servers[0] = make_server(rng_log_between(r, 2e4, 3e5), rng_log_between(r, 1e3, 1e5));
}

static void draw_exponential(struct scenario *s, struct rng *r)
{
	base(s, r);
}

static void draw_soft_edge(struct scenario *s, struct rng *r)
{
	base(s, r);
	set_shape(&s->servers[0], SHAPE_GAMMA, rng_between(r, 1.5, 4));
}

static void draw_heavy_tail(struct scenario *s, struct rng *r)
{
	base(s, r);
	set_shape(&s->servers[0], SHAPE_PARETO, rng_between(r, 1.1, 2.5));
}

static void draw_bursts(struct scenario *s, struct rng *r)
{
	base(s, r);
	set_shape(&s->servers[0], SHAPE_BURSTS, rng_log_between(r, 5, 200));
}

/* The worst moment to begin: congestion in one direction or both from the first second on. */
static void draw_burst_at_start(struct scenario *s, struct rng *r)
{
	struct server_config *c = &s->servers[0];

	base(s, r);
	c->out.congestion_to_s = rng_log_between(r, 5, 300);
	c->out.congestion_ns = c->out.mean_ns * rng_log_between(r, 5, 300);
	if (rng_chance(r, 0.5)) {
		c->back.congestion_to_s = c->out.congestion_to_s;
		c->back.congestion_ns = c->out.congestion_ns;
	}
}

static void draw_one_way_congestion(struct scenario *s, struct rng *r)
{
	struct direction *d = rng_chance(r, 0.5) ? &s->servers[0].out : &s->servers[0].back;

	base(s, r);
	d->congestion_from_s = 1200;
	d->congestion_to_s = 1200 + rng_between(r, 100, 1500);
	d->congestion_ns = d->mean_ns * rng_log_between(r, 2, 100);
}

static void draw_asymmetric(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0].back.base_ns *= rng_between(r, 0.1, 1);
	s->known_bias_ns = (s->servers[0].out.base_ns - s->servers[0].back.base_ns) / 2;
}

static void draw_route_change(struct scenario *s, struct rng *r)
{
	struct server_config *c = &s->servers[0];
	double shift_ns;

	base(s, r);
	shift_ns = c->out.base_ns * rng_between(r, -0.6, 3);
	c->out.shift_at_s = c->back.shift_at_s = rng_between(r, 300, 2000);
	if (rng_chance(r, 0.5))
		c->out.shift_ns = shift_ns;
	if (c->out.shift_ns == 0 || rng_chance(r, 0.5))
		c->back.shift_ns = shift_ns * rng_between(r, 0.5, 1);
	s->known_bias_ns = fabs(shift_ns) / 2;
}

static void draw_loss(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0].loss = rng_between(r, 0.2, 0.5);
}

static void draw_quantised(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0].quantum_ns = 1000;
	s->known_bias_ns = 1000;
}

static void draw_sparse(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0].poll_s = rng_chance(r, 0.5) ? 16 : 64;
	s->duration_s = 40000;
	s->settled_from_s = 20000;
}

/* The whole range of oscillators, inside of what the operator promises. */
static void draw_wander(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.wander = rng_log_between(r, WANDER_LEAST, WANDER_MOST);
	s->oscillator.white_ns = rng_chance(r, 0.5) ? rng_log_between(r, 0.01, 1) : 0;
	s->max_rate_change_ppb = 2000;
	s->oscillator.band_ppb = 900;
}

static void draw_thermal(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.thermal_ppb = rng_between(r, 20, 200);
	s->oscillator.thermal_period_s = rng_log_between(r, 600, 20000);
	s->oscillator.band_ppb = 250;
}

static void draw_rate_step(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.step_ppb = rng_between(r, -450, 450);
	s->oscillator.step_at_s = rng_between(r, 10, 1200);
	s->oscillator.band_ppb = 200;
}

/* A wide-area server at the edge of what it claims, now on this side and now on that. */
static void draw_edge_server(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0] = draw_server(r);
	s->servers[0].claim_ns = rng_log_between(r, 1e3, 1e6);
	s->servers[0].edge = true;
	s->known_bias_ns = 2 * s->servers[0].claim_ns;
}

/*
 * Everything at once that the rules permit: the rate jumps between the ends of the promise, all
 * queueing is on one leg, the server is at the edge of its claim.
 */
static void draw_adversary(struct scenario *s, struct rng *r)
{
	struct server_config *c = &s->servers[0];

	base(s, r);
	s->max_rate_change_ppb = rng_chance(r, 0.5) ? 1000 : rng_log_between(r, 100, 20000);
	s->oscillator.wander = 0;
	s->oscillator.swing_ppb = 0.4999 * s->max_rate_change_ppb;
	s->oscillator.swing_least_s = rng_log_between(r, 0.3, 30);
	s->oscillator.swing_most_s = s->oscillator.swing_least_s * rng_log_between(r, 1.1, 1000);
	c->one_leg = true;
	c->edge = true;
	c->claim_ns = rng_log_between(r, 100, 1e5);
	c->loss = rng_between(r, 0, 0.5);
	c->poll_s = rng_chance(r, 0.5) ? 1 : rng_log_between(r, 1, 64);
	draw_shape(&c->out, r);
	draw_shape(&c->back, r);
}

/* Three to five servers, a minority of which lies by a constant, or steps. */
static void draw_falsetickers(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->server_count = 3 + (unsigned int)(rng_next(r) % 3);
	for (unsigned int i = 0; i < s->server_count; i++) {
		struct server_config *c = &s->servers[i];

		*c = make_server(rng_log_between(r, 2e4, 1e7), rng_log_between(r, 1e3, 1e5));
		draw_shape(&c->out, r);
		c->back = c->out;
		c->claim_ns = rng_chance(r, 0.5) ? rng_log_between(r, 1e3, 1e5) : 0;
		if (i >= (s->server_count - 1) / 2)
			continue;
		c->step_ns = rng_log_between(r, 1e7, 1e9) * (rng_chance(r, 0.5) ? 1 : -1);
		c->step_ns += copysign(2 * c->out.base_ns, c->step_ns);
		c->step_at_s = rng_chance(r, 0.5) ? 0 : rng_between(r, 1, 2000);
	}
	s->duration_s = 2500;
	s->known_bias_ns = 1e5;
	/* Whoever is heard first is believed until the others were heard. */
	s->bound_from_s = 5;
	s->may_disrupt = true;
}

/* Alone, and its time steps far beyond its claim: nobody can know which of its times was true. */
static void draw_lone_step(struct scenario *s, struct rng *r)
{
	struct server_config *c = &s->servers[0];

	base(s, r);
	c->step_ns =
		(c->out.base_ns + rng_log_between(r, 1e5, 1e9)) * (rng_chance(r, 0.5) ? 3 : -3);
	c->step_at_s = rng_between(r, 200, 1200);
	s->lies = true;
	s->may_disrupt = true;
}

/* The oscillator does what the operator said that it never does. */
static void draw_broken_promise(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.band_ppb = 0;
	s->oscillator.swing_ppb = s->max_rate_change_ppb * rng_log_between(r, 3, 100);
	s->oscillator.swing_least_s = 100;
	s->oscillator.swing_most_s = 1000;
	s->lies = true;
	s->may_disrupt = true;
}

static void draw_wrap(struct scenario *s, struct rng *r)
{
	uint64_t edge = rng_chance(r, 0.5) ? (uint64_t)1 << 63 : 0;

	base(s, r);
	s->oscillator.first_counter =
		edge - (uint64_t)(s->oscillator.nominal_hz * rng_between(r, 1, 1500));
}

static void draw_stall(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0].poll_s = rng_chance(r, 0.5) ? 1 : 16;
	/* Stopped with a young rate, 200 ppm off, the page needs four times as long to close. */
	s->duration_s = 6000;
	s->settled_from_s = 5000;
	s->oscillator.swing_ppb = 400;
	s->oscillator.swing_least_s = 50;
	s->oscillator.swing_most_s = 2000;
	s->oscillator.band_ppb = 50;
	s->stall_from_s = rng_log_between(r, 2, 1500);
	s->stall_s = 600;
	s->known_bias_ns = 1e5;
}

/* Killed in mid-slew at any age, the page read for an hour, then continued by a new daemon. */
static void draw_kill(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.swing_ppb = 400;
	s->oscillator.swing_least_s = 50;
	s->oscillator.swing_most_s = 4000;
	s->oscillator.band_ppb = 50;
	s->servers[0].edge = rng_chance(r, 0.3);
	s->servers[0].claim_ns = 20000;
	s->kill_from_s = rng_log_between(r, 0.5, 1000);
	s->kill_slew_ppb = 1;
	if (rng_chance(r,
		       0.5)) { /* when an outage has left much to correct, and the rate is known */
		s->outage_from_s = rng_between(r, 300, 600);
		s->outage_s = 2000;
		s->kill_from_s = s->outage_from_s + s->outage_s;
		s->kill_slew_ppb = 5000;
	}
	s->dead_s = 3600;
	/* At 50 ppm of slew the page was carried off by up to 180 ms, which takes as long to close.
	 */
	s->duration_s = 9500;
	s->settled_from_s = 8500;
	s->known_bias_ns = 1e5;
	s->may_disrupt = true; /* when the new daemon finds the page carried off too far */
}

static void draw_phc(struct scenario *s, struct rng *r)
{
	struct server_config *c = &s->servers[0];

	base(s, r);
	c->kind = SERVER_PHC;
	c->claim_ns = rng_log_between(r, 20, 2000);
	c->noise_ns = c->claim_ns * rng_between(r, 0.05, 0.5);
	c->error_ns = c->claim_ns * rng_between(r, -0.5, 0.5);
	s->known_bias_ns = 1500 + c->claim_ns;
	c->poll_s = rng_chance(r, 0.5) ? 1 : 16;
	s->duration_s *= c->poll_s > 1 ? 4 : 1;
}

/* Servers of all kinds together: a device and two networks. */
static void draw_mixed(struct scenario *s, struct rng *r)
{
	draw_phc(s, r);
	s->duration_s = 2500;
	s->server_count = 3;
	s->servers[0].poll_s = 1;
	for (int i = 1; i < 3; i++) {
		s->servers[i] = draw_server(r);
		s->servers[i].poll_s = 4;
	}
}

/*
 * A pulse each second, stamped late by software, with edges that are none and pulses that are
 * missing; a server says which second, and may be as wrong as it may be for that.
 */
static void draw_pulse(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->duration_s = 2500;
	s->server_count = 2;
	s->servers[0].error_ns = rng_chance(r, 0.5) ? rng_between(r, -0.19e9, 0.19e9) : 0;
	s->servers[0].claim_ns = fabs(s->servers[0].error_ns) + 1e4;
	s->servers[1].kind = SERVER_PPS;
	s->servers[1].poll_s = 1;
	s->servers[1].loss = rng_between(r, 0, 0.2);
	s->servers[1].wild = rng_between(r, 0, 0.2);
	s->servers[1].noise_ns = rng_log_between(r, 100, 5000);
	s->known_bias_ns = s->servers[1].noise_ns;
}

/* The same with a promise of how late it may be, which is its bound. */
static void draw_bounded_pulse(struct scenario *s, struct rng *r)
{
	draw_pulse(s, r);
	s->servers[1].latency_ns = s->servers[1].noise_ns * rng_between(r, 2, 20);
}

/* Nobody answers for two hours. Steady queueing before, so that the wander alone decides. */
static void draw_outage(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.wander = rng_log_between(r, WANDER_LEAST, 0.3);
	s->oscillator.band_ppb = 0;
	s->max_rate_change_ppb = 1000;
	s->servers[0] = make_server(1e5, rng_log_between(r, 1e3, 2e4));
	s->outage_from_s = 5000;
	s->outage_s = 7200;
	s->duration_s = 12300;
	s->settled_from_s = 2000;
}

static void draw_coverage(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->servers[0] = draw_server(r);
	set_shape(&s->servers[0], rng_chance(r, 0.5) ? SHAPE_EXPONENTIAL : SHAPE_GAMMA,
		  rng_between(r, 1, 3));
	s->duration_s = 4000;
	s->settled_from_s = 1000;
}

/* Noise that nobody has tuned anything to: drawn anew in every run. */
static void draw_anything(struct scenario *s, struct rng *r)
{
	base(s, r);
	s->oscillator.wander = rng_log_between(r, WANDER_LEAST, WANDER_MOST);
	s->servers[0] = draw_server(r);
	draw_shape(&s->servers[0].out, r);
	draw_shape(&s->servers[0].back, r);
	s->servers[0].loss = rng_between(r, 0, 0.5);
	s->servers[0].claim_ns = rng_chance(r, 0.5) ? rng_log_between(r, 1e3, 1e6) : 0;
	s->servers[0].error_ns = s->servers[0].claim_ns * rng_between(r, -1, 1);
	s->servers[0].poll_s = rng_log_between(r, 1, 16);
	s->known_bias_ns = fabs(s->servers[0].error_ns);
}

const struct family families[] = {
	{"exponential", "one server, exponential queueing", draw_exponential, JUDGE_SETTLED, 12, 0},
	{"soft-edge", "queueing that is rarely small", draw_soft_edge, JUDGE_SETTLED, 12, 0},
	{"heavy-tail", "Pareto queueing", draw_heavy_tail, JUDGE_SETTLED, 12, 0},
	{"bursts", "bursts of ten seconds", draw_bursts, JUDGE_SETTLED, 12, 0},
	{"burst-at-start", "congested when the daemon starts", draw_burst_at_start, JUDGE_SETTLED,
	 12, 0},
	{"congestion", "one direction congested for minutes", draw_one_way_congestion, JUDGE_PAGE,
	 12, 0},
	{"asymmetric", "one direction is longer for ever", draw_asymmetric, JUDGE_SETTLED, 8, 0},
	{"route-change", "one or both directions change", draw_route_change, JUDGE_SETTLED, 16, 0},
	{"loss", "up to half of the packets lost", draw_loss, JUDGE_SETTLED, 8, 0},
	{"quantised", "stamps of whole microseconds", draw_quantised, JUDGE_SETTLED, 8, 0},
	{"sparse", "polls of 16 s and 64 s", draw_sparse, JUDGE_SETTLED, 12, 0},
	{"wander", "oscillators from 1e-11 to 1e-8 per sqrt(s)", draw_wander, JUDGE_SETTLED, 16, 0},
	{"thermal", "a thermal wave", draw_thermal, JUDGE_SETTLED, 8, 0},
	{"rate-step", "the rate steps within the promise", draw_rate_step, JUDGE_SETTLED, 12, 0},
	{"edge-server", "a server at the edge of its claim", draw_edge_server, JUDGE_SETTLED, 12,
	 0},
	{"adversary", "everything that the rules permit at once", draw_adversary, JUDGE_PAGE, 40,
	 0},
	{"falsetickers", "a minority lies or steps", draw_falsetickers, JUDGE_SETTLED, 12, 0},
	{"lone-step", "the only server steps", draw_lone_step, JUDGE_ADMITTED, 8, 0},
	{"broken-promise", "the oscillator breaks the promise", draw_broken_promise, JUDGE_ADMITTED,
	 12, 0},
	{"wrap", "the counter wraps, or passes 2^63", draw_wrap, JUDGE_SETTLED, 8, 0},
	{"stall", "the daemon is stopped for ten minutes", draw_stall, JUDGE_SETTLED, 12, 0},
	{"kill", "killed in mid-slew, read for an hour, continued", draw_kill, JUDGE_SETTLED, 16,
	 0},
	{"phc", "a hardware clock", draw_phc, JUDGE_SETTLED, 12, 0},
	{"pulse", "one pulse a second, and a server", draw_pulse, JUDGE_SETTLED, 8, 0},
	{"bounded-pulse", "a pulse that is late by so much at most", draw_bounded_pulse,
	 JUDGE_SETTLED, 16, 0},
	{"mixed", "a hardware clock and two servers", draw_mixed, JUDGE_SETTLED, 8, 0},
	{"outage", "nobody answers for two hours", draw_outage, JUDGE_OUTAGE, 120, 0},
	{"coverage", "is the estimated error honest", draw_coverage, JUDGE_COVERAGE, 200, 0},
	{"drawn", "noise drawn anew in every run", draw_anything, JUDGE_PAGE, 12, 1},
	{"drawn-adversary", "an adversary drawn anew in every run", draw_adversary, JUDGE_PAGE, 12,
	 1},
};

const unsigned int family_count = sizeof(families) / sizeof(families[0]);

/* FNV-1a: so that the same seed means another world in every family. */
static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3u;
	return value;
}

void family_draw(const struct family *family, uint64_t seed, struct scenario *out)
{
	struct rng rng;

	memset(out, 0, sizeof(*out));
	out->family = family->name;
	out->seed = seed;
	out->stream = seed ^ hash(family->name);
	rng_seed(&rng, out->stream);
	family->draw(out, &rng);
}
