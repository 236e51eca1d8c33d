/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the event log, from text to struct and back.
 *
 * Comma-separated, one record a line, `#` starts a comment line; see vmclock-replay(1) for every
 * kind. A reader ignores fields beyond those that it knows. Times are ns since 1970, counters raw
 * ticks. Pure: no file, no allocation.
 */
#ifndef VMCLOCK_EVENT_CSV_H
#define VMCLOCK_EVENT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock/event.h"
#include "leap.h"

enum { EVENT_CSV_LINE_MAX = 1024, EVENT_CSV_NAME_MAX = 48, EVENT_CSV_TEXT_MAX = 400 };

enum event_csv_kind {
	EVENT_CSV_NOTHING, /* empty, or a comment */
	EVENT_CSV_COUNTER, /* counter,NAME,nominal_hz: a life of the daemon begins */
	EVENT_CSV_SOURCE,  /* source,SOURCE,key=value;... */
	EVENT_CSV_EVENT,   /* ntp, phc, pps, latch, time */
	EVENT_CSV_CLOCKSET,
	EVENT_CSV_DISRUPT,
	EVENT_CSV_ONLINE,
	EVENT_CSV_OFFLINE,
	EVENT_CSV_RESET, /* the source starts over with another peer */
	EVENT_CSV_TRUTH,
	EVENT_CSV_LEAPS, /* leaps,c,expires,UTC=OFFSET;...: the leap-seconds list now in force */
};

/* The newest of a list; older ones decide nothing about today. */
enum { EVENT_CSV_LEAPS_MAX = 8 };

struct event_csv_leaps {
	int64_t expires_utc_s; /* 0: unknown */
	unsigned int count;    /* >= 1 */
	struct leap_entry entries[EVENT_CSV_LEAPS_MAX];
	struct leap_entry announced; /* by the sources before; utc_s 0: none */
};

struct event_csv {
	enum event_csv_kind kind;
	char name[EVENT_CSV_NAME_MAX]; /* of the source, or of the counter */
	char text[EVENT_CSV_TEXT_MAX]; /* settings of a source, reason of a disruption */
	double nominal_hz;	       /* counter */
	uint64_t c;		       /* clockset, disrupt, truth, leaps */
	int64_t t_ns;		       /* truth */
	struct event event;
	/* phc and time: what the source says of leap seconds, as NTP does; 3: does not know. */
	unsigned int leap;
	struct event_csv_leaps leaps;
};

/* Settings of a source that decide what becomes of its events. */
struct event_csv_settings {
	bool prefer;
	bool trust;
	bool noselect;
	unsigned int min_samples; /* 1..64 */
	double offset_ns;	  /* source time - true time */
	double max_error_ns;	  /* >= 0, added to what the source claims; INFINITY: no bound */
	/* Of a source that marks seconds; `pulse` says to write them and is not read. */
	bool pulse;
	double max_latency_ns;	       /* >= 0; INFINITY: not stated */
	double max_jitter_ns;	       /* >= 0; 0: the default */
	char lock[EVENT_CSV_NAME_MAX]; /* the source that names its seconds; "": any */
	double poll_s;		       /* > 0; 0: not stated */
};

/*
 * Reads one line without its newline. 0, or -EBADMSG with a message that names the field and the
 * fault; *out is then of kind EVENT_CSV_NOTHING.
 */
int event_csv_parse(struct event_csv *out, const char *line, size_t length, char *message,
		    size_t message_size);

/* Writes the line with its newline and a NUL. Its length, or -ENOSPC. A comma or control character
 * in a name or text becomes '_'. */
int event_csv_format(const struct event_csv *in, char *out, size_t size);

/* Reads the settings that are stated in a source line over those in *out; keys that it does not
 * know are passed over. 0, or -EBADMSG with a message that names the key. */
int event_csv_settings_parse(struct event_csv_settings *out, const char *text, char *message,
			     size_t message_size);
/* Length, or -ENOSPC. */
int event_csv_settings_format(const struct event_csv_settings *in, char *out, size_t size);

#endif
