// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of metrics: which member of a report each shows, in which unit. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "member.h"
#include "metrics.h"

/* Of a report's members; metrics have seconds only, as is the custom there. */
#define NS 1e-9

/* Of whom a metric speaks: the member that tells it from others, and how its label is called. */
struct subject {
	const char *label; /* NULL: of the clock, of which there is one */
	const char *member;
};

struct metric {
	const char *name;
	const char *type; /* gauge or counter */
	const char *path;
	double scale;	    /* to the unit in the name */
	const char *states; /* of a text: every value it can have; NULL: a number, or yes and no */
	const char *help;
};

static const struct metric of_clock[] = {
	{"vmclock_status", "gauge", "status", 1, "SYNCHRONIZED FREERUNNING UNRELIABLE",
	 "1 for the status that the clock has, 0 for the others."},
	{"vmclock_max_error_seconds", "gauge", "now.max_error_ns", NS, NULL,
	 "Bound: true time is never further from the page's than this. Above 0."},
	{"vmclock_est_error_seconds", "gauge", "now.est_error_ns", NS, NULL,
	 "Estimated error of the page's time, one sigma. 0 or above."},
	{"vmclock_line_age_seconds", "gauge", "now.age_s", 1, NULL,
	 "Since the line in force was published. 0 or above."},
	{"vmclock_remaining_seconds", "gauge", "remaining_ns", NS, NULL,
	 "Estimate minus page, which a slew has still to close. Positive: the page is behind."},
	{"vmclock_slew_ppb", "gauge", "slew_ppb", 1, NULL,
	 "Rate of the page minus estimated rate, parts per billion."},
	{"vmclock_rate_ppb", "gauge", "line.rate_ppb", 1, NULL,
	 "True rate against the counter's nominal one, parts per billion. Positive: it is slow."},
	{"vmclock_max_rate_error_ppb", "gauge", "line.max_rate_error_ppb", 1, NULL,
	 "The bound grows by at most this, parts per billion of elapsed time."},
	{"vmclock_unreliable_above_seconds", "gauge", "unreliable_above_ns", NS, NULL,
	 "As configured: a bound above this makes the clock UNRELIABLE."},
	{"vmclock_max_rate_change_ppb", "gauge", "max_rate_change_ppb", 1, NULL,
	 "As configured: how far the counter's rate can differ between two moments."},
	{"vmclock_promise_widened", "gauge", "promise_widened", 1, NULL,
	 "1: the counter wanders more than max-rate-change, which was widened."},
	{"vmclock_publications_total", "counter", "publications", 1, NULL, "Lines published."},
	{"vmclock_disruptions_total", "counter", "disruptions", 1, NULL,
	 "Changes of the page's disruption marker."},
	{"vmclock_nesting_violations_total", "counter", "nesting_violations", 1, NULL,
	 "Times when the estimate left a bound that had been published: above 0, a bound was "
	 "wrong."},
	{"vmclock_tai_offset_seconds", "gauge", "tai.offset_s", 1, NULL,
	 "TAI minus UTC, 37 since 2017."},
	{"vmclock_leap_list_expiry_timestamp_seconds", "gauge", "tai.expires_utc_s", 1, NULL,
	 "Until when the list of leap seconds is good, in seconds since 1970 UTC."},
	{"vmclock_next_leap_seconds", "gauge", "tai.next_leap", 1, NULL,
	 "Next leap second: 1 inserted, -1 deleted, 0 none known."},
	{"vmclock_page_open", "gauge", "page.open", 1, NULL, "1: the page file can be written."},
	{"vmclock_page_writes_total", "counter", "page.writes", 1, NULL,
	 "Updates of the page file."},
	{"vmclock_page_failures_total", "counter", "page.failures", 1, NULL,
	 "Publications that could not be written into the page file."},
	{"vmclock_page_raised_seconds_total", "counter", "page.raised_ns_total", NS, NULL,
	 "What was added to lines so that the page never steps back."},
	{"vmclock_driver_open", "gauge", "driver.open", 1, NULL,
	 "1: the kernel driver keeps the page."},
	{"vmclock_driver_writes_total", "counter", "driver.writes", 1, NULL,
	 "Lines that the kernel driver was given."},
	{"vmclock_driver_failures_total", "counter", "driver.failures", 1, NULL,
	 "Lines that the kernel driver refused."},
	{"vmclock_driver_lease_left_seconds", "gauge", "driver.lease_left_s", 1, NULL,
	 "When this has passed without a new line the driver downgrades the page."},
	{"vmclock_host_clock_state", "gauge", "host_clock.state", 1,
	 "off waiting slewing following stopped",
	 "1 for what is done with the host's own clock, 0 for the rest."},
	{"vmclock_host_clock_ahead_seconds", "gauge", "host_clock.ahead_ns", NS, NULL,
	 "CLOCK_REALTIME minus the page's UTC at the last look. Positive: it is ahead."},
	{"vmclock_host_clock_steps_total", "counter", "host_clock.steps", 1, NULL,
	 "Times when the host's clock was set."},
	{"vmclock_sources", "gauge", "sources", 1, NULL, "Sources that are configured."},
	{"vmclock_sources_selectable", "gauge", "selectable", 1, NULL, "Sources that have a vote."},
	{"vmclock_sources_truechimers", "gauge", "truechimers", 1, NULL,
	 "Sources that agree with the majority."},
	{"vmclock_sources_falsetickers", "gauge", "falsetickers", 1, NULL,
	 "Sources that the majority contradicts."},
	{"vmclock_uptime_seconds", "gauge", "uptime_s", 1, NULL, "Since the daemon's start."},
	{"vmclock_wakeups_total", "counter", "wakeups", 1, NULL,
	 "Times when the daemon had something to do."},
	{0},
};

