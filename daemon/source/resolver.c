// SPDX-License-Identifier: GPL-2.0-or-later
/* Names to addresses through c-ares, in the loop: never waits, and exists only once it is needed.
 */
#include "resolver.h"

#include <ares.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/time.h>

enum {
	QUERIES_MAX = 2 * CONFIG_SOURCES_MAX, /* one a section, one an association with NTS */
	SOCKETS_MAX = 16,
	TRY_MS = 2000,
	TRIES = 2,
};

/* What c-ares holds on to while it works: outlives a query that was cancelled. */
struct slot {
	struct resolver_query *query; /* NULL: free, or nobody waits any more */
	bool used;
};

struct resolver {
	struct loop *loop;
	unsigned int users;
	ares_channel channel; /* NULL while nothing is asked: resolv.conf is read anew each time */
	unsigned int depth;   /* calls into c-ares that we are in */
	struct slot slots[QUERIES_MAX];
	struct loop_watch watches[SOCKETS_MAX];
	struct loop_timer timer;
};

static bool is_idle(const struct resolver *r)
{
	for (unsigned int i = 0; i < QUERIES_MAX; i++) {
		if (r->slots[i].used)
			return false;
	}
	return true;
}

static void enter(struct resolver *r)
{
	r->depth++;
}

/* Back from c-ares: drop the channel when nothing is left, else wake when it wants to. */
static void leave(struct resolver *r)
{
	struct timeval left, *wait;

	if (--r->depth || !r->channel)
		return;
	if (is_idle(r)) {
		ares_destroy(r->channel);
		r->channel = NULL;
		loop_disarm(r->loop, &r->timer);
		return;
	}
	wait = ares_timeout(r->channel, NULL, &left);
	if (wait)
		loop_arm(r->loop, &r->timer,
			 loop_now_ns() + (int64_t)wait->tv_sec * 1000000000 + wait->tv_usec * 1000);
}

static void process(struct resolver *r, ares_socket_t readable, ares_socket_t writable)
{
	if (!r->channel)
		return;
	enter(r);
	ares_process_fd(r->channel, readable, writable);
	leave(r);
}

static void timed_out(struct loop_timer *timer, int64_t now_ns)
{
	(void)now_ns;
	process(timer->context, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void socket_ready(struct loop_watch *watch, short revents)
{
	bool readable = revents & (POLLIN | POLLERR | POLLHUP);

	process(watch->context, readable ? watch->fd : ARES_SOCKET_BAD,
		revents & POLLOUT ? watch->fd : ARES_SOCKET_BAD);
}

/* c-ares says which of its sockets it waits for. One too many is not watched and times out. */
static void socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = context;
	struct loop_watch *watch = NULL;

	for (unsigned int i = 0; i < SOCKETS_MAX; i++) {
		if (r->watches[i].linked && r->watches[i].fd == fd) {
			watch = &r->watches[i];
			break;
		}
		if (!r->watches[i].linked && !watch)
			watch = &r->watches[i];
	}
	if (!watch)
		return;
	if (!readable && !writable) {
		if (watch->linked)
			loop_remove_watch(r->loop, watch);
		return;
	}
	watch->fd = fd;
	watch->events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	loop_add_watch(r->loop, watch);
}

struct resolver *resolver_get(struct source_env *env)
{
	struct resolver *r = env->resolver;

	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			return NULL;
		if (ares_library_init(ARES_LIB_INIT_ALL)) {
			free(r);
			return NULL;
		}
		r->loop = env->loop;
		r->timer = (struct loop_timer){.fire = timed_out, .context = r};
		for (unsigned int i = 0; i < SOCKETS_MAX; i++)
			r->watches[i] = (struct loop_watch){.ready = socket_ready, .context = r};
		env->resolver = r;
	}
	r->users++;
	return r;
}

void resolver_put(struct source_env *env)
{
	struct resolver *r = env->resolver;

	if (!r || --r->users)
		return;
	if (r->channel)
		ares_destroy(r->channel);
	loop_disarm(r->loop, &r->timer);
	for (unsigned int i = 0; i < SOCKETS_MAX; i++)
		loop_remove_watch(r->loop, &r->watches[i]);
	ares_library_cleanup();
	free(r);
	env->resolver = NULL;
}

static int open_channel(struct resolver *r)
{
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = socket_state,
		.sock_state_cb_data = r,
	};

	if (r->channel)
		return ARES_SUCCESS;
	return ares_init_options(&r->channel, &options,
				 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

static void finish(struct resolver_query *query, const struct resolver_answer *answer)
{
	query->active = false;
	query->done(query, answer);
}

static void collect(const struct ares_addrinfo *info, uint16_t port, struct resolver_answer *answer)
{
	for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
		if (answer->count == RESOLVER_ADDRESSES_MAX)
			return;
		if (address_set(&answer->addresses[answer->count], node->ai_addr, node->ai_addrlen,
				port))
			answer->count++;
	}
}

static void answered(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
	struct slot *slot = context;
	struct resolver_query *query = slot->query;
	struct resolver_answer answer = {0};

	(void)timeouts;
	slot->used = false;
	slot->query = NULL;
	if (query) {
		if (info)
			collect(info, query->port, &answer);
		if (status != ARES_SUCCESS)
			answer.problem = ares_strerror(status);
		else if (!answer.count)
			answer.problem = "the name has no address";
	}
	if (info)
		ares_freeaddrinfo(info);
	if (query)
		finish(query, &answer);
}

static struct slot *free_slot(struct resolver *r)
{
	for (unsigned int i = 0; i < QUERIES_MAX; i++) {
		if (!r->slots[i].used)
			return &r->slots[i];
	}
	return NULL;
}

void resolver_ask(struct resolver *r, struct resolver_query *query)
{
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct slot *slot = free_slot(r);
	int status = slot ? open_channel(r) : ARES_ENOMEM;

	query->active = true;
	if (status != ARES_SUCCESS) {
		struct resolver_answer answer = {.problem = ares_strerror(status)};

		finish(query, &answer);
		return;
	}
	*slot = (struct slot){.query = query, .used = true};
	enter(r);
	ares_getaddrinfo(r->channel, query->name, NULL, &hints, answered, slot);
	leave(r);
}

void resolver_cancel(struct resolver *r, struct resolver_query *query)
{
	for (unsigned int i = 0; i < QUERIES_MAX; i++) {
		if (r->slots[i].query == query)
			r->slots[i].query = NULL;
	}
	query->active = false;
}
