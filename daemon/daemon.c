// SPDX-License-Identifier: GPL-2.0-or-later
/* Joins the parts: sources feed the discipline, publications go to the page, all in one loop. */
#include "daemon.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "calendar.h"
#include "control/control.h"
#include "event_log.h"
#include "log.h"
#include "process.h"
#include "state.h"

enum { EXIT_CONFIG = 78, EXIT_FAILED = 1 };

#define NS_PER_S 1000000000LL
#define HOUSEKEEPING_NS (10 * NS_PER_S)
#define READY_AT_LAST_NS (30 * NS_PER_S)
#define STATE_FIRST_NS (600 * NS_PER_S)
#define STATE_EVERY_NS (3600 * NS_PER_S)
/* A rate kept from the same boot is a hard fact for as long as the promise is taken to hold. */
#define STATE_HARD_AGE_S 3600
/* After another boot the board may be colder or warmer: crystals move by some ppm. */
#define REBOOT_RATE_SD_PPB 5000.0
/* Stamps this near to a leap second may mean either of two seconds. */
#define LEAP_MARGIN_S 3

static int64_t realtime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static uint64_t read_counter(struct daemon *d)
{
	uint64_t now;
	const char *broken = counter_watch_read(&d->watch, &now);

	if (broken) {
		log_error("%s: everything learned is given up, a new disruption marker follows",
			  broken);
		event_log_disrupt(d->event_log, now, broken);
		discipline_disrupt(d->discipline, now, broken);
	}
	return now;
}

/* --- publication -------------------------------------------------------------------------- */

static const char *status_line(const struct discipline_totals *t, char *text, size_t size)
{
	snprintf(text, size, "%s: %s; bound %.3f us", discipline_status_name(t->status), t->why,
		 t->last.max_error_ns * 1e-3);
	return text;
}

static void say_status(struct daemon *d)
{
	struct discipline_totals totals;
	char text[200];

	discipline_get_totals(d->discipline, &totals);
	if (d->ready && totals.status == d->status_said)
		return;
	status_line(&totals, text, sizeof(text));
	if (totals.status == DISCIPLINE_SYNCHRONIZED)
		log_notice("%s", text);
	else
		log_warning("%s", text);
	sd_notifyf(0, "STATUS=%s", text);
	if (!d->ready && totals.status != DISCIPLINE_UNRELIABLE) {
		sd_notify(0, "READY=1");
		d->ready = true;
	}
	d->status_said = totals.status;
}

/* A host whose servers are away still has to boot: its page says UNRELIABLE. */
static void ready_at_last(struct daemon *d, int64_t now_ns)
{
	if (d->ready || now_ns - d->started_ns < READY_AT_LAST_NS)
		return;
	log_warning("no usable time after %lld s; trying on", READY_AT_LAST_NS / NS_PER_S);
	sd_notify(0, "READY=1\nSTATUS=no usable time yet; the page says so");
	d->ready = true;
}

static void say_page_error(struct daemon *d, int err)
{
	d->page_failures++;
	if (!d->page_error_said)
		log_error("page %s cannot be written: %s", d->config.page_file, strerror(-err));
	d->page_error_said = true;
}

static void write_page(struct daemon *d, const struct publication *p)
{
	struct page_calendar calendar;
	double raised_ns;
	int err;

	if (!d->page.writer)
		return;
	calendar_at(&d->leap, p->line.time_ns / NS_PER_S, &calendar);
	err = page_file_publish(&d->page, p, &calendar, &raised_ns);
	if (err) {
		say_page_error(d, err);
		return;
	}
	d->page_error_said = false;
	if (raised_ns > 0)
		discipline_spliced(d->discipline, raised_ns);
	say_status(d);
}

