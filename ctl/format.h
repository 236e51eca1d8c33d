/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people read them: scaled, with their unit, and with a sign where one matters. */
#ifndef VMCLOCKCTL_FORMAT_H
#define VMCLOCKCTL_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

/* Long enough for any of these; each returns its buffer, for use in an argument list. */
struct text {
	char text[48];
};

/* Three digits and a unit, "40.5 us"; "-" for NAN, "none" for INFINITY. */
const char *format_time(struct text *out, double ns);
/* The same with "+" or "-" before it; 0 has none. */
const char *format_offset(struct text *out, double ns);
/* "+2.400 ppm", "-12.0 ppb". */
const char *format_rate(struct text *out, double ppb);
/* Without its sign. */
const char *format_rate_size(struct text *out, double ppb);
/* Without the blank before the unit, for tables: "40.5us". */
const char *format_narrow(struct text *out);
/* How long ago, short: "3s", "12m", "5h", "3d"; "-" for NAN. */
const char *format_age(struct text *out, double seconds);
/* "2.900 GHz". */
const char *format_frequency(struct text *out, double hz);
/* ns since 1970, "2026-11-22 23:22:49.123456789". */
const char *format_date(struct text *out, int64_t ns);
/* Text from elsewhere, safe for a terminal: printable ASCII, the rest as '?'. */
const char *format_safe(char *out, unsigned int size, const char *text);

/* "250 ms" and the like to ns, not negative; true when understood. bare_seconds: a number without
 * a unit is seconds, else it is refused. */
bool parse_time(const char *text, bool bare_seconds, double *ns);

#endif
