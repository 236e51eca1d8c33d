/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source's filter: samples become measurements of the bank, what they leave teaches the noise.
 *
 * The bank's phase is kept relative to a reference line of nominal rate, (counter, base_ns), whose
 * integer base takes up whole nanoseconds after each sample, so that the phase stays a small number
 * however long the source has been running.
 */
#include "filter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "correlation.h"
#include "oneway.h"
#include "path.h"
#include "queueing.h"
#include "scalar_noise.h"
#include "unseen.h"

/* Rate before anything is known: a crystal's tolerance; one that is 300 ppm off converges too. */
static const double RATE_SD_PPB = 1e5;
/* Phase of a first sample without any width: 100 ns. */
static const double LEAST_START_VAR_NS2 = 1e4;
/* A pulse's base lateness cannot be observed: a tenth of the stated most, or 1 us by experience. */
static const double EDGE_DELAY_SHARE = 0.1;
static const double EDGE_DELAY_SD_NS = 1000.0;
/* The first pulse may be late by so much, and differ from the second by so much: what an interrupt
 * usually differs by. Where they differ by more, judge_start() begins anew. */
static const double EDGE_START_SD_NS = 1e5;
static const double EDGE_PAIR_SD_NS = 3e3;
/* A rate further from what was believed before is no rate: one of the two came late. */
static const double PAIR_RATE_SDS = 3.0;
/* So many pulses have to agree with a start, each within so many sd. */
static const unsigned int PULSES_TO_SETTLE = 4;
static const double PAIR_SURPRISE_SDS = 3.0;
/* An interrupt is late by so much more than the quickest of them: as good as having seen so many.
 * Without this belief a wrong rate would pass for lateness through the first half minute; with a
 * larger one the first pages would be ahead of the pulse by it, however steady the stamps are. */
static const double EDGE_LATENESS_NS = 500.0;
static const double EDGE_LATENESS_SAMPLES = 4.0;

/* The base delay is forgotten over so many samples in which it is being measured: those late by
 * less than the median in both directions, a quarter of all, hence the 4. */
static const double DELAY_MEMORY = 300.0;
static const double DELAY_MEASURED_SHARE = 4.0;
static const unsigned int YOUNG = 64;
/* A round trip this much shorter than the first one's starts a young filter over. */
static const double BETTER_START_SHARE = 0.6;

/* Both directions later than this: congestion, which says nothing of the clock. A member of large
 * wander would rather believe in a jump of phase. */
static const double CONGESTED_QUANTILE = 0.9;

static const double CORRELATION_MEMORY = 2000.0;

/* Base delays give way to the shape of the queueing over as many samples; early on they follow it.
 */
static const double UNSEEN_MEMORY = 2000.0;
static const double UNSEEN_SHARE = 0.25;

/* The published sigma is the filter's own times this: pooled over seeds it then covers 2/3. */
static const double SIGMA_FACTOR = 1.1;

/* What makes no sense: stamps that contradict each other by more than their errors and this, ... */
static const double STAMP_SLACK_NS = 1000.0;
static const double RATE_SLACK = 500e-6;
/* ... a sample that took longer than this, times this far from 1970 (120 years), ... */
static const double SPAN_MAX_NS = 1e12;
static const int64_t TIME_MAX_NS = 4000000000000000000;
/* ... a rate that no counter has: 1 %. */
static const double RATE_MAX_PPB = 1e7;
/* After a day without a sample only the rate is worth keeping. */
static const double GAP_MAX_NS = 86400e9;

struct filter_tables {
	struct oneway_dictionary dict;
};

struct filter {
	const struct oneway_dictionary *dict;
	double ns_per_tick;
	struct filter_prior prior;
	enum sample_kind kind; /* of the first sample; a source speaks one language */
	uint64_t samples;
	uint64_t counter; /* where the reference line is at base_ns */
	int64_t base_ns;
	double stamp_var_ns2; /* running mean over samples; the densities have learned it */
	double delay_forgetting;
	struct bank bank;
	struct queueing queueing;
	struct correlation correlation;
	struct path path;
	struct scalar_noise noise;
	double bracket_ns; /* width of the last sample, if it was read between two counter values */
	struct unseen unseen;
	double start_round_trip_ns; /* of the sample that began it all */
	/* of a pulse that begins */
	bool paired;		    /* with phase and rate of two pulses */
	unsigned int pulses_agreed; /* with that, in a row */
	uint64_t edge_counter;	    /* the last one */
	int64_t edge_time_ns;
};

