/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files daemon*.c call of each other. */
#ifndef VMCLOCK_DAEMON_PARTS_H
#define VMCLOCK_DAEMON_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "config_change.h"
#include "daemon.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 78 };

#define NS_PER_S 1000000000LL
#define HOUSEKEEPING_NS (10 * NS_PER_S)

/* daemon.c: the counter now, checked against its past. */
uint64_t daemon_read_counter(struct daemon *daemon);
/* Whatever was learned is of another counter, or another time. */
void daemon_give_up_counter(struct daemon *daemon, const char *why);
int64_t daemon_realtime_s(void);

/* daemon_page.c */
void daemon_open_page(struct daemon *daemon, bool at_start);
/* After each round of the loop: the line is renewed once, however many samples came. */
void daemon_renew_line(void *daemon);
void daemon_say_page_error(struct daemon *daemon, int err);
/* What the writer of the page in force added is where the next line starts. */
void daemon_take_splice(struct daemon *daemon, double raised_ns);
/* The page as it stands, with what UTC is now: at a leap second, or when the list has changed. */
void daemon_renew_calendar(struct daemon *daemon);
/* CLOCK_MONOTONIC time of the next such change; INT64_MAX when it is not near. */
int64_t daemon_calendar_change_ns(struct daemon *daemon, int64_t now_ns);
/* systemd is told READY after a while without any usable time, too. */
void daemon_ready_at_last(struct daemon *daemon, int64_t now_ns);

/* daemon_guests.c: their pages, beside the host's; continued: so is the line in force. */
void daemon_open_guests(struct daemon *daemon, bool continued);
/* The line in force on guests' pages too; disrupted: it is another one than before. */
void daemon_update_guests(struct daemon *daemon, bool disrupted);

/* daemon_driver.c: what [page] driver and lease ask for. */
void daemon_init_publisher(struct daemon *daemon);
/* Opens the kernel's page where it has appeared, renews its lease, tells what changed. */
void daemon_tend_driver(struct daemon *daemon);

/* daemon_host.c: before the driver is opened, and when everything else has started. */
void daemon_init_host_clock(struct daemon *daemon);
void daemon_start_host_clock(struct daemon *daemon);

/* daemon_sources.c: what sources are lent, before any of them is started. */
void daemon_init_sources(struct daemon *daemon);
/* The settings of a source, or of all, to the event log. */
void daemon_log_source(struct daemon *daemon, const struct source *source);
void daemon_log_sources(struct daemon *daemon);

/* daemon_sections.c: exit status, with a message. */
int daemon_start_sources(struct daemon *daemon, char *message, size_t size);
/* Makes the sources in force those of `wanted`, from which they differ by this. */
void daemon_change_sources(struct daemon *daemon, const struct config *wanted,
			   const struct config_change *change, struct change_report *report);
void daemon_stop_sources(struct daemon *daemon);

/* daemon_settings.c: the keys outside of sources that may change at once. One that cannot, for what
 * its value is, stays as it was. */
void daemon_change_settings(struct daemon *daemon, const struct config *wanted,
			    const struct config_change *change, struct change_report *report);
struct discipline_limits daemon_limits(const struct config *config);
void daemon_open_event_log(struct daemon *daemon);

/* daemon_reload.c: a line of the report, which is logged as well. */
__attribute__((format(printf, 2, 3))) void change_note(struct change_report *report,
						       const char *format, ...);

/* daemon_statistics.c: what [log] statistics asks for. */
void daemon_start_statistics(struct daemon *daemon);
void daemon_reopen_statistics(struct daemon *daemon);
void daemon_stop_statistics(struct daemon *daemon);
/* Before the line in force is replaced: its bound at this moment counts. */
void daemon_note_bound(struct daemon *daemon, uint64_t now);

/* daemon_leap.c */
void daemon_read_leap_table(struct daemon *daemon);
/* Whether leap seconds can be taken as `wanted` says without another TAI - UTC now: then they are.
 */
bool daemon_change_leap(struct daemon *daemon, const struct config *wanted);
/* The sources announce a leap second, or do so no longer. */
void daemon_vote_leap(struct daemon *daemon);

/* daemon_files.c */
void daemon_read_state(struct daemon *daemon, struct discipline_config *config);
void daemon_write_state(struct daemon *daemon);
/* What is kept of the rate was given up: a next life must not take it for a fact. */
void daemon_forget_rate(struct daemon *daemon);

#endif
