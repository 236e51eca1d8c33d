/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmclock-sim: drives the clock through simulated networks and oscillators; reports in TAP. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "families.h"

struct options {
	const char *family; /* NULL: all */
	bool has_seed;
	uint64_t seed;	/* this one alone */
	double scale;	/* of the number of seeds */
	uint64_t fresh; /* what fresh families begin at */
	unsigned int part, parts;
	const char *record;
	bool verbose;
};

/* What all seeds of a family came to. */
struct pooled {
	unsigned int runs;
	uint64_t failed_seed[PROPERTY_COUNT];
	uint64_t faults[PROPERTY_COUNT];
	char fault[PROPERTY_COUNT][CHECKER_TEXT_MAX];
	uint64_t unexpected_disruptions, disruption_seed;
	double worst_settled; /* RMS over what is allowed */
	uint64_t worst_seed;
	uint64_t judged, within_1sigma, within_3sigma, kept_whole;
	double outage_squares;	     /* of RMS over what wander and told rate allow */
	double outage_own_squares;   /* the same with the estimate's own rate error */
	unsigned int mortal, killed; /* to be killed; killed */
	uint64_t silent_s, silent_seed;
	uint64_t samples;
	uint64_t given_up;
};

/* Fewer seeds say nothing about a share or an RMS over all of them. */
enum { POOLED_RUNS_LEAST = 100 };

static unsigned int tests_done, tests_failed;

static void report(bool good, const char *family, const char *text)
{
	tests_done++;
	tests_failed += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", tests_done, family, text);
	fflush(stdout);
}

static void reproduce(const char *family, uint64_t seed, const char *what)
{
	printf("# seed %" PRIu64
	       ": %s\n# reproduce: vmclock-sim --verbose --family %s --seed %" PRIu64
	       " --record FILE\n",
	       seed, what, family, seed);
}

/*
 * What a plain Kalman filter with samples of this noise would settle at: phase and rate errors of
 * the steady state for a random walk of the rate (q) under white noise of density N.
 */
static double kalman_phase_ns(double noise_ns, double poll_s, double q)
{
	double n = noise_ns * noise_ns * poll_s;

	return sqrt(M_SQRT2 * pow(n, 0.75) * sqrt(q));
}

static double kalman_rate_ppb(double noise_ns, double poll_s, double q)
{
	double n = noise_ns * noise_ns * poll_s;

	return sqrt(M_SQRT2 * pow(n, 0.25) * pow(q, 1.5));
}

/* The random walk that changes the rate as much as the thermal wave does in an eighth of it. */
static double effective_wander(const struct oscillator_config *o)
{
	double wave =
		o->thermal_ppb > 0 ? o->thermal_ppb * M_PI / 2 / sqrt(o->thermal_period_s) : 0;

	return hypot(o->wander, wave);
}

/* Generous: this finds divergence. How good the estimate is, the recordings judge. */
static double settled_limit_ns(const struct scenario *s, const struct result *r)
{
	double poll_s = s->servers[0].poll_s / (1 - s->servers[0].loss);
	double wander = effective_wander(&s->oscillator);
	double kalman_ns = kalman_phase_ns(r->noise_ns, poll_s, wander);
	double drift_ns = wander * pow(poll_s, 1.5) +
			  (s->oscillator.swing_ppb + s->oscillator.white_ns) * poll_s;

	return 2.5 * kalman_ns + 2 * drift_ns + fabs(s->known_bias_ns) + 50;
}

/* RMS over the outage window, as discipline.md has it. */
static double outage_limit_ns(const struct scenario *s, double rate_error_ppb)
{
	double wander_ns = s->oscillator.wander * pow(s->outage_s, 1.5) / sqrt(12);
	double rate_ns = rate_error_ppb * s->outage_s / sqrt(3);

	return hypot(wander_ns, rate_ns);
}

static void pool_page(struct pooled *p, const struct scenario *s, const struct result *r)
{
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		if (r->checker.faults[i] && !p->faults[i]) {
			p->failed_seed[i] = s->seed;
			memcpy(p->fault[i], r->checker.first_fault[i], CHECKER_TEXT_MAX);
		}
		p->faults[i] += r->checker.faults[i];
	}
	if (r->checker.disruptions && !s->may_disrupt && !p->unexpected_disruptions) {
		p->unexpected_disruptions = r->checker.disruptions;
		p->disruption_seed = s->seed;
	}
}

static void pool_errors(struct pooled *p, const struct scenario *s, const struct result *r)
{
	double settled = r->settled_rms_ns / settled_limit_ns(s, r);

	if (!(settled <= p->worst_settled)) {
		p->worst_settled = isnan(settled) ? INFINITY : settled;
		p->worst_seed = s->seed;
	}
	p->judged += r->judged;
	p->kept_whole += r->kept_whole;
	p->within_1sigma += r->within_1sigma;
	p->within_3sigma += r->within_3sigma;
	if (s->outage_s > 0) {
		double told_ppb =
			kalman_rate_ppb(r->noise_ns, s->servers[0].poll_s, s->oscillator.wander);

		p->outage_squares += pow(r->outage_rms_ns / outage_limit_ns(s, told_ppb), 2);
		p->outage_own_squares +=
			pow(r->outage_rms_ns / outage_limit_ns(s, r->outage_rate_error_ppb), 2);
	}
}

