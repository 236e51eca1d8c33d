// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap seconds of the running daemon: the list on disk, its age, and what the sources announce. */
#include <string.h>
#include <sys/stat.h>

#include "daemon_parts.h"
#include "leap_vote.h"
#include "log.h"

static const char *leap_path(const struct daemon *d)
{
	return d->config.leap_file[0] ? d->config.leap_file
				      : "/usr/share/zoneinfo/leap-seconds.list";
}

/* Neither the list nor its expiry is fatal; once a list is enough to be told. */
static void watch_expiry(struct daemon *d)
{
	bool expired = leap_expired(&d->leap, daemon_realtime_s());

	if (expired && !d->leap_expiry_said)
		log_warning("leap-second list %s has expired: it serves on, what follows has to "
			    "be announced by the sources",
			    d->leap.origin);
	d->leap_expiry_said = expired;
}

static void fall_back(struct daemon *d)
{
	if (d->config.tai_offset_set)
		leap_constant(&d->leap, d->config.tai_offset_s);
	else
		leap_built_in(&d->leap);
	log_warning("TAI - UTC is taken to be %d s (%s)",
		    leap_tai_offset_s(&d->leap, daemon_realtime_s()), d->leap.origin);
}

void daemon_read_leap_table(struct daemon *d)
{
	char message[300];
	struct stat st;

	if (stat(leap_path(d), &st))
		st.st_mtime = 0;
	if (d->leap.count && d->leap_file_mtime_s == (int64_t)st.st_mtime) {
		watch_expiry(d);
		return;
	}
	d->leap_file_mtime_s = (int64_t)st.st_mtime;
	if (leap_read(&d->leap, leap_path(d), message, sizeof(message)))
		log_warning("leap-second list: %s", message);
	if (!d->leap.count)
		fall_back(d);
	leap_add_announced(&d->leap, &d->leap_announced);
	watch_expiry(d);
}

/* UTC by the line in force; false while there is none that is kept. */
static bool utc_now(struct daemon *d, int64_t *utc_s)
{
	struct discipline_totals totals;
	double frac_ns;
	int64_t tai_s;

	discipline_get_totals(d->discipline, &totals);
	if (!totals.has_line || totals.status != DISCIPLINE_SYNCHRONIZED)
		return false;
	tai_s = line_time(&totals.last.line, d->counter.ns_per_tick, d->watch.highest, &frac_ns) /
		NS_PER_S;
	*utc_s = tai_s - leap_tai_offset_at_tai_s(&d->leap, tai_s);
	return true;
}

static void collect(struct daemon *d, struct leap_ballot *ballot)
{
	for (unsigned int i = 0; i < d->source_count; i++) {
		const struct source *source = &d->sources[i];
		struct discipline_source_status status;

		discipline_get_source(d->discipline, source->slot, &status);
		if (status.state == SOURCE_SELECTED || status.state == SOURCE_SELECTABLE)
			leap_ballot_cast(ballot, source->claims.leap);
	}
}

void daemon_vote_leap(struct daemon *d)
{
	struct leap_ballot ballot = {0};
	enum leap_outcome outcome;
	int64_t utc_s;

	if (!utc_now(d, &utc_s))
		return;
	collect(d, &ballot);
	outcome = leap_vote(&d->leap, &d->leap_announced, &ballot, utc_s);
	if (outcome == LEAP_UNCHANGED)
		return;
	log_notice(outcome == LEAP_ANNOUNCED
			   ? "the sources announce a leap second at the end of this month"
			   : "the sources no longer announce a leap second");
	d->next_state_write_ns = 0; /* with the next look at the house */
}
