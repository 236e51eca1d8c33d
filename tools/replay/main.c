/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmclock-replay: runs the daemon's clock over recordings and says how well it did. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "report.h"

struct options {
	bool json;
	bool cost;
	bool lenient;
	double poll_s; /* 0: as recorded */
	double skip_s;
	bool has_window;
	double from_s, to_s;
	double threshold_ns;
	double phc_max_error_ns; /* < 0: as recorded */
	const char *lines;
	const char *sources;
	const char *plot;
	struct player_options player;
};

enum { EXIT_USAGE = 2 };

enum {
	OPTION_JSON = 1000,
	OPTION_POLL,
	OPTION_SKIP,
	OPTION_WINDOW,
	OPTION_THRESHOLD,
	OPTION_PHC,
	OPTION_LINES,
	OPTION_SOURCES,
	OPTION_PLOT,
	OPTION_RATE_CHANGE,
	OPTION_MAY_STEP,
	OPTION_LENIENT,
	OPTION_COST,
};

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"poll", required_argument, NULL, OPTION_POLL},
	{"skip", required_argument, NULL, OPTION_SKIP},
	{"window", required_argument, NULL, OPTION_WINDOW},
	{"threshold", required_argument, NULL, OPTION_THRESHOLD},
	{"phc-max-error", required_argument, NULL, OPTION_PHC},
	{"lines", required_argument, NULL, OPTION_LINES},
	{"sources", required_argument, NULL, OPTION_SOURCES},
	{"plot", required_argument, NULL, OPTION_PLOT},
	{"max-rate-change", required_argument, NULL, OPTION_RATE_CHANGE},
	{"may-step", no_argument, NULL, OPTION_MAY_STEP},
	{"lenient", no_argument, NULL, OPTION_LENIENT},
	{"cost", no_argument, NULL, OPTION_COST},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void print_usage(FILE *out)
{
	fprintf(out,
		"Usage: vmclock-replay [OPTION...] FILE...\n"
		"Runs the daemon's clock over recorded events and compares it with recorded "
		"truth.\n"
		"\n"
		"  --json                one JSON object a file\n"
		"  --poll SECONDS        keep every Nth event, for this poll interval\n"
		"  --skip SECONDS        leave out the beginning of the score\n"
		"  --window FROM:TO      score these seconds apart\n"
		"  --threshold NS        what counts as converged (20000)\n"
		"  --phc-max-error NS    error of a PHC that states none\n"
		"  --may-step            monotonic = off: the line steps to each estimate\n"
		"  --max-rate-change PPB promise about the oscillator (1000)\n"
		"  --lines OUT           write every published line (one FILE only)\n"
		"  --sources OUT         write what became of each source (one FILE only)\n"
		"  --plot OUT.svg        draw error, bound and estimate (one FILE only; gnuplot)\n"
		"  --lenient             pass over lines that make no sense\n"
		"  --cost                add the CPU time a sample\n"
		"FILE is CSV, plain or compressed with xz; - is standard input.\n");
}

/* A number in [least, most], or the end of the program. */
static double number(const char *option, const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end != text && *end == '\0' && value >= least && value <= most)
		return value;
	fprintf(stderr, "vmclock-replay: --%s: '%s' is not a number from %g to %g\n", option, text,
		least, most);
	exit(EXIT_USAGE);
}

static void read_window(struct options *o, const char *text)
{
	char *end, *last;

	o->from_s = strtod(text, &end);
	o->to_s = *end == ':' ? strtod(end + 1, &last) : NAN;
	o->has_window = end != text && *end == ':' && last != end + 1 && *last == '\0' &&
			o->from_s >= 0 && o->to_s > o->from_s;
	if (o->has_window)
		return;
	fprintf(stderr, "vmclock-replay: --window: '%s' is not FROM:TO in seconds\n", text);
	exit(EXIT_USAGE);
}

