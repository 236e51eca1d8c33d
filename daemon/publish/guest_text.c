// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of a guest beside its page, as text. */
#include "guest_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

/* A word for what is not there. */
static const char *or_none(const char *word)
{
	return word[0] ? word : "-";
}

void guest_text_print(const struct guest_facts *f, char text[GUEST_TEXT_SIZE])
{
	char generation[24] = "-", slept[24] = "-";

	if (f->has_generation)
		snprintf(generation, sizeof(generation), "%" PRIu64, f->generation);
	if (f->slept_ns != SLEPT_UNKNOWN_NS)
		snprintf(slept, sizeof(slept), "%" PRId64, f->slept_ns);
	snprintf(text, GUEST_TEXT_SIZE,
		 "3 %s %s %s %" PRIu64 " %" PRIu64 " %u %" PRIu64 " %s %s\n%s\n",
		 or_none(f->boot_id), slept, f->known ? "known" : "unknown", f->scale.offset,
		 f->scale.ratio, f->scale.frac_bits, f->warning, generation, or_none(f->vm),
		 f->why);
}

static void parse_generation(const char *word, struct guest_facts *out)
{
	char *end;

	out->has_generation = strcmp(word, "-") != 0;
	out->generation = out->has_generation ? strtoull(word, &end, 10) : 0;
}

static void parse_slept(const char *word, struct guest_facts *out)
{
	out->slept_ns = strcmp(word, "-") ? strtoll(word, NULL, 10) : SLEPT_UNKNOWN_NS;
}

static bool is_sane(const struct guest_facts *f)
{
	return f->scale.ratio && f->scale.frac_bits <= 63 && !(f->warning & ~WARNINGS);
}

int guest_text_parse(const char *text, struct guest_facts *out)
{
	char again[GUEST_TEXT_SIZE], slept[24] = "-", known[8] = "", generation[24] = "-";
	unsigned int frac_bits = 64;
	const char *why = strchr(text, '\n');

	memset(out, 0, sizeof(*out));
	if (!why ||
	    sscanf(text, "3 %39s %23s %7s %20" SCNu64 " %20" SCNu64 " %2u %20" SCNu64 " %23s %95s",
		   out->boot_id, slept, known, &out->scale.offset, &out->scale.ratio, &frac_bits,
		   &out->warning, generation, out->vm) != 9)
		return -EINVAL;
	out->known = !strcmp(known, "known");
	out->scale.frac_bits = (uint8_t)frac_bits;
	parse_slept(slept, out);
	parse_generation(generation, out);
	if (!strcmp(out->boot_id, "-"))
		out->boot_id[0] = '\0';
	if (!strcmp(out->vm, "-"))
		out->vm[0] = '\0';
	snprintf(out->why, sizeof(out->why), "%.*s", (int)strcspn(why + 1, "\n"), why + 1);
	guest_text_print(out, again);
	return strcmp(text, again) || !is_sane(out) ? -EINVAL : 0;
}

void guest_text_set_why(struct guest_facts *facts, const char *why)
{
	snprintf(facts->why, sizeof(facts->why), "%s", why);
	for (char *c = facts->why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static const struct {
	const char *word;
	uint64_t flags;
} warnings[] = {
	{"none", 0},
	{"soon", VMCLOCK_FLAG_DISRUPTION_SOON},
	{"imminent", VMCLOCK_FLAG_DISRUPTION_IMMINENT},
};

enum { WARNING_COUNT = sizeof(warnings) / sizeof(warnings[0]) };

const char *guest_text_warning(uint64_t flags)
{
	for (size_t i = 0; i < WARNING_COUNT; i++)
		if (warnings[i].flags == flags)
			return warnings[i].word;
	return "imminent"; /* both */
}

int guest_text_parse_warning(const char *word, uint64_t *flags)
{
	for (size_t i = 0; i < WARNING_COUNT; i++) {
		if (strcmp(warnings[i].word, word) == 0) {
			*flags = warnings[i].flags;
			return 0;
		}
	}
	return -EINVAL;
}
