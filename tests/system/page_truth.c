// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page-truth: reads a vmclock page again and again and compares it with CLOCK_REALTIME.
 *
 * For tests whose time sources all show this machine's clock: that is then the truth. Each reading
 * lies between two readings of CLOCK_REALTIME; nothing but that bracket is allowed for. The report
 * is one line of JSON.
 */
#define _GNU_SOURCE
#include <vmclock.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STATUSES = 5, BRACKET_NARROW_NS = 2000, ERRORS_MAX = 4000000 };

/* A reading is compared with what later pages say of its moment for so long: an interval is kept
 * until the estimate behind it may have left it, which takes longer once the rate is known. */
#define NESTING_NS INT64_C(250000000)

static const char *const status_names[STATUSES] = {
	"UNKNOWN", "INITIALIZING", "SYNCHRONIZED", "FREERUNNING", "UNRELIABLE",
};

struct options {
	const char *page;
	const char *csv;   /* NULL: none */
	double rate;	   /* readings a second; 0: as fast as can be */
	double skip_s;	   /* after the first valid reading, before errors are counted */
	double seconds;	   /* after the first valid reading; INFINITY: until a signal */
	uint64_t readings; /* at most */
};

struct tally {
	uint64_t readings;
	uint64_t valid;
	uint64_t statuses[STATUSES];
	uint64_t timeouts; /* a page that stayed half-written for 100 ms */
	uint64_t failures; /* any other error */
	uint64_t violations;
	int64_t worst_violation_ns;
	uint64_t backwards;
	int64_t worst_backwards_ns;
	uint64_t disruptions;
	int64_t longest_ns; /* that one reading took */
	int64_t started_ns;
	int64_t first_valid_ns; /* CLOCK_MONOTONIC; 0: not yet */
	int64_t last_ns;
	/* Of the last valid reading. */
	struct vmclock_reading last;
	int64_t last_error_ns;
	/* An earlier valid reading, and how often a later page put its moment outside of it. */
	struct vmclock_reading held;
	int64_t held_ns; /* CLOCK_MONOTONIC; 0: none */
	uint64_t nested;
	uint64_t not_nested;
	/* Bounds of valid readings. */
	double bound_first_ns;
	double bound_max_ns;
	double bound_max_after_ns; /* after the time to skip */
	/* Errors after the time to skip, whose bracket was narrow. */
	double *errors_ns;
	size_t error_count;
	FILE *csv;
};

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	stop = number;
}

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double bound_ns(const struct vmclock_reading *r)
{
	return r->flags & VMCLOCK_READING_MAX_ERROR ? (double)r->max_error_ns : INFINITY;
}

static void check_bound(struct tally *t, const struct vmclock_reading *r, int64_t before_ns,
			int64_t after_ns)
{
	int64_t early_ns = r->utc.earliest_ns - after_ns; /* positive: truth is before all of it */
	int64_t late_ns = before_ns - r->utc.latest_ns;
	int64_t outside_ns = early_ns > late_ns ? early_ns : late_ns;

	if (outside_ns <= 0)
		return;
	t->violations++;
	if (outside_ns > t->worst_violation_ns)
		t->worst_violation_ns = outside_ns;
}

static void check_forward(struct tally *t, const struct vmclock_reading *r)
{
	int64_t back_ns = t->last.utc.time_ns - r->utc.time_ns;

	if (!t->valid)
		return;
	if (r->flags & VMCLOCK_READING_DISRUPTED) {
		t->disruptions++;
		return;
	}
	if (back_ns <= 0)
		return;
	t->backwards++;
	if (back_ns > t->worst_backwards_ns)
		t->worst_backwards_ns = back_ns;
}

/* What the page says now of the moment of an earlier reading lies inside of what that said. */
static void check_nesting(struct tally *t, const struct vmclock_reading *r, struct vmclock *clock)
{
	struct vmclock_reading again;
	struct vmclock_abi page;

	if (!t->held_ns || t->last_ns - t->held_ns > NESTING_NS ||
	    (r->flags & VMCLOCK_READING_DISRUPTED)) {
		t->held = *r;
		t->held_ns = t->last_ns;
		return;
	}
	if (vmclock_read_page(clock, &page) ||
	    page.disruption_marker != t->held.disruption_marker ||
	    vmclock_reading_at(&page, t->held.counter, &again))
		return;
	t->nested++;
	t->not_nested += again.tai.time_ns < t->held.tai.earliest_ns ||
			 again.tai.time_ns > t->held.tai.latest_ns;
}

static void note_bound(struct tally *t, double bound, bool counted)
{
	if (!t->valid)
		t->bound_first_ns = bound;
	if (bound > t->bound_max_ns)
		t->bound_max_ns = bound;
	if (counted && bound > t->bound_max_after_ns)
		t->bound_max_after_ns = bound;
}

