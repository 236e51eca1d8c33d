// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps a row of values and draws it with block characters. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "history.h"

void history_add(struct history *history, double value)
{
	if (!isfinite(value) || value <= 0)
		return;
	if (history->count == HISTORY_MAX) {
		memmove(history->values, history->values + 1,
			(HISTORY_MAX - 1) * sizeof(history->values[0]));
		history->count--;
	}
	history->values[history->count++] = value;
}

double history_least(const struct history *history)
{
	double least = history->count ? history->values[0] : (double)NAN;
	size_t i;

	for (i = 1; i < history->count; i++)
		least = fmin(least, history->values[i]);
	return least;
}

double history_most(const struct history *history)
{
	double most = history->count ? history->values[0] : (double)NAN;
	size_t i;

	for (i = 1; i < history->count; i++)
		most = fmax(most, history->values[i]);
	return most;
}

/* 0..levels-1. Less than a tenth of difference is level ground, not a mountain. */
static int level(double value, double least, double most, int levels)
{
	if (most < least * 1.1)
		return levels / 2 - 1;
	return (int)lround(log(value / least) / log(most / least) * (levels - 1));
}

void history_draw(const struct history *history, bool utf8, char *out, size_t size)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const ascii[] = {"_", ".", "-", "=", "+", "*", "#", "@"};
	const char *const *marks = utf8 ? blocks : ascii;
	double least = history_least(history);
	double most = history_most(history);
	size_t used = 0;
	size_t i;

	out[0] = '\0';
	for (i = 0; i < history->count && used + 4 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s",
					 marks[level(history->values[i], least, most, 8)]);
}
