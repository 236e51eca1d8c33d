/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The raw event log: everything the sources saw, written so that vmclock-replay can live it again.
 *
 * What becomes of lines when the disk is full: append_file.h. Nothing here stops the daemon, and
 * nothing is allocated after event_log_open().
 */
#ifndef VMCLOCK_EVENT_LOG_H
#define VMCLOCK_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "clock/event.h"
#include "counter.h"
#include "leap.h"

struct event_log;
struct config_source;

/* Appends to `path`, created with mode 0640. 0 or -errno; the message names the path. */
int event_log_open(struct event_log **out, const char *path, const struct counter *counter,
		   char *message, size_t message_size);
void event_log_close(struct event_log *log); /* NULL is fine */

/* Opens the path anew, after it was renamed by logrotate; counter and sources are stated again.
 * Where it was not, nothing is done.
 * 0 or -errno, and then the old file stays in use. */
int event_log_reopen(struct event_log *log);

/* All of these take a NULL log and do nothing. `settings` as from event_log_settings(). */
void event_log_source(struct event_log *log, const char *source, const char *settings);
/* leap: what the source says of leap seconds, 0..3 as in RFC 5905. */
void event_log_write(struct event_log *log, const char *source, const struct event *event,
		     unsigned int leap);
/* The leap-seconds list now in force, with what the sources announced on top of it. */
void event_log_leaps(struct event_log *log, uint64_t counter, const struct leap_table *table,
		     const struct leap_entry *announced);
void event_log_online(struct event_log *log, const char *source);
void event_log_offline(struct event_log *log, const char *source);
void event_log_reset(struct event_log *log, const char *source);
/* CLOCK_REALTIME was set at about this counter value. */
void event_log_clockset(struct event_log *log, uint64_t counter);
void event_log_disrupt(struct event_log *log, uint64_t counter, const char *reason);

/* The source is no more: as one that cannot be heard and, if it comes back, starts over. */
void event_log_remove(struct event_log *log, const char *source);

/* The text for event_log_source(); call it again when the poll interval changes. */
void event_log_settings(const struct config_source *config, double poll_s, char *out, size_t size);

/* Lines that were dropped since the start. */
uint64_t event_log_lost(const struct event_log *log);

#endif
