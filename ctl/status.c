// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl status: the clock, its bound, and what it rests on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "ctl.h"
#include "format.h"
#include "member.h"

static void print_time(const json_t *status)
{
	struct text date, bound, sigma, age;

	if (!json_is_object(json_object_get(status, "now"))) {
		printf("Time         none yet\n");
		return;
	}
	printf("Time         %s UTC\n", format_date(&date, member_count(status, "now.utc_ns")));
	printf("Bound        +/- %s, true if the servers are as good as they say\n",
	       format_time(&bound, member_number(status, "now.max_error_ns")));
	printf("Estimated    +/- %s, one sigma\n",
	       format_time(&sigma, member_number(status, "now.est_error_ns")));
	printf("Published    %s ago\n",
	       format_time(&age, member_number(status, "now.age_s") * 1e9));
}

static void print_tai(const json_t *status)
{
	double expires_s = member_number(status, "tai.expires_utc_s");
	struct text date;
	char origin[256];

	printf("TAI - UTC    %d s, %s", (int)member_count(status, "tai.offset_s"),
	       format_safe(origin, sizeof(origin), member_text(status, "tai.origin")));
	if (isfinite(expires_s))
		printf(", %s %.10s",
		       member_flag(status, "tai.expired") ? "EXPIRED on" : "good until",
		       format_date(&date, (int64_t)expires_s * 1000000000));
	if (member_count(status, "tai.next_leap"))
		printf(", leap second %+d before %.10s", (int)member_count(status, "tai.next_leap"),
		       format_date(&date,
				   member_count(status, "tai.next_leap_utc_s") * 1000000000));
	putchar('\n');
}

static void print_counter(const json_t *status)
{
	double rate_ppb = member_number(status, "combined.rate_ppb");
	struct text hz, rate, sd;
	char name[32];

	printf("Counter      %s, %s nominal",
	       format_safe(name, sizeof(name), member_text(status, "counter.name")),
	       format_frequency(&hz, member_number(status, "counter.nominal_hz")));
	/* In words, since the sign of a rate is read both ways. */
	if (isfinite(rate_ppb))
		printf(", %s %s, +/- %s", format_rate_size(&rate, rate_ppb),
		       rate_ppb > 0 ? "slow" : "fast",
		       format_rate_size(&sd, member_number(status, "combined.rate_sd_ppb")));
	putchar('\n');
}

static void print_line(const json_t *status)
{
	struct text remaining, slew;

	if (!json_is_object(json_object_get(status, "line")))
		return;
	printf("To close     %s (+: the page is behind), slewing at %s\n",
	       format_offset(&remaining, member_number(status, "remaining_ns")),
	       format_rate(&slew, member_number(status, "slew_ppb")));
}

static void print_raised(double raised_ns)
{
	struct text raised;

	if (raised_ns > 0)
		printf(", raised by %s altogether", format_time(&raised, raised_ns));
}

/* Readers of the kernel's page; nothing where no driver is wanted or there. */
static void print_driver(const json_t *status)
{
	struct text lease, left;
	char text[300];

	if (!member_flag(status, "driver.open")) {
		format_safe(text, sizeof(text), member_text(status, "driver.problem"));
		if (text[0])
			printf("Driver       NOT IN FORCE: %s\n", text);
		return;
	}
	printf("Page         %s of the kernel driver, %lld updates",
	       format_safe(text, sizeof(text), member_text(status, "driver.path")),
	       (long long)member_count(status, "driver.writes"));
	print_raised(member_number(status, "driver.raised_ns_total"));
	printf("\nLease        %s, %s left\n",
	       format_time(&lease, member_number(status, "driver.lease_s") * 1e9),
	       format_time(&left, member_number(status, "driver.lease_left_s") * 1e9));
}

static void print_file(const json_t *status)
{
	int64_t failures = member_count(status, "page.failures");
	char path[256];

	printf("%s         %s, %lld updates", member_flag(status, "driver.open") ? "Copy" : "Page",
	       format_safe(path, sizeof(path), member_text(status, "page.path")),
	       (long long)member_count(status, "page.writes"));
	print_raised(member_number(status, "page.raised_ns_total"));
	if (!member_flag(status, "page.open"))
		printf(", NOT OPEN");
	if (failures)
		printf(", %lld FAILED", (long long)failures);
	putchar('\n');
}

