// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws frames of text over each other with the escape sequences that every terminal knows. */
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "screen.h"

static const char *const styles[] = {
	[SCREEN_PLAIN] = "",	     [SCREEN_BOLD] = "\033[1m",	   [SCREEN_DIM] = "\033[2m",
	[SCREEN_GREEN] = "\033[32m", [SCREEN_YELLOW] = "\033[33m", [SCREEN_RED] = "\033[31m",
};

static void measure(struct screen *screen)
{
	struct winsize size;

	screen->width = 80;
	screen->height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 1) {
		screen->width = size.ws_col;
		screen->height = size.ws_row;
	}
}

bool screen_open(struct screen *screen)
{
	const char *terminal = getenv("TERM");

	memset(screen, 0, sizeof(*screen));
	if (!isatty(STDOUT_FILENO) || !terminal || strcmp(terminal, "dumb") == 0)
		return false;
	setlocale(LC_CTYPE, "");
	screen->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	screen->colour = !getenv("NO_COLOR");
	printf("\033[?25l");
	return true;
}

void screen_close(struct screen *screen)
{
	screen->drawn = 0;
	printf("\033[?25h");
	fflush(stdout);
}

void screen_begin(struct screen *screen)
{
	int height = screen->height;
	int width = screen->width;

	measure(screen);
	screen->lines = 0;
	screen->frame = open_memstream(&screen->bytes, &screen->size);
	if (!screen->frame || !screen->drawn)
		return;
	/* Where the old frame is after a change of size, nobody knows. */
	if (height != screen->height || width != screen->width)
		fputs("\033[H\033[2J", screen->frame);
	else
		fprintf(screen->frame, "\033[%dF", screen->drawn);
}

size_t screen_fit(const char *text, int columns)
{
	size_t n = 0;

	while (text[n]) {
		bool starts = ((unsigned char)text[n] & 0xc0) != 0x80;

		if (starts && columns-- == 0)
			break;
		n++;
	}
	return n;
}

void screen_line(struct screen *screen, enum screen_style style, const char *format, ...)
{
	bool styled = screen->colour && style != SCREEN_PLAIN;
	char line[1024];
	va_list arguments;

	/* The cursor rests below the frame: one row less. */
	if (!screen->frame || screen->lines >= screen->height - 1)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(screen->frame, "%s%.*s%s\033[K\n", styled ? styles[style] : "",
		(int)screen_fit(line, screen->width), line, styled ? "\033[0m" : "");
	screen->lines++;
}

void screen_end(struct screen *screen)
{
	if (!screen->frame)
		return;
	fputs("\033[J", screen->frame);
	if (fclose(screen->frame) == 0)
		fwrite(screen->bytes, 1, screen->size, stdout);
	fflush(stdout);
	free(screen->bytes);
	screen->frame = NULL;
	screen->drawn = screen->lines;
}
