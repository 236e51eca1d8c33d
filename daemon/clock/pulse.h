/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which edges of a source are its pulses, and which second each of them marks.
 *
 * Pulses come once a second: an edge is taken when it stands whole seconds from the one before, as
 * far as jitter and the counter's rate allow. The first edge only says where to look for the
 * second; of two that do not agree the one that is followed by another is right. Later on, what
 * comes elsewhere is refused, and followed once it has gone on for a while.
 */
#ifndef VMCLOCK_CLOCK_PULSE_H
#define VMCLOCK_CLOCK_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* Interrupts of a busy machine are served within this. */
#define PULSE_MAX_JITTER_NS 1e6

enum pulse_verdict {
	PULSE_GOOD,
	PULSE_FIRST,  /* nothing to compare it with */
	PULSE_DOUBLE, /* less than half a second after the last one */
	PULSE_WILD,   /* away from where it was expected */
	PULSE_WIDTH,  /* the pulse is not as long as the others */
};

/* Edges by what became of them; they only grow. */
struct pulse_counts {
	uint64_t good;
	uint64_t doubles;
	uint64_t wild;
	uint64_t width;
	uint64_t missed;      /* seconds without an edge, between two good ones */
	uint64_t unlabelled;  /* good, but nobody knew the second */
	uint64_t mislabelled; /* good, but others name another second than counting does */
};

/* A row of edges at whole seconds from each other. */
struct pulse_row {
	unsigned int edges;	  /* 0: none */
	uint64_t last;		  /* counter at the latest */
	uint64_t anchor;	  /* counter at an older one that the period is learned from */
	int64_t seconds;	  /* from there to the latest */
	double period_ns;	  /* a second by the counter */
	double period_off;	  /* how far that may be off, as a ratio */
	double uncertainty_ticks; /* of the latest */
};

struct pulse {
	double ns_per_tick;
	double max_jitter_ns;
	struct pulse_row row;	/* of good edges */
	struct pulse_row other; /* of refused ones: the pulse may have moved */
	double width_ns;	/* from the other edge to this one; 0: not known */
	double other_width_ns;	/* of the last pulse that was refused for it */
	unsigned int widths;	/* refused ones in a row that agree */
	uint64_t before;	/* counter at the edge before the last good one ... */
	int64_t before_seconds; /* ... which was so long ago; 0: not of the same row */
	double before_uncertainty_ticks;
	bool labelled;
	int64_t second;		  /* that the last good edge marked, if labelled */
	unsigned int mislabelled; /* in a row */
	struct pulse_counts counts;
};

void pulse_init(struct pulse *p, double ns_per_tick, double max_jitter_ns);

/* Forgets everything but the counts: the counter was disrupted, or the device is another one. */
void pulse_reset(struct pulse *p);

/* Takes an edge, later than the one before. */
enum pulse_verdict pulse_add(struct pulse *p, const struct event_edge *edge);

/*
 * The second that the last good edge marks. `others`: what other sources say, NULL when they do not
 * know. 0; -EAGAIN: nobody knows; -ERANGE: others contradict the count. *renamed: the others
 * have contradicted it for so long that they are followed, and what was made of it so far is wrong.
 */
int pulse_label(struct pulse *p, const int64_t *others, int64_t *second, bool *renamed);

#endif