static void note_valid(struct tally *t, const struct options *o, const struct vmclock_reading *r,
		       int64_t before_ns, int64_t after_ns)
{
	int64_t error_ns = r->utc.time_ns - (before_ns + (after_ns - before_ns) / 2);
	bool counted;

	if (!t->first_valid_ns)
		t->first_valid_ns = t->last_ns;
	counted = (double)(t->last_ns - t->first_valid_ns) >= o->skip_s * 1e9;
	check_bound(t, r, before_ns, after_ns);
	check_forward(t, r);
	note_bound(t, bound_ns(r), counted);
	if (counted && after_ns - before_ns < BRACKET_NARROW_NS && t->error_count < ERRORS_MAX)
		t->errors_ns[t->error_count++] = (double)error_ns;
	if (t->csv)
		fprintf(t->csv, "%" PRId64 ",%" PRId64 ",%.0f,%s\n", t->last_ns - t->started_ns,
			error_ns, bound_ns(r), status_names[r->clock_status]);
	t->valid++;
	t->last = *r;
	t->last_error_ns = error_ns;
}

static void note_error(struct tally *t, int error)
{
	if (error == -ETIMEDOUT)
		t->timeouts++;
	else if (error != -ENODATA)
		t->failures++;
}

static void take_reading(struct tally *t, const struct options *o, struct vmclock *clock)
{
	struct vmclock_reading r = {0};
	int64_t before_ns = now_ns(CLOCK_REALTIME);
	int error = vmclock_now(clock, &r);
	int64_t after_ns = now_ns(CLOCK_REALTIME);

	t->last_ns = now_ns(CLOCK_MONOTONIC);
	t->readings++;
	if (after_ns - before_ns > t->longest_ns)
		t->longest_ns = after_ns - before_ns;
	if (error != -ETIMEDOUT && r.clock_status < STATUSES)
		t->statuses[r.clock_status]++;
	if (error)
		note_error(t, error);
	else if (r.flags & VMCLOCK_READING_UTC)
		note_valid(t, o, &r, before_ns, after_ns);
	else
		t->failures++;
	if (!error)
		check_nesting(t, &r, clock);
	if (error)
		t->last.clock_status = r.clock_status;
}