static void pool(struct pooled *p, const struct scenario *s, const struct result *r)
{
	p->runs++;
	p->samples += r->samples;
	p->given_up += r->checker.given_up;
	p->mortal += s->kill_from_s > 0;
	p->killed += r->killed;
	pool_page(p, s, r);
	pool_errors(p, s, r);
	if (r->longest_wrong_s > p->silent_s) {
		p->silent_s = r->longest_wrong_s;
		p->silent_seed = s->seed;
	}
}

static void describe(const struct scenario *s, const struct result *r)
{
	char out[160], back[160];

	direction_describe(&s->servers[0].out, out, sizeof(out));
	direction_describe(&s->servers[0].back, back, sizeof(back));
	printf("# %s seed %" PRIu64
	       ": %u servers, poll %.3g s, loss %.2f, claim %.3g us, wander %.3g "
	       "ns/s/sqrt(s), rate %.0f ppb, %.0f Hz\n#   out %s\n#   back %s\n",
	       s->family, s->seed, s->server_count, s->servers[0].poll_s, s->servers[0].loss,
	       s->servers[0].claim_ns * 1e-3, s->oscillator.wander, s->oscillator.rate_ppb,
	       s->oscillator.nominal_hz, out, back);
	printf("#   %" PRIu64 " samples, %" PRIu64 " publications, %" PRIu64
	       " disruptions, settled RMS "
	       "%.1f ns (limit %.1f), noise %.1f ns, last bound %.1f ns\n",
	       r->samples, r->checker.publications, r->checker.disruptions, r->settled_rms_ns,
	       settled_limit_ns(s, r), r->noise_ns, r->last_bound_ns);
	for (int i = 0; i < PROPERTY_COUNT; i++)
		if (r->checker.faults[i])
			printf("#   %" PRIu64 " times not (last at %.1f s): %s; %s\n",
			       r->checker.faults[i], r->checker.last_fault_s[i],
			       property_name((enum property)i), r->checker.first_fault[i]);
}

static int run_seed(const struct options *o, const struct family *family, uint64_t seed,
		    struct pooled *pooled)
{
	static struct result result;
	struct scenario scenario;
	FILE *record = NULL;

	family_draw(family, seed, &scenario);
	if (o->record) {
		record = fopen(o->record, "w");
		if (!record) {
			perror(o->record);
			exit(EXIT_FAILURE);
		}
	}
	world_run(&scenario, record, &result);
	if (record && fclose(record) != 0)
		perror(o->record);
	if (result.error) {
		printf("# %s seed %" PRIu64 ": stopped: %s\n", family->name, seed,
		       strerror(-result.error));
		return result.error;
	}
	if (o->verbose || family->fresh)
		describe(&scenario, &result);
	pool(pooled, &scenario, &result);
	return 0;
}

static void report_page(const struct family *family, const struct pooled *p)
{
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		if (family->judge == JUDGE_ADMITTED && i == PROPERTY_BOUND)
			continue;
		if (p->faults[i])
			reproduce(family->name, p->failed_seed[i], p->fault[i]);
		report(!p->faults[i], family->name, property_name((enum property)i));
	}
	if (p->unexpected_disruptions)
		reproduce(family->name, p->disruption_seed, "the marker changed");
	report(!p->unexpected_disruptions, family->name,
	       "ordinary corrections leave the disruption marker alone");
}

static void report_killed(const struct family *family, const struct pooled *p)
{
	char text[80];

	snprintf(text, sizeof(text), "%u of %u daemons were killed in mid-slew (half)", p->killed,
		 p->mortal);
	report(2 * p->killed >= p->mortal, family->name, text);
}

static void report_settled(const struct family *family, const struct pooled *p)
{
	char text[120];

	if (p->worst_settled > 1)
		reproduce(family->name, p->worst_seed, "the error does not settle");
	snprintf(text, sizeof(text), "the error settles (worst %.2f of what is allowed)",
		 p->worst_settled);
	report(p->worst_settled <= 1, family->name, text);
}

static void report_coverage(const struct family *family, const struct pooled *p)
{
	double one = (double)p->within_1sigma / (double)p->judged;
	double three = (double)p->within_3sigma / (double)p->judged;
	char text[160];

	snprintf(text, sizeof(text), "%.3f of the errors are within 1 sigma (0.6 to 0.8)", one);
	report(one >= 0.6 && one <= 0.8, family->name, text);
	snprintf(text, sizeof(text), "%.4f of the errors are within 3 sigma (above 0.99)", three);
	report(three > 0.99, family->name, text);
	snprintf(text, sizeof(text), "%.3f of the pages are kept for the whole horizon (0.95)",
		 (double)p->kept_whole / (double)p->judged);
	report((double)p->kept_whole >= 0.95 * (double)p->judged, family->name, text);
}

