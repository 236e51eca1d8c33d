// SPDX-License-Identifier: GPL-2.0-or-later
/* The libc's poll(), where simulated time passes and where the simulation ends. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>

#include "interpose.h"
#include "world.h"

/* Waiting without time passing: each send looks once for its stamp, nothing does so for long. */
enum { IDLE_POLLS_MAX = 10000 };

static short ready_for(struct world *w, const struct pollfd *fd)
{
	const struct sim_socket *s = world_find(w, fd->fd);
	short ready = POLLOUT;

	/* On the public simulator any other descriptor looks ready at once, and time stops. */
	if (!s)
		world_fail("poll() of descriptor %d, which is not a simulated socket", fd->fd);
	if (world_arrived(w, s, false))
		ready |= POLLIN | POLLRDNORM;
	if (world_arrived(w, s, true))
		ready |= POLLERR | POLLPRI;
	return (short)(ready & (fd->events | POLLERR));
}

static int count_ready(struct world *w, struct pollfd *fds, nfds_t count)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		fds[i].revents = fds[i].fd < 0 ? 0 : ready_for(w, &fds[i]);
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* The handler only sets a flag: the loop has to come to its end by itself. */
static int end(struct world *w)
{
	if (w->over)
		world_fail("SIGTERM was passed over");
	w->over = true;
	if ((int)w->options.death == SIGKILL) {
		world_advance(w, w->clocks.now_ns + (long double)w->options.after_s * 1e9L);
		fflush(NULL);
	}
	raise((int)w->options.death);
	return errno = EINTR, -1;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct world *w = world();
	int64_t wait_ns = (int64_t)timeout_ms * 1000000;
	long double until_ns = timeout_ms < 0	 ? INFINITY
			       : timeout_ms == 0 ? w->clocks.now_ns
						 : clocks_after(&w->clocks, wait_ns);
	int ready = count_ready(w, fds, count);

	if (w->idle_polls++ > IDLE_POLLS_MAX)
		world_fail("poll() is called over and over, and no time passes");
	if (ready || timeout_ms == 0)
		return ready;
	w->wakeups++;
	while (!ready && w->clocks.now_ns < until_ns) {
		if (world_has_ended(w))
			return end(w);
		world_wait(w, until_ns);
		ready = count_ready(w, fds, count);
	}
	world_pass(w, w->options.wake_ns);
	return count_ready(w, fds, count);
}