struct filter_tables *filter_tables_create(void)
{
	struct filter_tables *tables = malloc(sizeof(*tables));

	if (tables)
		oneway_dictionary_build(&tables->dict);
	return tables;
}

void filter_tables_destroy(struct filter_tables *tables)
{
	free(tables);
}

size_t filter_size(void)
{
	return sizeof(struct filter);
}

void filter_init(struct filter *f, const struct filter_tables *tables, double ns_per_tick,
		 const struct filter_prior *prior)
{
	memset(f, 0, sizeof(*f));
	f->dict = &tables->dict;
	f->ns_per_tick = ns_per_tick;
	if (prior)
		f->prior = *prior;
	if (!(f->prior.rate_sd_ppb > 0.0))
		f->prior.rate_sd_ppb = RATE_SD_PPB;
	correlation_reset(&f->correlation);
	queueing_reset(&f->queueing, f->dict, f->correlation.exponent);
}

uint64_t filter_count(const struct filter *f)
{
	return f->samples;
}

static double ticks_ns(const struct filter *f, uint64_t to, uint64_t from)
{
	return (double)counter_diff(to, from) * f->ns_per_tick;
}

static uint64_t middle(const struct sample *s)
{
	return s->c_before + (s->c_after - s->c_before) / 2;
}

static double finite_or_zero(double value)
{
	return isfinite(value) ? value : 0.0;
}

static double span_ns(const struct filter *f, const struct sample *s)
{
	return ticks_ns(f, s->c_after, s->c_before);
}

static double round_trip_ns(const struct filter *f, const struct sample *s)
{
	return span_ns(f, s) + s->lead_ns - (double)(s->t_after_ns - s->t_before_ns);
}

static double stamp_var(const struct sample *s)
{
	return s->stamp_error_ns * s->stamp_error_ns / 3.0;
}

static bool time_in_range(int64_t t)
{
	return t > -TIME_MAX_NS && t < TIME_MAX_NS;
}

static bool makes_sense(const struct filter *f, const struct sample *s)
{
	double span = span_ns(f, s), slack, server;

	if (!time_in_range(s->t_before_ns) || !time_in_range(s->t_after_ns))
		return false;
	if (!(s->stamp_error_ns >= 0.0) || s->stamp_error_ns > SPAN_MAX_NS)
		return false;
	if (counter_diff(s->c_after, s->c_before) < 0 || span > SPAN_MAX_NS)
		return false;
	if (f->samples > 0 && (s->kind == SAMPLE_EXCHANGE) != (f->kind == SAMPLE_EXCHANGE))
		return false;
	if (f->samples > 0 && (s->kind == SAMPLE_EDGE) != (f->kind == SAMPLE_EDGE))
		return false;
	if (s->kind != SAMPLE_EXCHANGE)
		return s->t_before_ns == s->t_after_ns;
	server = (double)(s->t_after_ns - s->t_before_ns);
	slack = STAMP_SLACK_NS + finite_or_zero(s->upper_error_ns) +
		finite_or_zero(s->lower_error_ns);
	return server >= -slack &&
	       span - server >= -slack - 2.0 * s->stamp_error_ns - RATE_SLACK * span;
}

/* How much more this sample's stamps may err than the densities have learned to expect. */
static double extra_noise(struct filter *f, const struct sample *s)
{
	double var = stamp_var(s);
	double extra = fmax(0.0, var - f->stamp_var_ns2);

	f->stamp_var_ns2 += (var - f->stamp_var_ns2) / queueing_memory(&f->queueing);
	return extra;
}

/* The phase becomes a fraction, its whole nanoseconds part of the base. */
static void fold_phase(struct filter *f)
{
	double whole = rint(f->bank.mix.mean[PHASE_NS]);

	f->base_ns += (int64_t)whole;
	bank_shift(&f->bank, -whole, 0.0, 0.0);
}

/* The reference line moves on to a counter value, exactly: the product's rounding is kept. */
static void advance(struct filter *f, uint64_t counter)
{
	double ticks = (double)counter_diff(counter, f->counter);
	double elapsed = ticks * f->ns_per_tick;
	double rounding = fma(ticks, f->ns_per_tick, -elapsed);
	double whole = floor(elapsed);

	bank_advance(&f->bank, elapsed * 1e-9, f->delay_forgetting);
	bank_shift(&f->bank, elapsed - whole + rounding, 0.0, 0.0);
	f->base_ns += (int64_t)whole;
	f->counter = counter;
}

