// SPDX-License-Identifier: GPL-2.0-or-later
/* The associations of one section and the addresses they use: one for `ntp`, several for `pool`. */
#include "pool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "links.h"
#include "ntp.h"
#include "resolver.h"
#include "source_env.h"

enum { CANDIDATES_MAX = 32, NOBODY = -1 };

/* Members of a section ask within this time of the start, not all at the same instant. */
#define START_SPREAD_S 0.1
/* Names are asked for again after this long, doubling; sooner while there was no answer at all. */
#define RESOLVE_FIRST_S 1.0
#define RESOLVE_UNANSWERED_MAX_S 64.0
#define RESOLVE_MAX_S 1024.0
/* An address that failed rests this long, doubling with every failure. */
#define REST_SILENT_S 64.0
#define REST_SILENT_MAX_S 3600.0
#define REST_DENIED_S 1024.0
#define REST_DENIED_MAX_S 86400.0

struct candidate {
	struct address address;
	int member; /* who uses it, or NOBODY */
	double rest_s;
	int64_t rests_until_ns; /* CLOCK_MONOTONIC */
};

struct member {
	struct ntp_association association;
	bool wants_other; /* failed, and there was no other address */
};

struct pool {
	struct source_env *env;
	const struct config_source *config;
	struct resolver *resolver; /* NULL: numeric address */
	struct resolver_query query;
	const char *problem_said; /* the resolver's: told once until it changes */
	struct loop_timer timer;  /* next try to find addresses */
	struct links_listener links;
	double retry_s;
	struct candidate candidates[CANDIDATES_MAX];
	unsigned int candidate_count;
	unsigned int started; /* members not stopped yet */
	unsigned int member_count;
	struct member members[];
};

static int member_index(const struct pool *pool, const struct ntp_association *a)
{
	for (unsigned int i = 0; i < pool->member_count; i++) {
		if (&pool->members[i].association == a)
			return (int)i;
	}
	return NOBODY;
}

static struct candidate *candidate_of(struct pool *pool, int member)
{
	for (unsigned int i = 0; i < pool->candidate_count; i++) {
		if (pool->candidates[i].member == member)
			return &pool->candidates[i];
	}
	return NULL;
}

/* The first address that nobody uses and that does not rest. */
static struct candidate *free_candidate(struct pool *pool)
{
	int64_t now_ns = loop_now_ns();

	for (unsigned int i = 0; i < pool->candidate_count; i++) {
		struct candidate *c = &pool->candidates[i];

		if (c->member == NOBODY && c->rests_until_ns <= now_ns)
			return c;
	}
	return NULL;
}

static void assign(struct pool *pool, int index, struct candidate *candidate)
{
	struct member *member = &pool->members[index];
	struct candidate *old = candidate_of(pool, index);
	char text[ADDRESS_TEXT_SIZE];

	address_format(&candidate->address, text);
	if (old) {
		log_notice("source %s: %s replaced by %s", member->association.source->name,
			   member->association.source->claims.address, text);
		old->member = NOBODY;
	}
	candidate->member = index;
	member->wants_other = false;
	if (member->association.polls)
		source_tell_reset(member->association.source);
	ntp_association_start(&member->association, &candidate->address, START_SPREAD_S);
}

/* Gives an address to whoever has none or failed with his. True: nobody is left without. */
static bool fill(struct pool *pool)
{
	bool complete = true;

	for (unsigned int i = 0; i < pool->member_count; i++) {
		struct member *member = &pool->members[i];
		struct candidate *candidate;

		if (member->wants_other && member->association.running &&
		    !member->association.silent_polls && !member->association.false_polls)
			member->wants_other = false; /* it has recovered */
		if (member->association.running && !member->wants_other)
			continue;
		candidate = free_candidate(pool);
		if (candidate)
			assign(pool, (int)i, candidate);
		else
			complete = false;
	}
	return complete;
}