/* After each round of the loop: the line is renewed once, however many samples came. */
static void renew_line(void *context)
{
	struct daemon *d = context;
	struct publication publication;
	uint64_t now = read_counter(d), deadline;
	uint64_t violations;
	struct discipline_totals totals;
	int64_t at_ns = INT64_MAX;

	discipline_get_totals(d->discipline, &totals);
	violations = totals.nesting_violations;
	if (discipline_run(d->discipline, now, &publication)) {
		discipline_get_totals(d->discipline, &totals);
		if (totals.nesting_violations != violations)
			log_error(
				"what the sources say now contradicts the bound published before: "
				"the line steps, with a new disruption marker");
		write_page(d, &publication);
		control_published(d->control);
	}
	deadline = discipline_deadline(d->discipline);
	if (deadline != UINT64_MAX)
		at_ns = loop_now_ns() + 1 +
			(int64_t)fmax((double)counter_diff(deadline, now) * d->counter.ns_per_tick,
				      0);
	if (at_ns != d->deadline_timer.at_ns)
		loop_arm(&d->loop, &d->deadline_timer, at_ns);
}

/* The discipline's deadline has come: renew_line() follows in the same round. */
static void deadline_passed(struct loop_timer *timer, int64_t now_ns)
{
	(void)now_ns;
	timer->at_ns = INT64_MAX;
}

/* --- sources ------------------------------------------------------------------------------ */

static int64_t event_utc_s(const struct event *e)
{
	switch (e->kind) {
	case EVENT_NTP:
		return e->ntp.t3_ns / NS_PER_S;
	case EVENT_PHC:
		return e->phc.t_ns / NS_PER_S;
	case EVENT_TIME:
		return e->time.t_ns / NS_PER_S;
	default:
		return e->edge.label_s;
	}
}

static int take_event(void *context, struct source *source, const struct event *event)
{
	struct daemon *d = context;
	const struct config_source *config = source->config;
	int64_t utc_s = event_utc_s(event);
	struct sample sample;
	int err;

	event_log_write(d->event_log, source->name, event);
	if (calendar_is_ambiguous(&d->leap, utc_s, LEAP_MARGIN_S))
		return -EINVAL;
	err = event_to_sample(event, (int64_t)leap_tai_offset_s(&d->leap, utc_s) * NS_PER_S,
			      config->offset_ns, config->max_error_ns, d->counter.ns_per_tick,
			      &sample);
	if (err)
		return err;
	return discipline_sample(d->discipline, source->slot, &sample);
}

static void source_offline(void *context, struct source *source)
{
	struct daemon *d = context;

	event_log_offline(d->event_log, source->name);
	discipline_offline(d->discipline, source->slot);
}

static void source_reset(void *context, struct source *source)
{
	struct daemon *d = context;

	event_log_reset(d->event_log, source->name);
	discipline_reset_source(d->discipline, source->slot);
}

static void source_poll_changed(void *context, struct source *source, double poll_s)
{
	struct daemon *d = context;

	discipline_set_poll(d->discipline, source->slot, poll_s);
}

static double source_poll_hint(void *context, struct source *source)
{
	struct daemon *d = context;

	return discipline_poll_hint(d->discipline, source->slot);
}

static void log_source(struct daemon *d, const struct source *source)
{
	char settings[512];

	event_log_settings(source->config, source->poll_s, settings, sizeof(settings));
	event_log_source(d->event_log, source->name, settings);
}

static int start_section(struct daemon *d, const struct config_source *config)
{
	struct discipline_source_config slot_config = {.prefer = config->prefer,
						       .trust = config->trust,
						       .noselect = config->noselect,
						       .min_samples = config->min_samples};
	struct source *first = &d->sources[d->source_count];
	unsigned int count = source_count(config);
	int err;

	for (unsigned int i = 0; i < count; i++) {
		int slot = discipline_add_source(d->discipline, &slot_config);

		if (slot < 0)
			return slot;
		first[i].slot = slot;
	}
	err = source_start(first, config, &d->env);
	if (err)
		return err;
	for (unsigned int i = 0; i < count; i++) {
		discipline_set_poll(d->discipline, first[i].slot, first[i].poll_s);
		log_source(d, &first[i]);
	}
	d->source_count += count;
	return 0;
}