/* --- start --- */

/* What a first sample says of base delay and phase, by its kind: delay, variances. */
static void start_belief(const struct filter *f, const struct sample *s, double mean[BANK_STATES],
			 double var[BANK_STATES])
{
	double width = span_ns(f, s), most;

	var[DELAY_NS] = 0.0;
	var[PHASE_NS] = LEAST_START_VAR_NS2 + width * width / 4.0 + stamp_var(s);
	if (s->kind == SAMPLE_EXCHANGE) {
		width = fabs(round_trip_ns(f, s));
		mean[DELAY_NS] = mean[DELAY_NS + 1] = width / 2.0;
		var[DELAY_NS] = width * width / 16.0;
		var[PHASE_NS] = LEAST_START_VAR_NS2 + width * width / 12.0 + stamp_var(s);
	} else if (s->kind == SAMPLE_EDGE) {
		most = s->upper_error_ns;
		var[DELAY_NS] = isfinite(most) ? most * most * EDGE_DELAY_SHARE * EDGE_DELAY_SHARE
					       : EDGE_DELAY_SD_NS * EDGE_DELAY_SD_NS;
		var[PHASE_NS] = EDGE_START_SD_NS * EDGE_START_SD_NS;
	}
}

static void start(struct filter *f, const struct sample *s, double rate_ppb)
{
	double mean[BANK_STATES] = {0.0}, var[BANK_STATES] = {0.0};

	f->kind = s->kind;
	f->counter = middle(s);
	f->base_ns = s->t_before_ns + (s->t_after_ns - s->t_before_ns) / 2;
	f->stamp_var_ns2 = stamp_var(s);
	f->delay_forgetting = 0.0;
	f->start_round_trip_ns = round_trip_ns(f, s);
	start_belief(f, s, mean, var);
	var[DELAY_NS + 1] = var[DELAY_NS];
	mean[RATE_PPB] = rate_ppb;
	var[RATE_PPB] = f->prior.rate_sd_ppb * f->prior.rate_sd_ppb;
	bank_start(&f->bank, mean, var);
	correlation_reset(&f->correlation);
	queueing_reset(&f->queueing, f->dict, f->correlation.exponent);
	f->paired = false;
	f->pulses_agreed = 0;
	f->edge_counter = f->counter;
	f->edge_time_ns = s->t_after_ns;
	if (s->kind == SAMPLE_EDGE)
		queueing_expect(&f->queueing, EDGE_LATENESS_NS, EDGE_LATENESS_SAMPLES);
	path_reset(&f->path, s->kind == SAMPLE_EDGE);
	scalar_noise_start(&f->noise, span_ns(f, s));
	unseen_reset(&f->unseen);
}

/* --- points in time --- */

static void add_scalar(struct filter *f, const struct sample *s)
{
	struct bank_measurement z = {
		.offset_ns = -(double)(s->t_before_ns - f->base_ns),
		.slope = {[PHASE_NS] = 1.0},
	};
	double away, var, noise;

	moments_predict(&f->bank.mix, &z, &away, &var);
	if (scalar_noise_stepped(&f->noise, away, var)) {
		bank_shift(&f->bank, -away, 0.0, f->noise.var_ns2);
		moments_predict(&f->bank.mix, &z, &away, &var);
	}
	f->queueing.age++;
	f->bracket_ns = span_ns(f, s);
	noise = scalar_noise_use(&f->noise, away, var, queueing_memory(&f->queueing));
	z.noise_var_ns2 = noise + extra_noise(f, s);
	bank_update_gaussian(&f->bank, &z);
}

/* --- delays --- */

static int first_direction(const struct filter *f)
{
	return f->kind == SAMPLE_EDGE ? REPLY : REQUEST;
}

