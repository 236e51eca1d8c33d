// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl guest: the pages of guests, by name. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "ctl.h"
#include "format.h"
#include "guest.h"
#include "member.h"

/* False: it is not known. */
static bool print_scale(const json_t *guest)
{
	if (!json_is_string(json_object_get(guest, "offset")))
		return false;
	printf("    counter = ((host * %s) >> %d) + %s\n", member_text(guest, "ratio"),
	       (int)member_count(guest, "frac_bits"), member_text(guest, "offset"));
	return true;
}

static void print_counter(const json_t *guest)
{
	const char *vm = member_text(guest, "vm");
	char safe[120];

	if (vm[0])
		printf("    counter followed: %s\n", format_safe(safe, sizeof(safe), vm));
	if (!print_scale(guest) && !vm[0])
		printf("    counter not known: vmclockctl guest set %s\n",
		       member_text(guest, "name"));
}

static void capital_status(char *out, unsigned int size, const json_t *guest)
{
	format_safe(out, size, member_text(guest, "status"));
	for (; *out; out++)
		*out = (char)toupper((unsigned char)*out);
}

/* "UNRELIABLE, last update 3s ago, disruption soon: live migration". */
static void print_state(const json_t *guest)
{
	const char *why = member_text(guest, "why"), *warning = member_text(guest, "warning");
	struct text age;
	char status[20], safe[160];

	capital_status(status, sizeof(status), guest);
	format_age(&age, member_number(guest, "update_age_s"));
	if (strcmp(age.text, "-"))
		printf("    %s, last update %s ago", status, age.text);
	else
		printf("    %s, not updated yet", status);
	if (strcmp(warning, "none"))
		printf(", disruption %s", format_safe(safe, sizeof(safe), warning));
	if (why[0])
		printf(": %s", format_safe(safe, sizeof(safe), why));
	printf("\n");
}

static void print_guest(const json_t *guest)
{
	const char *problem = member_text(guest, "problem");
	const char *generation = member_text(guest, "generation");
	char name[80], page[300], why[100];

	printf("%-20s %s\n", format_safe(name, sizeof(name), member_text(guest, "name")),
	       format_safe(page, sizeof(page), member_text(guest, "page")));
	print_state(guest);
	print_counter(guest);
	if (generation[0])
		printf("    generation %s\n", generation);
	if (problem[0])
		printf("    NOT KEPT: %s\n", format_safe(why, sizeof(why), problem));
}

static void print_driver_guest(const json_t *guest)
{
	char status[20];

	printf("driver's guest %lld, of process %lld\n", (long long)member_count(guest, "id"),
	       (long long)member_count(guest, "creator_pid"));
	capital_status(status, sizeof(status), guest);
	printf("    %s\n", status);
	if (!print_scale(guest))
		printf("    counter not known: its VMM has to say it\n");
}

int guest_list_run(const struct options *options)
{
	json_t *reply = client_ask(options->socket, "GetGuests", NULL);
	const json_t *guests = json_object_get(reply, "guests");
	const json_t *others = json_object_get(reply, "driver_guests");

	if (!reply)
		return CTL_ERROR;
	if (options->json)
		print_json(guests, false);
	else
		for (size_t i = 0; i < json_array_size(guests); i++)
			print_guest(json_array_get(guests, i));
	for (size_t i = 0; !options->json && i < json_array_size(others); i++)
		print_driver_guest(json_array_get(others, i));
	json_decref(reply);
	return CTL_FINE;
}

/* A number that the daemon checks; what is none at all is refused here. */
static int set_bits(json_t *parameters, const char *text)
{
	char *end;
	long bits = strtol(text, &end, 10);

	if (!*text || *end)
		return ctl_error("--frac-bits %s: a number from 0 to 63 is expected", text);
	return json_object_set_new(parameters, "frac_bits", json_integer(bits)) ? CTL_ERROR
										: CTL_FINE;
}

/* Whose counter KVM shall be asked for. */
static int set_vm(json_t *parameters, const struct options *options)
{
	if (options->pid && options->vm)
		return ctl_error("--pid and --vm exclude each other");
	if (options->pid)
		json_object_set_new(parameters, "vm", json_sprintf("pid:%s", options->pid));
	if (options->vm)
		json_object_set_new(parameters, "vm", json_sprintf("name:%s", options->vm));
	if (options->vm && options->new_vm)
		json_object_set_new(parameters, "new", json_true());
	return CTL_FINE;
}

int guest_change(const struct options *options, const char *name, const char *method)
{
	json_t *parameters = json_pack("{s:s}", "name", name);
	json_t *reply;

	if (!parameters)
		return ctl_error("'%s' is no name of a guest", name);
	if (options->offset)
		json_object_set_new(parameters, "offset", json_string(options->offset));
	if (options->ratio)
		json_object_set_new(parameters, "ratio", json_string(options->ratio));
	if (options->generation)
		json_object_set_new(parameters, "generation", json_string(options->generation));
	if (set_vm(parameters, options) ||
	    (options->frac_bits && set_bits(parameters, options->frac_bits))) {
		json_decref(parameters);
		return CTL_ERROR;
	}
	reply = client_ask(options->socket, method, parameters);
	json_decref(reply);
	return reply ? CTL_FINE : CTL_ERROR;
}

int guest_add_run(const struct options *options)
{
	return guest_change(options, options->argument, "AddGuest");
}

int guest_set_run(const struct options *options)
{
	return guest_change(options, options->argument, "SetGuest");
}

int guest_remove_run(const struct options *options)
{
	return guest_change(options, options->argument, "RemoveGuest");
}