static int start_sources(struct daemon *d, char *message, size_t size)
{
	d->env = (struct source_env){.loop = &d->loop,
				     .counter = &d->counter,
				     .event = take_event,
				     .offline = source_offline,
				     .reset = source_reset,
				     .poll_changed = source_poll_changed,
				     .poll_hint = source_poll_hint,
				     .context = d};
	for (unsigned int i = 0; i < d->config.source_count; i++) {
		const struct config_source *config = &d->config.sources[i];
		int err = start_section(d, config);

		if (!err)
			continue;
		snprintf(message, size, "source %s: %s", config->name, strerror(-err));
		return EXIT_FAILED;
	}
	return 0;
}

/* --- what is kept on disk ----------------------------------------------------------------- */

static const char *leap_path(const struct daemon *d)
{
	return d->config.leap_file[0] ? d->config.leap_file
				      : "/usr/share/zoneinfo/leap-seconds.list";
}

static void read_leap_table(struct daemon *d)
{
	char message[300];
	struct stat st;

	if (stat(leap_path(d), &st))
		st.st_mtime = 0;
	if (d->leap.count && d->leap_file_mtime_s == (int64_t)st.st_mtime)
		return;
	d->leap_file_mtime_s = (int64_t)st.st_mtime;
	if (!leap_read(&d->leap, leap_path(d), message, sizeof(message))) {
		if (leap_expired(&d->leap, realtime_s()))
			log_warning("leap-second list %s has expired: it serves on, leap seconds "
				    "announced since are not known",
				    d->leap.origin);
		return;
	}
	log_warning("leap-second list: %s", message);
	if (d->leap.count)
		return;
	if (d->config.tai_offset_set)
		leap_constant(&d->leap, d->config.tai_offset_s);
	else
		leap_built_in(&d->leap);
	log_warning("TAI - UTC is taken to be %d s (%s)", leap_tai_offset_s(&d->leap, realtime_s()),
		    d->leap.origin);
}

/* The kept rate told against today's nominal frequency. */
static double rate_against(double rate_ppb, double kept_hz, double nominal_hz)
{
	return ((1 + rate_ppb * 1e-9) * (nominal_hz / kept_hz) - 1) * 1e9;
}

static void use_state(const struct daemon *d, const struct state *s,
		      struct discipline_config *config)
{
	bool same_boot = d->boot_id[0] && !strcmp(s->boot_id, d->boot_id);
	int64_t age_s = realtime_s() - s->written_utc_s;
	double rate_ppb = rate_against(s->rate_ppb, s->nominal_hz, d->counter.nominal_hz);

	if (strcmp(s->counter, d->counter.name) || !(fabs(rate_ppb) < 500e3))
		return;
	config->prior.rate_ppb = rate_ppb;
	config->prior.rate_sd_ppb = s->rate_sd_ppb + REBOOT_RATE_SD_PPB;
	if (!same_boot || age_s < 0 || age_s > STATE_HARD_AGE_S)
		return;
	config->prior.rate_sd_ppb = s->rate_sd_ppb + config->max_rate_change_ppb;
	config->rate_lo_ppb = rate_against(s->rate_lo_ppb, s->nominal_hz, d->counter.nominal_hz);
	config->rate_hi_ppb = rate_against(s->rate_hi_ppb, s->nominal_hz, d->counter.nominal_hz);
}

static void read_state(struct daemon *d, struct discipline_config *config)
{
	char message[300];
	struct state state;
	int err;

	if (!d->config.state_file[0])
		return;
	err = state_read(&state, d->config.state_file, message, sizeof(message));
	if (!err)
		use_state(d, &state, config);
	else if (err != -ENOENT)
		log_warning("state file: %s; starting without it", message);
}

static void write_state(struct daemon *d)
{
	struct discipline_totals t;
	struct state state = {.nominal_hz = d->counter.nominal_hz, .written_utc_s = realtime_s()};
	int err;

	discipline_get_totals(d->discipline, &t);
	if (!d->config.state_file[0] || !t.has_estimate || t.status == DISCIPLINE_UNRELIABLE)
		return;
	snprintf(state.counter, sizeof(state.counter), "%s", d->counter.name);
	snprintf(state.boot_id, sizeof(state.boot_id), "%s", d->boot_id);
	state.rate_ppb = t.estimate.rate_ppb;
	state.rate_sd_ppb = fmin(sqrt(t.estimate.rate_var_ppb2), 500e3);
	state.rate_lo_ppb = fmax(t.interval.rate_lo_ppb, -500e3);
	state.rate_hi_ppb = fmin(t.interval.rate_hi_ppb, 500e3);
	err = state_write(&state, d->config.state_file);
	if (err)
		log_warning("state file %s: %s; the one before stays", d->config.state_file,
			    strerror(-err));
}