/* lateness = time of arrival - time of departure - base delay of that direction. */
static void delay_measurement(const struct filter *f, const struct sample *s, int d,
			      double noise_var, struct bank_measurement *z)
{
	double rate = 1.0 + f->bank.mix.mean[RATE_PPB] * 1e-9;

	*z = (struct bank_measurement){.noise_var_ns2 = noise_var};
	z->slope[DELAY_NS + d] = -1.0;
	if (d == REQUEST) {
		z->offset_ns = (double)(s->t_before_ns - f->base_ns) + s->lead_ns -
			       ticks_ns(f, s->c_before, f->counter) * rate;
		z->slope[PHASE_NS] = -1.0;
	} else {
		z->offset_ns = ticks_ns(f, s->c_after, f->counter) * rate -
			       (double)(s->t_after_ns - f->base_ns);
		z->slope[PHASE_NS] = 1.0;
	}
}

static double lateness(const struct filter *f, const struct bank_measurement *z, double *var)
{
	double mean;

	moments_predict(&f->bank.mix, z, &mean, var);
	return mean;
}

/* --- the start of a pulse --- */

/*
 * Two pulses say phase and rate at once: interrupts differ by much less than the rate of an unknown
 * counter moves it in a second. Quadrature under so wide a belief would not see the density's edge.
 * The reference line is at the second of them.
 */
static void start_from_pair(struct filter *f, const struct sample *s)
{
	double elapsed_ns = ticks_ns(f, f->counter, f->edge_counter);
	double rate_ppb =
		((double)(s->t_after_ns - f->edge_time_ns) - elapsed_ns) / (elapsed_ns * 1e-9);
	double sd_ppb = EDGE_PAIR_SD_NS / (elapsed_ns * 1e-9);
	const struct moments *mix = &f->bank.mix;
	double mean[BANK_STATES] = {0.0}, var[BANK_STATES] = {0.0};

	f->paired = sd_ppb < f->prior.rate_sd_ppb &&
		    fabs(rate_ppb - f->prior.rate_ppb) <= PAIR_RATE_SDS * f->prior.rate_sd_ppb;
	f->pulses_agreed = 0;
	if (!f->paired)
		return;
	mean[PHASE_NS] = (double)(s->t_after_ns - f->base_ns);
	mean[RATE_PPB] = rate_ppb;
	var[RATE_PPB] = sd_ppb * sd_ppb;
	var[PHASE_NS] = EDGE_PAIR_SD_NS * EDGE_PAIR_SD_NS;
	var[DELAY_NS] = mix->cov[DELAY_NS][DELAY_NS];
	var[DELAY_NS + 1] = mix->cov[DELAY_NS + 1][DELAY_NS + 1];
	bank_start(&f->bank, mean, var);
}

/* One of the pair that it began with may have been late: then those that follow do not agree. */
static void judge_start(struct filter *f, const struct sample *s)
{
	struct bank_measurement z;
	double var, mean;

	delay_measurement(f, s, REPLY, 0.0, &z);
	mean = lateness(f, &z, &var);
	if (!f->paired || fabs(mean) > PAIR_SURPRISE_SDS * sqrt(var) + EDGE_PAIR_SD_NS)
		start_from_pair(f, s);
	else
		f->pulses_agreed++;
	f->edge_counter = f->counter;
	f->edge_time_ns = s->t_after_ns;
}

static bool later_than(const struct filter *f, const struct bank_measurement z[DIRECTIONS],
		       double share)
{
	double var;

	for (int d = first_direction(f); d < DIRECTIONS; d++) {
		const struct oneway *density = queueing_density(&f->queueing, d);

		if (lateness(f, &z[d], &var) <= oneway_quantile(density, f->dict, share))
			return false;
	}
	return true;
}

static bool earlier_than_median(const struct filter *f, const struct path_sample *view)
{
	for (int d = first_direction(f); d < DIRECTIONS; d++)
		if (view->late_ns[d] >= oneway_quantile(view->density[d], f->dict, 0.5))
			return false;
	return true;
}

static void update(struct filter *f, const struct bank_measurement z[DIRECTIONS])
{
	bool congested = f->queueing.age > YOUNG && later_than(f, z, CONGESTED_QUANTILE);

	queueing_begin(&f->queueing);
	for (int d = first_direction(f); d < DIRECTIONS; d++) {
		double var, mean = lateness(f, &z[d], &var);

		queueing_learn(&f->queueing, d, mean, sqrt(var));
		if (!congested)
			bank_update_oneway(&f->bank, f->dict, queueing_density(&f->queueing, d),
					   &z[d]);
	}
	queueing_end(&f->queueing);
}

