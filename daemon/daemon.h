/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of a running vmclockd in one place: what the parts share, and what the reports read. */
#ifndef VMCLOCK_DAEMON_H
#define VMCLOCK_DAEMON_H

#include "clock/discipline.h"
#include "config.h"
#include "counter.h"
#include "leap.h"
#include "loop.h"
#include "publish/page_file.h"
#include "source/source.h"

struct event_log;
struct control;

struct daemon {
	struct config config;
	struct counter counter;
	struct loop loop;
	struct discipline *discipline;
	struct leap_table leap;
	struct source_env env;
	struct source sources[DISCIPLINE_SOURCES_MAX];
	unsigned int source_count;
	struct page_file page;
	struct event_log *event_log; /* NULL: not configured */
	struct control *control;     /* NULL: not configured or not possible */
	int64_t started_ns;          /* CLOCK_MONOTONIC */
	uint64_t page_failures;      /* publications that could not be written */
};

#endif
