/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmclock-replay prints: scores for programs and for people, and the published lines. */
#ifndef VMCLOCK_REPLAY_REPORT_H
#define VMCLOCK_REPLAY_REPORT_H

#include <stdio.h>

#include "score.h"

struct report {
	const char *file;
	const struct recording *recording;
	const struct played *played;
	struct score all;
	bool has_window;
	struct score window;
	bool cost; /* CPU time is asked for; never twice the same */
};

/* One JSON object on one line. 0 or -ENOMEM. */
int report_json(const struct report *report, FILE *out);
void report_text(const struct report *report, FILE *out);

/* Every publication on a line of its own; see vmclock-replay(1). 0 or -errno. */
int report_lines(const struct recording *recording, const struct played *played, const char *path);

/* What became of the sources, a line for each change; see vmclock-replay(1). 0 or -errno. */
int report_sources(const struct recording *recording, const struct played *played,
		   const char *path);

#endif
