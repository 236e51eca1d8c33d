// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of publications: the page, its calendar, the status that is logged and told. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "calendar.h"
#include "control/control.h"
#include "daemon_parts.h"
#include "log.h"

#define READY_AT_LAST_NS (30 * NS_PER_S)

static const char *status_line(const struct discipline_totals *t, char *text, size_t size)
{
	snprintf(text, size, "%s: %s; bound %.3f us", discipline_status_name(t->status), t->why,
		 t->last.max_error_ns * 1e-3);
	return text;
}

/* Told also while no page can be written: then the journal is all that anybody sees of it. */
static void say_status(struct daemon *d)
{
	struct discipline_totals totals;
	char text[200];

	discipline_get_totals(d->discipline, &totals);
	if (d->status_was_said && totals.status == d->status_said)
		return;
	status_line(&totals, text, sizeof(text));
	if (totals.status == DISCIPLINE_SYNCHRONIZED)
		log_notice("%s", text);
	else
		log_warning("%s", text);
	sd_notifyf(0, "STATUS=%s", text);
	d->status_was_said = true;
	d->status_said = totals.status;
}

static void say_ready(struct daemon *d)
{
	if (d->ready || d->page.last.status == DISCIPLINE_UNRELIABLE)
		return;
	sd_notify(0, "READY=1");
	d->ready = true;
}

/* A host whose servers are away still has to boot: its page says UNRELIABLE. */
void daemon_ready_at_last(struct daemon *d, int64_t now_ns)
{
	const char *missing = publisher_is_open(&d->page) ? "no usable time" : "no page to write";

	if (d->ready || now_ns - d->started_ns < READY_AT_LAST_NS)
		return;
	log_warning("%s after %lld s; trying on", missing, READY_AT_LAST_NS / NS_PER_S);
	sd_notifyf(0, "READY=1\nSTATUS=%s yet", missing);
	d->ready = true;
}

void daemon_say_page_error(struct daemon *d, int err)
{
	d->page_failures++;
	if (!d->page_error_said)
		log_error("page %s cannot be written: %s", d->config.page_file, strerror(-err));
	d->page_error_said = true;
}

void daemon_take_splice(struct daemon *d, double raised_ns)
{
	if (raised_ns > 0)
		discipline_spliced(d->discipline, raised_ns);
}

static int write_page(struct daemon *d, const struct publication *p)
{
	struct page_calendar calendar;
	double raised_ns;
	int err;

	calendar_at(&d->utc.table, p->line.time_ns / NS_PER_S, &calendar);
	err = publisher_publish(&d->page, p, &calendar, loop_now_ns(), &raised_ns);
	if (err == -ESTALE)
		return err; /* there will be another line */
	if (err) {
		/* Guests have pages of their own, and must not go on with the line before. */
		guest_follow_publish(&d->follow, p, &calendar, loop_now_ns());
		return err;
	}
	daemon_take_splice(d, raised_ns);
	daemon_update_guests(d, p->disrupted);
	say_ready(d);
	return 0;
}

/* A line that the driver would have to step back for is the discipline's to break. */
static void publish(struct daemon *d, uint64_t now, struct publication *p)
{
	int err = write_page(d, p);

	if (err == -ESTALE) {
		discipline_refused(d->discipline);
		if (discipline_run(d->discipline, now, p))
			err = write_page(d, p);
	}
	if (!err)
		err = d->page.file.writer ? d->page.file_error : 0;
	if (err && err != -EBADF)
		daemon_say_page_error(d, err);
	else if (!err && d->page.file.writer)
		d->page_error_said = false;
	say_status(d);
}

