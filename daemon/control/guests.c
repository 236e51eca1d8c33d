// SPDX-License-Identifier: GPL-2.0-or-later
/* The methods of org.vmclock.Host about guests: which there are, and what their counters are. */
#include "guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon.h"
#include "../log.h"
#include "../loop.h"
#include "../source/random.h"
#include "interface.h"
#include "report.h"
#include "varlink.h"

static const struct {
	const char *word;
	uint64_t flags;
} warnings[] = {
	{"none", 0},
	{"soon", VMCLOCK_FLAG_DISRUPTION_SOON},
	{"imminent", VMCLOCK_FLAG_DISRUPTION_IMMINENT},
};

static const char *warning_word(uint64_t flags)
{
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
		if (warnings[i].flags == flags)
			return warnings[i].word;
	return "imminent"; /* both */
}

static const char *status_word(uint8_t status)
{
	switch (status) {
	case VMCLOCK_STATUS_SYNCHRONIZED:
		return "synchronized";
	case VMCLOCK_STATUS_FREERUNNING:
		return "freerunning";
	case VMCLOCK_STATUS_UNRELIABLE:
		return "unreliable";
	default:
		return "unknown";
	}
}

static json_t *text_if(bool known, uint64_t value)
{
	return known ? report_counter(value) : json_null();
}

static json_t *report_guest(const struct guest_pages *g, const struct guest_page *guest)
{
	const struct guest_facts *facts = &guest->facts;
	bool known = facts->known;
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", g->directory, guest->name);
	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:s}",
			 "name", guest->name, "page", report_text(path), "kept",
			 known && guest->writer && !guest->error, "offset",
			 text_if(known, facts->scale.offset), "ratio",
			 text_if(known, facts->scale.ratio), "frac_bits",
			 known ? json_integer(facts->scale.frac_bits) : json_null(), "status",
			 status_word(guest_page_status(guest)), "why", report_text(facts->why),
			 "warning", warning_word(facts->warning), "generation",
			 text_if(facts->has_generation, facts->generation), "writes",
			 report_count(guest->writes), "update_age_s",
			 report_age(guest->updated_ns, loop_now_ns()), "problem",
			 guest->error ? strerror(-guest->error) : "");
}

