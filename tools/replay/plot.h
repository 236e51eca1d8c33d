/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture of a replay, drawn by gnuplot: error, bound and estimated error over time. */
#ifndef VMCLOCK_REPLAY_PLOT_H
#define VMCLOCK_REPLAY_PLOT_H

#include "score.h"

/* Writes an SVG. 0, -ENODATA without truth to plot, or -EIO when gnuplot is missing or failed. */
int plot_svg(const struct points *points, const char *title, const char *path);

#endif