/* --- housekeeping ------------------------------------------------------------------------- */

static void check_counter(struct daemon *d)
{
	const char *broken = counter_watch_rate(&d->watch);

	if (!broken && !counter_still_trusted(&d->counter))
		broken = "the kernel has given up this counter";
	if (!broken)
		return;
	log_error("%s: everything learned is given up, a new disruption marker follows", broken);
	event_log_disrupt(d->event_log, d->watch.highest, broken);
	discipline_disrupt(d->discipline, d->watch.highest, broken);
}

static void open_page(struct daemon *d, bool at_start)
{
	struct page_resume resume;
	char message[400];
	int err = page_file_open(&d->page, d->config.page_file, &d->counter, d->config.monotonic,
				 &resume, message, sizeof(message));

	if (err) {
		if (!d->page_error_said)
			log_error("%s; trying again every 10 s", message);
		d->page_error_said = true;
		return;
	}
	d->page_error_said = false;
	if (resume.valid && at_start)
		discipline_seed(d->discipline, &resume.line, &resume.bound);
	else
		d->page.disrupt = true;
}

/* The page as it stands, with what UTC is now: at a leap second, or when the list has changed. */
static void renew_calendar(struct daemon *d)
{
	struct page_calendar calendar;
	double frac_ns, raised_ns;
	int64_t tai_ns;

	if (!d->page.writer || !d->page.writes)
		return;
	tai_ns = line_time(&d->page.last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns);
	calendar_at(&d->leap, tai_ns / NS_PER_S, &calendar);
	if (calendar.leap == d->page.calendar.leap &&
	    calendar.tai_offset_s == d->page.calendar.tai_offset_s)
		return;
	d->page.last.disrupted = false;
	if (!page_file_publish(&d->page, &d->page.last, &calendar, &raised_ns))
		log_notice("UTC: TAI - UTC is %d s, leap indicator %d", calendar.tai_offset_s,
			   calendar.leap);
}

/* Housekeeping comes when the calendar changes, if that is sooner than the regular time. */
static int64_t next_calendar_change_ns(struct daemon *d, int64_t now_ns)
{
	double frac_ns;
	int64_t tai_ns, change_s;

	if (!d->page.writer || !d->page.writes)
		return INT64_MAX;
	tai_ns = line_time(&d->page.last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns);
	change_s = calendar_next_change(&d->leap, tai_ns / NS_PER_S);
	if (change_s - tai_ns / NS_PER_S > HOUSEKEEPING_NS / NS_PER_S)
		return INT64_MAX;
	return now_ns + change_s * NS_PER_S - tai_ns + 1;
}

static void keep_house(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;
	int64_t change_ns;

	read_counter(d);
	if (now_ns >= d->next_housekeeping_ns) {
		d->next_housekeeping_ns = now_ns + HOUSEKEEPING_NS;
		check_counter(d);
		ready_at_last(d, now_ns);
		read_leap_table(d);
		if (!d->page.writer)
			open_page(d, false);
	}
	renew_calendar(d);
	if (now_ns >= d->next_state_write_ns) {
		write_state(d);
		d->next_state_write_ns = now_ns + STATE_EVERY_NS;
	}
	change_ns = next_calendar_change_ns(d, now_ns);
	loop_arm(&d->loop, timer,
		 change_ns < d->next_housekeeping_ns ? change_ns : d->next_housekeeping_ns);
	/* Only a loop that got here makes progress. */
	sd_notify(0, "WATCHDOG=1");
}

/* --- life --------------------------------------------------------------------------------- */

static int start_counter(struct daemon *d, char *message, size_t size)
{
	if (counter_open(d->config.counter, d->config.counter_check, &d->counter, message, size))
		return EXIT_FAILED;
	counter_watch_start(&d->watch, &d->counter);
	log_info("counter %s, %.3f MHz nominal", d->counter.name, d->counter.nominal_hz * 1e-6);
	return 0;
}

