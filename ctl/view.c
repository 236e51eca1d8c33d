// SPDX-License-Identifier: GPL-2.0-or-later
/* Lays one report out: the clock above, its bound over time, and each source below. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "format.h"
#include "member.h"
#include "source_table.h"
#include "view.h"

static enum screen_style status_style(const char *status)
{
	if (strcmp(status, "SYNCHRONIZED") == 0)
		return SCREEN_GREEN;
	return strcmp(status, "FREERUNNING") == 0 ? SCREEN_YELLOW : SCREEN_RED;
}

static void draw_head(struct view *view, const json_t *status)
{
	struct text hz, up, date;
	char version[24], counter[24], token[24], why[200];
	bool has_time = json_is_object(json_object_get(status, "now"));

	screen_line(&view->screen, SCREEN_DIM, "vmclockd %s, counter %s at %s, up %s",
		    format_safe(version, sizeof(version), member_text(status, "version")),
		    format_safe(counter, sizeof(counter), member_text(status, "counter.name")),
		    format_frequency(&hz, member_number(status, "counter.nominal_hz")),
		    format_time(&up, member_number(status, "uptime_s") * 1e9));
	screen_line(&view->screen, status_style(member_text(status, "status")), "%s %-13s %.23s%s",
		    view->screen.utf8 ? "●" : "*",
		    format_safe(token, sizeof(token), member_text(status, "status")),
		    has_time ? format_date(&date, member_count(status, "now.utc_ns")) : "",
		    has_time ? " UTC" : "no time yet");
	screen_line(&view->screen, SCREEN_PLAIN, "  %s",
		    format_safe(why, sizeof(why), member_text(status, "why")));
	screen_line(&view->screen, SCREEN_PLAIN, "%s", "");
}

static void draw_errors(struct view *view, const json_t *status)
{
	struct text bound, sigma, remaining, slew;

	screen_line(&view->screen, SCREEN_BOLD,
		    "  Bound      +/- %-9s  true if the servers are as good as they say",
		    format_time(&bound, member_number(status, "now.max_error_ns")));
	screen_line(&view->screen, SCREEN_PLAIN, "  Estimated  +/- %-9s  one sigma",
		    format_time(&sigma, member_number(status, "now.est_error_ns")));
	screen_line(&view->screen, SCREEN_PLAIN, "  To close   %-13s  slewing at %s",
		    format_offset(&remaining, member_number(status, "remaining_ns")),
		    format_rate(&slew, member_number(status, "slew_ppb")));
}

static void draw_rate(struct view *view, const json_t *status)
{
	double rate_ppb = member_number(status, "combined.rate_ppb");
	struct text rate, sd, age;

	if (isfinite(rate_ppb))
		screen_line(&view->screen, SCREEN_PLAIN, "  Counter    %s %s, +/- %s",
			    format_rate_size(&rate, rate_ppb), rate_ppb > 0 ? "slow" : "fast",
			    format_rate_size(&sd, member_number(status, "combined.rate_sd_ppb")));
	else
		screen_line(&view->screen, SCREEN_PLAIN, "  Counter    rate not known yet");
	screen_line(&view->screen, SCREEN_PLAIN, "  Page       %s, update %lld, %s ago",
		    member_flag(status, "driver.open") ? "kernel driver" : "file",
		    (long long)member_count(status, "publications"),
		    format_time(&age, member_number(status, "now.age_s") * 1e9));
}

static void draw_bounds(struct view *view)
{
	char picture[4 * HISTORY_MAX + 1];
	struct text first, last;
	const struct history *bounds = &view->bounds;

	if (bounds->count == 0)
		return;
	history_draw(bounds, view->screen.utf8, picture, sizeof(picture));
	screen_line(&view->screen, SCREEN_PLAIN, "%s", "");
	screen_line(&view->screen, SCREEN_GREEN, "  Bound from %s  %s  to %s",
		    format_time(&first, bounds->values[0]), picture,
		    format_time(&last, bounds->values[bounds->count - 1]));
}

/* True when this source has answered since the last report. */
static bool note_reply(struct view *view, size_t i, const json_t *source, bool same_sources)
{
	int64_t received = member_count(source, "received");
	int64_t before;

	if (i >= VIEW_SOURCES_MAX)
		return false;
	before = view->received[i];
	view->received[i] = received;
	return same_sources && received > before;
}

static void draw_source(struct view *view, const json_t *source, bool answered)
{
	const char *mark = view->screen.utf8 ? "▸" : ">";
	char row[256];
	char note[400];

	source_table_row(row, sizeof(row), source);
	screen_line(&view->screen, answered ? SCREEN_BOLD : SCREEN_PLAIN, "%s%s",
		    answered ? mark : " ", row);
	source_table_note(note, sizeof(note), source);
	if (note[0])
		screen_line(&view->screen, SCREEN_DIM, "    %s", note);
}

static void draw_sources(struct view *view, const json_t *sources)
{
	bool same = json_array_size(sources) == view->sources;
	int64_t answered = 0;
	int64_t lost = 0;
	const json_t *source;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)sources, i, source)
	{
		answered += member_count(source, "received");
		lost += member_count(source, "lost");
	}
	screen_line(&view->screen, SCREEN_PLAIN, "%s", "");
	screen_line(&view->screen, SCREEN_PLAIN, "  Exchanges  %lld answered, %lld lost",
		    (long long)answered, (long long)lost);
	screen_line(&view->screen, SCREEN_PLAIN, "%s", "");
	screen_line(&view->screen, SCREEN_DIM, " %s", source_table_head);
	json_array_foreach((json_t *)(uintptr_t)sources, i, source)
		draw_source(view, source, note_reply(view, i, source, same));
	view->sources = json_array_size(sources);
}

void view_draw(struct view *view, const json_t *report)
{
	const json_t *status = json_object_get(report, "status");

	history_add(&view->bounds, member_number(status, "now.max_error_ns"));
	screen_begin(&view->screen);
	draw_head(view, status);
	if (json_is_object(json_object_get(status, "now"))) {
		draw_errors(view, status);
		draw_rate(view, status);
	}
	draw_bounds(view);
	draw_sources(view, json_object_get(report, "sources"));
	screen_end(&view->screen);
}

void view_print_line(const json_t *report)
{
	const json_t *status = json_object_get(report, "status");
	const json_t *sources = json_object_get(report, "sources");
	struct text date, bound, sigma, remaining;
	char token[24];
	int64_t answered = 0;
	const json_t *source;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)sources, i, source) answered +=
		member_count(source, "received");
	printf("%.23s UTC  %-12s  bound +/- %-8s  estimated +/- %-8s  to close %-9s  "
	       "%lld of %zu sources agree  %lld exchanges\n",
	       json_is_object(json_object_get(status, "now"))
		       ? format_date(&date, member_count(status, "now.utc_ns"))
		       : "-",
	       format_safe(token, sizeof(token), member_text(status, "status")),
	       format_time(&bound, member_number(status, "now.max_error_ns")),
	       format_time(&sigma, member_number(status, "now.est_error_ns")),
	       format_offset(&remaining, member_number(status, "remaining_ns")),
	       (long long)member_count(status, "truechimers"), json_array_size(sources),
	       (long long)answered);
	fflush(stdout);
}
