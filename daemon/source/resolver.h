/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to addresses through c-ares, in the loop: never waits, and exists only once it is needed.
 */
#ifndef VMCLOCK_RESOLVER_H
#define VMCLOCK_RESOLVER_H

#include "address.h"
#include "source.h"

enum { RESOLVER_ADDRESSES_MAX = 16 };

struct resolver_answer {
	const char *problem; /* NULL: there are addresses; text that lasts */
	struct address addresses[RESOLVER_ADDRESSES_MAX];
	unsigned int count;
};

struct resolver_query {
	const char *name;
	uint16_t port;
	/* Runs once, perhaps before resolver_ask() returns; not after resolver_cancel(). */
	void (*done)(struct resolver_query *query, const struct resolver_answer *answer);
	void *context;
	bool active; /* the resolver's */
};

/* The environment's resolver, made when there is none; NULL: out of memory. Each get wants its put;
 * the last one ends it. */
struct resolver *resolver_get(struct source_env *env);
void resolver_put(struct source_env *env);

/* Starts a query; what can go wrong is told through `done`. */
void resolver_ask(struct resolver *resolver, struct resolver_query *query);
void resolver_cancel(struct resolver *resolver, struct resolver_query *query);

#endif