static const struct metric of_source[] = {
	{"vmclock_source_state", "gauge", "state", 1,
	 "unused unreachable waiting falseticker conflict noselect selectable selected",
	 "1 for the state that the source is in, 0 for the others."},
	{"vmclock_source_weight_ratio", "gauge", "weight", 1, NULL,
	 "Share of the combination, 0 to 1."},
	{"vmclock_source_offset_seconds", "gauge", "offset_ns", NS, NULL,
	 "The source's estimate minus the page. Positive: the source is ahead."},
	{"vmclock_source_offset_sd_seconds", "gauge", "offset_sd_ns", NS, NULL,
	 "Standard deviation of that estimate."},
	{"vmclock_source_bound_seconds", "gauge", "bound_ns", NS, NULL,
	 "Half the width of the interval that holds true time if the source is right."},
	{"vmclock_source_noise_seconds", "gauge", "noise_ns", NS, NULL,
	 "Noise of one sample, one sigma."},
	{"vmclock_source_delay_seconds", "gauge", "delay_ns", NS, NULL,
	 "Round trip at the base delay; of a PTP clock, how long a reading takes."},
	{"vmclock_source_rate_ppb", "gauge", "rate_ppb", 1, NULL,
	 "Rate of the source against the counter's nominal one, parts per billion."},
	{"vmclock_source_rate_sd_ppb", "gauge", "rate_sd_ppb", 1, NULL,
	 "Standard deviation of that rate."},
	{"vmclock_source_stratum", "gauge", "stratum", 1, NULL, "NTP's; 0: unknown or none."},
	{"vmclock_source_root_delay_seconds", "gauge", "root_delay_ns", NS, NULL,
	 "As the server says."},
	{"vmclock_source_root_dispersion_seconds", "gauge", "root_dispersion_ns", NS, NULL,
	 "As the server says."},
	{"vmclock_source_poll_seconds", "gauge", "poll_s", 1, NULL, "Interval between two polls."},
	{"vmclock_source_last_sample_age_seconds", "gauge", "last_sample_age_s", 1, NULL,
	 "Since the last sample that was taken."},
	{"vmclock_source_samples_total", "counter", "samples", 1, NULL, "Samples taken."},
	{"vmclock_source_refused_total", "counter", "refused", 1, NULL,
	 "Samples that could not be true."},
	{"vmclock_source_restarts_total", "counter", "restarts", 1, NULL,
	 "Times when what was learned from the source was given up."},
	{"vmclock_source_path_changes_total", "counter", "path_changes", 1, NULL,
	 "Changes of the network path's base delay."},
	{"vmclock_source_sent_total", "counter", "sent", 1, NULL, "Requests sent."},
	{"vmclock_source_received_total", "counter", "received", 1, NULL, "Replies taken."},
	{"vmclock_source_lost_total", "counter", "lost", 1, NULL, "Requests never answered."},
	{"vmclock_source_bogus_total", "counter", "bogus", 1, NULL,
	 "Replies that are none to our requests."},
	{"vmclock_source_unauthenticated_total", "counter", "unauthenticated", 1, NULL,
	 "Replies without the authentication that was asked for, or with a wrong one."},
	{"vmclock_source_duplicates_total", "counter", "duplicates", 1, NULL,
	 "Replies that came twice."},
	{"vmclock_source_rejected_total", "counter", "rejected", 1, NULL,
	 "Replies that say they cannot be relied on."},
	{"vmclock_source_kiss_of_death_total", "counter", "kiss_of_death", 1, NULL,
	 "Replies that ask for fewer requests, or none."},
	{0},
};

