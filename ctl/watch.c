// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl watch: clock and sources live, drawn anew on each publication. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "client.h"
#include "ctl.h"
#include "member.h"
#include "view.h"

enum { SILENCE_MS = 5000 }; /* the daemon reports every second */
/* Without a terminal, reports that tell of no new publication are passed over for so long. */
#define UNCHANGED_NS 1.8e9

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Without SA_RESTART, so that poll() returns. */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static double monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct watch {
	const struct options *options;
	struct client client;
	struct view view;
	bool draws;
	double until_ns;
	int64_t publications; /* as last printed */
	double printed_ns;
};

static void print_if_new(struct watch *watch, const json_t *report)
{
	int64_t publications = member_count(report, "status.publications");

	if (publications == watch->publications &&
	    monotonic_ns() < watch->printed_ns + UNCHANGED_NS)
		return;
	watch->publications = publications;
	watch->printed_ns = monotonic_ns();
	view_print_line(report);
}

static void show(struct watch *watch, const json_t *report)
{
	if (watch->options->json)
		print_json(report, true);
	else if (watch->draws)
		view_draw(&watch->view, report);
	else
		print_if_new(watch, report);
}

/* Sets *over when there is nothing more to wait for. */
static int step(struct watch *watch, bool *over)
{
	double left_ms = (watch->until_ns - monotonic_ns()) / 1e6;
	double wait_ms = fmin(fmax(ceil(left_ms), 0), SILENCE_MS);
	json_t *report;
	int status = client_reply(&watch->client, (int)wait_ms, &report);

	if (status)
		return interrupted ? CTL_FINE : status;
	if (report) {
		show(watch, report);
		json_decref(report);
	}
	*over = interrupted || monotonic_ns() >= watch->until_ns || ferror(stdout);
	if (!report && !*over && wait_ms >= SILENCE_MS)
		return ctl_error("%s: vmclockd has been silent for 5 s", watch->client.path);
	return CTL_FINE;
}

int watch_run(const struct options *options)
{
	struct watch watch = {
		.options = options,
		.until_ns = monotonic_ns() + options->for_ns,
	};
	bool over = false;
	int status;

	if (client_open(&watch.client, options->socket))
		return CTL_ERROR;
	catch_signals();
	status = client_call(&watch.client, "Watch", NULL, true);
	watch.draws = !status && !options->json && screen_open(&watch.view.screen);
	while (!status && !over)
		status = step(&watch, &over);
	if (watch.draws)
		screen_close(&watch.view.screen);
	client_close(&watch.client);
	return status;
}
