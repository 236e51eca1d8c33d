/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmclock-replay prints: scores for programs and for people, and the published lines. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

enum { JSON_DIGITS = 12 };

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_score(const struct score *s)
{
	json_t *object = json_object();

	json_object_set_new(object, "rms_ns", real_or_null(s->rms_ns));
	json_object_set_new(object, "estimate_rms_ns", real_or_null(s->estimate_rms_ns));
	json_object_set_new(object, "max_ns", real_or_null(s->max_ns));
	json_object_set_new(object, "mean_ns", real_or_null(s->mean_ns));
	json_object_set_new(object, "rate_rms", real_or_null(s->rate_rms));
	json_object_set_new(object, "converged_s", real_or_null(s->converged_s));
	json_object_set_new(object, "bound_violations",
			    json_integer((json_int_t)s->bound_violations));
	json_object_set_new(object, "bound_median_ns", real_or_null(s->bound_median_ns));
	json_object_set_new(object, "within_1sigma", real_or_null(s->within_1sigma));
	json_object_set_new(object, "within_3sigma", real_or_null(s->within_3sigma));
	json_object_set_new(object, "updates", json_integer((json_int_t)s->updates));
	return object;
}

static double cpu_us_per_sample(const struct played *played)
{
	return played->cpu_s * 1e6 / (double)played->samples;
}

/* A name that is not UTF-8 cannot be said in JSON. */
static json_t *json_file(const char *file)
{
	json_t *name = json_string(file);

	return name ? name : json_null();
}

int report_json(const struct report *report, FILE *out)
{
	json_t *object = json_score(&report->all);
	int error;

	json_object_set_new(object, "file", json_file(report->file));
	json_object_set_new(object, "points", json_integer((json_int_t)report->all.points));
	json_object_set_new(object, "samples", json_integer((json_int_t)report->played->samples));
	json_object_set_new(object, "refused", json_integer((json_int_t)report->played->refused));
	json_object_set_new(object, "bad_lines",
			    json_integer((json_int_t)report->recording->bad_lines));
	if (report->cost)
		json_object_set_new(object, "cpu_us_per_sample",
				    real_or_null(cpu_us_per_sample(report->played)));
	if (report->has_window)
		json_object_set_new(object, "window", json_score(&report->window));
	error = json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(JSON_DIGITS));
	json_decref(object);
	fputc('\n', out);
	return error ? -ENOMEM : 0;
}

/* Nanoseconds in the unit that reads best. */
static void print_duration(FILE *out, const char *label, double ns)
{
	double size = fabs(ns);

	if (!isfinite(ns))
		fprintf(out, "  %-26s unknown\n", label);
	else if (size >= 1e6)
		fprintf(out, "  %-26s %.3f ms\n", label, ns * 1e-6);
	else if (size >= 1e3)
		fprintf(out, "  %-26s %.3f us\n", label, ns * 1e-3);
	else
		fprintf(out, "  %-26s %.1f ns\n", label, ns);
}

static void text_score(const struct score *s, FILE *out)
{
	print_duration(out, "error, RMS", s->rms_ns);
	print_duration(out, "error, largest", s->max_ns);
	print_duration(out, "error, mean", s->mean_ns);
	fprintf(out, "  %-26s %.3f ppb\n", "rate error, RMS", s->rate_rms * 1e9);
	if (isfinite(s->converged_s))
		fprintf(out, "  %-26s %.1f s\n", "converged after", s->converged_s);
	else
		fprintf(out, "  %-26s never\n", "converged after");
	fprintf(out, "  %-26s %" PRIu64 "\n", "bound violations", s->bound_violations);
	print_duration(out, "bound, median", s->bound_median_ns);
	fprintf(out, "  %-26s %.3f\n", "within 1 sigma", s->within_1sigma);
	fprintf(out, "  %-26s %.3f\n", "within 3 sigma", s->within_3sigma);
	fprintf(out, "  %-26s %" PRIu64 "\n", "updates", s->updates);
}

void report_text(const struct report *report, FILE *out)
{
	fprintf(out, "%s: %" PRIu64 " samples taken, %" PRIu64 " refused\n", report->file,
		report->played->samples, report->played->refused);
	if (report->recording->bad_lines)
		fprintf(out, "  %-26s %" PRIu64 "\n", "lines passed over",
			report->recording->bad_lines);
	if (report->cost)
		fprintf(out, "  %-26s %.1f us\n", "CPU time a sample",
			cpu_us_per_sample(report->played));
	if (report->all.points == 0)
		fprintf(out, "  no truth to compare with\n");
	text_score(&report->all, out);
	if (!report->has_window)
		return;
	fprintf(out, " in the window:\n");
	text_score(&report->window, out);
}

static void print_line(FILE *out, const struct published *p)
{
	const struct publication *it = &p->publication;
	int64_t utc_ns = it->line.time_ns - p->calendar.tai_offset_s * INT64_C(1000000000);

	fprintf(out, "line,%u,%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%.17g,%.17g", p->epoch, p->at,
		it->line.counter, utc_ns, it->line.frac_ns, it->line.rate_ppb);
	fprintf(out, ",%.17g,%.17g,%.17g,%.17g,%s,%d,%d,%d\n", it->est_error_ns,
		it->est_rate_error_ppb, it->max_error_ns, it->max_rate_error_ppb,
		discipline_status_name(it->status), it->disrupted, p->calendar.tai_offset_s,
		p->calendar.leap);
}

static int finish(FILE *out)
{
	int error = ferror(out) ? -EIO : 0;

	if (fclose(out) != 0 && !error)
		error = -errno;
	return error;
}

int report_lines(const struct recording *recording, const struct played *played, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return -errno;
	fprintf(out, "counter,%s,%.17g\n", recording->counter, recording->nominal_hz);
	for (size_t i = 0; i < played->count; i++)
		print_line(out, &played->published[i]);
	return finish(out);
}

int report_sources(const struct recording *recording, const struct played *played, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return -errno;
	for (size_t i = 0; i < played->verdict_count; i++) {
		const struct verdict *v = &played->verdicts[i];

		fprintf(out, "source,%u,%" PRIu64 ",%s,%s,%s\n", v->epoch, v->at,
			recording->sources[v->source].name, source_state_name(v->state), v->why);
	}
	return finish(out);
}