static void read_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_POLL:
		o->poll_s = number("poll", value, 1e-3, 1e6);
		break;
	case OPTION_SKIP:
		o->skip_s = number("skip", value, 0, 1e12);
		break;
	case OPTION_WINDOW:
		read_window(o, value);
		break;
	case OPTION_THRESHOLD:
		o->threshold_ns = number("threshold", value, 0, 1e12);
		break;
	case OPTION_PHC:
		o->phc_max_error_ns = number("phc-max-error", value, 0, 1e12);
		break;
	case OPTION_RATE_CHANGE:
		o->player.max_rate_change_ppb = number("max-rate-change", value, 0, 5e5);
		break;
	case OPTION_MAY_STEP:
		o->player.monotonic = false;
		break;
	case OPTION_LINES:
		o->lines = value;
		break;
	case OPTION_SOURCES:
		o->sources = value;
		o->player.verdicts = true;
		break;
	case OPTION_PLOT:
		o->plot = value;
		break;
	case OPTION_LENIENT:
		o->lenient = true;
		break;
	case OPTION_COST:
		o->cost = true;
		break;
	case 'h':
		print_usage(stdout);
		exit(EXIT_SUCCESS);
	default:
		fprintf(stderr, "Try 'vmclock-replay --help'.\n");
		exit(EXIT_USAGE);
	}
}

static int complain(const char *file, const char *what, int error)
{
	fprintf(stderr, "vmclock-replay: %s: %s\n", file, what ? what : strerror(-error));
	return error;
}

static int write_outputs(const struct options *o, const char *file, const struct recording *r,
			 const struct played *played, const struct points *points)
{
	int error;

	if (o->lines) {
		error = report_lines(r, played, o->lines);
		if (error)
			return complain(o->lines, NULL, error);
	}
	if (o->sources) {
		error = report_sources(r, played, o->sources);
		if (error)
			return complain(o->sources, NULL, error);
	}
	if (!o->plot)
		return 0;
	error = plot_svg(points, file, o->plot);
	if (error == -ENODATA)
		return complain(file, "no truth in it, nothing to plot", error);
	return error ? complain(o->plot, "gnuplot is missing or failed", error) : 0;
}

static int print_report(const struct options *o, const char *file, const struct recording *r,
			const struct played *played, const struct points *points)
{
	struct report report = {
		.file = file,
		.recording = r,
		.played = played,
		.has_window = o->has_window,
		.cost = o->cost,
	};
	int error = score_all(points, o->skip_s, o->threshold_ns, &report.all);

	if (!error && o->has_window)
		error = score_window(points, o->from_s, o->to_s, o->threshold_ns, &report.window);
	if (!error && o->json)
		error = report_json(&report, stdout);
	else if (!error)
		report_text(&report, stdout);
	return error ? complain(file, NULL, error) : 0;
}

static int replay_file(const struct options *o, const char *file)
{
	static struct recording recording;
	struct played played;
	struct points points = {0};
	char message[400];
	int error = recording_read(&recording, file, o->lenient, message, sizeof(message));

	if (error) {
		fprintf(stderr, "vmclock-replay: %s\n", message);
		return error;
	}
	if (o->poll_s > 0)
		recording_thin(&recording, o->poll_s);
	if (o->phc_max_error_ns >= 0)
		recording_set_phc_error(&recording, o->phc_max_error_ns);
	error = player_run(&recording, &o->player, &played);
	if (error) {
		recording_free(&recording);
		return complain(file, NULL, error);
	}
	error = points_make(&recording, &played, &points);
	if (!error)
		error = print_report(o, file, &recording, &played, &points);
	if (!error)
		error = write_outputs(o, file, &recording, &played, &points);
	points_free(&points);
	player_free(&played);
	recording_free(&recording);
	return error;
}

int main(int argc, char **argv)
{
	struct options options = {.threshold_ns = 20000, .phc_max_error_ns = -1};
	bool failed = false;
	int option;

	player_defaults(&options.player);
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		read_option(&options, option, optarg);
	if (optind == argc) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (argc - optind > 1 && (options.lines || options.sources || options.plot)) {
		fprintf(stderr, "vmclock-replay: --lines, --sources and --plot want one FILE\n");
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++)
		failed = replay_file(&options, argv[i]) != 0 || failed;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
