// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's own clock: looked at once a second and made to follow the line, where configured. */
#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "calendar.h"
#include "daemon_parts.h"
#include "log.h"
#include "source/stamp.h"

#define HOST_INTERVAL_S 1.0
/* UTC is not looked at so close to a leap second: the kernel inserts it at some tick of its own. */
#define LEAP_DISTANCE_S 3

/* Programs that steer the host's clock for a living; as /proc cuts their names. */
static const char *const rivals[] = {"chronyd", "ntpd", "systemd-timesyn", "ntp-daemon", "phc2sys"};

static bool read_name(const char *pid, char *name, size_t size)
{
	char path[300];
	FILE *file;
	bool any;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	any = fgets(name, (int)size, file);
	fclose(file);
	name[any ? strcspn(name, "\n") : 0] = '\0';
	return any;
}

/* One that only watches (chronyd -x) is taken for one that steers: better no clock than two. */
static bool find_rival(char *why, size_t size)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;
	char name[32];

	while (proc && !found && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_name(entry->d_name, name, sizeof(name)))
			continue;
		for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++)
			found |= !strcmp(name, rivals[i]);
		if (found)
			snprintf(why, size, "%s is running (pid %.20s), which steers the clock",
				 name, entry->d_name);
	}
	if (proc)
		closedir(proc);
	return found;
}

static int adjust(void *context, struct timex *t)
{
	(void)context;
	return adjtimex(t);
}

/* UTC by the line, whole ns; what it says of leap seconds. */
static void set_utc(struct daemon *d, const struct publication *p, uint64_t counter,
		    struct host_reference *out)
{
	double frac_ns;
	int64_t tai_ns = line_time(&p->line, d->counter.ns_per_tick, counter, &frac_ns);
	int64_t change_utc_s = 0;
	int64_t utc_s;
	int sign;

	out->tai_offset_s = leap_tai_offset_at_tai_s(&d->utc.table, tai_ns / NS_PER_S);
	out->utc_ns = tai_ns - out->tai_offset_s * NS_PER_S + (frac_ns >= 0.5);
	utc_s = out->utc_ns / NS_PER_S;
	sign = leap_next(&d->utc.table, utc_s, &change_utc_s);
	out->leap_today = sign && (change_utc_s - 1) / 86400 == utc_s / 86400 ? sign : 0;
	out->leap_near = calendar_is_ambiguous(&d->utc.table, utc_s, LEAP_DISTANCE_S);
}

static void reference_at(struct daemon *d, uint64_t counter, double reading_ns,
			 struct host_reference *out)
{
	struct discipline_totals totals;
	const struct publication *p = &totals.last;
	double age_s;

	memset(out, 0, sizeof(*out));
	discipline_get_totals(d->discipline, &totals);
	out->usable = totals.has_line && totals.status != DISCIPLINE_UNRELIABLE;
	if (!out->usable)
		return;
	age_s = (double)counter_diff(counter, p->line.counter) * d->counter.ns_per_tick * 1e-9;
	out->ns_per_tick = d->counter.ns_per_tick * (1 + p->line.rate_ppb * 1e-9);
	out->est_error_ns = p->est_error_ns + p->est_rate_error_ppb * fabs(age_s) + reading_ns;
	out->max_error_ns = p->max_error_ns + p->max_rate_error_ppb * fabs(age_s) + reading_ns;
	set_utc(d, p, counter, out);
}

static void say_state(const struct host_status *host)
{
	switch (host->state) {
	case HOST_CLOCK_STOPPED:
		log_error("host clock: %s: it is left alone from here on", host->why);
		break;
	case HOST_CLOCK_WAITING:
		log_notice("host clock: %s", host->why);
		break;
	case HOST_CLOCK_SLEWING:
		log_notice("host clock: %.6f s ahead, slewing by %s", host->ahead_ns * 1e-9,
			   host->by);
		break;
	case HOST_CLOCK_FOLLOWING:
		log_notice("host clock: following by %s, %.3f us ahead", host->by,
			   host->ahead_ns * 1e-3);
		break;
	case HOST_CLOCK_OFF:
		break;
	}
}