/* What is left of the sample after the update, as the path logic looks at it. */
static void view_residuals(const struct filter *f, const struct sample *s,
			   struct bank_measurement z[DIRECTIONS], struct path_sample *view)
{
	double var, delay_sd;
	double delay = moments_delay(&f->bank.mix, &delay_sd);

	*view = (struct path_sample){
		.round_trip_ns = round_trip_ns(f, s),
		.delay_ns = delay,
		.delay_sd_ns = delay_sd,
		.pooled_median_ns = oneway_quantile(&f->queueing.pooled, f->dict, 0.5),
	};
	for (int d = first_direction(f); d < DIRECTIONS; d++) {
		z[d].noise_var_ns2 = 0.0;
		view->late_ns[d] = lateness(f, &z[d], &var);
		view->late_sd_ns[d] = sqrt(var);
		view->density[d] = queueing_density(&f->queueing, d);
	}
}

static void learn_delay_forgetting(struct filter *f, const struct path_sample *view)
{
	double measured = 0.0;

	if (f->kind == SAMPLE_EDGE)
		return; /* its delay is never measured */
	if (f->queueing.age < YOUNG)
		measured = 1.0;
	else if (earlier_than_median(f, view))
		measured = DELAY_MEASURED_SHARE * f->correlation.exponent;
	f->delay_forgetting = measured / DELAY_MEMORY;
}

static void learn_correlation(struct filter *f, const struct path_sample *view)
{
	double excess = 0.0, before = f->correlation.exponent, after;

	for (int d = first_direction(f); d < DIRECTIONS; d++)
		excess += view->late_ns[d] + f->path.offset_ns[d];
	after = correlation_add(&f->correlation, excess,
				fmin(CORRELATION_MEMORY, (double)f->samples));
	if (after < before || after > before)
		queueing_temper(&f->queueing, after);
}

static void learn_unseen(struct filter *f, const struct sample *s)
{
	const double *offset = f->path.offset_ns;
	if (s->kind != SAMPLE_EXCHANGE)
		return;
	unseen_add_stamp(&f->unseen, s->t_before_ns);
	unseen_add_stamp(&f->unseen, s->t_after_ns);
	unseen_learn(&f->unseen, f->dict, f->queueing.separate, &f->queueing.pooled,
		     fmin(UNSEEN_MEMORY, 1.0 + UNSEEN_SHARE * (double)f->samples),
		     offset[REQUEST] > 0.0 || offset[REPLY] > 0.0);
}

static void judge_path(struct filter *f, struct path_sample *view)
{
	view->exponent = f->correlation.exponent;
	if (path_judge(&f->path, &f->bank, f->dict, view))
		queueing_relearn(&f->queueing);
}

static void add_delays(struct filter *f, const struct sample *s)
{
	double noise = extra_noise(f, s);
	struct bank_measurement z[DIRECTIONS];
	struct path_sample view;

	for (int d = first_direction(f); d < DIRECTIONS; d++)
		delay_measurement(f, s, d, noise, &z[d]);
	update(f, z);
	view_residuals(f, s, z, &view);
	learn_delay_forgetting(f, &view);
	learn_correlation(f, &view);
	learn_unseen(f, s);
	judge_path(f, &view);
}

/* --- the interface --- */

static bool sane(const struct filter *f)
{
	const struct moments *mix = &f->bank.mix;
	double phase = mix->mean[PHASE_NS], limit = (double)TIME_MAX_NS;

	return fabs(phase) < limit && fabs((double)f->base_ns + phase) < limit &&
	       fabs(mix->mean[RATE_PPB]) < RATE_MAX_PPB && isfinite(mix->mean[DELAY_NS]) &&
	       mix->cov[PHASE_NS][PHASE_NS] > 0.0 && mix->cov[RATE_PPB][RATE_PPB] > 0.0 &&
	       mix->cov[DELAY_NS][DELAY_NS] >= 0.0;
}

/*
 * The first packet of all is often slow: addresses are resolved, caches and processors asleep. One
 * that is much faster soon after says more alone than all of those before it: base delay and
 * asymmetry that the slow one suggested take minutes to forget, and the rate with them.
 */
static bool begins_better(const struct filter *f, const struct sample *s)
{
	return s->kind == SAMPLE_EXCHANGE && f->queueing.age < YOUNG &&
	       round_trip_ns(f, s) < BETTER_START_SHARE * f->start_round_trip_ns;
}