static void sleep_until_ns(int64_t at_ns)
{
	struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* The daemon may not have made it yet. */
static struct vmclock *wait_for_page(const struct options *o)
{
	struct vmclock *clock = NULL;

	while (!stop) {
		int error = vmclock_open(o->page, VMCLOCK_OPEN_MONOTONIC_RAW, &clock);

		if (!error)
			return clock;
		if (o->readings == 1 || (error != -ENOENT && error != -EPROTO)) {
			fprintf(stderr, "page-truth: %s: %s\n", o->page, strerror(-error));
			return NULL;
		}
		sleep_until_ns(now_ns(CLOCK_MONOTONIC) + 1000000);
	}
	return NULL;
}

static bool finished(const struct tally *t, const struct options *o)
{
	if (stop || t->readings >= o->readings)
		return true;
	return t->first_valid_ns && (double)(t->last_ns - t->first_valid_ns) >= o->seconds * 1e9;
}

static void read_page(struct tally *t, const struct options *o, struct vmclock *clock)
{
	int64_t next_ns = now_ns(CLOCK_MONOTONIC);

	while (!finished(t, o)) {
		take_reading(t, o, clock);
		if (o->rate <= 0)
			continue;
		next_ns += (int64_t)(1e9 / o->rate);
		if (next_ns < t->last_ns) /* a reading that took long is not made up for */
			next_ns = t->last_ns;
		sleep_until_ns(next_ns);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct tally *t, double q)
{
	return t->error_count ? t->errors_ns[(size_t)(q * (double)(t->error_count - 1))] : 0;
}

static void print_errors(struct tally *t)
{
	double sum = 0;
	double squares = 0;

	for (size_t i = 0; i < t->error_count; i++) {
		sum += t->errors_ns[i];
		squares += t->errors_ns[i] * t->errors_ns[i];
		t->errors_ns[i] = fabs(t->errors_ns[i]);
	}
	qsort(t->errors_ns, t->error_count, sizeof(*t->errors_ns), by_size);
	printf("\"measured\": %zu, \"mean_ns\": %.1f, \"rms_ns\": %.1f, \"median_ns\": %.1f, "
	       "\"p99_ns\": %.1f, \"max_ns\": %.1f, ",
	       t->error_count, t->error_count ? sum / (double)t->error_count : 0,
	       t->error_count ? sqrt(squares / (double)t->error_count) : 0, quantile(t, 0.5),
	       quantile(t, 0.99), quantile(t, 1));
}

/* JSON has no infinity: a bound that the page does not give is 1e300. */
static double finite_or_huge(double value)
{
	return isfinite(value) ? value : 1e300;
}

static void print_last(const struct tally *t)
{
	const struct vmclock_reading *r = &t->last;

	printf("\"status\": \"%s\", \"error_last_ns\": %" PRId64 ", \"bound_last_ns\": %.1f, "
	       "\"estimated_last_ns\": %.1f, \"age_ns\": %" PRId64 ", \"tai_offset_s\": %" PRId64
	       ", \"leap_indicator\": %u, \"marker\": %" PRIu64 ", ",
	       r->clock_status < STATUSES ? status_names[r->clock_status] : "?", t->last_error_ns,
	       finite_or_huge(bound_ns(r)),
	       r->flags & VMCLOCK_READING_EST_ERROR ? (double)r->est_error_ns : -1, r->age_ns,
	       (r->tai.time_ns - r->utc.time_ns) / 1000000000, r->leap_indicator,
	       r->disruption_marker);
}

static void print_report(struct tally *t)
{
	printf("{\"readings\": %" PRIu64 ", \"valid\": %" PRIu64 ", \"timeouts\": %" PRIu64
	       ", \"failures\": %" PRIu64 ", \"violations\": %" PRIu64
	       ", \"worst_violation_ns\": %" PRId64 ", \"backwards\": %" PRIu64
	       ", \"worst_backwards_ns\": %" PRId64 ", \"disruptions\": %" PRIu64
	       ", \"longest_ns\": %" PRId64 ", \"nested\": %" PRIu64 ", \"not_nested\": %" PRIu64
	       ", ",
	       t->readings, t->valid, t->timeouts, t->failures, t->violations,
	       t->worst_violation_ns, t->backwards, t->worst_backwards_ns, t->disruptions,
	       t->longest_ns, t->nested, t->not_nested);
	printf("\"first_valid_s\": %.6f, \"seconds\": %.6f, \"bound_first_ns\": %.1f, "
	       "\"bound_max_ns\": %.1f, \"bound_max_after_ns\": %.1f, ",
	       t->first_valid_ns ? (double)(t->first_valid_ns - t->started_ns) * 1e-9 : -1,
	       t->first_valid_ns ? (double)(t->last_ns - t->first_valid_ns) * 1e-9 : 0,
	       finite_or_huge(t->bound_first_ns), finite_or_huge(t->bound_max_ns),
	       finite_or_huge(t->bound_max_after_ns));
	print_errors(t);
	print_last(t);
	printf("\"statuses\": {");
	for (int i = 0; i < STATUSES; i++)
		printf("%s\"%s\": %" PRIu64, i ? ", " : "", status_names[i], t->statuses[i]);
	printf("}}\n");
}

static int take_option(struct options *o, const char *name, const char *value)
{
	if (!strcmp(name, "--page"))
		o->page = value;
	else if (!strcmp(name, "--csv"))
		o->csv = value;
	else if (!strcmp(name, "--rate"))
		o->rate = atof(value);
	else if (!strcmp(name, "--skip"))
		o->skip_s = atof(value);
	else if (!strcmp(name, "--seconds"))
		o->seconds = atof(value);
	else if (!strcmp(name, "--readings"))
		o->readings = strtoull(value, NULL, 10);
	else
		return -EINVAL;
	return 0;
}

static int parse_options(struct options *o, char **arguments)
{
	*o = (struct options){.rate = 100, .seconds = INFINITY, .readings = UINT64_MAX};
	for (; arguments[0]; arguments += 2) {
		if (!arguments[1] || take_option(o, arguments[0], arguments[1]))
			break;
	}
	if (!arguments[0] && o->page)
		return 0;
	fputs("page-truth --page FILE [--rate HZ] [--skip S] [--seconds S] [--readings N] "
	      "[--csv FILE]\n",
	      stderr);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static struct tally t;
	struct sigaction action = {.sa_handler = on_stop};
	struct options o;
	struct vmclock *clock;

	(void)argc;
	if (parse_options(&o, argv + 1))
		return 2;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	t.errors_ns = calloc(ERRORS_MAX, sizeof(*t.errors_ns));
	t.csv = o.csv ? fopen(o.csv, "w") : NULL;
	if (!t.errors_ns || (o.csv && !t.csv)) {
		fprintf(stderr, "page-truth: %s\n", strerror(errno));
		return 1;
	}
	t.started_ns = now_ns(CLOCK_MONOTONIC);
	clock = wait_for_page(&o);
	if (!clock && !stop)
		return 1;
	if (clock)
		read_page(&t, &o, clock);
	print_report(&t);
	vmclock_close(clock);
	if (t.csv)
		fclose(t.csv);
	free(t.errors_ns);
	return 0;
}
