// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of a report by path, forgiving: another version of the daemon may know less. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "member.h"

static const json_t *member(const json_t *object, const char *path)
{
	char name[64];

	while (object && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		object = json_object_get(object, name);
		path += length + (path[length] == '.');
	}
	return object;
}

double member_number(const json_t *object, const char *path)
{
	const json_t *value = member(object, path);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

int64_t member_count(const json_t *object, const char *path)
{
	return json_integer_value(member(object, path));
}

const char *member_text(const json_t *object, const char *path)
{
	const char *text = json_string_value(member(object, path));

	return text ? text : "";
}

bool member_is_known(const json_t *object, const char *path)
{
	const json_t *value = member(object, path);

	return value && !json_is_null(value);
}

bool member_flag(const json_t *object, const char *path)
{
	return json_is_true(member(object, path));
}

void print_json(const json_t *json, bool compact)
{
	json_dumpf(json, stdout,
		   JSON_REAL_PRECISION(12) | (compact ? JSON_COMPACT : JSON_INDENT(2)));
	putchar('\n');
	fflush(stdout);
}
