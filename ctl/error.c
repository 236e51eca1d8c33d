// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors, on stderr and with the program's name. */
#include <stdarg.h>
#include <stdio.h>

#include "ctl.h"

int ctl_error(const char *format, ...)
{
	va_list arguments;

	fputs("vmclockctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CTL_ERROR;
}
