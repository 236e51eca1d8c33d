/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A view on the terminal that is drawn over itself, without taking the whole screen. */
#ifndef VMCLOCKCTL_SCREEN_H
#define VMCLOCKCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct screen {
	bool utf8;
	bool colour;
	int width;
	int height;
	int drawn;   /* lines of the frame that is on the screen */
	int lines;   /* of the frame being drawn */
	FILE *frame; /* one write per frame: no flicker */
	char *bytes;
	size_t size;
};

enum screen_style {
	SCREEN_PLAIN,
	SCREEN_BOLD,
	SCREEN_DIM,
	SCREEN_GREEN,
	SCREEN_YELLOW,
	SCREEN_RED
};

/* False when stdout is no terminal that can move its cursor. */
bool screen_open(struct screen *screen);
/* Leaves the last frame where it is. */
void screen_close(struct screen *screen);

void screen_begin(struct screen *screen);
/* One line, cut at the terminal's width; lines beyond its height are left out. */
__attribute__((format(printf, 3, 4))) void
screen_line(struct screen *screen, enum screen_style style, const char *format, ...);
void screen_end(struct screen *screen);

/* How much of `text` (UTF-8) fits into so many columns, in bytes; one character is one column. */
size_t screen_fit(const char *text, int columns);

#endif
