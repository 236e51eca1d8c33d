/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `watch` draws of one report, and what it remembers between two. */
#ifndef VMCLOCKCTL_VIEW_H
#define VMCLOCKCTL_VIEW_H

#include <jansson.h>

#include "history.h"
#include "screen.h"

enum { VIEW_SOURCES_MAX = 64 };

struct view {
	struct screen screen;
	struct history bounds;
	int64_t received[VIEW_SOURCES_MAX]; /* replies of each source in the last report */
	size_t sources;			    /* in the last report */
};

void view_draw(struct view *view, const json_t *report);

/* The same in one line, for where no terminal is. */
void view_print_line(const json_t *report);

#endif