static const struct metric of_guest[] = {
	{"vmclock_guest_status", "gauge", "status", 1,
	 "synchronized freerunning unreliable unknown",
	 "1 for what the guest's page says, 0 for the rest."},
	{"vmclock_guest_update_age_seconds", "gauge", "update_age_s", 1, NULL,
	 "Since the guest's page was written."},
	{"vmclock_guest_writes_total", "counter", "writes", 1, NULL,
	 "Updates of the guest's page."},
	{0},
};

static void print_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", to);
		else
			fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	}
}

/* {LABEL="..."}, {state="..."}, both or nothing. */
static void print_labels(FILE *to, const struct subject *subject, const json_t *object,
			 const char *state, size_t state_length)
{
	if (!subject->label && !state)
		return;
	fputc('{', to);
	if (subject->label) {
		fprintf(to, "%s=\"", subject->label);
		print_escaped(to, member_text(object, subject->member));
		fputc('"', to);
	}
	if (state)
		fprintf(to, "%sstate=\"%.*s\"", subject->label ? "," : "", (int)state_length,
			state);
	fputc('}', to);
}

static void print_states(FILE *to, const struct metric *metric, const struct subject *subject,
			 const json_t *object)
{
	const char *value = member_text(object, metric->path);
	const char *at = metric->states;

	while (*at) {
		size_t length = strcspn(at, " ");
		bool is = strlen(value) == length && strncmp(value, at, length) == 0;

		fputs(metric->name, to);
		print_labels(to, subject, object, at, length);
		fprintf(to, " %d\n", is);
		at += length + (at[length] == ' ');
	}
}

static void print_number(FILE *to, const struct metric *metric, const struct subject *subject,
			 const json_t *object)
{
	double value = member_number(object, metric->path);

	if (isnan(value))
		value = member_flag(object, metric->path) ? 1 : 0;
	fputs(metric->name, to);
	print_labels(to, subject, object, NULL, 0);
	fprintf(to, " %.15g\n", value * metric->scale);
}

static bool is_known(const struct metric *metric, const json_t *object)
{
	return metric->states ? member_text(object, metric->path)[0] != '\0'
			      : member_is_known(object, metric->path);
}

static void print_family(FILE *to, const struct metric *metric, const struct subject *subject,
			 const json_t *objects)
{
	const json_t *object;
	bool titled = false;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)objects, i, object)
	{
		if (!is_known(metric, object))
			continue;
		if (!titled)
			fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
				metric->name, metric->type);
		titled = true;
		(metric->states ? print_states : print_number)(to, metric, subject, object);
	}
}

static void print_all(FILE *to, const struct metric *metrics, const struct subject *subject,
		      const json_t *objects)
{
	for (; metrics->name; metrics++)
		print_family(to, metrics, subject, objects);
}

static void print_info(FILE *to, const json_t *status)
{
	fputs("# HELP vmclock_info Which daemon, and which counter it disciplines. Always 1.\n"
	      "# TYPE vmclock_info gauge\nvmclock_info{version=\"",
	      to);
	print_escaped(to, member_text(status, "version"));
	fputs("\",counter=\"", to);
	print_escaped(to, member_text(status, "counter.name"));
	fputs("\"} 1\n", to);
}

void metrics_print(FILE *to, const json_t *status, const json_t *sources, const json_t *guests)
{
	json_t *clock = json_pack("[O]", status);

	print_info(to, status);
	print_all(to, of_clock, &(struct subject){0}, clock);
	print_all(to, of_source, &(struct subject){"source", "name"}, sources);
	print_all(to, of_guest, &(struct subject){"guest", "name"}, guests);
	json_decref(clock);
}
