/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of sources, one line each, as `sources` and `watch` show it. */
#ifndef VMCLOCKCTL_SOURCE_TABLE_H
#define VMCLOCKCTL_SOURCE_TABLE_H

#include <stddef.h>

#include <jansson.h>

extern const char source_table_head[];

/* One line without its end. */
void source_table_row(char *out, size_t size, const json_t *source);

/* Its state in a word, and why it is not used; "" for one that is. */
void source_table_note(char *out, size_t size, const json_t *source);

#endif