static unsigned int slots_wanted(const struct config *config)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < config->source_count; i++)
		sum += source_count(&config->sources[i]);
	return sum;
}

static int start_discipline(struct daemon *d, char *message, size_t size)
{
	const struct config *c = &d->config;
	struct discipline_config config = {.nominal_hz = d->counter.nominal_hz,
					   .max_rate_change_ppb = c->max_rate_change_ppb,
					   .max_slew_ppb = c->max_slew_ppb,
					   .nesting_horizon_s = c->nesting_horizon_s,
					   .unreliable_above_ns = c->unreliable_above_ns,
					   .monotonic = c->monotonic,
					   .sources_max = slots_wanted(c)};

	if (config.sources_max > DISCIPLINE_SOURCES_MAX) {
		snprintf(message, size, "%u sources, pool members counted; at most %d can be used",
			 config.sources_max, DISCIPLINE_SOURCES_MAX);
		return EXIT_CONFIG;
	}
	read_state(d, &config);
	d->discipline = discipline_create(&config);
	if (d->discipline)
		return 0;
	snprintf(message, size, "clock discipline: %s", strerror(errno));
	return EXIT_FAILED;
}

static void start_event_log(struct daemon *d)
{
	char message[300];

	if (d->config.event_log[0] && event_log_open(&d->event_log, d->config.event_log,
						     &d->counter, message, sizeof(message)))
		log_error("event log: %s; running without it", message);
}

static void start_control(struct daemon *d)
{
	char message[300];

	if (control_open(&d->control, d, message, sizeof(message)))
		log_error("control socket: %s; running without it", message);
}

static void start_timers(struct daemon *d)
{
	int64_t now_ns = loop_now_ns();

	d->deadline_timer = (struct loop_timer){.at_ns = INT64_MAX, .fire = deadline_passed};
	d->housekeeping_timer = (struct loop_timer){.fire = keep_house, .context = d};
	d->next_housekeeping_ns = now_ns + HOUSEKEEPING_NS;
	d->next_state_write_ns = now_ns + STATE_FIRST_NS;
	d->loop.after = renew_line;
	d->loop.after_context = d;
	loop_arm(&d->loop, &d->housekeeping_timer, d->next_housekeeping_ns);
}

int daemon_start(struct daemon *d, char *message, size_t message_size)
{
	int status;

	d->started_ns = loop_now_ns();
	state_boot_id(d->boot_id);
	process_apply(&d->config);
	status = start_counter(d, message, message_size);
	if (!status)
		status = start_discipline(d, message, message_size);
	if (status)
		return status;
	if (d->config.tai_offset_set && !d->config.leap_file[0])
		leap_constant(&d->leap, d->config.tai_offset_s);
	read_leap_table(d);
	start_event_log(d);
	open_page(d, true);
	status = start_sources(d, message, message_size);
	if (status)
		return status;
	start_control(d);
	start_timers(d);
	return 0;
}

int daemon_run(struct daemon *d, const volatile sig_atomic_t *stop, volatile sig_atomic_t *reopen)
{
	while (!*stop) {
		int err = loop_run_once(&d->loop, INT64_MAX);

		if (err) {
			log_error("poll: %s", strerror(-err));
			return EXIT_FAILED;
		}
		if (*reopen) {
			*reopen = 0;
			if (d->event_log && event_log_reopen(d->event_log))
				log_warning("event log %s cannot be reopened; the old file stays",
					    d->config.event_log);
		}
	}
	return 0;
}

void daemon_stop(struct daemon *d)
{
	sd_notify(0, "STOPPING=1");
	control_close(d->control);
	for (unsigned int i = 0; i < d->source_count; i++)
		source_stop(&d->sources[i]);
	if (d->discipline)
		write_state(d);
	if (d->page.writer) {
		int err = page_file_downgrade(&d->page);

		if (err)
			say_page_error(d, err);
		page_file_close(&d->page);
	}
	event_log_close(d->event_log);
	discipline_destroy(d->discipline);
}
