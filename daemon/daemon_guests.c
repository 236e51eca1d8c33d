// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests in the running daemon: their pages get each line, their counters are looked at in turn. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon_parts.h"
#include "log.h"
#include "publish/slept.h"

/* Where the unit shows KVM's directory to a daemon that is not root, and where it is. */
static const char *const kvm_directories[] = {"/run/vmclock/kvm", "/sys/kernel/debug/kvm"};

void daemon_update_guests(struct daemon *d, bool disrupted)
{
	struct publication line = d->page.last;

	line.disrupted = disrupted;
	if (d->page.any)
		guest_follow_publish(&d->follow, &line, &d->page.calendar, loop_now_ns());
}

/* A directory that is not there yet may appear with KVM's module, hence the last as a fallback. */
static const char *kvm_directory(const struct daemon *d)
{
	if (!strcmp(d->config.page_kvm, "off") || d->counter.page_id != VMCLOCK_COUNTER_X86_TSC)
		return "";
	if (strcmp(d->config.page_kvm, "auto") != 0)
		return d->config.page_kvm;
	return access(kvm_directories[0], X_OK) ? kvm_directories[1] : kvm_directories[0];
}

static void look_at_guests(struct loop_timer *timer, int64_t now_ns)
{
	struct daemon *d = timer->context;
	bool known;
	int64_t wait_ns = guest_follow_round(&d->follow, now_ns, &known);

	if (known)
		daemon_update_guests(d, false);
	if (wait_ns)
		loop_arm(&d->loop, timer, now_ns + wait_ns);
	else
		timer->at_ns = INT64_MAX;
}

static void say_errors(const struct guest_pages *g)
{
	for (unsigned int i = 0; i < g->count; i++)
		if (g->guests[i].error)
			log_error("guest %s: its page in %s cannot be kept: %s", g->guests[i].name,
				  g->home.directory, strerror(-g->guests[i].error));
}

void daemon_open_guests(struct daemon *d, bool continued)
{
	const char *file = d->config.page_file;
	char directory[CONFIG_PATH_MAX + 8];
	const struct guest_settings settings = {.directory = directory,
						.counter = &d->counter,
						.monotonic = d->config.monotonic,
						.continued = continued,
						.boot_id = d->boot_id,
						.slept_ns = slept_ns};
	int err;

	snprintf(directory, sizeof(directory), "%.*s/guests", (int)(strrchr(file, '/') - file),
		 file);
	d->follow = (struct guest_follow){
		.guests = &d->guests, .kvm_directory = kvm_directory(d), .proc_directory = "/proc"};
	d->follow_timer =
		(struct loop_timer){.at_ns = INT64_MAX, .fire = look_at_guests, .context = d};
	err = guest_pages_open(&d->guests, &settings);
	if (err)
		log_error("guests' pages in %s: %s", directory, strerror(-err));
	say_errors(&d->guests);
	guest_follow_confirm(&d->follow, loop_now_ns());
	if (d->guests.count)
		loop_arm(&d->loop, &d->follow_timer, loop_now_ns());
}
