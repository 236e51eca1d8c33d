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

	out->tai_offset_s = leap_tai_offset_at_tai_s(&d->leap, tai_ns / NS_PER_S);
	out->utc_ns = tai_ns - out->tai_offset_s * NS_PER_S + (frac_ns >= 0.5);
	utc_s = out->utc_ns / NS_PER_S;
	sign = leap_next(&d->leap, utc_s, &change_utc_s);
	out->leap_today = sign && (change_utc_s - 1) / 86400 == utc_s / 86400 ? sign : 0;
	out->leap_near = calendar_is_ambiguous(&d->leap, utc_s, LEAP_DISTANCE_S);
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

static void say_state(const struct host_clock *h)
{
	switch (h->state) {
	case HOST_CLOCK_STOPPED:
		log_error("host clock: %s: it is left alone from here on", h->why);
		break;
	case HOST_CLOCK_WAITING:
		log_notice("host clock: %s", h->why);
		break;
	case HOST_CLOCK_SLEWING:
		log_notice("host clock: %.6f s ahead, slewing", h->ahead_ns * 1e-9);
		break;
	case HOST_CLOCK_FOLLOWING:
		log_notice("host clock: following, %.3f us ahead", h->ahead_ns * 1e-3);
		break;
	case HOST_CLOCK_OFF:
		break;
	}
}

static void follow(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;
	unsigned int steps = d->host.steps;
	struct host_reference reference;
	struct stamp_pair pair;

	daemon_read_counter(d); /* one that is not what it was makes the page unusable first */
	stamp_pair_read(&d->counter, &pair);
	reference_at(d, pair.counter, pair.half_ns, &reference);
	if (host_clock_update(&d->host, pair.counter, pair.realtime_ns, &reference,
			      HOST_INTERVAL_S)) {
		if (d->host.steps != steps)
			log_warning("host clock: set, it was %.6f s ahead",
				    d->host.ahead_ns * 1e-9);
		say_state(&d->host);
	}
	if (d->host.state != HOST_CLOCK_STOPPED)
		loop_arm(&d->loop, timer, now_ns + (int64_t)(HOST_INTERVAL_S * 1e9));
}

void daemon_start_host_clock(struct daemon *d)
{
	char why[sizeof(d->host.why)];

	if (d->config.host_clock == HOST_CLOCK_MODE_OFF)
		return;
	host_clock_init(&d->host, adjust, NULL, d->config.step_above_ns, d->config.step_limit);
	if (find_rival(why, sizeof(why))) {
		host_clock_stop(&d->host, why);
		say_state(&d->host);
		return;
	}
	d->host_timer = (struct loop_timer){.fire = follow, .context = d};
	loop_arm(&d->loop, &d->host_timer, loop_now_ns());
}
