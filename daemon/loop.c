// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: poll(2), timers in a list sorted by time. */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>

/* Signals set a flag only, and one may come just before poll: it is seen after this long. */
#define LOOP_LONGEST_WAIT_NS 1000000000LL

int64_t loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int loop_add_watch(struct loop *loop, struct loop_watch *watch)
{
	if (watch->linked)
		return 0;
	if (loop->watch_count == LOOP_WATCHES_MAX)
		return -ENOSPC;
	loop->watches[loop->watch_count++] = watch;
	watch->linked = true;
	return 0;
}

void loop_remove_watch(struct loop *loop, struct loop_watch *watch)
{
	if (!watch->linked)
		return;
	watch->linked = false;
	for (unsigned int i = 0; i < loop->watch_count; i++) {
		if (loop->watches[i] == watch) {
			loop->watches[i] = loop->watches[--loop->watch_count];
			return;
		}
	}
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	if (!timer->linked)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->linked = false;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t at_ns)
{
	struct loop_timer **at = &loop->timers;

	loop_disarm(loop, timer);
	/* Armed in a callback for now or the past: the next round's turn. */
	if (at_ns <= loop->round_ns)
		at_ns = loop->round_ns + 1;
	timer->at_ns = at_ns;
	if (at_ns == INT64_MAX)
		return;
	while (*at && (*at)->at_ns <= at_ns)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	timer->linked = true;
}

/*
 * Those due when the round began. One that a callback arms for now or for the past runs in the next
 * round, after the descriptors had their turn, so that timers cannot starve them or each other.
 */
static void fire_due_timers(struct loop *loop)
{
	loop->round_ns = loop_now_ns();
	while (loop->timers && loop->timers->at_ns <= loop->round_ns) {
		struct loop_timer *timer = loop->timers;

		loop->timers = timer->next;
		timer->linked = false;
		timer->fire(timer, loop->round_ns);
	}
	loop->round_ns = 0;
}

/* Milliseconds until the next timer, rounded up: waking early would only mean polling again. */
static int wait_ms(const struct loop *loop, int64_t limit_ns)
{
	int64_t now_ns = loop_now_ns();
	int64_t until_ns = now_ns + LOOP_LONGEST_WAIT_NS;

	if (limit_ns < until_ns)
		until_ns = limit_ns;
	for (const struct loop_timer *t = loop->timers; t && t->at_ns < until_ns; t = t->next)
		if (t->slack_ns < until_ns - t->at_ns)
			until_ns = t->at_ns + t->slack_ns;
	if (until_ns <= now_ns)
		return 0;
	return (int)((until_ns - now_ns + 999999) / 1000000);
}

/* A callback may remove any watch: one is called only while still linked with the same fd. */
static void call_ready(struct loop *loop, const struct pollfd *fds,
		       struct loop_watch *const *watches, unsigned int count)
{
	for (unsigned int i = 0; i < count && !loop->stop; i++) {
		bool present = false;

		if (!fds[i].revents)
			continue;
		for (unsigned int k = 0; k < loop->watch_count && !present; k++)
			present = loop->watches[k] == watches[i];
		if (present && watches[i]->fd == fds[i].fd)
			watches[i]->ready(watches[i], fds[i].revents);
	}
}

int loop_run_once(struct loop *loop, int64_t limit_ns)
{
	struct pollfd fds[LOOP_WATCHES_MAX];
	struct loop_watch *watches[LOOP_WATCHES_MAX];
	unsigned int count = loop->watch_count;
	int ready;

	for (unsigned int i = 0; i < count; i++) {
		watches[i] = loop->watches[i];
		fds[i] = (struct pollfd){.fd = watches[i]->fd, .events = watches[i]->events};
	}
	ready = poll(fds, count, wait_ms(loop, limit_ns));
	loop->wakeups++;
	if (ready < 0 && errno != EINTR)
		return -errno;
	fire_due_timers(loop);
	if (ready > 0)
		call_ready(loop, fds, watches, count);
	if (loop->after)
		loop->after(loop->after_context);
	return 0;
}