/* After each round of the loop: the line is renewed once, however many samples came. */
void daemon_renew_line(void *context)
{
	struct daemon *d = context;
	struct publication publication;
	uint64_t now = daemon_read_counter(d), deadline;
	uint64_t violations;
	struct discipline_totals totals;
	int64_t at_ns = INT64_MAX;

	discipline_set_monotonic(d->discipline, d->config.monotonic || d->page.kernel.fd >= 0);
	discipline_get_totals(d->discipline, &totals);
	violations = totals.nesting_violations;
	daemon_note_bound(d, now);
	if (discipline_run(d->discipline, now, &publication)) {
		discipline_get_totals(d->discipline, &totals);
		if (totals.nesting_violations != violations)
			log_error(
				"what the sources say now contradicts the bound published before: "
				"the line steps, with a new disruption marker");
		publish(d, now, &publication);
		control_published(d->control);
	}
	if (d->rate_given_up) /* readers were told first: a disk may take its time */
		daemon_forget_rate(d);
	daemon_tend_driver(d);
	deadline = discipline_deadline(d->discipline);
	if (deadline != UINT64_MAX)
		at_ns = loop_now_ns() + 1 +
			(int64_t)fmax((double)counter_diff(deadline, now) * d->counter.ns_per_tick,
				      0);
	if (at_ns != d->deadline_timer.at_ns)
		loop_arm(&d->loop, &d->deadline_timer, at_ns);
}

static void check_utc(struct daemon *d, struct page_resume *resume)
{
	struct page_calendar calendar;

	calendar_at(&d->utc.table, resume->line.time_ns / NS_PER_S, &calendar);
	publisher_check_utc(&d->page, resume, calendar.tai_offset_s);
}

void daemon_open_page(struct daemon *d, bool at_start)
{
	const struct config *c = &d->config;
	struct page_resume resume = {.valid = false};
	char message[400];
	int err;

	if (at_start)
		err = publisher_open(&d->page, c->page_file, c->monotonic, loop_now_ns(), &resume,
				     message, sizeof(message));
	else
		err = publisher_reopen_file(&d->page, c->page_file, c->monotonic, message,
					    sizeof(message));
	if (resume.valid)
		check_utc(d, &resume);
	if (at_start)
		daemon_open_guests(d, resume.valid);
	if (resume.valid)
		discipline_seed(d->discipline, &resume.line, &resume.bound);
	if (!err) {
		d->page_error_said = false;
		return;
	}
	if (!d->page_error_said)
		log_error("%s; trying again every 10 s", message);
	d->page_error_said = true;
	d->page_failures++;
}

/* The page as it stands, with what UTC is now: at a leap second, or when the list has changed. */
void daemon_renew_calendar(struct daemon *d)
{
	struct discipline_totals totals;
	struct page_calendar calendar;
	double frac_ns, raised_ns;
	int64_t tai_ns;

	if (!publisher_is_open(&d->page) || !d->page.any)
		return;
	/* A line that was given up, perhaps for another UTC, is told once more as what it is. */
	discipline_get_totals(d->discipline, &totals);
	if (totals.status == DISCIPLINE_UNRELIABLE)
		return;
	tai_ns = line_time(&d->page.last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns);
	calendar_at(&d->utc.table, tai_ns / NS_PER_S, &calendar);
	if (calendar.leap == d->page.calendar.leap &&
	    calendar.tai_offset_s == d->page.calendar.tai_offset_s)
		return;
	if (publisher_again(&d->page, &calendar, d->watch.highest, loop_now_ns(), &raised_ns))
		return;
	daemon_take_splice(d, raised_ns);
	daemon_update_guests(d, false);
	log_notice("UTC: TAI - UTC is %d s, leap indicator %d", calendar.tai_offset_s,
		   calendar.leap);
}

/* Housekeeping comes when the calendar changes, if that is sooner than the regular time. */
int64_t daemon_calendar_change_ns(struct daemon *d, int64_t now_ns)
{
	double frac_ns;
	int64_t tai_ns, change_s;

	if (!publisher_is_open(&d->page) || !d->page.any)
		return INT64_MAX;
	tai_ns = line_time(&d->page.last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns);
	change_s = calendar_next_change(&d->utc.table, tai_ns / NS_PER_S);
	if (change_s - tai_ns / NS_PER_S > HOUSEKEEPING_NS / NS_PER_S)
		return INT64_MAX;
	return now_ns + change_s * NS_PER_S - tai_ns + 1;
}