/* When the next address can be had: from the resolver, or because one has rested. */
static void schedule(struct pool *pool)
{
	int64_t now_ns = loop_now_ns();
	int64_t at_ns = INT64_MAX;

	if (pool->query.active || (pool->resolver && pool->timer.linked))
		return;
	for (unsigned int i = 0; i < pool->candidate_count; i++) {
		const struct candidate *c = &pool->candidates[i];

		if (c->member == NOBODY && c->rests_until_ns < at_ns)
			at_ns = c->rests_until_ns;
	}
	if (pool->resolver || !pool->candidate_count) {
		int64_t retry_ns = now_ns + (int64_t)(pool->retry_s * 1e9);

		at_ns = retry_ns < at_ns ? retry_ns : at_ns;
		pool->retry_s = fmin(2 * pool->retry_s, RESOLVE_MAX_S);
	}
	if (at_ns != INT64_MAX)
		loop_arm(pool->env->loop, &pool->timer, at_ns > now_ns ? at_ns : now_ns);
}

static void fill_or_schedule(struct pool *pool)
{
	if (fill(pool))
		pool->retry_s = RESOLVE_FIRST_S;
	else
		schedule(pool);
}

static void rest(struct candidate *candidate, enum ntp_failure failure)
{
	bool denied = failure == NTP_FAILURE_DENIED;
	double first_s = denied ? REST_DENIED_S : REST_SILENT_S;
	double max_s = denied ? REST_DENIED_MAX_S : REST_SILENT_MAX_S;

	candidate->rest_s = fmin(fmax(2 * candidate->rest_s, first_s), max_s);
	candidate->rests_until_ns = loop_now_ns() + (int64_t)(candidate->rest_s * 1e9);
}

static void member_failed(struct ntp_association *a, enum ntp_failure failure)
{
	struct pool *pool = a->owner;
	int index = member_index(pool, a);
	struct candidate *used = candidate_of(pool, index);

	if (!used || (failure == NTP_FAILURE_FALSE && pool->config->type != SOURCE_TYPE_POOL))
		return;
	rest(used, failure);
	pool->members[index].wants_other = true;
	if (failure == NTP_FAILURE_DENIED)
		used->member = NOBODY;
	fill_or_schedule(pool);
}

static bool is_known(const struct pool *pool, const struct address *address)
{
	for (unsigned int i = 0; i < pool->candidate_count; i++) {
		if (address_equal(&pool->candidates[i].address, address))
			return true;
	}
	return false;
}

/* Addresses that are neither used, nor resting, nor in the new answer are old news. */
static void forget_stale(struct pool *pool)
{
	int64_t now_ns = loop_now_ns();
	unsigned int kept = 0;

	for (unsigned int i = 0; i < pool->candidate_count; i++) {
		const struct candidate *c = &pool->candidates[i];

		if (c->member != NOBODY || c->rests_until_ns > now_ns)
			pool->candidates[kept++] = *c;
	}
	pool->candidate_count = kept;
}

/* With the list full of used and resting ones, the one that rests longest gives way. */
static void add_candidate(struct pool *pool, const struct address *address)
{
	struct candidate *place = NULL;

	if (is_known(pool, address))
		return;
	if (pool->candidate_count < CANDIDATES_MAX) {
		place = &pool->candidates[pool->candidate_count++];
	} else {
		for (unsigned int i = 0; i < CANDIDATES_MAX; i++) {
			struct candidate *c = &pool->candidates[i];

			if (c->member == NOBODY &&
			    (!place || c->rests_until_ns > place->rests_until_ns))
				place = c;
		}
	}
	if (place)
		*place = (struct candidate){.address = *address, .member = NOBODY};
}

static void tell_waiting(struct pool *pool, const char *what, const char *detail)
{
	for (unsigned int i = 0; i < pool->member_count; i++) {
		struct source *source = pool->members[i].association.source;

		if (!pool->members[i].association.running)
			snprintf(source->claims.problem, sizeof(source->claims.problem),
				 "%.32s%.60s", what, detail);
	}
}

static void resolved(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct pool *pool = query->context;

	if (answer->problem) {
		if (!pool->problem_said || strcmp(pool->problem_said, answer->problem))
			log_warning("source %s: cannot resolve %s: %s", pool->config->name,
				    query->name, answer->problem);
		pool->problem_said = answer->problem;
		tell_waiting(pool, "cannot resolve the name: ", answer->problem);
		pool->retry_s = fmin(pool->retry_s, RESOLVE_UNANSWERED_MAX_S);
		schedule(pool);
		return;
	}
	pool->problem_said = NULL;
	forget_stale(pool);
	for (unsigned int i = 0; i < answer->count; i++)
		add_candidate(pool, &answer->addresses[i]);
	tell_waiting(pool, "the name has no further address", "");
	fill_or_schedule(pool);
}

