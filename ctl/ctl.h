/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of vmclockctl and what their exit statuses say. */
#ifndef VMCLOCKCTL_CTL_H
#define VMCLOCKCTL_CTL_H

#include "options.h"

/* 0, 1 and 2 as everywhere: fine, an error (said on stderr), wrong usage. */
enum {
	CTL_FINE = 0,
	CTL_ERROR = 1,
	CTL_USAGE = 2,
	CTL_NOT_SYNCHRONIZED = 3, /* all went well, and the clock is not to be relied on */
};

struct command {
	const char *name;
	int (*run)(const struct options *options);
	unsigned int takes;   /* OPTION_* bits */
	/* Its only one, in capitals; "[PATH]" when optional; "" for none. "NAME KEY=VALUE..." takes
	 * any number after the first. */
	const char *argument;
	const char *description;
};

int status_run(const struct options *options);
int sources_run(const struct options *options);
int page_run(const struct options *options);
int now_run(const struct options *options);
int watch_run(const struct options *options);
int waitsync_run(const struct options *options);
int downgrade_run(const struct options *options);
int metrics_run(const struct options *options);
int reset_run(const struct options *options);
int reload_run(const struct options *options);
int source_add_run(const struct options *options);
int source_set_run(const struct options *options);
int source_remove_run(const struct options *options);
int guest_list_run(const struct options *options);
int guest_add_run(const struct options *options);
int guest_set_run(const struct options *options);
int guest_disrupt_run(const struct options *options);
int guest_remove_run(const struct options *options);
int qemu_args_run(const struct options *options);

/* "vmclockctl: ..." on stderr; returns CTL_ERROR. */
__attribute__((format(printf, 1, 2))) int ctl_error(const char *format, ...);

#endif