static void report_outage(const struct family *family, const struct pooled *p)
{
	double ratio = sqrt(p->outage_squares / p->runs);
	double own = sqrt(p->outage_own_squares / p->runs);
	char text[200];

	snprintf(text, sizeof(text),
		 "RMS %.3f of wander and a told filter's rate error (at most 1.15)", ratio);
	report(ratio <= 1.15, family->name, text);
	snprintf(text, sizeof(text), "RMS %.3f of wander and its own rate error (at most 1.15)",
		 own);
	report(own <= 1.15, family->name, text);
}

static void report_admitted(const struct family *family, const struct pooled *p)
{
	char text[160];

	if (p->silent_s > 60)
		reproduce(family->name, p->silent_seed, "wrong, and nothing was said");
	snprintf(text, sizeof(text),
		 "what goes wrong is admitted (longest silence %" PRIu64 " s, at most 60)",
		 p->silent_s);
	report(p->silent_s <= 60, family->name, text);
}

static void run_family(const struct options *o, const struct family *family)
{
	static struct pooled pooled;
	unsigned int seeds = (unsigned int)ceil(family->seeds * o->scale);
	uint64_t first = family->fresh ? o->fresh : 1;
	int error = 0;

	memset(&pooled, 0, sizeof(pooled));
	if (o->has_seed) {
		first = o->seed;
		seeds = 1;
	}
	for (unsigned int i = 0; i < seeds && !error; i++)
		error = run_seed(o, family, first + i, &pooled);
	printf("# %s: %s; seeds %" PRIu64 " to %" PRIu64 ", %" PRIu64
	       " samples, %.0f %% of the pages kept for 60 s, %" PRIu64
	       " readings given up to the limit of the slew\n",
	       family->name, family->about, first, first + seeds - 1, pooled.samples,
	       100 * (double)pooled.kept_whole / (double)pooled.judged, pooled.given_up);
	if (error) {
		report(false, family->name, "runs to its end");
		return;
	}
	report_page(family, &pooled);
	if (pooled.mortal)
		report_killed(family, &pooled);
	if (family->judge == JUDGE_SETTLED)
		report_settled(family, &pooled);
	if (family->judge == JUDGE_COVERAGE && pooled.runs >= POOLED_RUNS_LEAST)
		report_coverage(family, &pooled);
	if (family->judge == JUDGE_OUTAGE && pooled.runs >= POOLED_RUNS_LEAST)
		report_outage(family, &pooled);
	if (family->judge == JUDGE_ADMITTED)
		report_admitted(family, &pooled);
}

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: vmclock-sim [--family NAME] [--seed N] [--scale X] [--fresh SEED]\n"
		     "                   [--part K/N] [--record FILE] [--verbose] [--list]\n"
		     "--scale multiplies the number of seeds: 10 for a soak, 0.1 for a glance.\n"
		     "--fresh sets where the families that are drawn anew begin.\n"
		     "--part runs every Nth family, to share the work.\n"
		     "--record writes the last seed's events and truth for vmclock-replay.\n");
}

static void list_families(void)
{
	for (unsigned int i = 0; i < family_count; i++)
		printf("%-16s %3u seeds  %s\n", families[i].name, families[i].seeds,
		       families[i].about);
	exit(EXIT_SUCCESS);
}

static void read_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'f':
		o->family = value;
		break;
	case 's':
		o->has_seed = true;
		o->seed = strtoull(value, NULL, 0);
		break;
	case 'x':
		o->scale = strtod(value, NULL);
		break;
	case 'n':
		o->fresh = strtoull(value, NULL, 0);
		break;
	case 'p':
		if (sscanf(value, "%u/%u", &o->part, &o->parts) != 2 || o->part < 1 ||
		    o->part > o->parts) {
			fprintf(stderr, "vmclock-sim: --part wants K/N\n");
			exit(2);
		}
		break;
	case 'r':
		o->record = value;
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'l':
		list_families();
		break;
	default:
		print_usage(option == 'h' ? stdout : stderr);
		exit(option == 'h' ? EXIT_SUCCESS : 2);
	}
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"family", required_argument, NULL, 'f'}, {"seed", required_argument, NULL, 's'},
		{"scale", required_argument, NULL, 'x'},  {"fresh", required_argument, NULL, 'n'},
		{"part", required_argument, NULL, 'p'},	  {"record", required_argument, NULL, 'r'},
		{"verbose", no_argument, NULL, 'v'},	  {"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	struct options o = {
		.scale = 1, .part = 1, .parts = 1, .fresh = (uint64_t)time(NULL) % 1000000000};
	unsigned int ran = 0;
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		read_option(&o, option, optarg);
	for (unsigned int i = 0; i < family_count; i++) {
		if (o.family ? strcmp(o.family, families[i].name) != 0 : i % o.parts + 1 != o.part)
			continue;
		run_family(&o, &families[i]);
		ran++;
	}
	printf("1..%u\n", tests_done);
	if (!ran)
		fprintf(stderr, "vmclock-sim: no such family; --list names them\n");
	return tests_failed || !ran ? EXIT_FAILURE : EXIT_SUCCESS;
}
