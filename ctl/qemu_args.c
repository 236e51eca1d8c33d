// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl qemu-args: a page for a guest of QEMU, and the arguments that show it to the guest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "ctl.h"
#include "format.h"
#include "guest.h"
#include "member.h"

#define DEVICE "/dev/vmclock_host"

enum { ARGUMENTS_MAX = 8, ARGUMENT_SIZE = 600, NAME_SIZE = 80 };

/* What the ACPI table expects: BAR2 of an ivshmem-plain device at slot 0x10. */
struct arguments {
	char text[ARGUMENTS_MAX][ARGUMENT_SIZE];
	int count;
};

/* Nothing that QEMU (commas) or a shell would take apart, so that the output needs no quoting. */
static bool is_plain(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+:@";

	return path[0] && strlen(path) < 400 && !path[strspn(path, plain)];
}

/* What the daemon would say of it is less clear. */
static int check_name(const char *name)
{
	char safe[NAME_SIZE];

	if (is_plain(name) && !name[strcspn(name, "/+:@")] && name[0] != '.' &&
	    strlen(name) < NAME_SIZE)
		return CTL_FINE;
	return ctl_error("'%s' is no name for a guest, which has letters, digits, '.', '_' and '-'",
			 format_safe(safe, sizeof(safe), name));
}

static int check_path(const char *path)
{
	char safe[200];

	if (!is_plain(path))
		return ctl_error("%s: only letters, digits and /._-+:@ can be passed on to QEMU",
				 format_safe(safe, sizeof(safe), path));
	if (!access(path, R_OK))
		return CTL_FINE;
	if (strcmp(path, DEVICE) == 0 && errno == ENOENT)
		return ctl_error("there is no " DEVICE "; load the driver: modprobe vmclock_host");
	return ctl_error("%s: %s", path, strerror(errno));
}

static void append(struct arguments *a, const char *option, const char *value, const char *path)
{
	snprintf(a->text[a->count++], ARGUMENT_SIZE, "%s", option);
	snprintf(a->text[a->count++], ARGUMENT_SIZE, "%s%s", value, path);
}

/* QEMU is told the name only where nobody else knows it. */
static void fill(struct arguments *a, const struct options *options, const char *name,
		 const char *page)
{
	a->count = 0;
	append(a, "-object",
	       "memory-backend-file,id=vmclock,share=on,readonly=on,size=4096,mem-path=", page);
	append(a, "-device", "ivshmem-plain,memdev=vmclock,addr=0x10", "");
	append(a, "-acpitable", "file=", options->table);
	if (name && !options->name)
		append(a, "-name", "guest=", name);
}

static int print_arguments(const struct options *options, const char *name, const char *page)
{
	struct arguments a;
	json_t *list, *all;

	fill(&a, options, name, page);
	if (!options->json) {
		for (int i = 0; i < a.count; i++)
			printf("%s%c", a.text[i], i + 1 < a.count ? ' ' : '\n');
		return CTL_FINE;
	}
	list = json_array();
	for (int i = 0; i < a.count; i++)
		json_array_append_new(list, json_string(a.text[i]));
	all = json_pack("{s:s?, s:s, s:s, s:o}", "name", name, "page", page, "table",
			options->table, "arguments", list);
	if (!all)
		return ctl_error("out of memory");
	print_json(all, false);
	json_decref(all);
	return CTL_FINE;
}

/* The guest of this name, or NULL. */
static const json_t *find(const json_t *reply, const char *name)
{
	const json_t *guests = json_object_get(reply, "guests");

	for (size_t i = 0; i < json_array_size(guests); i++)
		if (strcmp(member_text(json_array_get(guests, i), "name"), name) == 0)
			return json_array_get(guests, i);
	return NULL;
}

/* The name that was given, or one that nobody has; whether there is a guest of it. */
static bool choose_name(const struct options *options, const json_t *reply, char name[NAME_SIZE])
{
	if (options->name) {
		snprintf(name, NAME_SIZE, "%s", options->name);
		return find(reply, name) != NULL;
	}
	for (unsigned int i = 1; i <= json_array_size(json_object_get(reply, "guests")) + 1; i++) {
		snprintf(name, NAME_SIZE, "vm%u", i);
		if (!find(reply, name))
			break;
	}
	return false;
}

/*
 * Unless something else is said, its counter is that of the machine that QEMU calls so, and not of
 * one that runs already: the arguments are for QEMU's start. Where KVM cannot be asked, which has
 * been said then, a machine without KVM may be meant.
 */
static int add_guest(const struct options *options, const char *name)
{
	struct options all = *options;

	all.new_vm = true;
	if (options->offset || options->ratio || options->frac_bits || options->pid || options->vm)
		return guest_change(&all, name, "AddGuest");
	all.vm = name;
	if (!guest_change(&all, name, "AddGuest"))
		return CTL_FINE;
	if (guest_change(options, name, "AddGuest"))
		return CTL_ERROR;
	ctl_error("so '%s' has no time until 'vmclockctl guest set' says what its counter is",
		  name);
	return CTL_FINE;
}

/* A page for a new guest: its name and, asked of the daemon, where the page is. */
static int make_guest(const struct options *options, char name[NAME_SIZE], json_t **reply)
{
	bool taken;
	int status;

	*reply = client_ask(options->socket, "GetGuests", NULL);
	if (!*reply)
		return CTL_ERROR;
	taken = choose_name(options, *reply, name);
	json_decref(*reply);
	*reply = NULL;
	if (taken && !options->replace)
		return ctl_error("there is a guest '%s' already; if its machine is gone, give "
				 "--replace",
				 name);
	if (taken) {
		json_t *removed = client_ask(options->socket, "RemoveGuest",
					     json_pack("{s:s}", "name", name));

		json_decref(removed);
		if (!removed)
			return CTL_ERROR;
	}
	status = add_guest(options, name);
	if (!status)
		*reply = client_ask(options->socket, "GetGuests", NULL);
	return *reply ? CTL_FINE : CTL_ERROR;
}

static int for_device(const struct options *options)
{
	if (options->name || options->offset || options->ratio || options->frac_bits ||
	    options->replace || options->pid || options->vm) {
		ctl_error("--device gives the host's page itself, which has neither name nor "
			  "counter of its own");
		return CTL_USAGE;
	}
	if (check_path(DEVICE))
		return CTL_ERROR;
	fputs("vmclockctl: the guest's counter has to be the host's: offset 0, ratio 1\n", stderr);
	return print_arguments(options, NULL, DEVICE);
}

int qemu_args_run(const struct options *options)
{
	char name[NAME_SIZE];
	const char *page;
	json_t *reply;
	int status = check_path(options->table);

	if (status)
		return status;
	if (options->device)
		return for_device(options);
	if (options->name && check_name(options->name))
		return CTL_ERROR;
	status = make_guest(options, name, &reply);
	if (status)
		return status;
	page = member_text(find(reply, name), "page");
	status = check_path(page);
	if (!status)
		status = print_arguments(options, name, page);
	json_decref(reply);
	return status;
}