json_t *guests_get(struct connection *c, const json_t *parameters)
{
	const struct guest_pages *g = &c->daemon->guests;
	json_t *list = json_array();

	(void)parameters;
	for (unsigned int i = 0; list && i < g->count; i++) {
		if (json_array_append_new(list, report_guest(g, &g->guests[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	return varlink_reply(list ? json_pack("{s:o}", "guests", list) : NULL, false);
}

/* Decimal, as it is written; a negative number in two's complement. */
static bool parse_counter(const char *text, uint64_t *out)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	char *end;
	unsigned long long value;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return false;
	errno = 0;
	value = strtoull(digits, &end, 10);
	if (errno || (negative && value > 1ULL << 63))
		return false;
	*out = negative ? -(uint64_t)value : (uint64_t)value;
	return true;
}

static const char *given_text(const json_t *parameters, const char *name)
{
	return json_string_value(json_object_get(parameters, name));
}

/* *given: any of it was. The name of a parameter that makes no sense, or NULL. */
static const char *parse_scale(const json_t *parameters, struct vmclock_scale *scale, bool *given)
{
	const char *offset = given_text(parameters, "offset");
	const char *ratio = given_text(parameters, "ratio");
	const json_t *frac_bits = json_object_get(parameters, "frac_bits");
	json_int_t bits = json_integer_value(frac_bits);

	*scale = (struct vmclock_scale){.ratio = 1};
	*given = offset || ratio || json_is_integer(frac_bits);
	if (offset && !parse_counter(offset, &scale->offset))
		return "offset";
	if (ratio && (!parse_counter(ratio, &scale->ratio) || *ratio == '-' || !scale->ratio))
		return "ratio";
	if (bits < 0 || bits > 63)
		return "frac_bits";
	scale->frac_bits = (uint8_t)bits;
	return NULL;
}

/* A decimal number, or "new". */
static bool parse_generation(const char *text, uint64_t *out)
{
	if (strcmp(text, "new"))
		return *text != '-' && parse_counter(text, out);
	return !random_64(out);
}

static json_t *invalid(const char *parameter)
{
	return varlink_error(VARLINK_SERVICE ".InvalidParameter",
			     json_pack("{s:s}", "parameter", parameter));
}

static json_t *named_error(const char *error, const char *name)
{
	return varlink_error(error, json_pack("{s:s}", "name", name));
}

/* -ENOENT comes from the file system only where the guest need not be there before. */
static json_t *failed(const char *name, int err, bool must_exist)
{
	if (err == -EINVAL)
		return invalid("name");
	if (err == -EEXIST)
		return named_error(CONTROL_INTERFACE ".GuestExists", name);
	if (err == -ENOENT && must_exist)
		return named_error(CONTROL_INTERFACE ".NoSuchGuest", name);
	return varlink_error(CONTROL_INTERFACE ".GuestFailed",
			     json_pack("{s:s, s:s}", "name", name, "reason", strerror(-err)));
}

/* The page is worth something from now on, not only from the next line on. */
static json_t *changed(struct connection *c, const char *name, const char *what)
{
	struct daemon *daemon = c->daemon;

	log_notice("control: guest %s %s, as asked by uid %u", name, what, (unsigned int)c->uid);
	if (daemon->page.any)
		guest_pages_update(&daemon->guests, &daemon->page.last, &daemon->page.calendar);
	return varlink_reply(json_object(), false);
}

json_t *guests_add(struct connection *c, const json_t *parameters)
{
	const char *name = given_text(parameters, "name");
	const char *generation_text = given_text(parameters, "generation");
	struct vmclock_scale scale;
	uint64_t generation = 0;
	bool given;
	const char *wrong = parse_scale(parameters, &scale, &given);
	int err;

	if (!wrong && generation_text && !parse_generation(generation_text, &generation))
		wrong = "generation";
	if (wrong)
		return invalid(wrong);
	err = guest_pages_add(&c->daemon->guests, name, given ? &scale : NULL,
			      generation_text ? &generation : NULL);
	return err ? failed(name, err, false) : changed(c, name, "added");
}

json_t *guests_set(struct connection *c, const json_t *parameters)
{
	const char *name = given_text(parameters, "name");
	struct vmclock_scale scale;
	bool given;
	const char *wrong = parse_scale(parameters, &scale, &given);
	int err;

	if (wrong || !given)
		return invalid(wrong ? wrong : "offset");
	err = guest_pages_set(&c->daemon->guests, name, &scale);
	return err ? failed(name, err, true) : changed(c, name, "has another counter");
}

/* The name of a parameter that makes no sense, or NULL. */
static const char *parse_disruption(const json_t *parameters, struct guest_disruption *out)
{
	const char *warning = given_text(parameters, "warning");
	const char *generation = given_text(parameters, "generation");
	size_t i = 0;

	*out = (struct guest_disruption){.warn_only = warning != NULL,
					 .new_generation = generation != NULL,
					 .why = given_text(parameters, "reason")};
	if (generation && !parse_generation(generation, &out->generation))
		return "generation";
	if (!warning)
		return NULL;
	while (i < sizeof(warnings) / sizeof(warnings[0]) && strcmp(warnings[i].word, warning))
		i++;
	if (i == sizeof(warnings) / sizeof(warnings[0]))
		return "warning";
	out->warning = warnings[i].flags;
	return NULL;
}

json_t *guests_disrupt(struct connection *c, const json_t *parameters)
{
	const char *name = given_text(parameters, "name");
	struct guest_disruption disruption;
	const char *wrong = parse_disruption(parameters, &disruption);
	int err;

	if (wrong)
		return invalid(wrong);
	err = guest_pages_disrupt(&c->daemon->guests, name, &disruption);
	return err ? failed(name, err, true)
		   : changed(c, name, disruption.warn_only ? "is warned" : "is disrupted");
}

json_t *guests_remove(struct connection *c, const json_t *parameters)
{
	const char *name = given_text(parameters, "name");
	int err = guest_pages_remove(&c->daemon->guests, name);

	return err ? failed(name, err, true) : changed(c, name, "removed");
}