static void say_set(double ahead_ns)
{
	log_warning("host clock: set, it was %.6f s ahead", ahead_ns * 1e-9);
}

static struct host_status status_of(const struct daemon *d)
{
	return host_status(d->config.host_clock, &d->host, &d->host_kernel);
}

/* Once, until it is something else. */
static void say_changes(struct daemon *d)
{
	struct host_status host = status_of(d);

	if (d->host.steps != d->host_steps_said)
		say_set(d->host.ahead_ns);
	if (d->host_kernel.steps != d->host_kernel_steps_said)
		say_set(-d->host_kernel.stepped_ns);
	if (host.state != d->host_state_said || host.by != d->host_by_said ||
	    strcmp(host.why, d->host_why_said))
		say_state(&host);
	d->host_steps_said = d->host.steps;
	d->host_kernel_steps_said = d->host_kernel.steps;
	d->host_state_said = host.state;
	d->host_by_said = host.by;
	snprintf(d->host_why_said, sizeof(d->host_why_said), "%s", host.why);
}

/* The kernel is about to follow: nobody else may. */
static void let_go(void *context)
{
	struct daemon *d = context;

	host_clock_pause(&d->host, "the kernel steers the clock");
	if (d->host_kernel.updates < d->host.updates)
		d->host_kernel.updates = d->host.updates;
}

/* Where the kernel does not, and will not with the next line. Who was stopped stays so. */
static bool is_for_adjtimex(const struct daemon *d)
{
	if (d->config.host_clock == HOST_CLOCK_MODE_AUTO)
		return d->host_kernel.state != HOST_CLOCK_STOPPED &&
		       !host_kernel_able(&d->host_kernel, loop_now_ns());
	return d->config.host_clock == HOST_CLOCK_MODE_ADJTIMEX;
}

static void correct(struct daemon *d)
{
	struct host_reference reference;
	struct stamp_pair pair;

	/* Where the kernel has begun, no step is allowed any more that it was not. */
	if (d->host.updates < d->host_kernel.updates)
		d->host.updates = d->host_kernel.updates;
	stamp_pair_read(&d->counter, &pair);
	reference_at(d, pair.counter, pair.half_ns, &reference);
	host_clock_update(&d->host, pair.counter, pair.realtime_ns, &reference, HOST_INTERVAL_S);
	if (d->host.state == HOST_CLOCK_STOPPED)
		host_kernel_stop(&d->host_kernel, d->host.why);
}

static void follow(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;

	daemon_read_counter(d); /* one that is not what it was makes the page unusable first */
	page_kernel_look(&d->page.kernel);
	if (is_for_adjtimex(d))
		correct(d);
	say_changes(d);
	if (status_of(d).state != HOST_CLOCK_STOPPED)
		loop_arm(&d->loop, timer, now_ns + (int64_t)(HOST_INTERVAL_S * 1e9));
}

void daemon_init_host_clock(struct daemon *d)
{
	const struct config *c = &d->config;
	struct host_kernel_settings settings = {
		.wanted = c->host_clock == HOST_CLOCK_MODE_KERNEL ||
			  c->host_clock == HOST_CLOCK_MODE_AUTO,
		.step_above_ns = c->step_above_ns,
		.step_limit = c->step_limit,
		.take_over = let_go,
		.context = d,
	};

	host_kernel_init(&d->host_kernel, &settings);
	if (c->host_clock == HOST_CLOCK_MODE_ADJTIMEX || c->host_clock == HOST_CLOCK_MODE_AUTO)
		host_clock_init(&d->host, adjust, NULL, c->step_above_ns, c->step_limit);
}

void daemon_start_host_clock(struct daemon *d)
{
	char why[sizeof(d->host.why)];

	if (d->config.host_clock == HOST_CLOCK_MODE_OFF)
		return;
	if (find_rival(why, sizeof(why))) {
		host_clock_stop(&d->host, why);
		host_kernel_stop(&d->host_kernel, why);
		say_changes(d);
		return;
	}
	d->host_timer = (struct loop_timer){.fire = follow, .context = d};
	loop_arm(&d->loop, &d->host_timer, loop_now_ns());
}
