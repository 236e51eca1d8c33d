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
#include "../publish/guest_vm.h"
#include "../source/random.h"
#include "interface.h"
#include "report.h"
#include "varlink.h"

json_t *guests_get(struct connection *c, const json_t *parameters)
{
	(void)parameters;
	return varlink_reply(json_pack("{s:o, s:o}", "guests", report_guests(&c->daemon->guests),
				       "driver_guests",
				       report_driver_guests(&c->daemon->page.kernel)),
			     false);
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

static json_t *named_failure(const char *name, const char *reason)
{
	return varlink_error(CONTROL_INTERFACE ".GuestFailed",
			     json_pack("{s:s, s:s}", "name", name, "reason", reason));
}

/* -ENOENT comes from the file system only where the guest need not be there before. */
static json_t *failed(const char *name, int err, bool must_exist)
{
	if (err == -EINVAL)
		return invalid("name");
	if (err == -ERANGE)
		return named_failure(name, "ratio and frac_bits make a counter below 1 MHz, or "
					   "above 1 THz");
	if (err == -EEXIST)
		return named_error(CONTROL_INTERFACE ".GuestExists", name);
	if (err == -ENOENT && must_exist)
		return named_error(CONTROL_INTERFACE ".NoSuchGuest", name);
	return named_failure(name, strerror(-err));
}

/* The page is worth something from now on, not only from the next line on. */
static json_t *changed(struct connection *c, const char *name, const char *what)
{
	struct daemon *daemon = c->daemon;

	log_notice("control: guest %s %s, as asked by uid %u", name, what, (unsigned int)c->uid);
	if (daemon->page.any)
		guest_follow_publish(&daemon->follow, &daemon->page.last, &daemon->page.calendar,
				     loop_now_ns());
	return varlink_reply(json_object(), false);
}

/* What AddGuest and SetGuest are told. */
struct asked {
	const char *name;
	struct vmclock_scale scale;
	bool scale_given;
	uint64_t generation;
	char vm[GUEST_VM_MAX]; /* "": not given */
};

static json_t *vm_failed(const char *name, int err)
{
	const char *reason = err == -ENOENT	  ? "there is no such process"
			     : err == -EOPNOTSUPP ? "KVM's directory in debugfs cannot be read"
						  : strerror(-err);

	return named_failure(name, reason);
}

/* An error to be sent, or NULL. */
static json_t *parse_asked(struct connection *c, const json_t *parameters, struct asked *out)
{
	const char *generation = given_text(parameters, "generation");
	const char *vm = given_text(parameters, "vm");
	bool is_new = json_is_true(json_object_get(parameters, "new"));
	const char *wrong = parse_scale(parameters, &out->scale, &out->scale_given);
	int err = 0;

	out->name = given_text(parameters, "name");
	out->vm[0] = '\0';
	if (!wrong && generation && !parse_generation(generation, &out->generation))
		wrong = "generation";
	if (!wrong && is_new && (!vm || strncmp(vm, "name:", 5) != 0))
		wrong = "new";
	if (!wrong && vm)
		err = out->scale_given ? -EINVAL
				       : guest_vm_resolve(&c->daemon->follow, vm, is_new, out->vm);
	if (err == -EINVAL)
		wrong = "vm";
	if (wrong)
		return invalid(wrong);
	return err ? vm_failed(out->name, err) : NULL;
}

/* The loop looks at the guests that are to be followed from now on. */
static void follow(struct daemon *daemon)
{
	guest_follow_hurry(&daemon->follow);
	loop_arm(&daemon->loop, &daemon->follow_timer, loop_now_ns());
}

json_t *guests_add(struct connection *c, const json_t *parameters)
{
	struct asked asked;
	json_t *refused = parse_asked(c, parameters, &asked);
	struct guest_start start = {.vm = asked.vm};
	int err;

	if (refused)
		return refused;
	if (asked.scale_given)
		start.scale = &asked.scale;
	if (given_text(parameters, "generation"))
		start.generation = &asked.generation;
	err = guest_pages_add(&c->daemon->guests, asked.name, &start);
	if (err)
		return failed(asked.name, err, false);
	follow(c->daemon);
	return changed(c, asked.name, "added");
}

json_t *guests_set(struct connection *c, const json_t *parameters)
{
	struct asked asked;
	json_t *refused = parse_asked(c, parameters, &asked);
	int err;

	if (refused)
		return refused;
	if (!asked.scale_given && !asked.vm[0])
		return invalid("offset");
	if (asked.vm[0])
		err = guest_pages_bind(&c->daemon->guests, asked.name, asked.vm);
	else
		err = guest_pages_set(&c->daemon->guests, asked.name, &asked.scale);
	if (err)
		return failed(asked.name, err, true);
	follow(c->daemon);
	return changed(c, asked.name, "has another counter");
}

/* The name of a parameter that makes no sense, or NULL. */
static const char *parse_disruption(const json_t *parameters, struct guest_disruption *out)
{
	const char *warning = given_text(parameters, "warning");
	const char *generation = given_text(parameters, "generation");

	*out = (struct guest_disruption){.warn_only = warning != NULL,
					 .new_generation = generation != NULL,
					 .why = given_text(parameters, "reason")};
	if (generation && !parse_generation(generation, &out->generation))
		return "generation";
	if (!warning)
		return NULL;
	if (guest_text_parse_warning(warning, &out->warning))
		return "warning";
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
