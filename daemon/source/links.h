/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which network interfaces pass packets now, and who can be reached through them. */
#ifndef VMCLOCK_LINKS_H
#define VMCLOCK_LINKS_H

#include "address.h"
#include "source.h"

struct links;

struct links_listener {
	/* A link went up or down, appeared or went. True: ask again in some seconds, in case that
	 * the kernel's message of a change is lost. */
	bool (*changed)(struct links_listener *listener);
	void *context;
	struct links_listener *next; /* the module's */
};

/* Listens, on the environment's socket that is opened for the first listener. False: hotplug is
 * off, or there is no route netlink here, which is logged; links_forget() is then not needed. */
bool links_listen(struct source_env *env, struct links_listener *listener);
void links_forget(struct source_env *env, struct links_listener *listener);

/*
 * Can packets to this address leave: through `interface` if one is named, else where the routes
 * lead. True when that is not known.
 */
bool links_reach(const struct links *links, const struct address *address, const char *interface);

#endif
