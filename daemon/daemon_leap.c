// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap seconds of the running daemon: the list on disk, its age, and what the sources announce. */
#include <string.h>
#include <sys/stat.h>

#include "daemon_parts.h"
#include "event_log.h"
#include "log.h"

static const char *leap_path(const struct config *config)
{
	return config->leap_file[0] ? config->leap_file : "/usr/share/zoneinfo/leap-seconds.list";
}

/* Neither the list nor its expiry is fatal; once a list is enough to be told. */
static void watch_expiry(struct daemon *d)
{
	bool expired = leap_expired(&d->utc.table, daemon_realtime_s());

	if (expired && !d->leap_expiry_said)
		log_warning("leap-second list %s has expired: it serves on, what follows has to "
			    "be announced by the sources",
			    d->utc.table.origin);
	d->leap_expiry_said = expired;
}

static void fall_back(struct daemon *d)
{
	if (d->config.tai_offset_set)
		leap_constant(&d->utc.table, d->config.tai_offset_s);
	else
		leap_built_in(&d->utc.table);
	log_warning("TAI - UTC is taken to be %d s (%s)",
		    leap_tai_offset_s(&d->utc.table, daemon_realtime_s()), d->utc.table.origin);
}

static void read_list(struct daemon *d)
{
	char message[300];
	struct leap_table list;

	if (leap_read(&list, leap_path(&d->config), message, sizeof(message)))
		log_warning("leap-second list: %s", message);
	else
		d->utc.table = list;
	if (!d->utc.table.count)
		fall_back(d);
	list = d->utc.table;
	utc_scale_take_list(&d->utc, &list);
	event_log_leaps(d->event_log, d->watch.highest, &d->utc.table, &d->utc.announced);
}

/* TAI - UTC as it is taken to be at the line in force. */
static int offset_in_force(const struct daemon *d, const struct discipline_totals *totals)
{
	double frac_ns;
	int64_t tai_ns =
		line_time(&totals->last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns);

	return leap_tai_offset_at_tai_s(&d->utc.table, tai_ns / NS_PER_S);
}

/*
 * A list that says another TAI - UTC of now than the one before has all our TAI wrong, which came
 * from UTC by that number: told with the new one, UTC would be wrong instead.
 */
static void read_another_list(struct daemon *d)
{
	struct discipline_totals totals;
	int before;

	discipline_get_totals(d->discipline, &totals);
	before = offset_in_force(d, &totals);
	read_list(d);
	if (totals.has_line && offset_in_force(d, &totals) != before)
		daemon_give_up_counter(d, "TAI - UTC is another than it was taken to be");
}

void daemon_read_leap_table(struct daemon *d)
{
	struct stat st;

	if (stat(leap_path(&d->config), &st))
		st.st_mtime = 0;
	if (!d->utc.table.count || d->leap_file_mtime_s != (int64_t)st.st_mtime) {
		d->leap_file_mtime_s = (int64_t)st.st_mtime;
		read_another_list(d);
	}
	watch_expiry(d);
}

void daemon_vote_leap(struct daemon *d)
{
	enum leap_outcome outcome =
		utc_scale_vote(&d->utc, d->discipline, d->watch.highest, d->counter.ns_per_tick);

	if (outcome == LEAP_UNCHANGED)
		return;
	log_notice(outcome == LEAP_ANNOUNCED
			   ? "the sources announce a leap second at the end of this month"
			   : "the sources no longer announce a leap second");
	d->next_state_write_ns = 0; /* with the next look at the house */
}

/* As at a start with this configuration; false: neither list nor offset, what is there serves on.
 */
static bool table_by(const struct config *config, struct leap_table *table)
{
	char message[300];

	if (!leap_read(table, leap_path(config), message, sizeof(message)))
		return true;
	log_warning("leap-second list: %s", message);
	if (config->tai_offset_s)
		leap_constant(table, config->tai_offset_s);
	return config->tai_offset_s;
}

bool daemon_change_leap(struct daemon *d, const struct config *wanted)
{
	struct utc_scale scale = d->utc;
	struct leap_table list;
	int64_t utc_s = daemon_realtime_s();
	struct stat st;

	if (!table_by(wanted, &list))
		return false;
	utc_scale_take_list(&scale, &list);
	/* Another offset is another TAI: all that was learned is of the one before. */
	if (leap_tai_offset_s(&scale.table, utc_s) != leap_tai_offset_s(&d->utc.table, utc_s))
		return false;
	d->utc = scale;
	d->leap_file_mtime_s = stat(leap_path(wanted), &st) ? 0 : (int64_t)st.st_mtime;
	d->leap_expiry_said = false;
	event_log_leaps(d->event_log, d->watch.highest, &d->utc.table, &d->utc.announced);
	watch_expiry(d);
	return true;
}
