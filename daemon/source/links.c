// SPDX-License-Identifier: GPL-2.0-or-later
/* Which network interfaces pass packets now, and who can be reached through them. */
#include "links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "link_message.h"

#define AGAIN_NS INT64_C(10000000000)

enum { LINKS_MAX = 1024 };

struct links {
	struct source_env *env;
	struct nl_sock *news;	   /* told of every change */
	struct nl_sock *questions; /* answered in the call that asks */
	struct loop_watch watch;
	struct loop_timer timer;
	struct links_listener *listeners;
	struct link_state table[LINKS_MAX];
	unsigned int count;
	bool changed; /* by the messages that are being read */
};

static struct link_state *find(const struct links *l, int index)
{
	for (unsigned int i = 0; i < l->count; i++)
		if (l->table[i].index == index)
			return (struct link_state *)(uintptr_t)&l->table[i];
	return NULL;
}

static void forget(struct links *l, struct link_state *known)
{
	l->changed = true;
	*known = l->table[--l->count];
}

static void take_state(struct links *l, const struct link_state *state)
{
	struct link_state *known = find(l, state->index);

	if (state->gone) {
		if (known)
			forget(l, known);
		return;
	}
	if (!known) {
		if (l->count == LINKS_MAX)
			return;
		known = &l->table[l->count++];
		l->changed = true;
	} else if (known->up != state->up) {
		l->changed = true;
		log_info("link %s is %s", state->name, state->up ? "up" : "down");
	}
	/* Another port of a bond, or another interface of this name, may have another clock. */
	if (known->active != state->active || strcmp(known->name, state->name))
		l->changed = true;
	*known = *state;
}

static int message_came(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct link_state state;

	if (!link_message_parse(header, header->nlmsg_len, &state))
		take_state(context, &state);
	return NL_OK;
}

/* All links anew: at the start, and when messages were lost. */
static int ask_for_all(struct links *l)
{
	struct rtgenmsg all = {.rtgen_family = AF_UNSPEC};

	return nl_send_simple(l->news, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
}

static void tell(struct links *l)
{
	bool again = false;

	for (struct links_listener *at = l->listeners, *next; at; at = next) {
		next = at->next;
		again |= at->changed(at);
	}
	if (again)
		loop_arm(l->env->loop, &l->timer, loop_now_ns() + AGAIN_NS);
}

static void news_came(struct loop_watch *watch, short revents)
{
	struct links *l = watch->context;
	int err;

	(void)revents;
	l->changed = false;
	err = nl_recvmsgs_default(l->news);
	if (err == -NLE_NOMEM) { /* what libnl makes of ENOBUFS */
		l->count = 0;
		ask_for_all(l);
	}
	if (l->changed)
		tell(l);
}

static void ask_again(struct loop_timer *timer, int64_t now_ns)
{
	(void)now_ns;
	tell(timer->context);
}

static int connect_sockets(struct links *l)
{
	int err;

	if (!l->news || !l->questions)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(l->news);
	nl_socket_modify_cb(l->news, NL_CB_VALID, NL_CB_CUSTOM, message_came, l);
	err = nl_connect(l->news, NETLINK_ROUTE);
	if (!err)
		err = nl_connect(l->questions, NETLINK_ROUTE);
	if (!err)
		err = nl_socket_add_membership(l->news, RTNLGRP_LINK);
	if (!err)
		err = nl_socket_set_nonblocking(l->news);
	if (!err)
		err = nl_socket_set_nonblocking(l->questions);
	if (!err)
		err = ask_for_all(l);
	return err < 0 ? err : 0;
}

static void destroy(struct links *l)
{
	loop_remove_watch(l->env->loop, &l->watch);
	loop_disarm(l->env->loop, &l->timer);
	nl_socket_free(l->news);
	nl_socket_free(l->questions);
	l->env->links = NULL;
	free(l);
}

static void create(struct source_env *env)
{
	struct links *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return;
	l->env = env;
	l->news = nl_socket_alloc();
	l->questions = nl_socket_alloc();
	l->timer = (struct loop_timer){.fire = ask_again, .context = l};
	env->links = l;
	err = connect_sockets(l);
	if (!err) {
		l->watch = (struct loop_watch){.fd = nl_socket_get_fd(l->news),
					       .events = POLLIN,
					       .ready = news_came,
					       .context = l};
		err = loop_add_watch(env->loop, &l->watch) ? -NLE_NOMEM : 0;
	}
	if (!err)
		return;
	log_notice("links are not watched: %s", nl_geterror(err));
	destroy(l);
}

bool links_listen(struct source_env *env, struct links_listener *listener)
{
	if (!env->hotplug || env->links_refused)
		return false;
	if (!env->links)
		create(env);
	env->links_refused = !env->links; /* said once */
	if (!env->links)
		return false;
	listener->next = env->links->listeners;
	env->links->listeners = listener;
	return true;
}

void links_forget(struct source_env *env, struct links_listener *listener)
{
	struct links_listener **at = env->links ? &env->links->listeners : NULL;

	while (at && *at && *at != listener)
		at = &(*at)->next;
	if (!at || !*at)
		return;
	*at = listener->next;
	if (!env->links->listeners)
		destroy(env->links);
}

static int route_came(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);

	*(int *)context = route_message_parse(header, header->nlmsg_len);
	return NL_OK;
}

static struct nl_msg *route_question(const struct address *address)
{
	bool six = address->any.sa_family == AF_INET6;
	const struct in6_addr *to_6 = &address->v6.sin6_addr;
	const struct in_addr *to_4 = &address->v4.sin_addr;
	struct rtmsg route = {.rtm_family = (unsigned char)address->any.sa_family,
			      .rtm_dst_len = six ? 128 : 32};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int err;

	if (!message)
		return NULL;
	err = nlmsg_append(message, &route, sizeof(route), NLMSG_ALIGNTO);
	if (!err)
		err = six ? nla_put(message, RTA_DST, sizeof(*to_6), to_6)
			  : nla_put(message, RTA_DST, sizeof(*to_4), to_4);
	if (!err && six && address->v6.sin6_scope_id)
		err = nla_put_u32(message, RTA_OIF, address->v6.sin6_scope_id);
	if (!err)
		return message;
	nlmsg_free(message);
	return NULL;
}

/* The interface that packets to there leave through; -ENETUNREACH: none; else not known. */
static int route_to(const struct links *l, const struct address *address)
{
	struct nl_msg *message = route_question(address);
	int index = -EIO;
	int err;

	if (!message)
		return -ENOMEM;
	nl_socket_modify_cb(l->questions, NL_CB_VALID, NL_CB_CUSTOM, route_came, &index);
	nl_socket_disable_auto_ack(l->questions);
	err = nl_send_auto(l->questions, message);
	nlmsg_free(message);
	if (err >= 0)
		err = nl_recvmsgs_default(l->questions);
	if (err == -NLE_AGAIN || err == -NLE_NOMEM)
		return -EIO;
	return err < 0 ? -ENETUNREACH : index;
}

bool links_reach(const struct links *l, const struct address *address, const char *interface)
{
	const struct link_state *state;
	int index;

	if (!l)
		return true;
	if (interface[0]) {
		for (unsigned int i = 0; i < l->count; i++)
			if (!strcmp(l->table[i].name, interface))
				return l->table[i].up;
		return false;
	}
	index = route_to(l, address);
	if (index < 0)
		return index != -ENETUNREACH;
	state = find(l, index);
	return !state || state->up;
}
