// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks and pulses of the kernel that come and go, as udev announces them. */
#include "hotplug.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

#include "../log.h"

/* sd-device wants a loop of its own, which is a descriptor in ours. */
struct hotplug {
	struct source_env *env;
	sd_device_monitor *monitor;
	sd_event *event;
	struct loop_watch watch;
	struct hotplug_listener *listeners;
	bool changed;
};

static int device_changed(sd_device_monitor *monitor, sd_device *device, void *context)
{
	struct hotplug *h = context;
	const char *name = "";

	(void)monitor;
	sd_device_get_sysname(device, &name);
	log_debug("device %s came or went", name);
	h->changed = true;
	return 0;
}

static void announced(struct loop_watch *watch, short revents)
{
	struct hotplug *h = watch->context;

	(void)revents;
	h->changed = false;
	while (sd_event_run(h->event, 0) > 0)
		;
	for (struct hotplug_listener *at = h->listeners, *next; at && h->changed; at = next) {
		next = at->next;
		at->changed(at);
	}
}

/* The socket first: where it is refused, nothing else of sd-event is tried. */
static int open_monitor(struct hotplug *h)
{
	int err = sd_device_monitor_new(&h->monitor);

	if (err >= 0)
		err = sd_device_monitor_filter_add_match_subsystem_devtype(h->monitor, "ptp", NULL);
	if (err >= 0)
		err = sd_device_monitor_filter_add_match_subsystem_devtype(h->monitor, "pps", NULL);
	if (err >= 0)
		err = sd_event_new(&h->event);
	if (err >= 0)
		err = sd_device_monitor_attach_event(h->monitor, h->event);
	if (err >= 0)
		err = sd_device_monitor_start(h->monitor, device_changed, h);
	if (err < 0)
		return err;
	h->watch = (struct loop_watch){.fd = sd_event_get_fd(h->event),
				       .events = POLLIN,
				       .ready = announced,
				       .context = h};
	return loop_add_watch(h->env->loop, &h->watch);
}

static void destroy(struct hotplug *h)
{
	loop_remove_watch(h->env->loop, &h->watch);
	sd_device_monitor_unref(h->monitor);
	sd_event_unref(h->event);
	h->env->devices = NULL;
	free(h);
}

static void create(struct source_env *env)
{
	struct hotplug *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return;
	h->env = env;
	env->devices = h;
	err = open_monitor(h);
	if (err >= 0)
		return;
	log_notice("devices are not watched: %s; they are looked for at every poll",
		   strerror(-err));
	destroy(h);
}

bool hotplug_listen(struct source_env *env, struct hotplug_listener *listener)
{
	if (env->hotplug && !env->devices)
		create(env);
	if (!env->devices)
		return false;
	listener->next = env->devices->listeners;
	env->devices->listeners = listener;
	return true;
}

void hotplug_forget(struct source_env *env, struct hotplug_listener *listener)
{
	struct hotplug_listener **at = env->devices ? &env->devices->listeners : NULL;

	while (at && *at && *at != listener)
		at = &(*at)->next;
	if (!at || !*at)
		return;
	*at = listener->next;
	if (!env->devices->listeners)
		destroy(env->devices);
}
