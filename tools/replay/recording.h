/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording in memory: what happened, in order, and apart from it the truth.
 *
 * Truth is kept where the player never looks, so that it cannot leak into what is published.
 */
#ifndef VMCLOCK_REPLAY_RECORDING_H
#define VMCLOCK_REPLAY_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock/discipline.h"
#include "event_csv.h"

struct recording_source {
	char name[EVENT_CSV_NAME_MAX];
	struct event_csv_settings settings; /* those stated first */
	double interval_s;		    /* median distance of its events; 0: fewer than two */
	uint64_t events;
	bool pulse; /* its events mark seconds */
};

enum step_kind {
	STEP_EVENT,
	STEP_SETTINGS, /* stated again: another poll interval */
	STEP_DISRUPT,
	STEP_OFFLINE,
	STEP_RESET,
	STEP_LIFE,  /* the daemon was started anew */
	STEP_LEAPS, /* the leap-seconds list was read, or read again */
};

struct step {
	enum step_kind kind;
	unsigned int source;
	uint64_t c;    /* STEP_DISRUPT, STEP_LEAPS */
	size_t leaps;  /* STEP_LEAPS: which of them */
	double poll_s; /* STEP_SETTINGS */
	struct event event;
	unsigned int leap; /* STEP_EVENT: what the source says of leap seconds, 0..3 */
};

/* Counters of different epochs do not compare: a disruption or a new life lies between them. */
struct truth {
	unsigned int epoch;
	uint64_t c;
	int64_t t_ns;
};

struct recording {
	char counter[EVENT_CSV_NAME_MAX];
	double nominal_hz;
	double ns_per_tick;
	struct recording_source sources[DISCIPLINE_SOURCES_MAX];
	unsigned int source_count;
	struct step *steps;
	size_t step_count;
	struct event_csv_leaps *leaps;
	size_t leaps_count;
	struct truth *truths;
	size_t truth_count;
	uint64_t bad_lines; /* passed over, when that was asked for */
};

/* Reads the file; with `lenient`, lines that make no sense are counted and passed over. 0, -EBADMSG
 * with "FILE:LINE: field N (NAME): ...", or -errno with a message. */
int recording_read(struct recording *recording, const char *path, bool lenient, char *message,
		   size_t message_size);

/* Keeps every Nth event of each source, N = poll_s / recorded interval, at least 1. */
void recording_thin(struct recording *recording, double poll_s);

/* What a PHC that states no error of its own is wrong by, at most. */
void recording_set_phc_error(struct recording *recording, double max_error_ns);

void recording_free(struct recording *recording);

/* The counter value by which the event had happened. */
uint64_t event_counter(const struct event *event);

#endif