/* CLOCK_REALTIME; nothing where nobody asked for it to follow. */
static void print_host_clock(const json_t *status)
{
	const char *state = member_text(status, "host_clock.state");
	double ahead_ns = member_number(status, "host_clock.ahead_ns");
	double pending_ns = member_number(status, "host_clock.pending_ns");
	char text[200], by[32];
	struct text ahead, pending, rate;

	if (!strcmp(state, "off"))
		return;
	printf("Host clock   %s", format_safe(text, sizeof(text), state));
	format_safe(by, sizeof(by), member_text(status, "host_clock.by"));
	if (by[0])
		printf(" by %s", by);
	if (strcmp(by, member_text(status, "host_clock.mode")))
		printf(" (configured: %s)",
		       format_safe(text, sizeof(text), member_text(status, "host_clock.mode")));
	if (isfinite(ahead_ns))
		printf(", %s (+: ahead of the page) at %s", format_offset(&ahead, ahead_ns),
		       format_rate(&rate, member_number(status, "host_clock.rate_ppb")));
	if (isfinite(pending_ns))
		printf(", %s pending", format_offset(&pending, pending_ns));
	if (member_count(status, "host_clock.steps"))
		printf(", set %lld times", (long long)member_count(status, "host_clock.steps"));
	format_safe(text, sizeof(text), member_text(status, "host_clock.why"));
	printf("%s%s\n", text[0] ? ": " : "", text);
}

static bool has_page(const json_t *status)
{
	return member_flag(status, "page.open") || member_flag(status, "driver.open");
}

static void print_sources(const json_t *status)
{
	printf("Sources      %lld: %lld agree, %lld false, of %lld with a vote\n",
	       (long long)member_count(status, "sources"),
	       (long long)member_count(status, "truechimers"),
	       (long long)member_count(status, "falsetickers"),
	       (long long)member_count(status, "selectable"));
}

/* What the files say, and the daemon does not do yet. */
static void print_waiting(const json_t *settings)
{
	char safe[80];

	for (size_t i = 0; i < json_array_size(settings); i++)
		printf("%-12s %s\n", i ? "" : "At restart",
		       format_safe(safe, sizeof(safe),
				   json_string_value(json_array_get(settings, i))));
}

static void print_history(const json_t *status)
{
	char version[32];
	struct text up;

	printf("Disruptions  %lld; bounds found wrong later: %lld\n",
	       (long long)member_count(status, "disruptions"),
	       (long long)member_count(status, "nesting_violations"));
	if (member_flag(status, "promise_widened"))
		printf("             The counter's rate wanders more than max-rate-change "
		       "allows.\n");
	print_waiting(json_object_get(status, "waiting_settings"));
	printf("Daemon       vmclockd %s, pid %lld, up %s, %lld wake-ups\n",
	       format_safe(version, sizeof(version), member_text(status, "version")),
	       (long long)member_count(status, "pid"),
	       format_time(&up, member_number(status, "uptime_s") * 1e9),
	       (long long)member_count(status, "wakeups"));
}

static void print_status(const json_t *status)
{
	char token[32], why[256];

	if (!has_page(status))
		printf("NO PAGE      nobody gets this time: the page cannot be written\n");
	printf("Status       %s: %s\n",
	       format_safe(token, sizeof(token), member_text(status, "status")),
	       format_safe(why, sizeof(why), member_text(status, "why")));
	print_time(status);
	print_tai(status);
	print_counter(status);
	print_line(status);
	print_sources(status);
	print_driver(status);
	print_file(status);
	print_host_clock(status);
	print_history(status);
}

int status_run(const struct options *options)
{
	json_t *reply = client_ask(options->socket, "GetStatus", NULL);
	const json_t *status = json_object_get(reply, "status");
	bool synchronized;

	if (!reply)
		return CTL_ERROR;
	synchronized =
		strcmp(member_text(status, "status"), "SYNCHRONIZED") == 0 && has_page(status);
	if (options->json)
		print_json(status, false);
	else
		print_status(status);
	json_decref(reply);
	return synchronized ? CTL_FINE : CTL_NOT_SYNCHRONIZED;
}