/* Numeric, or a name: then the resolver comes to be. -EINVAL never; -ENOMEM. */
static int find_addresses(struct pool *pool)
{
	struct address address;
	int err = address_parse(pool->config->host, pool->config->port, &address);

	if (err == -EINVAL) {
		pool->resolver = resolver_get(pool->env);
		return pool->resolver ? 0 : -ENOMEM;
	}
	if (err)
		tell_waiting(pool, "there is no such interface: ", pool->config->host);
	else
		add_candidate(pool, &address);
	return 0;
}

static void look_for_addresses(struct loop_timer *timer, int64_t now_ns)
{
	struct pool *pool = timer->context;

	(void)now_ns;
	if (fill(pool))
		return;
	if (pool->resolver) {
		resolver_ask(pool->resolver, &pool->query);
		return;
	}
	if (!pool->candidate_count)
		find_addresses(pool);
	fill_or_schedule(pool);
}

/* Who can no longer be reached is not asked until a link has come up. */
static bool links_changed(struct links_listener *listener)
{
	struct pool *pool = listener->context;
	bool waits = false;

	for (unsigned int i = 0; i < pool->member_count; i++) {
		struct ntp_association *a = &pool->members[i].association;
		bool reach;

		if (!a->running)
			continue;
		reach = links_reach(pool->env->links, &a->address, pool->config->interface);
		if (!reach && !a->paused)
			ntp_association_pause(a, "the link that leads there is down");
		else if (reach && a->paused)
			ntp_association_resume(a);
		waits |= a->paused;
	}
	return waits;
}

static const struct source_ops pool_ops[] = {
	{.type = "ntp", .stop = pool_member_stop, .retune = pool_member_retune},
	{.type = "pool", .stop = pool_member_stop, .retune = pool_member_retune},
};

static int set_up_member(struct pool *pool, unsigned int index, struct source *source)
{
	bool is_pool = pool->config->type == SOURCE_TYPE_POOL;

	source->ops = &pool_ops[is_pool];
	source->config = pool->config;
	source->env = pool->env;
	source->impl = &pool->members[index].association;
	source->claims.leap = 3;
	if (is_pool)
		snprintf(source->name, sizeof(source->name), "%s.%u", pool->config->name,
			 (index + 1) % 1000);
	else
		snprintf(source->name, sizeof(source->name), "%s", pool->config->name);
	return ntp_association_init(&pool->members[index].association, source, member_failed, pool);
}

/* At the start, before anything was asked. */
static void give_up(struct pool *pool, struct source *sources)
{
	for (unsigned int i = 0; i < pool->member_count; i++) {
		ntp_association_destroy(&pool->members[i].association);
		sources[i].impl = NULL;
	}
	free(pool);
}

int pool_start(struct source *sources, const struct config_source *config, struct source_env *env)
{
	unsigned int count = source_count(config);
	struct pool *pool = calloc(1, sizeof(*pool) + count * sizeof(pool->members[0]));
	int err = 0;

	if (!pool)
		return -ENOMEM;
	pool->env = env;
	pool->config = config;
	pool->retry_s = RESOLVE_FIRST_S;
	pool->member_count = pool->started = count;
	pool->timer = (struct loop_timer){.fire = look_for_addresses, .context = pool};
	pool->query = (struct resolver_query){
		.name = config->host, .port = config->port, .done = resolved, .context = pool};
	for (unsigned int i = 0; i < count && !err; i++)
		err = set_up_member(pool, i, &sources[i]);
	if (!err)
		err = find_addresses(pool);
	if (err) {
		give_up(pool, sources);
		return err;
	}
	pool->links = (struct links_listener){.changed = links_changed, .context = pool};
	links_listen(env, &pool->links);
	if (pool->resolver)
		resolver_ask(pool->resolver, &pool->query);
	else
		fill_or_schedule(pool);
	return 0;
}

void pool_member_retune(struct source *source)
{
	ntp_association_retune(source->impl);
}

void pool_member_stop(struct source *source)
{
	struct ntp_association *a = source->impl;
	struct pool *pool = a->owner;

	ntp_association_destroy(a);
	source->impl = NULL;
	if (--pool->started)
		return;
	loop_disarm(pool->env->loop, &pool->timer);
	links_forget(pool->env, &pool->links);
	if (pool->resolver) {
		resolver_cancel(pool->resolver, &pool->query);
		resolver_put(pool->env);
	}
	free(pool);
}
