/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last values of something, and a small picture of them. */
#ifndef VMCLOCKCTL_HISTORY_H
#define VMCLOCKCTL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

enum { HISTORY_MAX = 40 };

struct history {
	double values[HISTORY_MAX]; /* oldest first */
	size_t count;
};

/* Values that are not positive and finite are left out. */
void history_add(struct history *history, double value);
double history_least(const struct history *history);
double history_most(const struct history *history);

/*
 * One character a value, its height by the value's logarithm between the least and the most.
 * `size` of 4 * HISTORY_MAX + 1 always suffices.
 */
void history_draw(const struct history *history, bool utf8, char *out, size_t size);

#endif
