// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a source's line: marks and columns in the order that users of chronyc know. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "member.h"
#include "source_table.h"

const char source_table_head[] = "MS Name         Address            St Poll Reach LastRx   Offset "
				 "+/-Bound  Use    Noise    Delay    Wander";

/* '^' something on the network, '#' something of this machine. */
static char mode_mark(const json_t *source)
{
	const char *type = member_text(source, "type");

	return strcmp(type, "ntp") == 0 || strcmp(type, "pool") == 0 ? '^' : '#';
}

static char state_mark(const json_t *source)
{
	static const struct {
		const char *state;
		char mark;
	} marks[] = {
		{"selected", '+'}, {"selectable", '-'},	 {"noselect", '-'}, {"falseticker", 'x'},
		{"conflict", '~'}, {"unreachable", '?'}, {"waiting", '?'},
	};
	const char *state = member_text(source, "state");
	size_t i;

	/* As in chronyc, the one that counts most: more than half of the combination. */
	if (strcmp(state, "selected") == 0 && member_number(source, "weight") > 0.5)
		return '*';
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strcmp(marks[i].state, state) == 0)
			return marks[i].mark;
	}
	return ' ';
}

static const char *stratum_text(char out[8], const json_t *source)
{
	int64_t stratum = member_count(source, "stratum");

	snprintf(out, 8, stratum > 0 && stratum < 100 ? "%d" : "-", (int)stratum);
	return out;
}

static const char *weight_text(char out[8], const json_t *source)
{
	double weight = member_number(source, "weight");

	if (weight > 0 && weight <= 1)
		snprintf(out, 8, "%.0f%%", weight * 100);
	else
		strcpy(out, "-");
	return out;
}

/* The port only where it is not NTP's own, and no brackets without it. */
static const char *address_text(char *out, unsigned int size, const json_t *source)
{
	const char *address = member_text(source, "address");
	size_t length = strlen(address);

	if (length < 4 || strcmp(address + length - 4, ":123") != 0)
		return format_safe(out, size, address);
	if (address[0] == '[' && length > 6) {
		address++;
		length -= 2;
	}
	format_safe(out, size, address);
	if (length - 4 < size)
		out[length - 4] = '\0';
	return out;
}

void source_table_row(char *out, size_t size, const json_t *source)
{
	struct text poll, age, offset, bound, noise, delay, wander;
	char name[13], address[19], stratum[8], weight[8];

	format_offset(&offset, member_number(source, "offset_ns"));
	format_time(&bound, member_number(source, "bound_ns"));
	format_time(&noise, member_number(source, "noise_ns"));
	format_time(&delay, member_number(source, "delay_ns"));
	format_rate_size(&wander, member_number(source, "wander"));
	snprintf(out, size, "%c%c %-12s %-18s %2s %4s   %3o %6s %8s %8s %4s %8s %8s %9s",
		 mode_mark(source), state_mark(source),
		 format_safe(name, sizeof(name), member_text(source, "name")),
		 address_text(address, sizeof(address), source), stratum_text(stratum, source),
		 format_age(&poll, member_number(source, "poll_s")),
		 (unsigned int)member_count(source, "reach") & 0xff,
		 format_age(&age, member_number(source, "last_reply_age_s")),
		 format_narrow(&offset), format_narrow(&bound), weight_text(weight, source),
		 format_narrow(&noise), format_narrow(&delay), format_narrow(&wander));
}

void source_table_note(char *out, size_t size, const json_t *source)
{
	const char *why = member_text(source, "why");
	const char *problem = member_text(source, "problem");
	char state[24], safe_why[160], safe_problem[160];
	bool both = why[0] && problem[0] && strcmp(why, problem) != 0;

	out[0] = '\0';
	/* A problem of the past is no news of a source that is used. */
	if (strcmp(member_text(source, "state"), "selected") == 0)
		return;
	format_safe(safe_why, sizeof(safe_why), why);
	format_safe(safe_problem, sizeof(safe_problem), problem);
	snprintf(out, size, "%s: %s%s%s",
		 format_safe(state, sizeof(state), member_text(source, "state")), safe_why,
		 both ? "; " : "", both || !why[0] ? safe_problem : "");
}
