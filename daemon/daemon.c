// SPDX-License-Identifier: GPL-2.0-or-later
/* Joins the parts: sources feed the discipline, publications go to the page, all in one loop. */
#include "daemon.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "control/control.h"
#include "daemon_parts.h"
#include "event_log.h"
#include "log.h"
#include "process.h"
#include "state.h"

/* Nothing of it is urgent: it joins whatever wakes the loop next. */
#define HOUSEKEEPING_SLACK_NS NS_PER_S
#define STATE_FIRST_NS (600 * NS_PER_S)
#define STATE_EVERY_NS (3600 * NS_PER_S)

int64_t daemon_realtime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

void daemon_give_up_counter(struct daemon *d, const char *why)
{
	log_error("%s: everything learned is given up, a new disruption marker follows", why);
	event_log_disrupt(d->event_log, d->watch.highest, why);
	discipline_disrupt(d->discipline, d->watch.highest, why);
	d->rate_given_up = true;
}

/* KVM moves its guests' counters when the host's has started again. */
static void counter_broke(struct daemon *d, const char *why)
{
	daemon_give_up_counter(d, why);
	guest_pages_disrupt_all(&d->guests, why);
}

uint64_t daemon_read_counter(struct daemon *d)
{
	uint64_t now;
	const char *broken = counter_watch_read(&d->watch, &now);

	if (broken)
		counter_broke(d, broken);
	return now;
}

/* The discipline's deadline or that of the lease: daemon_renew_line() follows in the same round. */
static void deadline_passed(struct loop_timer *timer, int64_t now_ns)
{
	(void)now_ns;
	timer->at_ns = INT64_MAX;
}

static void check_counter(struct daemon *d)
{
	const char *broken = counter_watch_rate(&d->watch);

	if (!broken && !counter_still_trusted(&d->counter))
		broken = "the kernel has given up this counter";
	if (broken)
		counter_broke(d, broken);
}

static void keep_house(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;
	int64_t change_ns;

	daemon_read_counter(d);
	if (now_ns >= d->next_housekeeping_ns) {
		d->next_housekeeping_ns = now_ns + HOUSEKEEPING_NS;
		check_counter(d);
		daemon_ready_at_last(d, now_ns);
		daemon_read_leap_table(d);
		daemon_vote_leap(d);
		if (!d->page.file.writer)
			daemon_open_page(d, false);
	}
	daemon_renew_calendar(d);
	if (now_ns >= d->next_state_write_ns) {
		daemon_write_state(d);
		d->next_state_write_ns = now_ns + STATE_EVERY_NS;
	}
	change_ns = daemon_calendar_change_ns(d, now_ns);
	timer->slack_ns = change_ns < d->next_housekeeping_ns ? 0 : HOUSEKEEPING_SLACK_NS;
	loop_arm(&d->loop, timer,
		 change_ns < d->next_housekeeping_ns ? change_ns : d->next_housekeeping_ns);
	/* Only a loop that got here makes progress. */
	sd_notify(0, "WATCHDOG=1");
}

static int start_counter(struct daemon *d, char *message, size_t size)
{
	if (counter_open(d->config.counter, d->config.counter_check, &d->counter, message, size))
		return EXIT_FAILED;
	counter_watch_start(&d->watch, &d->counter);
	log_info("counter %s, %.3f MHz nominal", d->counter.name, d->counter.nominal_hz * 1e-6);
	return 0;
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
					   .sources_max = DISCIPLINE_SOURCES_MAX};

	daemon_read_state(d, &config);
	d->discipline = discipline_create(&config);
	if (d->discipline)
		return 0;
	snprintf(message, size, "clock discipline: %s", strerror(errno));
	return EXIT_FAILED;
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
	d->lease_timer = (struct loop_timer){.at_ns = INT64_MAX, .fire = deadline_passed};
	d->housekeeping_timer = (struct loop_timer){.fire = keep_house, .context = d};
	d->next_housekeeping_ns = now_ns + HOUSEKEEPING_NS;
	d->next_state_write_ns = now_ns + STATE_FIRST_NS;
	d->loop.after = daemon_renew_line;
	d->loop.after_context = d;
	loop_arm(&d->loop, &d->housekeeping_timer, d->next_housekeeping_ns);
}

int daemon_start(struct daemon *d, char *message, size_t message_size)
{
	int status;

	d->started_ns = loop_now_ns();
	utc_scale_start(&d->utc);
	state_boot_id(d->boot_id);
	process_apply(&d->config);
	status = start_counter(d, message, message_size);
	if (!status)
		status = start_discipline(d, message, message_size);
	if (status)
		return status;
	if (d->config.tai_offset_set && !d->config.leap_file[0])
		leap_constant(&d->utc.table, d->config.tai_offset_s);
	daemon_read_leap_table(d);
	daemon_open_event_log(d);
	daemon_init_publisher(d);
	daemon_open_page(d, true);
	status = daemon_start_sources(d, message, message_size);
	if (status)
		return status;
	start_control(d);
	start_timers(d);
	daemon_start_statistics(d);
	daemon_start_host_clock(d);
	return 0;
}

int daemon_run(struct daemon *d, const volatile sig_atomic_t *stop, volatile sig_atomic_t *reload)
{
	struct change_report report;

	while (!*stop) {
		int err = loop_run_once(&d->loop, INT64_MAX);

		if (err) {
			log_error("poll: %s", strerror(-err));
			return EXIT_FAILED;
		}
		if (*reload) {
			*reload = 0;
			daemon_reload(d, &report);
		}
	}
	return 0;
}

void daemon_stop(struct daemon *d)
{
	int err = 0;

	sd_notify(0, "STOPPING=1");
	control_close(d->control);
	daemon_stop_sources(d);
	host_clock_stop(&d->host, "vmclockd has ended");
	if (d->discipline)
		daemon_write_state(d);
	if (d->page.counter)
		err = publisher_close(&d->page);
	guest_follow_close(&d->follow);
	guest_pages_close(&d->guests);
	if (err)
		daemon_say_page_error(d, err);
	daemon_stop_statistics(d);
	event_log_close(d->event_log);
	discipline_destroy(d->discipline);
	if (d->wanted)
		explicit_bzero(d->wanted, sizeof(*d->wanted));
	free(d->wanted);
}