int filter_add(struct filter *f, const struct sample *s)
{
	uint64_t counter = middle(s);

	if (!makes_sense(f, s))
		return -EINVAL;
	if (f->samples > 0 && counter_diff(counter, f->counter) <= 0)
		return -EINVAL;
	f->samples++;
	if (f->samples == 1 || begins_better(f, s)) {
		start(f, s, f->prior.rate_ppb);
		return 0;
	}
	if (ticks_ns(f, counter, f->counter) > GAP_MAX_NS) {
		start(f, s, f->bank.mix.mean[RATE_PPB]);
		return 0;
	}
	advance(f, counter);
	if (f->kind == SAMPLE_EDGE && f->pulses_agreed < PULSES_TO_SETTLE)
		judge_start(f, s);
	if (s->kind == SAMPLE_EXCHANGE || s->kind == SAMPLE_EDGE)
		add_delays(f, s);
	else
		add_scalar(f, s);
	if (sane(f))
		fold_phase(f);
	else
		start(f, s, f->prior.rate_ppb);
	return 0;
}

bool filter_estimate(const struct filter *f, uint64_t counter, struct estimate *out)
{
	const struct moments *mix = &f->bank.mix;
	double factor = SIGMA_FACTOR * SIGMA_FACTOR, elapsed, t, phase, whole;

	if (f->samples == 0)
		return false;
	elapsed = ticks_ns(f, counter, f->counter);
	elapsed = fmin(fmax(elapsed, -(double)TIME_MAX_NS), (double)TIME_MAX_NS);
	t = elapsed * 1e-9;
	whole = floor(elapsed);
	phase = elapsed - whole + mix->mean[PHASE_NS] + mix->mean[RATE_PPB] * t;
	*out = (struct estimate){
		.counter = counter,
		.time_ns = f->base_ns + (int64_t)whole + (int64_t)floor(phase),
		.frac_ns = phase - floor(phase),
		.rate_ppb = mix->mean[RATE_PPB],
		.phase_var_ns2 = factor * (mix->cov[PHASE_NS][PHASE_NS] +
					   2.0 * t * mix->cov[PHASE_NS][RATE_PPB] +
					   t * t * mix->cov[RATE_PPB][RATE_PPB] +
					   bank_wander_growth(&f->bank, t)) +
				 unseen_var(&f->unseen),
		.cross_var_ns2_s =
			factor * (mix->cov[PHASE_NS][RATE_PPB] + t * mix->cov[RATE_PPB][RATE_PPB]),
		.rate_var_ppb2 = factor * mix->cov[RATE_PPB][RATE_PPB],
		.wander = bank_wander(&f->bank),
	};
	return true;
}

static void report_delays(const struct filter *f, struct filter_report *out)
{
	const struct oneway *pooled = &f->queueing.pooled;
	double directions = DIRECTIONS - first_direction(f);
	double upper = oneway_quantile(pooled, f->dict, 0.84);
	double lower = oneway_quantile(pooled, f->dict, 0.16);
	double sd;

	/* A midpoint halves the sum of two latenesses. */
	out->noise_ns = (upper - lower) / 2.0 / sqrt(directions);
	out->per_direction = f->queueing.per_direction;
	out->tempering = f->correlation.exponent;
	out->path_changes = f->path.changes;
	if (f->kind == SAMPLE_EXCHANGE)
		out->delay_ns = 2.0 * moments_delay(&f->bank.mix, &sd) -
				f->path.offset_ns[REQUEST] - f->path.offset_ns[REPLY];
	for (int d = first_direction(f); d < DIRECTIONS; d++)
		out->path_offset_ns[d] = f->path.offset_ns[d];
}

void filter_get_report(const struct filter *f, struct filter_report *out)
{
	*out = (struct filter_report){
		.noise_ns = NAN,
		.delay_ns = NAN,
		.path_offset_ns = {NAN, NAN},
		.tempering = NAN,
	};
	if (f->samples == 0)
		return;
	if (f->kind == SAMPLE_EXCHANGE || f->kind == SAMPLE_EDGE)
		report_delays(f, out);
	else
		out->noise_ns = sqrt(f->noise.var_ns2);
	if (f->kind == SAMPLE_BRACKET)
		out->delay_ns = f->bracket_ns;
}
