// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel driver's page: found when it appears, its lease kept, its troubles told. */
#include <stdio.h>
#include <string.h>

#include "daemon_parts.h"
#include "log.h"

void daemon_init_publisher(struct daemon *d)
{
	const struct config *c = &d->config;
	struct page_kernel_settings settings = {
		.path = c->page_driver,
		.optional = !strcmp(c->page_driver, "auto"),
		.lease_ns = c->page_lease_ns,
		.unreliable_above_ns = c->unreliable_above_ns,
		.host = &d->host_kernel,
	};

	if (settings.optional)
		settings.path = PAGE_KERNEL_DEVICE;
	else if (!strcmp(c->page_driver, "off"))
		settings.path = "";
	daemon_init_host_clock(d);
	publisher_init(&d->page, &d->counter, &settings, &page_kernel_system);
}

/* A kernel that takes no line may know something of the counter: that is looked at now. */
static void look_after_counter(struct daemon *d)
{
	d->next_housekeeping_ns = loop_now_ns();
	loop_arm(&d->loop, &d->housekeeping_timer, d->next_housekeeping_ns);
}

static int take_snapshot(void *context, struct counter_snapshot *out)
{
	const struct daemon *d = context;

	return page_kernel_snapshot(&d->page.kernel, out);
}

/* Sources pair the host's clock with the counter through the driver while it is open. */
static void offer_snapshots(struct daemon *d)
{
	d->counter.snapshot = d->page.kernel.fd >= 0 ? take_snapshot : NULL;
	d->counter.snapshot_context = d;
}

static void say_driver(struct daemon *d)
{
	const struct page_kernel *kernel = &d->page.kernel;
	bool open = kernel->fd >= 0;

	if (open && !d->driver_open_said)
		log_notice("%s: the kernel's page is in force, %s is its copy", kernel->path,
			   d->config.page_file);
	if (kernel->problem[0] && strcmp(kernel->problem, d->driver_problem_said))
		log_warning("%s; %s is in force, trying again", kernel->problem,
			    d->config.page_file);
	if (!open && d->driver_open_said)
		look_after_counter(d);
	d->driver_open_said = open;
	snprintf(d->driver_problem_said, sizeof(d->driver_problem_said), "%s", kernel->problem);
}

void daemon_tend_driver(struct daemon *d)
{
	struct page_kernel *kernel = &d->page.kernel;
	int64_t now_ns = loop_now_ns();
	double raised_ns = 0;

	if (now_ns >= kernel->retry_at_ns)
		publisher_try_kernel(&d->page, now_ns, &raised_ns);
	else if (now_ns >= kernel->renew_at_ns)
		publisher_renew(&d->page, now_ns, &raised_ns);
	daemon_take_splice(d, raised_ns);
	offer_snapshots(d);
	say_driver(d);
	if (kernel->renew_at_ns != d->lease_timer.at_ns)
		loop_arm(&d->loop, &d->lease_timer, kernel->renew_at_ns);
}
