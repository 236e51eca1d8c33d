/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a report, by path. */
#ifndef VMCLOCKCTL_MEMBER_H
#define VMCLOCKCTL_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* Members by path, "now.max_error_ns". Null or not there: NAN, 0, "" and false. */
double member_number(const json_t *object, const char *path);
int64_t member_count(const json_t *object, const char *path);
const char *member_text(const json_t *object, const char *path);
/* It is there, and not null. */
bool member_is_known(const json_t *object, const char *path);
bool member_flag(const json_t *object, const char *path);
/* Prints it and ends the line. */
void print_json(const json_t *json, bool compact);

#endif
